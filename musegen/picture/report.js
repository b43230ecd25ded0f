"use strict";
// The table of pieces: sought, sorted, and shown in parts, so that many thousands stay quick.
const rows = JSON.parse(document.getElementById("pieces").textContent);
const body = document.querySelector("#table tbody");
const heads = [...document.querySelectorAll("#table th")];
const search = document.getElementById("search");
const status = document.getElementById("status");
const count = document.getElementById("count");
const more = document.getElementById("more");
const part = 200;
let column = -1, down = false, shown = part, found = rows;

function cell(value, index) {
  const td = document.createElement("td");
  const kind = heads[index].dataset.kind;
  if (kind) td.className = kind === "status" ? value : kind;
  td.textContent = kind === "n" && typeof value === "number" ? value.toLocaleString("en") : value;
  return td;
}

function draw() {
  body.replaceChildren(...found.slice(0, shown).map((row) => {
    const tr = document.createElement("tr");
    tr.append(...row.map(cell));
    return tr;
  }));
  count.textContent = `${found.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} pieces`;
  more.hidden = found.length <= shown;
}

function compared(one, other) {
  const a = one[column], b = other[column];
  if (a === b) return 0;
  if (a === "" || b === "") return a === "" ? 1 : -1;  // what is not known comes last
  const order = typeof a === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  return down ? -order : order;
}

function sift() {
  const wanted = search.value.toLowerCase();
  found = rows.filter((row) => (!status.value || row[1] === status.value)
    && (!wanted || row.some((value) => String(value).toLowerCase().includes(wanted))));
  if (column >= 0) found = [...found].sort(compared);
  shown = part;
  draw();
}

heads.forEach((head, index) => head.querySelector("button").addEventListener("click", () => {
  down = column === index ? !down : head.dataset.kind === "n";
  column = index;
  heads.forEach((h) => h.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  sift();
}));
search.addEventListener("input", sift);
status.addEventListener("change", sift);
more.addEventListener("click", () => { shown += 5 * part; draw(); });
sift();
