// Showing what is known: the board, the numbers, the square that is looked at.

import { showMaps, showBars, showNumbers, showPicture } from "./panels.js";
import { fieldKeys, index, same } from "./state.js";
import { showSuggestions } from "./suggesting.js";
import { $, page } from "./store.js";

export const DIRECTIONS = ["← left", "↓ down", "↑ up", "→ right", "· stay"];
const LEGENDS = {
  before: "Each arrow: where the policy would go from that square on the whole, as long as that is probable; a dot: nowhere.",
  after: "The same under the edits. Pale arrows are being computed.",
  difference: "Strong arrows: the change of the net direction. Shading: how much the probabilities change. Pale arrows: the same as before.",
};
const WAYS = { cheese: "P(cheese)", top_right: "P(top-right)", other: "P(other)" };

let board = null, drawing = 0, announced = "";

/** Which board to draw on. */
export const drawOn = (one) => { board = one; };

export const squareText = (square) => `(${square.join(", ")})`;

export function draw() {
  const { state, first, field, cursor } = page;
  const view = state.edits.length && !first?.edit.problem ? state.view : "before"; // where edits do not act, no after
  $("legend").textContent = LEGENDS[view];
  board.render(state, field, fieldKeys(state), { decision: first?.decision.square, cursor, view });
}

export function drawSoon() {
  drawing ||= requestAnimationFrame(() => {
    drawing = 0;
    draw();
    showSquare();
  });
}

/** What the first part of an answer says. */
export function showFirst() {
  const { decision, mouse, edit, activations, picture } = page.first;
  $("why-not").hidden = !decision.why_not;
  $("why-not").textContent = decision.why_not ?? "";
  $("decision").hidden = !!decision.why_not;
  $("decision-title").textContent = decision.why_not ? "No decision square" : `At the decision square ${squareText(decision.square)}`;
  if (!decision.why_not) {
    showBars($("decision"), "Probabilities at the decision square", Object.entries(WAYS).map(([key, label]) =>
      ({ label, before: Math.max(0, decision.before[key]), after: decision.after ? Math.max(0, decision.after[key]) : null })));
  }
  showNumbers($("mouse"), "Where the mouse stands", [
    { label: "Value at the mouse", before: mouse.before.value, after: mouse.after?.value ?? null },
    { label: "Entropy there (nats)", before: mouse.before.entropy, after: mouse.after?.entropy ?? null },
  ]);
  $("problem").hidden = !edit.problem;
  $("problem").textContent = edit.problem ? `The edits do not act: ${edit.problem}` : "";
  showPicture($("picture"), picture);
  if (activations) showMaps($("maps"), $("scale"), activations, page.state.edits.length > 0 && !edit.problem);
  else {
    $("maps").replaceChildren();
    $("scale").hidden = true;
  }
  showSuggestions();
  drawSoon();
}

/** The square that is looked at: what the policy would do there, or why there is nothing to say. */
export function showSquare() {
  const { state, field } = page, keys = fieldKeys(state), here = page.cursor ?? state.mouse, known = field.get(index(here));
  let note = "";
  if (!state.free[index(here)]) note = "A wall.";
  else if (same(here, state.cheese)) note = "The cheese: the episode ends here.";
  else if (!known || known.beforeKey !== keys.before) note = "Being computed…";
  const fresh = !note;
  if (fresh && known.afterKey !== keys.after) note = "After the edit: being computed…";
  $("square-title").textContent = `Square ${squareText(here)}`;
  $("square-note").textContent = note;
  $("square").hidden = !fresh;
  if (!fresh) return;
  const after = known.afterKey === keys.after ? known.after : null;
  showBars($("square"), "Probabilities on this square", DIRECTIONS.map((label, i) =>
    ({ label, before: known.before[i], after: after ? after[i] : null })));
}

/** Say to screen readers what is on the square that is looked at. */
export function speak() {
  const { state, field } = page, keys = fieldKeys(state), here = page.cursor ?? state.mouse, things = [];
  if (!state.free[index(here)]) things.push("wall");
  if (same(here, state.mouse)) things.push("mouse");
  if (same(here, state.cheese)) things.push("cheese");
  if (state.free[index(here)] && !same(here, state.cheese)) {
    const known = field.get(index(here)), before = state.view === "before";
    if (known?.beforeKey === keys.before && (before || known.afterKey === keys.after)) {
      const answer = before ? known.before : known.after ?? known.before, best = answer.indexOf(Math.max(...answer));
      things.push(`${DIRECTIONS[best].slice(2)} ${Math.round(100 * answer[best])} percent`);
    } else things.push("being computed");
  }
  $("spoken").textContent = `Row ${here[0]}, column ${here[1]}: ${things.join(", ") || "free"}`;
}

/** Say to screen readers what became of P(cheese), where that is something else than was said before. */
export function announce() {
  const { decision } = page.first, share = (answer) => Math.max(0, answer.cheese).toFixed(3);
  let text = decision.why_not ?? `P(cheese) ${share(decision.before)}`;
  if (decision.after) text += ` before the edits, ${share(decision.after)} after`;
  if (text !== announced) $("spoken").textContent = announced = text;
}
