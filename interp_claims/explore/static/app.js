// The page: keeps the state, lets it be changed, asks the server about it and shows the answers.

import { Board } from "./board.js";
import { KINDS, layerOptions, showEdits } from "./edits.js";
import { make, showBars, showMaps, showNumbers, showPicture } from "./panels.js";
import { FIELDS, TILES, channelsText, decode, encode, fieldKeys, index, inside, margin, readChannels, readMaze, same } from "./state.js";
import { Refused, post, stream } from "./talk.js";

const $ = (id) => document.getElementById(id);
const TAB = crypto.randomUUID?.() ?? String(Math.random());
const WHILE_DRAGGING_MS = 90;
const DIRECTIONS = ["← left", "↓ down", "↑ up", "→ right", "· stay"];
const HINTS = {
  mouse: "Click or drag to move the mouse.",
  cheese: "Click or drag to move the cheese; click it to take it away.",
  walls: "Click or drag to draw walls, or to open them.",
  clamp: "Click a square to clamp channels there.",
};
const LEGENDS = {
  before: "Each arrow: where the policy would go from that square on the whole, as long as that is probable; a dot: nowhere.",
  after: "The same under the edits. Pale arrows are being computed.",
  difference: "Dark arrows: the change of the net direction. Shading: how much the probabilities change. Pale arrows: the same as before.",
};

let setup, policy, state, roles = { status: "looking" }, tool = "mouse", cursor = null, gesture = null, turn = 0;
let first = null, complete = "", asking = null, waiting = null, lastAsked = 0, suggesting = false, clamping = 0;
const field = new Map();

// -- messages -------------------------------------------------------------------------------------------------------

function complain(text) {
  $("message").hidden = !text;
  $("message").firstElementChild.textContent = text;
}

async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    complain(error instanceof Refused ? error.message : `The page made a mistake: ${error.message}`);
    if (!(error instanceof Refused)) console.error(error);
    return undefined;
  }
}

// -- changing the state ---------------------------------------------------------------------------------------------

/** Put a changed state into place; `name` joins changes of one gesture, such as a drag, into one step of undo. */
function change(changes, { name = null, replace = false, ask: wanted = true } = {}) {
  const next = { ...state, ...changes };
  const fragment = encode(next), before = encode(state);
  if (fragment !== before) {
    const joined = replace || (name !== null && gesture === name);
    const place = (history.state?.place ?? 0) + (joined ? 0 : 1);
    history[joined ? "replaceState" : "pushState"]({ place }, "", `#${fragment}`);
    if (!joined) furthest = place;
    state = next;
    if (!replace) complain("");
    show();
    if (wanted) ask(name !== null);
    else if (document.body.dataset.settled === before) document.body.dataset.settled = fragment;
    gesture = name;
  } else if (name === null) gesture = null;
}
let furthest = 0;

window.addEventListener("popstate", () => attempt(async () => {
  const fragment = location.hash.slice(1);
  if (!fragment || fragment === encode(state)) return;
  gesture = null;
  const own = history.state?.place !== undefined ? decode(fragment) : null;
  if (own?.policy === state.policy) takeOver(own); // what this page wrote itself needs no checking
  else await enter(fragment);
}));

/** Take over the state of an address, if the server says that it is one. */
async function enter(fragment) {
  let next;
  try {
    next = decode((await post("api/check", { state: fragment })).state);
  } catch (error) {
    history.replaceState(history.state, "", `#${encode(state)}`);
    throw error;
  }
  if (policy?.name !== next.policy) {
    policy = await post("api/policy", { policy: next.policy });
    showChoices(next);
  }
  takeOver(next);
}

function takeOver(next) {
  state = next;
  complain("");
  show();
  ask();
}

// -- asking the server ----------------------------------------------------------------------------------------------

/** Ask now, or soon while a drag goes on; only the latest state counts. */
function ask(soon = false) {
  clearTimeout(waiting);
  const pause = soon ? Math.max(0, lastAsked + WHILE_DRAGGING_MS - performance.now()) : 0;
  if (pause) waiting = setTimeout(() => attempt(askNow), pause);
  else attempt(askNow);
}

async function askNow() {
  const asked = state, keys = fieldKeys(asked), began = (lastAsked = performance.now());
  asking?.abort();
  const controller = (asking = new AbortController());
  const wanted = complete !== keys.after;
  status("Asking…", null);
  let known = 0, total = 0;
  try {
    const body = { state: encode(asked), tab: TAB, turn: ++turn, field: wanted };
    for await (const answer of stream("api/look", body, controller.signal)) {
      if (controller.signal.aborted) return;
      if (answer.type === "first") {
        first = answer;
        total = answer.total;
        document.body.dataset.firstMs = Math.round(performance.now() - began);
        showFirst();
        suggestDefaults();
      } else if (answer.type === "field") {
        known += answer.rows.length;
        for (const [row, column, before, after] of answer.rows) {
          field.set(index([row, column]), { before, after, beforeKey: keys.before, afterKey: keys.after });
        }
        drawSoon();
        status(`Computing the field: ${known} of ${total} squares`, known / total);
      } else if (answer.type === "problem") {
        complain(answer.message);
      } else if (answer.type === "done") {
        if (wanted) {
          complete = keys.after;
          document.body.dataset.fieldMs = Math.round(performance.now() - began);
        }
        const late = wanted ? `, field after ${(Number(document.body.dataset.fieldMs) / 1000).toFixed(1)} s` : "";
        status(`First answer after ${document.body.dataset.firstMs} ms${late}`, 1);
        draw();
        showSquare();
        document.body.dataset.settled = encode({ ...asked, view: state.view });
      }
    }
  } catch (error) {
    if (error.name === "AbortError" || controller.signal.aborted) return;
    status("No answer", 0);
    throw error;
  }
}

function status(text, share) {
  $("status").textContent = text;
  const bar = $("progress").firstElementChild;
  if (share === null) bar.removeAttribute("value");
  else bar.value = share;
  bar.hidden = share === 1;
}

let drawing = 0;
function drawSoon() {
  drawing ||= requestAnimationFrame(() => {
    drawing = 0;
    draw();
    showSquare();
  });
}

// -- showing --------------------------------------------------------------------------------------------------------

const square = (place) => `(${place.join(", ")})`;

function draw() {
  const view = state.edits.length && !first?.edit.problem ? state.view : "before"; // where edits do not act, no after
  $("legend").textContent = LEGENDS[view];
  board.render(state, field, fieldKeys(state), { decision: first?.decision.square, cursor, view });
}

/** What follows from the state alone. */
function show() {
  draw();
  document.querySelector(`[name=view][value=${state.view}]`).checked = true;
  for (const input of document.querySelectorAll("[name=view]")) input.disabled = !state.edits.length && input.value !== "before" && !input.checked;
  $("facing").textContent = state.facing === "L" ? "Looks left" : "Looks right";
  $("undo").disabled = !((history.state?.place ?? 0) > 0);
  $("redo").disabled = !((history.state?.place ?? 0) < furthest);
  if (document.activeElement !== $("seed")) $("seed").value = state.seed ?? 0;
  $("size").value = state.size;
  $("floor").value = state.floor;
  $("layer").value = state.layer;
  if (document.activeElement !== $("channels")) $("channels").value = channelsText(state.channels, ", ");
  $("hint").textContent = HINTS[tool];
  $("board").dataset.tool = tool;
  showEdits($("edits"), state, {
    layers: policy.layers,
    ranges: setup.ranges,
    complain,
    change: (edits, done) => changeEdits(edits, done),
    chooseSquare: (i) => { clamping = i; choose("clamp"); $("board").focus(); },
  });
  $("add").disabled = state.edits.length >= setup.most_edits;
  showSquare();
  showSuggestions();
}

function changeEdits(edits, done) {
  const view = edits.length && !state.edits.length ? "after" : edits.length ? state.view : "before";
  change({ edits, view }, { name: done ? null : "edit" });
  if (done) gesture = null;
}

/** What the first answer says. */
function showFirst() {
  const { decision, mouse, edit, activations, picture } = first;
  $("why-not").hidden = !decision.why_not;
  $("why-not").textContent = decision.why_not ?? "";
  $("decision").hidden = !!decision.why_not;
  if (!decision.why_not) {
    $("decision-title").textContent = `At the decision square ${square(decision.square)}`;
    const names = { cheese: "P(cheese)", top_right: "P(top-right)", other: "P(other)" };
    showBars($("decision"), "Probabilities at the decision square", Object.entries(names).map(([key, label]) =>
      ({ label, before: Math.max(0, decision.before[key]), after: decision.after ? Math.max(0, decision.after[key]) : null })));
  } else $("decision-title").textContent = "No decision square";
  showNumbers($("mouse"), "Where the mouse stands", [
    { label: "Value at the mouse", before: mouse.before.value, after: mouse.after?.value ?? null },
    { label: "Entropy there (nats)", before: mouse.before.entropy, after: mouse.after?.entropy ?? null },
  ]);
  $("problem").hidden = !edit.problem;
  $("problem").textContent = edit.problem ? `The edits do not act: ${edit.problem}` : "";
  showPicture($("picture"), picture);
  if (activations) showMaps($("maps"), $("scale"), activations, state.edits.length > 0 && !edit.problem);
  showSuggestions();
  drawSoon();
}

function showSquare() {
  const here = cursor ?? state.mouse, known = field.get(index(here));
  $("square-title").textContent = `Square ${square(here)}`;
  const keys = fieldKeys(state);
  let note = "";
  if (!state.free[index(here)]) note = "A wall.";
  else if (same(here, state.cheese)) note = "The cheese: the episode ends here.";
  else if (!known || known.beforeKey !== keys.before) note = "Being computed…";
  else if (known.afterKey !== keys.after) note = "After the edit: being computed…";
  $("square-note").textContent = note;
  const fresh = known && state.free[index(here)] && !same(here, state.cheese) && known.beforeKey === keys.before;
  $("square").hidden = !fresh;
  if (!fresh) return;
  const after = known.afterKey === keys.after ? known.after : null;
  showBars($("square"), "Probabilities on this square", DIRECTIONS.map((label, i) =>
    ({ label, before: known.before[i], after: after ? after[i] : null })));
}

// -- channels -------------------------------------------------------------------------------------------------------

function showSuggestions() {
  const chips = (label, channels) => make("p", { className: "chips" }, make("span", { className: "muted", textContent: label }),
    ...channels.map((channel) => {
      const chip = make("button", { type: "button", textContent: channel });
      const on = state.channels.includes(channel);
      chip.setAttribute("aria-pressed", String(on));
      chip.setAttribute("aria-label", `channel ${channel}`);
      chip.addEventListener("click", () => {
        const channels = on ? state.channels.filter((one) => one !== channel) : [...state.channels, channel];
        if (channels.length > setup.most_channels) complain(`channels: got ${channels.length}, wanted at most ${setup.most_channels}; take one away`);
        else change({ channels });
      });
      return chip;
    }));
  const parts = [];
  const focused = $("suggestions").contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  if (roles.status === "found" && roles.layer === state.layer) parts.push(chips("Track the cheese:", roles.channels));
  else if (roles.status === "finding") parts.push(make("p", { className: "muted", textContent: "Finding the channels that track the cheese, in the background…" }));
  else if (roles.status === "unknown" || roles.status === "failed") {
    const find = make("button", { type: "button", id: "find", textContent: "Find the channels that track the cheese" });
    find.addEventListener("click", () => attempt(() => askRoles(state.policy, true)));
    const said = roles.status === "failed" ? `${roles.message} ` : "";
    parts.push(make("p", { className: "muted" }, said, find, " 512 mazes; a minute or so, in the background."));
  }
  const strongest = first?.activations?.layer === state.layer ? first.activations.strongest : [];
  const edited = state.edits.length && !first?.edit.problem;
  if (strongest.length) parts.push(chips(edited ? "Change most here:" : "Strongest here:", strongest));
  $("suggestions").replaceChildren(...parts);
  if (focused) $("suggestions").querySelector(`[aria-label="${focused}"]`)?.focus();
}

async function askRoles(name, find = false) {
  const answer = await post("api/roles", { policy: name, find });
  if (name !== policy.name) return;
  roles = answer;
  showSuggestions();
  suggestDefaults();
  if (["looking", "finding"].includes(roles.status)) setTimeout(() => attempt(() => askRoles(name)), roles.status === "looking" ? 300 : 1500);
}

/** A page that starts without channels shows a few, once it is known which. */
function suggestDefaults() {
  if (!suggesting || state.channels.length || roles.status === "looking" || !first?.activations) return;
  suggesting = false;
  const channels = roles.status === "found" && roles.layer === state.layer ? roles.channels : first.activations.strongest;
  change({ channels: channels.slice(0, 4) }, { replace: true });
}

// -- tools ----------------------------------------------------------------------------------------------------------

function choose(name) {
  tool = name;
  document.querySelector(`[name=tool][value=${name}]`).checked = true;
  $("hint").textContent = HINTS[tool];
  $("board").dataset.tool = tool;
}

let paint = null, moved = false, startedOn = null;

/** Use the tool on a square. `name` joins the squares of a drag. */
function use(place, name) {
  if (tool === "walls") return setWall(place, name);
  if (tool === "clamp") return clamp(place, name);
  if (!state.free[index(place)]) {
    if (!moved) complain(`${tool}: got ${square(place)}, a wall, wanted a free square; open it with the walls tool, or choose another`);
    return undefined;
  }
  return change({ [tool]: place }, { name });
}

function setWall(place, name) {
  if (paint === null) paint = !state.free[index(place)];
  if (state.free[index(place)] === Number(paint)) return;
  const there = same(place, state.mouse) ? "mouse" : same(place, state.cheese) ? "cheese" : "";
  if (there) {
    complain(`walls: got ${square(place)}, where the ${there} is, wanted another square; move the ${there} first`);
    return;
  }
  const free = state.free.slice();
  free[index(place)] = Number(paint);
  change({ free }, { name });
}

function clamp(place, name) {
  const clamps = state.edits.map((edit, i) => [edit, i]).filter(([edit]) => edit.kind === "clamp").map(([, i]) => i);
  if (!clamps.length) {
    const edit = newEdit("clamp", place);
    change({ edits: [...state.edits, edit], view: state.edits.length ? state.view : "after" }, { name });
    clamping = state.edits.length - 1;
    return;
  }
  if (!clamps.includes(clamping)) clamping = clamps[clamps.length - 1];
  change({ edits: state.edits.map((edit, i) => (i === clamping ? { ...edit, square: place } : edit)) }, { name });
}

function newEdit(kind, place) {
  const layer = policy.default_layer, known = roles.status === "found" && roles.layer === layer;
  const best = known ? roles.channels[0] : state.layer === layer && state.channels.length ? state.channels[0] : 0;
  const number = { cheese: -1, corner: 1, clamp: known ? Number(roles.clamp_values[0].toFixed(2)) : 5, scale: 0.5, resample: 0 }[kind] ?? null;
  return { kind, layer, channels: FIELDS[kind].includes("channels") ? [best] : [], number, square: kind === "clamp" ? place : null };
}

const board = new Board($("board"), {
  hover(place) {
    cursor = place;
    draw();
    showSquare();
  },
  down(place) {
    [paint, moved, startedOn] = [null, false, place];
    gesture = null;
    cursor = place;
    if (!(tool === "cheese" && same(place, state.cheese))) use(place, "drag");
    showSquare();
  },
  drag(place) {
    cursor = place;
    moved = true;
    use(place, "drag");
  },
  up(place, cancelled) {
    if (tool === "cheese" && !moved && !cancelled && same(startedOn, state.cheese) && gesture === null) change({ cheese: null });
    gesture = null;
    paint = null;
  },
});

const STEPS = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

$("board").addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (STEPS[event.key]) {
    const here = cursor ?? state.mouse, next = here.map((value, i) => value + STEPS[event.key][i]);
    if (inside(next, state.size)) cursor = next;
  } else if (event.key === "Enter" || event.key === " ") {
    const place = cursor ?? state.mouse;
    [paint, moved] = [null, false];
    gesture = null;
    if (tool === "cheese" && same(place, state.cheese)) change({ cheese: null });
    else use(place, null);
  } else return;
  event.preventDefault();
  draw();
  showSquare();
  speak();
});

function speak() {
  const here = cursor ?? state.mouse, things = [];
  if (!state.free[index(here)]) things.push("wall");
  if (same(here, state.mouse)) things.push("mouse");
  if (same(here, state.cheese)) things.push("cheese");
  const known = field.get(index(here)), answer = known && (state.view === "before" ? known.before : known.after ?? known.before);
  if (answer && state.free[index(here)] && !same(here, state.cheese)) {
    const best = answer.indexOf(Math.max(...answer));
    things.push(`${DIRECTIONS[best].slice(2)} ${Math.round(100 * answer[best])} percent`);
  }
  $("spoken").textContent = `Row ${here[0]}, column ${here[1]}: ${things.join(", ") || "free"}`;
}

const typing = (target) => target.matches?.("input:not([type=range]):not([type=radio]), select, textarea");

document.addEventListener("keydown", (event) => {
  if (!state || typing(event.target) || $("exported").open) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
    event.preventDefault();
    (event.shiftKey ? redo : undo)();
  } else if (!event.ctrlKey && !event.metaKey && !event.altKey) {
    const chosen = { m: "mouse", c: "cheese", w: "walls", x: "clamp" }[event.key.toLowerCase()];
    if (chosen) choose(chosen);
    else if (event.key.toLowerCase() === "f") turnMouse();
  }
});

const undo = () => { if ((history.state?.place ?? 0) > 0) history.back(); };
const redo = () => { if ((history.state?.place ?? 0) < furthest) history.forward(); };
const turnMouse = () => change({ facing: state.facing === "L" ? "R" : "L" });

// -- controls -------------------------------------------------------------------------------------------------------

/** The choices that a policy gives. */
function showChoices(next) {
  $("policy").value = next.policy;
  $("about").textContent = `width ×${policy.scale} · ${policy.sha256.slice(0, 12)} · ${policy.device}`;
  $("layer").replaceChildren(...layerOptions(policy.layers, ({ shape }) => shape.length === 3));
  roles = { status: "looking" };
  attempt(() => askRoles(next.policy));
}

async function changePolicy(name) {
  policy = await post("api/policy", { policy: name });
  const width = (layer) => policy.layers.find((one) => one.name === layer).shape[0];
  const kept = state.channels.filter((channel) => channel < width(state.layer));
  const edits = state.edits.filter((edit) => edit.channels.every((channel) => channel < width(edit.layer)));
  const lost = edits.length < state.edits.length;
  change({ policy: name, channels: kept, edits, view: edits.length ? state.view : "before" });
  showChoices(state);
  show();
  if (lost) complain(`${name} is narrower: edits of channels that it does not have were taken away; undo brings them back.`);
}

async function newMaze(seed, size) {
  const answer = await post("api/maze", { seed, size });
  cursor = null;
  change(readMaze(new URLSearchParams(answer.maze)));
}

function listen() {
  for (const input of document.querySelectorAll("[name=tool]")) input.addEventListener("change", () => choose(input.value));
  for (const input of document.querySelectorAll("[name=view]")) input.addEventListener("change", () => change({ view: input.value }, { ask: false }));
  $("message").querySelector("button").addEventListener("click", () => complain(""));
  $("facing").addEventListener("click", turnMouse);
  $("undo").addEventListener("click", undo);
  $("redo").addEventListener("click", redo);
  $("policy").addEventListener("change", () => attempt(() => changePolicy($("policy").value)));
  $("layer").addEventListener("change", () => {
    const width = policy.layers.find(({ name }) => name === $("layer").value).shape[0];
    suggesting = true;
    first.activations = null;
    change({ layer: $("layer").value, channels: state.channels.filter((channel) => channel < width) });
  });
  $("channels").addEventListener("change", () => {
    const read = readChannels($("channels").value);
    $("channels").setAttribute("aria-invalid", String(read === null));
    if (read === null) complain(`channels: got "${$("channels").value}", wanted numbers such as 3, 17, 40-43; correct them`);
    else if (read.length > setup.most_channels) complain(`channels: got ${read.length}, wanted at most ${setup.most_channels}; name fewer`);
    else change({ channels: read });
  });
  $("new").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(() => newMaze(Number($("seed").value), $("size").value ? Number($("size").value) : null));
  });
  $("random").addEventListener("click", () => attempt(() =>
    newMaze(Math.floor(Math.random() * (setup.largest_seed - 2000)), $("size").value ? Number($("size").value) : null)));
  $("open").addEventListener("click", () => {
    const free = new Uint8Array(TILES * TILES), m = margin(state.size);
    for (let row = m; row < m + state.size; row++) free.fill(1, row * TILES + m, row * TILES + m + state.size);
    change({ free });
  });
  $("floor").addEventListener("change", () => change({ floor: Number($("floor").value) }));
  $("add").addEventListener("click", () => {
    const edit = newEdit($("kind").value, cursor ?? state.mouse);
    if (edit.kind === "clamp") { clamping = state.edits.length; choose("clamp"); }
    changeEdits([...state.edits, edit], true);
  });
  $("copy").addEventListener("click", () => copy(location.href, $("copy")));
  $("export").addEventListener("click", () => attempt(showExport));
  $("close").addEventListener("click", () => $("exported").close());
  for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy($(button.dataset.copy).textContent, button));
}

async function copy(text, button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Copy it from the address bar";
    if (button !== $("copy")) button.textContent = "The browser forbids it: select and copy";
  }
  setTimeout(() => { button.textContent = before; }, 1500);
}

async function showExport() {
  const answer = await post("api/export", { state: encode(state) });
  $("command").textContent = answer.command;
  $("fixture").textContent = answer.fixture;
  $("filename").textContent = answer.name;
  $("download").onclick = () => {
    const link = make("a", { href: URL.createObjectURL(new Blob([answer.text], { type: "application/json" })), download: answer.name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  $("exported").showModal();
}

async function start() {
  setup = await post("api/setup", {});
  const option = (value, textContent) => make("option", { value, textContent });
  $("policy").replaceChildren(...setup.policies.map((name) => option(name, name)));
  $("size").replaceChildren(option("", "any"), ...setup.sizes.map((size) => option(size, size)));
  $("floor").replaceChildren(...Array.from({ length: setup.floors }, (_, i) => option(i, i + 1)));
  $("kind").replaceChildren(...Object.keys(setup.kinds).map((kind) => option(kind, KINDS[kind])));
  $("seed").max = setup.largest_seed;
  state = decode(setup.start);
  furthest = history.state?.place ?? 0;
  const linked = location.hash.slice(1);
  suggesting = !linked;
  listen();
  if (linked) {
    await attempt(() => enter(linked));
    if (policy) return;
  }
  const said = $("message").hidden ? "" : $("message").firstElementChild.textContent;
  history.replaceState({ place: furthest }, "", `#${setup.start}`);
  suggesting = true;
  await enter(setup.start);
  if (said) complain(said);
}

attempt(start);
