// The page: its controls, and how it starts.

import { ask } from "./asking.js";
import { KINDS, beyondWidth, layerOptions, showEdits } from "./edits.js";
import { make } from "./panels.js";
import { draw, showSquare } from "./showing.js";
import { TILES, channelsText, encode, margin, readChannels, readMaze } from "./state.js";
import { $, after, attempt, begin, canRedo, canUndo, change, complain, newest, page, redo, undo } from "./store.js";
import { askRoles, showSuggestions } from "./suggesting.js";
import { post } from "./talk.js";
import { clampWith, newEdit, startTools, turnMouse } from "./tools.js";

const NOTICE_MS = 1500;
const SPARE_SEEDS = 2000; // after a random seed, for a level of the size that is wanted

const widthOf = (layer) => page.policy.layers.find(({ name }) => name === layer)?.shape[0] ?? 0;

/** What follows from the state alone. */
function show() {
  const { state, policy, setup } = page;
  draw();
  for (const input of document.querySelectorAll("[name=view]")) {
    input.checked = input.value === state.view;
    input.disabled = !state.edits.length && input.value !== "before" && !input.checked;
  }
  $("facing").textContent = state.facing === "L" ? "Looks left" : "Looks right";
  $("undo").disabled = !canUndo();
  $("redo").disabled = !canRedo();
  if (document.activeElement !== $("seed")) $("seed").value = state.seed ?? 0;
  $("floor").value = state.floor;
  $("layer").value = state.layer;
  if (document.activeElement !== $("channels")) $("channels").value = channelsText(state.channels, ", ");
  showEdits($("edits"), state, { layers: policy.layers, ranges: setup.ranges, complain, change: changeEdits, chooseSquare: clampWith });
  $("add").disabled = state.edits.length >= setup.most_edits;
  showSquare();
  showSuggestions();
}

/** The choices that a policy gives. */
function showChoices(next) {
  const { policy } = page;
  $("policy").value = next.policy;
  $("about").textContent = `width ×${policy.scale} · ${policy.sha256.slice(0, 12)} · ${policy.device}`;
  $("layer").replaceChildren(...layerOptions(policy.layers, ({ shape }) => shape.length === 3));
  page.roles = { status: "looking" };
  attempt(() => askRoles(next.policy));
}

function changeEdits(edits, done) {
  const view = !edits.length ? "before" : page.state.edits.length ? page.state.view : "after";
  change({ edits, view }, { name: done ? null : "edit" });
}

async function changePolicy(name) {
  const isNewest = newest("policy");
  try {
    const policy = await post("api/policy", { policy: name });
    if (!isNewest()) return;
    page.policy = policy;
  } finally {
    $("policy").value = page.state.policy;
  }
  const { state } = page;
  const edits = state.edits.filter((edit) => edit.channels.every((channel) => channel < widthOf(edit.layer)));
  const channels = state.channels.filter((channel) => channel < widthOf(state.layer));
  const lost = edits.length < state.edits.length;
  showChoices({ policy: name });
  change({ policy: name, channels, edits, view: edits.length ? state.view : "before" });
  if (lost) complain(`${name} is narrower: edits of channels that it does not have were taken away; undo brings them back.`);
}

async function newMaze(seed) {
  const isNewest = newest("maze");
  const answer = await post("api/maze", { seed, size: $("size").value ? Number($("size").value) : null });
  if (!isNewest()) return false;
  page.cursor = null;
  change(readMaze(new URLSearchParams(answer.maze)));
  return true;
}

async function askedMaze(seed) {
  const shown = await newMaze(seed);
  if (shown && page.state.seed !== seed) complain(`Level ${seed} has another size; shown is level ${page.state.seed}.`);
}

function openAll() {
  const { size } = page.state, free = new Uint8Array(TILES * TILES), m = margin(size);
  for (let row = m; row < m + size; row++) free.fill(1, row * TILES + m, row * TILES + m + size);
  change({ free });
}

function changeChannels() {
  const text = $("channels").value, read = readChannels(text), most = page.setup.most_channels;
  const beyond = read && beyondWidth(read, page.state.layer, page.policy.layers);
  $("channels").setAttribute("aria-invalid", String(read === null || read.length > most || !!beyond));
  if (read === null) complain(`channels: got "${text}", wanted numbers such as 3, 17, 40-43; correct them`);
  else if (read.length > most) complain(`channels: got ${read.length}, wanted at most ${most}; name fewer`);
  else if (beyond) complain(beyond);
  else change({ channels: read });
}

function changeLayer() {
  page.suggesting = true;
  if (page.first) page.first.activations = null;
  change({ layer: $("layer").value, channels: page.state.channels.filter((channel) => channel < widthOf($("layer").value)) });
}

function addEdit() {
  const edit = newEdit($("kind").value, page.cursor ?? page.state.mouse);
  if (edit.kind === "clamp") clampWith(page.state.edits.length, { focus: false });
  changeEdits([...page.state.edits, edit], true);
}

async function copy(text, button) {
  button.dataset.label ??= button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = button === $("copy") ? "Copy the address bar" : "Forbidden: select and copy";
  }
  setTimeout(() => { button.textContent = button.dataset.label; }, NOTICE_MS);
}

async function showExport() {
  const answer = await post("api/export", { state: encode(page.state) });
  $("command").textContent = answer.command;
  $("fixture").textContent = answer.fixture;
  $("filename").textContent = answer.name;
  $("download").onclick = () => {
    const href = URL.createObjectURL(new Blob([answer.text], { type: "application/json" }));
    make("a", { href, download: answer.name }).click();
    setTimeout(() => URL.revokeObjectURL(href), NOTICE_MS);
  };
  $("exported").showModal();
}

function listen() {
  const on = (id, event, work) => $(id).addEventListener(event, work);
  for (const input of document.querySelectorAll("[name=view]")) {
    input.addEventListener("change", () => change({ view: input.value }, { ask: false }));
  }
  $("message").querySelector("button").addEventListener("click", () => complain(""));
  on("facing", "click", turnMouse);
  on("undo", "click", undo);
  on("redo", "click", redo);
  on("policy", "change", () => attempt(() => changePolicy($("policy").value)));
  on("layer", "change", changeLayer);
  on("channels", "change", changeChannels);
  on("new", "submit", (event) => {
    event.preventDefault();
    attempt(() => askedMaze(Number($("seed").value)));
  });
  on("random", "click", () => attempt(() => newMaze(Math.floor(Math.random() * (page.setup.largest_seed - SPARE_SEEDS)))));
  on("open", "click", openAll);
  on("floor", "change", () => change({ floor: Number($("floor").value) }));
  on("add", "click", addEdit);
  on("copy", "click", () => copy(`${location.origin}${location.pathname}#${encode(page.state)}`, $("copy")));
  on("export", "click", () => attempt(showExport));
  on("close", "click", () => $("exported").close());
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", () => copy($(button.dataset.copy).textContent, button));
  }
}

async function start() {
  page.setup = await post("api/setup", {});
  const { policies, sizes, floors, kinds, largest_seed: largest, start: usual } = page.setup;
  const option = (value, textContent) => make("option", { value, textContent });
  $("policy").replaceChildren(...policies.map((name) => option(name, name)));
  $("size").replaceChildren(option("", "any"), ...sizes.map((size) => option(size, size)));
  $("floor").replaceChildren(...Array.from({ length: floors }, (_, i) => option(i, i + 1)));
  $("kind").replaceChildren(...Object.keys(kinds).map((kind) => option(kind, KINDS[kind])));
  $("seed").max = largest;
  Object.assign(after, { show, ask, choices: showChoices });
  startTools();
  try {
    await begin(usual);
  } finally {
    listen();
  }
}

attempt(start);
