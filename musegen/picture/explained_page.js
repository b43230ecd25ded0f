"use strict";
// What a model makes of each note: colours by surprise, a panel for the note that is pointed at, and
// what it looked back to. The notes have a number across parts; words name the notes they tell of.
const whole = read("whole"), STEPS = 64, SHOWN = 12, LISTED = 6, FREE = 0.01, EDGE = 4;
const byNumber = [];
piece.parts.forEach((part) => part.number.forEach((number, index) => { byNumber[number] = [part, index]; }));
const inTime = [...byNumber].sort(([a, i], [b, j]) => a.onset[i] - b.onset[j] || b.pitch[j] - a.pitch[i]);
const ranked = Float64Array.from(byNumber, ([part, index]) => part.nats[index]).sort();
const svg = found("curve");
let ramp = [], chosen = null, looked = [];

// The colours of the style sheet, with those between them.
function mixed() {
  const style = getComputedStyle(document.documentElement);
  const hues = [0, 1, 2, 3, 4, 5].map((n) => style.getPropertyValue(`--s${n}`).trim());
  const rgb = hues.map((hue) => [1, 3, 5].map((at) => parseInt(hue.slice(at, at + 2), 16)));
  ramp = Array.from({ length: STEPS + 1 }, (_, step) => {
    const at = step / STEPS * (rgb.length - 1), low = Math.min(Math.floor(at), rgb.length - 2);
    return `rgb(${rgb[low].map((value, n) => Math.round(value + (at - low) * (rgb[low + 1][n] - value)))})`;
  });
  roll.past = style.getPropertyValue("--past").trim();
  roll.draw();
}

const percent = (value) => value ? `${value}\u00a0%` : "under\u00a00.001\u00a0%";
const chance = (name, value) => `${whole.names[name]} (${percent(value)})`;
const titleOf = (part, index) => [whole.names[part.called[index]], part.name, `bar ${part.bar[index]}`].join(", ");

function choose(note) {
  chosen = note;
  const [part, index] = note, nats = part.nats[index];
  const below = Math.floor(100 * above(ranked, nats - 0.005) / ranked.length);
  found("which").textContent = `${titleOf(part, index)}: ${nats.toFixed(2)} nats, more than ${below}\u00a0% of the notes`;
  found("fields").replaceChildren(table(part.fields[index]));
  look();
}

function element(name, words, kind) {
  const made = document.createElement(name);
  if (words !== undefined) made.textContent = words;
  if (kind) made.className = kind;
  return made;
}

// Of each field its nats, what is written, and what else was likely; in a line those that cost nothing.
function table(fields) {
  const all = document.createDocumentFragment(), made = element("table"), head = element("tr");
  const name = (row) => whole.fields[row[0]], isFree = (row) => row[1] < FREE;
  for (const [words, kind] of [["field"], ["nats", "n"], ["written"], ["likely instead"]]) {
    head.append(Object.assign(element("th", words, kind), { scope: "col" }));
  }
  made.append(head);
  for (const row of fields.filter((its) => !isFree(its) || fields.length === 1)) {
    const [, nats, written, p, ...others] = row, tr = element("tr"), rather = element("td");
    for (let at = 0; at < others.length; at += 2) {
      const words = chance(others[at], others[at + 1]);
      rather.append(at ? ", " : "", element(others[at + 1] > p ? "b" : "span", words));
    }
    if (!others.length) rather.textContent = "nothing else";
    tr.append(element("td", name(row)), element("td", nats.toFixed(2), "n"), element("td", chance(written, p)), rather);
    made.append(tr);
  }
  const free = fields.length > 1 ? fields.filter(isFree).map((row) => `${name(row)} ${whole.names[row[2]]}`) : [];
  all.append(made);
  if (free.length) all.append(element("p", `Foreseen: ${free.join(", ")}.`, "faint"));
  return all;
}

// What the note looked back to, by the heads that are asked for: words and their mean weights.
function look() {
  looked = [];
  if (!chosen) return;
  const [part, index] = chosen;
  if (whole.attention) found("past").replaceChildren(...attended(part, index));
  if (whole.distances) found("past").replaceChildren(...reach(part.gradient[index]));
  roll.light();
}

function attended(part, index) {
  const { heads } = whole.attention, layer = found("layer").value, head = found("head").value, sums = new Map();
  const asked = part.heads[index].filter((_, n) => (!layer || Math.floor(n / heads) === layer - 1) && (!head || n % heads === head - 1));
  for (const pairs of asked) {
    for (let at = 0; at < pairs.length; at += 2) sums.set(pairs[at], (sums.get(pairs[at]) || 0) + pairs[at + 1] / asked.length);
  }
  looked = [...sums].sort((a, b) => b[1] - a[1]).slice(0, SHOWN);
  const list = element("ol");
  for (const [word, weight] of looked.slice(0, LISTED)) {
    list.append(element("li", `${called(word)}: ${weight < 10 ? weight.toFixed(1) : Math.round(weight)}\u00a0%`));
  }
  const title = asked.length > 1 ? `Attended to, by the mean of the strongest of ${asked.length} heads` : "Attended to";
  return [element("h3", title), looked.length ? list : element("p", "Nothing in particular.", "faint")];
}

// The notes that a word tells of, or what else it is.
function called(word) {
  if (word < 0) return "before the beginning";
  const [name, bar, ...notes] = whole.words[word];
  const names = notes.map((number) => byNumber[number]).map(([part, index]) => whole.names[part.called[index]]);
  return `${names.join(", ") || whole.names[name]}, bar ${bar}`;
}

// How much the note hangs on what was so many words before, by the gradient.
function reach(norms) {
  if (!norms.length) return [element("p", "How far back it reaches was followed for the most surprising notes alone.", "faint")];
  const last = Math.log2(whole.distances.at(-1)), most = Math.max(...norms) || 1;
  const x = (distance) => 10 + 400 * Math.log2(distance) / last, y = (norm) => 110 - 95 * norm / most;
  const add = (name, given, words = "") => {
    const made = document.createElementNS(svg.namespaceURI, name);
    for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
    made.textContent = words;
    svg.append(made);
  };
  svg.replaceChildren();
  svg.removeAttribute("hidden");
  svg.setAttribute("aria-label", norms.map((norm, n) => `${whole.distances[n]} words back ${norm}`).join(", "));
  add("path", { d: "M10 110H410", class: "line" });
  add("path", { d: norms.map((norm, n) => `${n ? "L" : "M"}${x(whole.distances[n]).toFixed(1)} ${y(norm).toFixed(1)}`).join("") });
  for (const distance of whole.distances.filter((its) => Number.isInteger(Math.log2(its)))) {
    add("text", { x: x(distance), y: 126, "text-anchor": "middle" }, String(distance));
  }
  return [element("h3", "How much hangs on what was so many words before"), svg];
}

// Lines to the notes attended to, the wider the more.
function drawPast() {
  if (!chosen) return;
  const pen = roll.lit.getContext("2d"), most = looked.length ? looked[0][1] : 1;
  pen.save();
  pen.beginPath();
  pen.rect(GUTTER, HEAD, roll.width - GUTTER, roll.height - HEAD);
  pen.clip();
  const [left, top, , height] = roll.box(...chosen);
  pen.strokeStyle = roll.past;
  for (const [word, weight] of looked) {
    for (const number of (whole.words[word] || []).slice(2)) {
      const its = byNumber[number], [x, y, wide, high] = roll.box(...its);
      pen.globalAlpha = 0.3 + 0.7 * weight / most;
      pen.lineWidth = 1 + 1.5 * weight / most;
      pen.strokeRect(x, y, wide, high);
      const from = Math.min(x + wide, left), middle = (from + left) / 2;
      if (from > left - 2) continue;  // it begins with the note, or is the note
      pen.beginPath();
      pen.moveTo(from, y + high / 2);
      pen.quadraticCurveTo(middle, Math.min(y, top) - Math.min(40, (left - from) / 4), left, top + height / 2);
      pen.stroke();
    }
  }
  pen.globalAlpha = 1;
  pen.lineWidth = 2;
  pen.strokeStyle = roll.hues.ink;
  pen.strokeRect(...roll.box(...chosen));
  pen.restore();
}

// A note begins with an edge in the colour of its part.
function drawEdges(pen, part) {
  for (const index of roll.inSight(part)) {
    const [x, y, wide, high] = roll.box(part, index), edge = Math.min(EDGE, wide / 3);
    pen.fillStyle = roll.hues.paper;
    pen.fillRect(x, y, edge + 1, high);
    pen.fillStyle = roll.colours[part.index];
    pen.globalAlpha = player.isHeard(part.index) ? 1 : 0.3;
    pen.fillRect(x, y, edge, high);
    pen.globalAlpha = 1;
  }
}

function walk(by) {
  const now = piece.tickAt(player.now), first = inTime.findIndex(([part, index]) => part.onset[index] >= now);
  const at = chosen ? inTime.findIndex(([part, index]) => part === chosen[0] && index === chosen[1]) + by : first;
  goTo(inTime[Math.max(0, Math.min(inTime.length - 1, at))]);
}

function goTo(note) {
  const x = roll.x(note[0].onset[note[1]]);
  isFollowing = false;
  roll.pointed = null;
  roll.told.hidden = true;
  if (x < GUTTER + 40 || x > roll.width - 60) roll.roll.scrollLeft += x - roll.width * 0.4;
  choose(note);
}

function jump(bar) {
  go(piece.secondsAt(piece.starts[bar - piece.firstBar]));
  const inBar = byNumber.filter(([part, index]) => part.bar[index] === bar);
  if (inBar.length) goTo(mostSurprising(inBar));
  found("roll").scrollIntoView({ block: "nearest" });
}

function mostSurprising(notes) {
  return notes.reduce((a, b) => b[0].nats[b[1]] > a[0].nats[a[1]] ? b : a);
}

function offer(name, label, n) {
  found(`${name}s`).hidden = false;
  found(name).append(new Option(`all ${name}s`, ""), ...Array.from({ length: n }, (_, at) => new Option(`${name} ${at + 1}`, at + 1)));
  found(name).addEventListener("change", look);
}

roll.colourOf = (part, index) => ramp[Math.round(STEPS * Math.min(1, part.nats[index] / whole.top))];
roll.strengthOf = () => 1;
roll.wordsOf = (part, index) => [titleOf(part, index), `${part.nats[index].toFixed(2)} nats`];
const drawUsual = roll.drawNotes.bind(roll);
roll.drawNotes = (pen, part) => {
  drawUsual(pen, part);
  if (piece.parts.length > 1 && !roll.isApart) drawEdges(pen, part);
};
const lightUsual = roll.light.bind(roll);
roll.light = () => {
  const its = roll.pointed;
  if (its && !(chosen && its[0] === chosen[0] && its[1] === chosen[1])) choose(its);
  else {
    lightUsual();
    drawPast();
  }
};
Object.assign(KEYS, { n: () => walk(1), p: () => walk(-1) });
found("edges").hidden = piece.parts.length < 2;
found("next").addEventListener("click", () => walk(1));
found("former").addEventListener("click", () => walk(-1));
for (const one of document.querySelectorAll("#bars button")) one.addEventListener("click", () => jump(Number(one.dataset.bar)));
if (whole.attention) {
  offer("layer", "Layer", whole.attention.layers);
  offer("head", "Head", whole.attention.heads);
}
const stage = element("div");
stage.id = "stage";
found("roll").before(stage);
stage.append(...["roll", "scale", "parts", "note"].map(found));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", mixed);
roll.layOut();
mixed();
const seen = inTime.filter(([part, index]) => part.onset[index] < roll.to);
if (seen.length) choose(mostSurprising(seen));
