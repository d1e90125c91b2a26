// The list of edits: a card each, with what can be set of it.

import { FIELDS, channelsText, numberText, readChannels } from "./state.js";
import { make } from "./panels.js";
import { $ } from "./store.js";

export const KINDS = {
  cheese: "Cheese vector of this maze",
  corner: "Top-right vector of this maze",
  clamp: "Clamp channels on a square",
  zero: "Set channels to zero",
  mean: "Set channels to their mean",
  scale: "Scale channels",
  resample: "Resample channels from a level",
};
const SLIDERS = { coefficient: [-3, 3, 0.05], value: [-15, 15, 0.1], factor: [-2, 4, 0.05] };
const NOTES = {
  cheese: "Activations with the cheese minus without; −1 subtracts it, +1 adds it.",
  corner: "Activations with a way opened to the top-right corner of the picture minus without.",
  mean: "The mean over all cells of 32 discovery mazes.",
  resample: "The channels' values in another level, its mouse at the start.",
};

export const shortLayer = (name) => name.replace(/^embedder\./, "").replace(/_out$/, "");

/** What is wrong with channels of a layer, or an empty text. */
export function beyondWidth(channels, layer, layers) {
  const width = layers.find(({ name }) => name === layer)?.shape[0] ?? 0, largest = Math.max(-1, ...channels);
  return largest < width ? "" : `channels: got ${largest}, wanted 0 to ${width - 1}, which ${shortLayer(layer)} has; name others`;
}

export function layerOptions(layers, wanted) {
  const group = (label, chosen) => make("optgroup", { label }, ...chosen.map(({ name, shape }) =>
    make("option", { value: name, textContent: `${shortLayer(name)} (${shape.join("×")})` })));
  const fitting = layers.filter(wanted);
  return [group("After residual blocks", fitting.filter((layer) => layer.residual)),
    group("All others", fitting.filter((layer) => !layer.residual))].filter((one) => one.children.length);
}

/** `change(edits, done)` is called with new edits; `done` is false while a slider moves. `complain(text)` shows a message. */
export function showEdits(list, state, { layers, ranges, change, complain, chooseSquare }) {
  const shape = JSON.stringify([state.policy, state.edits.map((edit) => edit.kind)]);
  if (list.dataset.shape !== shape) {
    list.dataset.shape = shape;
    list.replaceChildren(...state.edits.map((edit, i) => card(edit, i)));
  }
  list.edits = state.edits;
  for (const input of list.querySelectorAll("[data-field]")) update(input, state.edits[Number(input.dataset.edit)]);

  function update(input, edit) {
    const field = input.dataset.field;
    if (input === document.activeElement && ["text", "number"].includes(input.type)) return; // typing goes on
    input.removeAttribute("aria-invalid");
    if (field === "layer") input.value = edit.layer;
    else if (field === "channels") input.value = channelsText(edit.channels, ", ");
    else if (field === "square") input.textContent = `(${edit.square.join(", ")})`;
    else input.value = numberText(edit.number);
  }

  function set(i, changes, done = true) {
    const edit = { ...list.edits[i], ...changes }, wrong = beyondWidth(edit.channels, edit.layer, layers);
    if (wrong) {
      complain(`edit ${i + 1}: ${wrong}`);
      for (const input of list.querySelectorAll("select[data-field]")) update(input, list.edits[Number(input.dataset.edit)]);
    } else change(list.edits.map((one, k) => (k === i ? edit : one)), done);
  }

  function number(field, i) {
    const [lowest, highest] = ranges[field], unit = field === "seed" ? 1 : "any", title = field[0].toUpperCase() + field.slice(1);
    const box = make("input", { type: "number", min: lowest, max: highest, step: unit, className: "number" });
    box.setAttribute("aria-label", title); // the label is the slider's
    box.addEventListener("input", () => {
      const good = box.value !== "" && box.checkValidity();
      box.setAttribute("aria-invalid", String(!good));
      if (good) set(i, { number: Number(Number(box.value).toFixed(6)) }, false);
    });
    box.addEventListener("change", () => {
      if (box.value !== "" && box.checkValidity()) set(i, {}, true);
      else complain(`${field}: got ${box.value || "nothing"}, wanted a number from ${lowest} to ${highest}; enter one of these`);
    });
    const parts = [box];
    if (SLIDERS[field]) {
      const [low, high, step] = SLIDERS[field];
      const slider = make("input", { type: "range", min: low, max: high, step });
      slider.setAttribute("aria-label", `${field}, as a slider`);
      slider.addEventListener("input", () => set(i, { number: Number(slider.value) }, false));
      slider.addEventListener("change", () => set(i, {}, true));
      parts.unshift(slider);
    }
    for (const part of parts) Object.assign(part.dataset, { field, edit: i });
    return make("label", { className: "row" }, make("span", { textContent: title }), ...parts);
  }

  function channels(i) {
    const box = make("input", { type: "text", autocomplete: "off", spellcheck: false });
    Object.assign(box.dataset, { field: "channels", edit: i });
    box.addEventListener("change", () => {
      const read = readChannels(box.value);
      box.setAttribute("aria-invalid", String(!read?.length || !!beyondWidth(read, list.edits[i].layer, layers)));
      if (read?.length) set(i, { channels: read });
      else complain(`channels: got "${box.value}", wanted one or more numbers such as 3, 17, 40-43; correct them`);
    });
    return make("label", { className: "row" }, make("span", { textContent: "Channels" }), box);
  }

  function square(i) {
    const where = make("output", {});
    Object.assign(where.dataset, { field: "square", edit: i });
    const button = make("button", { type: "button", textContent: "Choose on the maze" });
    button.addEventListener("click", () => chooseSquare(i));
    return make("div", { className: "row" }, make("span", { textContent: "Square" }), where, button);
  }

  function card(edit, i) {
    const remove = make("button", { type: "button", textContent: "Remove" });
    remove.setAttribute("aria-label", `Remove edit ${i + 1}`);
    remove.addEventListener("click", () => {
      change(list.edits.filter((_, k) => k !== i), true);
      (list.children[i]?.firstElementChild ?? $("add")).focus(); // the button that had the focus is gone
    });
    const layer = make("select", {}, ...layerOptions(layers, ({ shape: s }) => edit.kind !== "clamp" || s.length === 3));
    Object.assign(layer.dataset, { field: "layer", edit: i });
    layer.addEventListener("change", () => set(i, { layer: layer.value }));
    const rows = FIELDS[edit.kind].map((field) =>
      field === "channels" ? channels(i) : field === "square" ? square(i) : number(field, i));
    const note = NOTES[edit.kind] ? [make("p", { className: "muted small", textContent: NOTES[edit.kind] })] : [];
    const group = make("div", { tabIndex: -1 },
      make("div", { className: "title" }, make("strong", { textContent: KINDS[edit.kind] }), remove),
      ...rows, make("label", { className: "row" }, make("span", { textContent: "Layer" }), layer), ...note);
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", `Edit ${i + 1}: ${KINDS[edit.kind]}`);
    return make("li", {}, group);
  }
}
