// What the page knows, and how its state changes: every change is a step in the browser's history, which is also undo.

import { decode, encode, inside } from "./state.js";
import { Refused, post } from "./talk.js";

export const $ = (id) => document.getElementById(id);

/** What all parts of the page share. */
export const page = {
  setup: null, // what can be chosen, told by the server once
  policy: null, // the policy of the state: its layers
  state: null, // see state.js
  roles: { status: "looking" }, // the channels that track the cheese
  first: null, // the first part of the latest answer: numbers and activations
  field: new Map(), // by square: the probabilities, and which state they were asked for
  tool: "mouse",
  cursor: null, // the square that is looked at
  suggesting: false, // whether channels to show are still to be suggested
};

/** What happens after a change; app.js fills these in. */
export const after = { show() {}, ask() {}, choices() {} };

const WRITE_MS = 250; // browsers take only so many addresses in a while
let gesture = null, furthest = 0, unwritten = null, writing = null;
const place = () => history.state?.place ?? 0;

export const canUndo = () => place() > 0;
export const canRedo = () => place() < furthest;
export const inGesture = () => gesture !== null;

function writeSoon(fragment) {
  unwritten = fragment;
  writing ??= setTimeout(writeAddress, WRITE_MS);
}

function dropAddress() {
  clearTimeout(writing);
  [unwritten, writing] = [null, null];
}

/** Put into the address what a gesture came to so far. */
function writeAddress() {
  const fragment = unwritten;
  dropAddress();
  if (fragment !== null) history.replaceState({ place: place() }, "", `#${fragment}`);
}

export function endGesture() {
  gesture = null;
  writeAddress();
}

export function undo() {
  endGesture();
  if (canUndo()) history.back();
}

export function redo() {
  endGesture();
  if (canRedo()) history.forward();
}

const latest = { policy: 0, maze: 0, state: 0 };

/** Begin what will change these parts once the server answers: the check returned tells whether nothing newer does. */
export function newest(...parts) {
  for (const part of parts) latest[part]++;
  const mine = { ...latest };
  return () => parts.every((part) => latest[part] === mine[part]);
}

export function complain(text) {
  $("message").hidden = !text;
  $("message").firstElementChild.textContent = text;
}

/** Do some work; what goes wrong is shown. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    complain(error instanceof Refused ? error.message : `The page made a mistake: ${error.message}`);
    if (!(error instanceof Refused)) console.error(error);
    return undefined;
  }
}

/** Put a changed state into place; `name` joins changes of one gesture, such as a drag, into one step of undo. */
export function change(changes, { name = null, replace = false, ask = true } = {}) {
  const next = { ...page.state, ...changes }, fragment = encode(next), before = encode(page.state);
  if (fragment === before) {
    if (name === null) endGesture();
    return;
  }
  newest("state");
  page.state = next; // first of all: a browser may refuse an address
  if (name !== null && gesture === name) writeSoon(fragment);
  else {
    writeAddress();
    if (!replace) furthest = place() + 1;
    history[replace ? "replaceState" : "pushState"]({ place: place() + (replace ? 0 : 1) }, "", `#${fragment}`);
  }
  if (!replace) complain("");
  after.show();
  if (ask) after.ask(name !== null);
  else if (document.body.dataset.settled === before) document.body.dataset.settled = fragment;
  gesture = name;
}

/** Take over the state of an address, if the server says that it is one. */
async function enter(fragment, isNewest = newest("policy", "maze", "state")) {
  let next, policy;
  try {
    next = decode((await post("api/check", { state: fragment })).state);
    policy = page.policy?.name === next.policy ? page.policy : await post("api/policy", { policy: next.policy });
  } catch (error) {
    if (!isNewest()) return; // the address is another by now
    history.replaceState(history.state, "", `#${encode(page.state)}`);
    throw error;
  }
  if (!isNewest()) return;
  history.replaceState({ place: place() }, "", location.hash);
  if (policy !== page.policy) {
    page.policy = policy;
    after.choices(next);
  }
  takeOver(next);
}

function takeOver(next) {
  page.state = next;
  if (page.cursor && !inside(page.cursor, next.size)) page.cursor = null;
  complain("");
  after.show();
  after.ask();
}

/** Start with the state of the address, or where it holds none with `usual`. */
export async function begin(usual) {
  page.state = decode(usual);
  furthest = place();
  const linked = location.hash.slice(1);
  page.suggesting = !linked;
  if (linked) {
    await attempt(() => enter(linked));
    if (page.policy) return;
  }
  const said = $("message").hidden ? "" : $("message").firstElementChild.textContent;
  history.replaceState({ place: furthest }, "", `#${usual}`);
  page.suggesting = true;
  await enter(usual);
  if (said) complain(said);
}

window.addEventListener("popstate", () => attempt(async () => {
  dropAddress(); // it belongs to the step that was left
  gesture = null;
  const fragment = location.hash.slice(1);
  if (!page.state || !fragment) return;
  const isNewest = newest("policy", "maze", "state");
  if (history.state?.place === undefined) furthest = 0; // a pasted link: nothing comes after it
  if (page.policy && fragment === encode(page.state)) return;
  const own = history.state?.place !== undefined ? decode(fragment) : null;
  if (own?.policy === page.state.policy) takeOver(own); // what this page wrote itself needs no checking
  else await enter(fragment, isNewest);
}));
window.addEventListener("pagehide", writeAddress);
