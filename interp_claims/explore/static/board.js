// The maze as a picture: tiles, arrows, mouse, cheese, marks; and which square the pointer is on.

import { TILES, index, inside, margin, same } from "./state.js";

const UNCHANGED = -1;
const SVG = "http://www.w3.org/2000/svg";
const LEFT = 0, DOWN = 1, UP = 2, RIGHT = 3;
const STILL = 0.03; // shorter arrows are drawn as dots
const SMALL = 0.06; // shorter changes are left to the shading

function element(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent?.append(made);
  return made;
}

const MOUSE = `<ellipse cx=".04" cy=".12" rx=".3" ry=".2" class="fur"/><path d="M.32 .16C.5 .3 .44 -.02 .48 -.12" class="tail"/>
  <circle cx="-.12" cy="-.12" r=".13" class="fur"/><circle cx="-.12" cy="-.12" r=".07" class="ear"/>
  <circle cx="-.24" cy=".06" r=".16" class="fur"/><circle cx="-.28" cy=".02" r=".035" class="eye"/><circle cx="-.4" cy=".1" r=".04" class="nose"/>`;
const CHEESE = `<path d="M-.4 .02 .2-.34 .42-.1 .42 .3-.4 .3z" class="rind"/><path d="M-.4 .02 .42-.1 .42 .3-.4 .3z" class="paste"/>
  <circle cx="-.18" cy=".18" r=".07" class="hole"/><circle cx=".12" cy=".1" r=".09" class="hole"/><circle cx=".28" cy=".22" r=".05" class="hole"/>`;

/** Net probabilities of going right and up. */
export const net = (p) => [p[RIGHT] - p[LEFT], p[UP] - p[DOWN]];
/** Total variation between two answers. */
export const variation = (a, b) => a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / 2;

function arrowPath(length) {
  const head = Math.min(0.34, 0.5 * length), w = 0.045;
  const [half, neck, wing] = [length / 2, length / 2 - head, head * 0.45].map((value) => value.toFixed(3));
  return `M-${half} -${w}H${neck}V-${wing}L${half} 0L${neck} ${wing}V${w}H-${half}z`;
}

export class Board {
  /** `listeners`: down(square), drag(square), up(square), hover(square), all with squares inside the maze. */
  constructor(svg, listeners) {
    this.svg = svg;
    this.listeners = listeners;
    this.size = 0;
    svg.addEventListener("pointerdown", (event) => this.#down(event));
    svg.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) svg.addEventListener(name, (event) => this.#up(event));
  }

  #square(event) {
    const box = this.svg.getBoundingClientRect();
    const across = this.size + 1;
    const x = Math.floor(((event.clientX - box.left) / box.width) * across - 0.5);
    const y = Math.floor(((event.clientY - box.top) / box.height) * across - 0.5);
    return [margin(this.size) + this.size - 1 - y, margin(this.size) + x];
  }

  #down(event) {
    const square = this.#square(event);
    if (event.button !== 0 || !inside(square, this.size)) return;
    this.svg.setPointerCapture(event.pointerId);
    this.last = square;
    this.listeners.down(square);
  }

  #move(event) {
    const square = this.#square(event);
    if (!this.last) {
      if (event.pointerType === "mouse" && inside(square, this.size)) this.listeners.hover(square);
      return;
    }
    if (same(square, this.last)) return;
    const [from, steps] = [this.last, Math.max(Math.abs(square[0] - this.last[0]), Math.abs(square[1] - this.last[1]))];
    this.last = square;
    for (let i = 1; i <= steps; i++) { // a quick pointer skips squares
      const between = [0, 1].map((k) => Math.round(from[k] + ((square[k] - from[k]) * i) / steps));
      if (inside(between, this.size)) this.listeners.drag(between);
    }
  }

  #up(event) {
    if (!this.last) return;
    const square = this.last;
    this.last = null;
    this.listeners.up(square, event.type === "pointercancel");
  }

  #build(size) {
    this.size = size;
    this.svg.setAttribute("viewBox", `-0.5 -0.5 ${size + 1} ${size + 1}`);
    this.svg.replaceChildren();
    element("rect", { x: -0.5, y: -0.5, width: size + 1, height: size + 1, rx: 0.3, class: "rim" }, this.svg);
    const [tiles, tints, mouse, arrows] = ["tiles", "tints", "mouse", "arrows"].map((name) => element("g", { class: name }, this.svg));
    this.tiles = new Map(); this.tints = new Map(); this.arrows = new Map();
    for (let i = 0; i < size * size; i++) {
      const square = [margin(size) + Math.floor(i / size), margin(size) + (i % size)];
      const [x, y] = this.#corner(square), at = { x, y, width: 1, height: 1 };
      this.tiles.set(index(square), element("rect", { ...at, "data-square": square.join(".") }, tiles));
      this.tints.set(index(square), element("rect", { ...at, opacity: 0 }, tints));
      this.arrows.set(index(square), element("path", { d: "" }, arrows));
    }
    this.marks = element("g", { class: "marks" }, this.svg);
    this.cheese = element("g", { class: "cheese" }, this.svg);
    this.cheese.innerHTML = CHEESE;
    this.mouse = mouse; // under the arrows: what the policy does there matters most
    this.mouse.innerHTML = MOUSE;
    this.cursor = element("rect", { width: 1, height: 1, rx: 0.1, class: "cursor" }, this.svg);
  }

  #corner([row, column]) {
    const m = margin(this.size);
    return [column - m, this.size - 1 - (row - m)];
  }

  /** Draw a state. `field` maps squares' indices to {before, after, beforeKey, afterKey}; `keys` are those now wanted. */
  render(state, field, keys, { decision, cursor, view }) {
    if (state.size !== this.size) this.#build(state.size);
    for (const [i, tile] of this.tiles) tile.setAttribute("class", state.free[i] ? "floor" : "wall");
    this.svg.dataset.view = view;
    this.#place(this.cheese, state.cheese);
    this.#place(this.mouse, state.mouse, state.facing === "R" ? " scale(-1 1)" : "");
    this.#place(this.cursor, cursor, "", 0);
    this.#mark(state, decision);
    this.#draw(state, field, keys, view);
  }

  #place(group, square, more = "", centre = 0.5) {
    group.style.display = square && inside(square, this.size) ? "" : "none";
    if (!square) return;
    const [x, y] = this.#corner(square);
    group.setAttribute("transform", `translate(${x + centre} ${y + centre})${more}`);
  }

  #mark(state, decision) {
    this.marks.replaceChildren();
    if (decision && inside(decision, this.size)) {
      const [x, y] = this.#corner(decision);
      const ring = element("circle", { cx: x + 0.5, cy: y + 0.5, r: 0.46, class: "decision" }, this.marks);
      element("title", {}, ring).textContent = "the decision square";
    }
    state.edits.forEach((edit, i) => {
      if (!edit.square || !inside(edit.square, this.size)) return;
      const [x, y] = this.#corner(edit.square);
      const mark = element("g", { class: "clamped", transform: `translate(${x + 0.5} ${y + 0.5})` }, this.marks);
      element("rect", { x: -0.45, y: -0.45, width: 0.9, height: 0.9, rx: 0.12 }, mark);
      element("path", { d: "M-.45-.45.45.45M.45-.45-.45.45" }, mark);
      element("title", {}, mark).textContent = `clamped by edit ${i + 1}`;
    });
  }

  #draw(state, field, keys, view) {
    for (const [i, arrow] of this.arrows) {
      const over = !state.free[i] || (state.cheese && i === index(state.cheese)); // no walking there, or no more
      const known = over ? undefined : field.get(i);
      const tint = this.tints.get(i);
      let vector = null, strength = 0, tinted = 0;
      if (known && view === "difference" && known.after) {
        const [a, b] = [net(known.before), net(known.after)];
        vector = [b[0] - a[0], b[1] - a[1]];
        tinted = variation(known.before, known.after);
        strength = 1;
        if (Math.hypot(...vector) < SMALL) [vector, strength] = [b, UNCHANGED];
      } else if (known) {
        const answer = view === "before" || !known.after ? known.before : known.after;
        vector = net(answer);
        strength = Math.max(...answer);
      }
      tint.setAttribute("opacity", (0.45 * tinted).toFixed(3));
      if (!vector || !strength) {
        for (const name of ["d", "transform"]) arrow.removeAttribute(name);
        continue;
      }
      const square = [Math.floor(i / TILES), i % TILES], [x, y] = this.#corner(square);
      const length = Math.min(1, Math.hypot(...vector)), angle = (-Math.atan2(vector[1], vector[0]) * 180) / Math.PI;
      arrow.setAttribute("d", length < STILL ? "M-.06 0a.06 .06 0 1 0 .12 0a.06 .06 0 1 0-.12 0" : arrowPath(0.9 * length));
      arrow.setAttribute("transform", `translate(${x + 0.5} ${y + 0.5}) rotate(${angle.toFixed(1)})`);
      const current = known.beforeKey === keys.before && (view === "before" || known.afterKey === keys.after);
      const opacity = !current || strength === UNCHANGED ? 0.13 : 0.25 + 0.75 * strength;
      arrow.setAttribute("opacity", opacity.toFixed(2));
    }
  }
}
