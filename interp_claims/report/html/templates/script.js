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
  const heads = [...table.tHead.rows[0].cells];
  const choice = form.elements.sort; // for narrow screens, where there are no heads
  const sort = (column, order) => {
    const falling = order === "descending";
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[column].setAttribute("aria-sort", order);
    choice.value = `${column} ${order}`;
    const keyed = rows.map((row, place) => [keyOf(row, column), place, row]);
    keyed.sort((a, b) => (falling && a[0] !== null && b[0] !== null ? -1 : 1) * compare(a[0], b[0]) || a[1] - b[1]);
    body.append(...keyed.map((entry) => entry[2]));
  };
  heads.forEach((head, column) => {
    const name = rows[0]?.cells[column].dataset.label ?? head.textContent.trim();
    for (const order of ["ascending", "descending"]) choice.add(new Option(`${name}, ${order}`, `${column} ${order}`));
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      sort(column, head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending");
    });
  });
  choice.selectedIndex = -1;
  choice.addEventListener("change", () => sort(...choice.value.split(" ")));
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
  let unfolded = [];
  addEventListener("beforeprint", () => {
    unfolded.push(...document.querySelectorAll("details:not([open])"));
    unfolded.forEach((details) => (details.open = true));
  });
  addEventListener("afterprint", () => {
    unfolded.forEach((details) => (details.open = false));
    unfolded = [];
  });
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
})();
