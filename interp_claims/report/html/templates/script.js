"use strict";
(() => {
  const table = document.querySelector("table.sortable");
  const form = document.querySelector("form.tools");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const keyOf = (row, column) => {
    const cell = row.cells[column];
    const given = cell.dataset.sort;
    if (given === undefined) return cell.textContent.trim();
    return given === "" ? null : Number(given);
  };
  const compare = (a, b) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return typeof a === "number" ? a - b : a.localeCompare(b, "en");
  };
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const falling = head.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      const keyed = rows.map((row, place) => [keyOf(row, column), place, row]);
      keyed.sort((a, b) => (falling && a[0] !== null && b[0] !== null ? -1 : 1) * compare(a[0], b[0]) || a[1] - b[1]);
      body.append(...keyed.map((entry) => entry[2]));
    });
  });
  const filter = () => {
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = form.elements.verdict.value;
    const policy = form.elements.policy ? form.elements.policy.value : "";
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !(
        words.every((word) => text.includes(word)) &&
        (!verdict || row.dataset.verdict === verdict) &&
        (!policy || row.dataset.policy === policy)
      );
      shown += !row.hidden;
    }
    form.querySelector("output").textContent = shown === rows.length ? "" : `${shown} of ${rows.length} shown`;
  };
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details.maze").forEach((maze) => (maze.open = true));
  });
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
})();
