"use strict";
// Buttons, keys and pointer; and the picture kept up with the sound.
const found = (name) => document.getElementById(name);
const read = (name) => JSON.parse(found(name).textContent);
const piece = new Piece(read("piece"));
const player = new Player(piece, read("sound"));
const roll = new Roll(piece, player);
let isFollowing = true;

function show() {
  const seconds = player.now, tick = piece.tickAt(seconds), bar = piece.barAt(Math.min(tick, piece.end - 1));
  const metre = piece.metreAt(tick), tempo = Math.round(piece.quartersAt(tick) * player.speed);
  const where = [bar === null ? "" : `bar ${bar}`, `${clock(seconds)} / ${clock(piece.seconds)}`];
  const told = [...where, metre, `♩ = ${tempo}`].filter(Boolean).join(" · ");
  if (found("clock").textContent !== told) {
    found("clock").textContent = told;
    found("place").setAttribute("aria-valuetext", told);
  }
  found("place").value = seconds;
  const words = player.isPlaying ? "Pause" : "Play";
  if (found("play").textContent !== words) found("play").textContent = words;
  if (isFollowing) roll.follow();
  roll.light();
}

function frame() {
  if (player.isOver) player.pause();
  show();
  if (player.isPlaying) requestAnimationFrame(frame);
}

function toggle() {
  if (player.isPlaying) player.pause();
  else player.play();
  isFollowing = true;
  show();
  requestAnimationFrame(frame);
}

function go(seconds) {
  player.seek(seconds);
  isFollowing = true;
  show();
}

function step(by) { go(piece.secondsAt(piece.step(piece.tickAt(player.now), by))); }

function button(words, label, press) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = words;
  made.setAttribute("aria-label", label);
  made.setAttribute("aria-pressed", "false");
  made.addEventListener("click", () => made.setAttribute("aria-pressed", String(press())));
  return made;
}

// A part's colour and name, and whether it is heard.
function item(part) {
  const li = document.createElement("li"), swatch = document.createElement("b"), name = document.createElement("span");
  swatch.style.background = `var(--c${part.index})`;
  const isNew = piece.new.some(([, , parts]) => parts && parts.includes(part.index));
  name.textContent = part.name + (part.name === part.instrument ? "" : ` (${part.instrument})`) + (isNew ? ", composed" : "");
  name.title = name.textContent;
  const turn = (what) => () => {
    player.states[part.index][what] = !player.states[part.index][what];
    player.obey();
    [...found("parts").children].forEach((other, index) => other.classList.toggle("silent", !player.isHeard(index)));
    roll.draw();
    return player.states[part.index][what];
  };
  li.append(swatch, name, button("Mute", `Mute ${part.name}`, turn("mute")), button("Solo", `Solo ${part.name}`, turn("solo")));
  return li;
}

function setApart(isApart) {
  roll.isApart = isApart;
  found("apart").setAttribute("aria-pressed", String(isApart));
  roll.layOut();
}

const KEYS = {
  " ": toggle,
  ArrowLeft: () => step(-1),
  ArrowRight: () => step(1),
  Home: () => go(0),
  End: () => go(piece.seconds),
  "+": () => roll.zoom(1.5),
  "-": () => roll.zoom(1 / 1.5),
};

found("parts").append(...piece.parts.map(item));
found("place").max = piece.seconds;
found("place").addEventListener("input", (event) => go(Number(event.target.value)));
found("play").addEventListener("click", toggle);
found("back").addEventListener("click", () => go(0));
found("speed").addEventListener("input", (event) => {
  player.setSpeed(Number(event.target.value) / 100);
  found("percent").textContent = `${event.target.value} %`;
  show();
});
found("apart").hidden = piece.parts.length < 2;
found("apart").addEventListener("click", () => setApart(!roll.isApart));
found("closer").addEventListener("click", () => roll.zoom(1.5));
found("farther").addEventListener("click", () => roll.zoom(1 / 1.5));
roll.lit.addEventListener("click", (event) => go(piece.secondsAt(Math.max(0, roll.tickAt(event.offsetX)))));
for (const kind of ["wheel", "pointerdown"]) roll.roll.addEventListener(kind, () => { isFollowing = false; }, { passive: true });
document.addEventListener("keydown", (event) => {
  const its = event.target.tagName, isOwn = its === "INPUT" || its === "SELECT" || (event.key === " " && (its === "BUTTON" || its === "SUMMARY"));
  if (event.ctrlKey || event.metaKey || event.altKey || isOwn || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});
setApart(piece.parts.length > 6);
show();
