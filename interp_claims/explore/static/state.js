// The state of the page and its form in the address. The server reads the same form (interp_claims/explore/state.py).

export const TILES = 25;

/** What an edit of each kind is given besides its layer, in the order in which it stands in the address. */
export const FIELDS = {
  cheese: ["coefficient"],
  corner: ["coefficient"],
  clamp: ["channels", "square", "value"],
  zero: ["channels"],
  mean: ["channels"],
  scale: ["channels", "factor"],
  resample: ["channels", "seed"],
};

export const margin = (size) => (TILES - size) / 2;
export const index = ([row, column]) => row * TILES + column;
export const same = (a, b) => a === b || (a && b && a[0] === b[0] && a[1] === b[1]);
export const inside = ([row, column], size) =>
  Math.min(row, column) >= margin(size) && Math.max(row, column) < margin(size) + size;

export function numberText(value) {
  const text = String(Number(value.toFixed(6)));
  return text === "-0" ? "0" : text;
}

export function channelsText(channels, separator = ".") {
  const runs = [];
  for (const channel of channels) {
    const last = runs[runs.length - 1];
    if (last && channel === last[last.length - 1] + 1) last.push(channel);
    else runs.push([channel]);
  }
  return runs.map((run) => (run.length > 2 ? `${run[0]}-${run[run.length - 1]}` : run.join(separator))).join(separator);
}

/** Channel numbers written with commas, spaces or points between them, or null if the text is something else. */
export function readChannels(text) {
  const channels = [];
  for (const part of text.split(/[\s,.;]+/).filter(Boolean)) {
    const span = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    if (!span) return null;
    const last = Number(span[2] ?? span[1]);
    if (last - Number(span[1]) > 4096) return null;
    for (let channel = Number(span[1]); channel <= last; channel++) if (!channels.includes(channel)) channels.push(channel);
  }
  return channels;
}

function wallsText(free, size) {
  const m = margin(size);
  const bytes = new Uint8Array(Math.ceil((size * size) / 8));
  for (let i = 0; i < size * size; i++) {
    const square = [m + Math.floor(i / size), m + (i % size)];
    if (free[index(square)]) bytes[i >> 3] |= 128 >> (i & 7);
  }
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function readWalls(text, size) {
  const bytes = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  const free = new Uint8Array(TILES * TILES);
  const m = margin(size);
  for (let i = 0; i < size * size; i++) {
    const square = [m + Math.floor(i / size), m + (i % size)];
    free[index(square)] = (bytes.charCodeAt(i >> 3) >> (7 - (i & 7))) & 1;
  }
  return free;
}

const squareText = (square) => `${square[0]}.${square[1]}`;
const readSquare = (text) => text.split(".").slice(0, 2).map(Number);

function editText(edit) {
  const parts = FIELDS[edit.kind].map((field) => {
    if (field === "channels") return channelsText(edit.channels);
    return field === "square" ? squareText(edit.square) : numberText(edit.number);
  });
  return [edit.kind, edit.layer, ...parts].join("~");
}

function readEdit(text) {
  const [kind, layer, ...parts] = text.split("~");
  const edit = { kind, layer, channels: [], square: null, number: null };
  FIELDS[kind].forEach((field, i) => {
    if (field === "channels") edit.channels = readChannels(parts[i]);
    else if (field === "square") edit.square = readSquare(parts[i]);
    else edit.number = Number(parts[i]);
  });
  return edit;
}

function mazePairs(state) {
  const pairs = [
    ["z", state.size],
    ["g", wallsText(state.free, state.size)],
    ["m", `${squareText(state.mouse)}.${state.facing}`],
    ["c", state.cheese ? squareText(state.cheese) : ""],
    ["t", `${state.floor}_${state.offset}`],
  ];
  if (state.seed !== null) pairs.push(["s", state.seed]);
  return pairs;
}

// As Python's urllib.parse.quote(text, safe="~") writes it, so that both sides write the same address.
const quote = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const joined = (pairs) => pairs.map(([key, value]) => `${key}=${quote(String(value))}`).join("&");

export function encode(state) {
  const edits = state.edits.map((edit) => ["e", editText(edit)]);
  const shown = [["l", state.layer], ["k", channelsText(state.channels)], ["w", state.view]];
  return joined([["p", state.policy], ...mazePairs(state), ...edits, ...shown]);
}

/** What the policy's answers on squares without an edit depend on, and what those with it do. */
export function fieldKeys(state) {
  const maze = mazePairs(state).filter(([key]) => key !== "m" && key !== "s");
  const before = joined([["p", state.policy], ...maze, ["f", state.facing]]);
  return { before, after: before + state.edits.map((edit) => `&${editText(edit)}`).join("") };
}

/** The fields of the address that hold a maze, as part of a state. */
export function readMaze(fields) {
  const size = Number(fields.get("z"));
  const mouse = fields.get("m").split(".");
  const theme = (fields.get("t") ?? "0_0").split("_");
  return {
    size,
    free: readWalls(fields.get("g"), size),
    mouse: mouse.slice(0, 2).map(Number),
    facing: mouse[2],
    cheese: fields.get("c") ? readSquare(fields.get("c")) : null,
    floor: Number(theme[0]),
    offset: theme[1],
    seed: fields.has("s") ? Number(fields.get("s")) : null,
  };
}

/** The state that an address holds; throws if it holds none. Whether it makes sense is for the server to say. */
export function decode(fragment) {
  const fields = new URLSearchParams(fragment);
  const state = {
    policy: fields.get("p"),
    ...readMaze(fields),
    edits: fields.getAll("e").map(readEdit),
    layer: fields.get("l") ?? "",
    channels: readChannels(fields.get("k") ?? ""),
    view: fields.get("w") ?? "before",
  };
  if (!state.policy || state.channels === null) throw new Error("no state");
  return state;
}
