// What clicks and keys on the maze do.

import { Board } from "./board.js";
import { draw, drawOn, showSquare, speak, squareText } from "./showing.js";
import { FIELDS, index, inside, same } from "./state.js";
import { $, change, complain, endGesture, inGesture, page, redo, undo } from "./store.js";

const HINTS = {
  mouse: "Click or drag to move the mouse.",
  cheese: "Click or drag to move the cheese; click it to take it away.",
  walls: "Click or drag to draw walls, or to open them.",
  clamp: "Click a square to clamp channels there.",
};
const TOOL_KEYS = { m: "mouse", c: "cheese", w: "walls", x: "clamp" };
const STEPS = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const USUAL_CLAMP = 5;

let painted = null, moved = false, startedOn = null, clamping = 0;

export function chooseTool(name) {
  page.tool = name;
  document.querySelector(`[name=tool][value=${name}]`).checked = true;
  $("hint").textContent = HINTS[name];
  $("board").dataset.tool = name;
}

/** Let the clamp tool move the square of one edit. */
export function clampWith(i, { focus = true } = {}) {
  clamping = i;
  chooseTool("clamp");
  if (focus) $("board").focus();
}

export const turnMouse = () => change({ facing: page.state.facing === "L" ? "R" : "L" });

/** An edit of a kind with what suits the page: the layer and the channel that are looked at. */
export function newEdit(kind, square) {
  const { policy, roles, state } = page, layer = policy.default_layer;
  const known = roles.status === "found" && roles.layer === layer;
  const best = known ? roles.channels[0] : state.layer === layer && state.channels.length ? state.channels[0] : 0;
  const value = known ? Number(roles.clamp_values[0].toFixed(2)) : USUAL_CLAMP;
  const number = { cheese: -1, corner: 1, clamp: value, scale: 0.5, resample: 0 }[kind] ?? null;
  const channels = FIELDS[kind].includes("channels") ? [best] : [];
  return { kind, layer, channels, number, square: kind === "clamp" ? square : null };
}

/** Use the tool on a square; `name` joins the squares of a drag. */
function use(square, name) {
  if (page.tool === "walls") setWall(square, name);
  else if (page.tool === "clamp") clamp(square, name);
  else if (page.state.free[index(square)]) change({ [page.tool]: square }, { name });
  else if (!moved) {
    complain(`${page.tool}: got ${squareText(square)}, a wall, wanted a free square; open it with the walls tool, or choose another`);
  }
}

function setWall(square, name) {
  const { free, mouse, cheese } = page.state;
  painted ??= free[index(square)] ? 0 : 1; // a drag goes on with what it began with
  if (free[index(square)] === painted) return;
  const there = same(square, mouse) ? "mouse" : same(square, cheese) ? "cheese" : "";
  if (there) {
    complain(`walls: got ${squareText(square)}, where the ${there} is, wanted another square; move the ${there} first`);
    return;
  }
  const changed = free.slice();
  changed[index(square)] = painted;
  change({ free: changed }, { name });
}

function clamp(square, name) {
  const { edits, view } = page.state, clamps = [...edits.keys()].filter((i) => edits[i].kind === "clamp");
  if (clamps.length) {
    if (!clamps.includes(clamping)) clamping = clamps[clamps.length - 1];
    change({ edits: edits.map((edit, i) => (i === clamping ? { ...edit, square } : edit)) }, { name });
  } else if (edits.length >= page.setup.most_edits) {
    complain(`edits: got ${edits.length + 1}, wanted at most ${page.setup.most_edits}; take one away`);
  } else {
    clamping = edits.length;
    change({ edits: [...edits, newEdit("clamp", square)], view: edits.length ? view : "after" }, { name });
  }
}

function look(square) {
  page.cursor = square;
  draw();
  showSquare();
}

const onBoard = {
  hover(square) {
    if (!same(square, page.cursor)) look(square); // or every move would draw it all anew
  },
  down(square) {
    [painted, moved, startedOn] = [null, false, square];
    endGesture();
    if (!(page.tool === "cheese" && same(square, page.state.cheese))) use(square, "drag");
    look(square);
  },
  drag(square) {
    moved = true;
    use(square, "drag");
    look(square);
  },
  up(square, cancelled) {
    const clicked = !moved && !cancelled && !inGesture();
    if (page.tool === "cheese" && clicked && same(startedOn, page.state.cheese)) change({ cheese: null });
    endGesture();
  },
};

function keyOnBoard(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const here = page.cursor ?? page.state.mouse;
  if (STEPS[event.key]) {
    const next = here.map((value, i) => value + STEPS[event.key][i]);
    if (inside(next, page.state.size)) look(next);
  } else if (event.key === "Enter" || event.key === " ") {
    [painted, moved] = [null, false];
    endGesture();
    if (page.tool === "cheese" && same(here, page.state.cheese)) change({ cheese: null });
    else use(here, null);
  } else return;
  event.preventDefault();
  speak();
}

const typing = (target) => target.matches?.("input:not([type=range]):not([type=radio]), select, textarea");

function keyAnywhere(event) {
  if (!page.policy || typing(event.target) || $("exported").open) return;
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && key === "z") {
    event.preventDefault();
    (event.shiftKey ? redo : undo)();
  } else if (!event.ctrlKey && !event.metaKey && !event.altKey) {
    if (TOOL_KEYS[key]) chooseTool(TOOL_KEYS[key]);
    else if (key === "f") turnMouse();
  }
}

/** Let the board and the keyboard act. */
export function startTools() {
  drawOn(new Board($("board"), onBoard));
  $("board").addEventListener("keydown", keyOnBoard);
  document.addEventListener("keydown", keyAnywhere);
  for (const input of document.querySelectorAll("[name=tool]")) input.addEventListener("change", () => chooseTool(input.value));
  chooseTool(page.tool);
}
