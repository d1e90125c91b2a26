// Tables with bars, and maps of activations.

const make = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
};
export { make };

const isZero = (value, places) => Number(Math.abs(value).toFixed(places)) === 0;
const plain = (value, places) => (value < 0 && !isZero(value, places) ? "−" : "") + Math.abs(value).toFixed(places);
const signed = (value, places) => (value > 0 && !isZero(value, places) ? "+" : "") + plain(value, places);

function track(before, after) {
  const box = make("div", { className: "track", "aria-hidden": "true" });
  for (const [name, value] of [["before", before], ["after", after]]) {
    if (value === null) continue;
    const bar = make("div", { className: `fill ${name}` });
    bar.style.width = `${(100 * value).toFixed(2)}%`;
    box.append(bar);
  }
  return box;
}

/** The heads of the columns of numbers, which come after some others; of a single one only screen readers need to know. */
function heads(others, edited) {
  const blank = Array.from({ length: others }, () => make("td"));
  return make("thead", {}, make("tr", {}, ...blank, ...["Before", ...(edited ? ["After", "Change"] : [])].map((text) =>
    make("th", { scope: "col" }, make("span", { className: edited ? "" : "hidden", textContent: text })))));
}

/** Rows {label, before, after or null}: probabilities, as numbers and as bars. */
export function showBars(table, caption, rows) {
  const edited = rows.some((row) => row.after !== null);
  table.replaceChildren(
    make("caption", { className: "hidden", textContent: caption }),
    heads(2, edited),
    make("tbody", {}, ...rows.map(({ label, before, after }) => make("tr", {},
      make("th", { scope: "row", textContent: label }),
      make("td", { className: "wide" }, track(before, after)),
      make("td", { className: "before", textContent: before.toFixed(3) }),
      ...(edited ? [
        make("td", { className: "after", textContent: after.toFixed(3) }),
        make("td", { className: "change", textContent: signed(after - before, 3) }),
      ] : []),
    ))),
  );
}

/** Rows {label, before, after or null}: numbers of any size. */
export function showNumbers(table, caption, rows) {
  table.replaceChildren(
    make("caption", { className: "hidden", textContent: caption }),
    heads(1, rows.some((row) => row.after !== null)),
    make("tbody", {}, ...rows.map(({ label, before, after }) => make("tr", {},
      make("th", { scope: "row", textContent: label }),
      make("td", { className: "before", textContent: plain(before, 3) }),
      ...(after === null ? [] : [
        make("td", { className: "after", textContent: plain(after, 3) }),
        make("td", { className: "change", textContent: signed(after - before, 3) }),
      ]),
    ))),
  );
}

export function showPicture(canvas, base64) {
  const bytes = atob(base64), context = canvas.getContext("2d"), image = context.createImageData(64, 64);
  for (let i = 0; i < 64 * 64; i++) {
    for (let k = 0; k < 3; k++) image.data[4 * i + k] = bytes.charCodeAt(3 * i + k);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

const numbers = (base64) => new Float32Array(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer);

const DIVERGING = [[33, 102, 172], [146, 197, 222], [247, 247, 247], [244, 165, 130], [178, 24, 43]];
const RISING = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];

function colour(scale, share) {
  const place = Math.min(Math.max(share, 0), 1) * (scale.length - 1), i = Math.min(Math.floor(place), scale.length - 2);
  return scale[i].map((value, k) => Math.round(value + (place - i) * (scale[i + 1][k] - value)));
}

function paintMap(canvas, values, side, scale, low, high, marks, clamped) {
  const cell = Math.max(2, Math.floor(256 / side)), context = canvas.getContext("2d");
  canvas.width = canvas.height = cell * side;
  const small = make("canvas", { width: side, height: side }), image = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    image.data.set([...colour(scale, high > low ? (values[i] - low) / (high - low) : 0.5), 255], 4 * i);
  }
  small.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  const size = Math.max(cell, 10);
  const twice = (draw) => { // black on white is seen on every colour
    for (const [style, width] of [["#fff", 5], ["#000", 2]]) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.beginPath();
      draw();
      context.stroke();
    }
  };
  const middle = ([row, column]) => [(column + 0.5) * cell, (row + 0.5) * cell];
  if (marks.cheese) twice(() => {
    const [x, y] = middle(marks.cheese);
    context.rect(x - size / 2, y - size / 2, size, size);
  });
  for (const square of clamped) twice(() => {
    const [x, y] = middle(square), r = size * 0.45;
    context.moveTo(x - r, y - r); context.lineTo(x + r, y + r);
    context.moveTo(x + r, y - r); context.lineTo(x - r, y + r);
  });
  twice(() => context.arc(...middle(marks.mouse), size * 0.45, 0, 2 * Math.PI));
}

/** The maps of the channels shown, before and after, on one scale for all. */
export function showMaps(box, legend, activations, edited) {
  const maps = activations.maps.map((map) => ({
    channel: map.channel, before: numbers(map.before), after: map.after === null ? null : numbers(map.after),
    clamped: map.after === null ? [] : map.clamped,
  }));
  legend.hidden = !maps.length;
  if (!maps.length) {
    box.replaceChildren(make("p", { className: "muted", textContent: "Enter channels, or choose some of those above." }));
    return;
  }
  // A clamped cell would take all the colours for itself: the scale is that of all others.
  let low = Infinity, high = -Infinity, beyond = false;
  const cellOf = ([row, column]) => row * activations.side + column;
  for (const { before, after, clamped } of maps) {
    const apart = new Set(clamped.map(cellOf));
    for (const values of [before, after ?? before]) values.forEach((value, i) => {
      if (values === after && apart.has(i)) return;
      [low, high] = [Math.min(low, value), Math.max(high, value)];
    });
  }
  const scale = low < 0 ? DIVERGING : RISING;
  if (low < 0) [low, high] = [-Math.max(-low, high), Math.max(-low, high)];
  else low = 0;
  for (const { after, clamped } of maps) beyond ||= clamped.some((cell) => after[cellOf(cell)] > high || after[cellOf(cell)] < low);
  const [left, , right] = legend.children, strip = legend.querySelector("canvas"), context = strip.getContext("2d");
  left.textContent = (beyond && low < 0 ? "≤ " : "") + plain(low, 2);
  right.textContent = (beyond ? "≥ " : "") + plain(high, 2);
  for (let x = 0; x < strip.width; x++) {
    context.fillStyle = `rgb(${colour(scale, x / (strip.width - 1)).join()})`;
    context.fillRect(x, 0, 1, strip.height);
  }
  box.classList.toggle("edited", edited);
  box.replaceChildren(...maps.map(({ channel, before, after, clamped }) => {
    const one = (name, values) => {
      const peak = plain(values.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a)), 2);
      const canvas = make("canvas", { role: "img" });
      canvas.setAttribute("aria-label", `channel ${channel} ${name}: strongest ${peak}`);
      paintMap(canvas, values, activations.side, scale, low, high, activations.marks, name === "after" ? clamped : []);
      return make("div", {}, canvas, make("span", { className: `small ${name}`, textContent: `${name === "after" ? "after" : edited ? "before" : "peak"} ${peak}` }));
    };
    return make("figure", { className: "map" },
      make("figcaption", { textContent: `channel ${channel}` }),
      make("div", { className: "two" }, one("before", before), ...(after === null ? [] : [one("after", after)])));
  }));
}
