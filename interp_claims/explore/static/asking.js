// Asking the server about the state: what is needed at once comes first, then the vector field bit by bit.

import { announce, draw, drawSoon, showFirst, showSquare } from "./showing.js";
import { encode, fieldKeys, index } from "./state.js";
import { suggestDefaults } from "./suggesting.js";
import { $, attempt, complain, page } from "./store.js";
import { stream } from "./talk.js";

const TAB = crypto.randomUUID?.() ?? String(Math.random());
const WHILE_DRAGGING_MS = 90;
const figures = document.body.dataset; // what tests and the curious may read

let turn = 0, complete = "", asking = null, waiting = null, lastAsked = 0;

/** Ask now, or soon while a drag goes on; only the latest state counts. */
export function ask(soon = false) {
  clearTimeout(waiting);
  const pause = soon ? Math.max(0, lastAsked + WHILE_DRAGGING_MS - performance.now()) : 0;
  if (pause) waiting = setTimeout(() => attempt(askNow), pause);
  else attempt(askNow);
}

async function askNow() {
  const asked = page.state, keys = fieldKeys(asked), began = (lastAsked = performance.now());
  asking?.abort();
  const controller = (asking = new AbortController());
  const wanted = complete !== keys.after; // when only the mouse moves, the field stays as it is
  const since = () => Math.round(performance.now() - began);
  if (wanted) complete = ""; // its rows take the place of those that are known, one by one
  let known = 0, total = 0;
  status("Asking…", null);
  try {
    const body = { state: encode(asked), tab: TAB, turn: ++turn, field: wanted };
    for await (const answer of stream("api/look", body, controller.signal)) {
      if (controller.signal.aborted) return;
      if (answer.type === "first") {
        page.first = answer;
        total = answer.total;
        showFirst();
        figures.firstMs = since();
        suggestDefaults();
      } else if (answer.type === "field") {
        known += answer.rows.length;
        for (const [row, column, before, after] of answer.rows) {
          page.field.set(index([row, column]), { before, after, beforeKey: keys.before, afterKey: keys.after });
        }
        drawSoon();
        status(`Computing the field: ${known} of ${total} squares`, known / total);
      } else if (answer.type === "problem") {
        complain(answer.message);
        status("The field was not computed to its end", 1);
      } else if (answer.type === "done") {
        if (wanted) [complete, figures.fieldMs] = [keys.after, since()];
        status(`First answer after ${figures.firstMs} ms${wanted ? `, field after ${(figures.fieldMs / 1000).toFixed(1)} s` : ""}`, 1);
        draw();
        showSquare();
        announce();
        figures.settled = encode({ ...asked, view: page.state.view });
      }
    }
  } catch (error) {
    if (error.name === "AbortError" || controller.signal.aborted) return;
    status("No answer", 1);
    throw error;
  }
}

/** Say how far the answer is; `share` is null where nobody knows. */
function status(text, share) {
  $("status").textContent = text;
  const bar = $("progress").firstElementChild;
  if (share === null) bar.removeAttribute("value");
  else bar.value = share;
  bar.hidden = share === 1;
}
