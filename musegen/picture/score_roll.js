"use strict";
// The roll: two canvases as wide as what is in sight, one for the notes and one, above it, for those
// that sound or are pointed at. `colourOf`, `strengthOf` and `wordsOf` may be replaced by a page that
// knows more of each note, as may the columns of the parts; call `draw` afterwards.
const GUTTER = 46, HEAD = 40, GAP = 8, DRUM = 9, NAME = 15, LEAST_PITCHES = 18;
const BLACK = new Set([1, 3, 6, 8, 10]);

class Roll {
  constructor(piece, player) {
    this.piece = piece;
    this.player = player;
    for (const name of ["roll", "length", "view", "ground", "lit", "cursor", "told"]) this[name] = document.getElementById(name);
    this.isApart = false;
    this.scale = 26 / piece.ticksPerQuarter;  // pixels a tick
    this.pointed = null;
    this.colourOf = (part) => this.colours[part.index];
    this.strengthOf = (part, index) => 0.5 + part.velocity[index] / 254;
    this.wordsOf = (part, index) => this.usualWords(part, index);
    this.roll.addEventListener("scroll", () => this.draw());
    new ResizeObserver(() => this.layOut()).observe(this.roll);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    this.lit.addEventListener("pointermove", (event) => this.point(event));
    this.lit.addEventListener("pointerleave", () => this.point(null));
  }

  // Lanes from the top down: all pitches in one or a lane for each part, and drums at the foot.
  layOut() {
    const pitched = this.piece.parts.filter((part) => !part.isDrums && part.pitch.length);
    const drums = this.piece.parts.filter((part) => part.isDrums && part.pitch.length);
    const groups = this.isApart ? pitched.map((part) => [part]) : pitched.length ? [pitched] : [];
    let top = HEAD;
    this.laneOf = new Map();
    this.lanes = [...groups, ...(drums.length ? [drums] : [])].map((parts) => {
      const lane = this.lane(parts, top);
      parts.forEach((part) => this.laneOf.set(part, lane));
      top += lane.height + GAP;
      return lane;
    });
    this.height = Math.max(top, HEAD + 60);
    this.width = this.roll.clientWidth;
    this.length.style.width = `${Math.max(this.width, GUTTER + this.piece.end * this.scale + 60)}px`;
    this.view.style.width = `${this.width}px`;
    this.view.style.height = `${this.height}px`;
    for (const canvas of [this.ground, this.lit]) {
      canvas.width = this.width * devicePixelRatio;
      canvas.height = this.height * devicePixelRatio;
      canvas.style.width = `${this.width}px`;
      canvas.style.height = `${this.height}px`;
      canvas.getContext("2d").setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    }
    this.draw();
  }

  lane(parts, top) {
    const used = [...new Set(parts.flatMap((part) => part.pitch))].sort((a, b) => b - a);
    if (parts[0].isDrums) {
      return { parts, top, size: DRUM, height: used.length * DRUM + 4, isDrums: true, y: (pitch) => top + 2 + used.indexOf(pitch) * DRUM };
    }
    let high = used[0] + 1, low = used[used.length - 1] - 1;
    for (let wide = this.isApart ? 10 : LEAST_PITCHES; high - low + 1 < wide; low--) high++;
    const n = high - low + 1, name = this.isApart ? NAME : 0;
    const size = this.isApart ? (this.piece.parts.length > 8 ? 3 : 5) : Math.max(5, Math.min(11, 380 / n));
    return { parts, top, size, high, low, height: name + n * size, y: (pitch) => top + name + (high - pitch) * size };
  }

  x(tick) { return GUTTER + tick * this.scale - this.roll.scrollLeft; }

  tickAt(x) { return (x - GUTTER + this.roll.scrollLeft) / this.scale; }

  draw() {
    if (!this.lanes) return;
    const style = getComputedStyle(document.documentElement);
    const hue = (name) => style.getPropertyValue(name).trim();
    this.colours = this.piece.parts.map((_, index) => hue(`--c${index}`));
    this.hues = Object.fromEntries(["paper", "card", "ink", "faint", "line", "new", "new-ink"].map((name) => [name, hue(`--${name}`)]));
    const pen = this.ground.getContext("2d");
    this.from = this.tickAt(GUTTER);
    this.to = this.tickAt(this.width);
    this.drawGround(pen);
    for (const part of this.piece.parts) this.drawNotes(pen, part);
    this.drawHead(pen);
    this.drawGutter(pen);
    this.light();
  }

  drawGround(pen) {
    const { hues, piece, width, height } = this, end = Math.min(width, this.x(piece.end));
    pen.globalAlpha = 1;
    pen.fillStyle = hues.paper;
    pen.fillRect(0, 0, width, height);
    for (const lane of this.lanes) {
      pen.fillStyle = hues.card;
      for (let pitch = lane.low; !lane.isDrums && pitch <= lane.high; pitch++) {
        if (BLACK.has(pitch % 12)) pen.fillRect(GUTTER, lane.y(pitch), end - GUTTER, lane.size);
      }
      this.drawNew(pen, lane);
      pen.fillStyle = hues.line;
      for (let pitch = lane.low; !lane.isDrums && pitch <= lane.high; pitch++) {
        if (pitch % 12 === 0) pen.fillRect(GUTTER, lane.y(pitch) + lane.size - 0.5, end - GUTTER, 1);
      }
      for (let bar = Math.max(0, above(piece.barlines, this.from) - 1); bar < piece.barlines.length; bar++) {
        const x = this.x(piece.barlines[bar]);
        if (x > width) break;
        if (bar % this.every() === this.every() - 1) pen.fillRect(x, lane.top, 1, lane.height);
      }
      pen.strokeStyle = hues.faint;
      pen.strokeRect(GUTTER + 0.5, lane.top + 0.5, end - GUTTER, lane.height - 1);
    }
  }

  drawNew(pen, lane) {
    for (const [from, to, parts] of this.piece.new) {
      if (from === 0 && to === this.piece.end && !parts) continue;
      if (parts && !lane.parts.every((part) => parts.includes(part.index))) continue;
      const x = Math.max(GUTTER, this.x(from));
      pen.fillStyle = this.hues.new;
      pen.globalAlpha = 0.16;
      pen.fillRect(x, lane.top, Math.min(this.width, this.x(to)) - x, lane.height);
      pen.globalAlpha = 1;
      if (from && this.x(from) >= GUTTER) pen.fillRect(this.x(from) - 1, lane.top, 2, lane.height);
    }
  }

  // Every how many bars a line and a number stand, so that they keep apart.
  every() {
    const bar = this.piece.end * this.scale / Math.max(1, this.piece.barlines.length);
    return 2 ** Math.max(0, Math.ceil(Math.log2(34 / bar)));
  }

  *inSight(part) {
    for (let i = above(part.latest, this.from); i < part.onset.length && part.onset[i] < this.to; i++) {
      if (part.onset[i] + part.duration[i] >= this.from) yield i;
    }
  }

  box(part, index) {
    const lane = this.laneOf.get(part), x = this.x(part.onset[index]);
    const width = Math.max(2, part.duration[index] * this.scale - 1);
    const isAlone = this.isApart && !lane.isDrums, high = (lane.size - 0.5) / (isAlone ? 1 : part.count[index]);
    const top = lane.y(part.pitch[index]) + 0.25 + (isAlone ? 0 : part.place[index] * high);
    return [x, top, lane.isDrums ? Math.min(width, 7) : width, high];
  }

  drawNotes(pen, part) {
    const heard = this.player.isHeard(part.index) ? 1 : 0.2;
    for (const index of this.inSight(part)) {
      pen.fillStyle = this.colourOf(part, index);
      pen.globalAlpha = heard * this.strengthOf(part, index);
      pen.fillRect(...this.box(part, index));
    }
    pen.globalAlpha = 1;
  }

  drawHead(pen) {
    const { hues, piece } = this, every = this.every();
    pen.fillStyle = hues.paper;
    pen.fillRect(0, 0, this.width, HEAD - 1);
    pen.font = "11px system-ui, sans-serif";
    pen.textAlign = "left";
    let free = 0;
    const write = (tick, words, hue, y) => {
      const x = Math.max(this.x(tick) + 3, y < 20 ? free : 0);
      if (x < this.x(tick) + 60) {
        pen.fillStyle = hue;
        pen.fillText(words, x, y);
        if (y < 20) free = x + pen.measureText(words).width + 8;
      }
    };
    const isNear = (tick, before) => tick >= this.from - before / this.scale && tick <= this.to;
    piece.starts.forEach((tick, bar) => {
      const isNumbered = piece.barlines.length && bar % every === 0;
      if (isNumbered && isNear(tick, 50)) write(tick, `${bar + piece.firstBar}`, hues.faint, 33);
    });
    for (const [tick, words, hue] of this.signs()) if (isNear(tick, 200)) write(tick, words, hues[hue], 15);
  }

  // Metre, tempo where it has moved by a twentieth, and where new music begins.
  signs() {
    let written = 0;
    const tempos = this.piece.tempoRows.filter(({ quarters }) => Math.abs(quarters - written) > 0.05 * written && (written = quarters));
    return [
      ...this.piece.new.filter(([from, , parts]) => from && !parts).map(([from]) => [from, "composed from here", "new-ink"]),
      ...this.piece.metre.map(([tick, over, under]) => [tick, `${over}/${under}`, "ink"]),
      ...tempos.map(({ tick, quarters }) => [tick, `♩ = ${Math.round(quarters)}`, "ink"]),
    ].sort((a, b) => a[0] - b[0]);
  }

  drawGutter(pen) {
    pen.fillStyle = this.hues.paper;
    pen.fillRect(0, 0, GUTTER, this.height);
    for (const lane of this.lanes) {
      pen.fillStyle = this.hues.faint;
      pen.textAlign = "right";
      if (lane.isDrums) pen.fillText("drums", GUTTER - 6, lane.top + lane.height / 2 + 4);
      for (let pitch = lane.low; !lane.isDrums && pitch <= lane.high; pitch++) {
        if (pitch % 12 === 0) pen.fillText(`C${pitch / 12 - 1}`, GUTTER - 6, lane.y(pitch) + lane.size / 2 + 4);
      }
      if (!this.isApart || lane.isDrums) continue;
      pen.textAlign = "left";
      pen.fillStyle = this.hues.ink;
      pen.fillText(lane.parts[0].name.slice(0, 40), GUTTER + 5, lane.top + 12);
    }
  }

  // What sounds at this moment, what is pointed at, and the cursor.
  light() {
    const seconds = this.player.now, tick = this.piece.tickAt(seconds), pen = this.lit.getContext("2d");
    pen.clearRect(0, 0, this.width, this.height);
    const x = this.x(tick);
    this.cursor.hidden = x < GUTTER;
    this.cursor.style.transform = `translateX(${x.toFixed(1)}px)`;
    pen.fillStyle = this.hues.ink;
    pen.strokeStyle = this.hues.ink;
    for (const part of this.player.isPlaying ? this.piece.parts : []) {
      if (!this.player.isHeard(part.index)) continue;
      const last = above(part.onset, tick);
      for (let i = above(part.latest, tick); i < last; i++) {
        const [x, y, width, height] = this.box(part, i), left = Math.max(GUTTER, x);
        if (part.onset[i] + part.duration[i] > tick && x + width > left) pen.fillRect(left, y, x + width - left, height);
      }
    }
    if (this.pointed) pen.strokeRect(...this.box(...this.pointed));
  }

  // Bring the cursor into sight.
  follow() {
    const x = this.x(this.piece.tickAt(this.player.now));
    if (x > this.width * 0.9 || x < GUTTER) this.roll.scrollLeft += x - GUTTER - this.width * 0.08;
  }

  zoom(factor) {
    const tick = this.piece.tickAt(this.player.now), x = Math.max(GUTTER, Math.min(this.width, this.x(tick)));
    const middle = this.tickAt(x);
    this.scale = Math.max(1, Math.min(200, this.scale * factor * this.piece.ticksPerQuarter)) / this.piece.ticksPerQuarter;
    this.layOut();
    this.roll.scrollLeft = middle * this.scale + GUTTER - x;
  }

  noteAt(x, y) {
    for (const part of [...this.piece.parts].reverse()) {
      for (const index of x > GUTTER ? this.inSight(part) : []) {
        const [left, top, width, height] = this.box(part, index);
        if (x >= left - 1 && x <= left + width + 1 && y >= top - 1 && y <= top + height + 1) return [part, index];
      }
    }
    return null;
  }

  point(event) {
    const box = this.lit.getBoundingClientRect();
    const x = event ? event.clientX - box.left : 0, y = event ? event.clientY - box.top : 0;
    this.pointed = event && this.noteAt(x, y);
    this.told.hidden = !this.pointed;
    if (this.pointed) {
      this.told.textContent = this.wordsOf(...this.pointed).join("\n");
      const { offsetWidth, offsetHeight } = this.told, left = Math.min(x + 14, this.width - offsetWidth - 4);
      const top = y + 16 + offsetHeight < this.height ? y + 16 : Math.max(0, y - offsetHeight - 10);
      this.told.style.transform = `translate(${left}px, ${top}px)`;
    }
    this.light();
  }

  usualWords(part, index) {
    const pitch = part.pitch[index], tick = part.onset[index], bar = this.piece.barAt(tick);
    const quarters = part.duration[index] / this.piece.ticksPerQuarter;
    return [
      part.name,
      part.isDrums ? `drum ${pitch}` : this.piece.called(pitch, tick),
      `${bar === null ? clock(this.piece.secondsAt(tick)) : `bar ${bar}`}, ${+quarters.toFixed(2)} ♩ long, velocity ${part.velocity[index]}`,
      ...(this.piece.isNew(part, index) ? ["composed"] : []),
    ];
  }
}

function clock(seconds) {
  const whole = Math.floor(seconds + 1e-6);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
