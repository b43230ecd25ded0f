"use strict";
// The piece: its times in ticks and in seconds, its bars. A note is a part and an index into the
// part's columns; whatever columns a part has beside the usual ones stay on it.
class Piece {
  constructor(data) {
    Object.assign(this, data);
    let seconds = 0;
    this.tempoRows = this.tempo.map(([tick, us], row) => {
      const [lastTick, lastUs] = this.tempo[Math.max(0, row - 1)];
      seconds += (tick - lastTick) * lastUs / (1e6 * this.ticksPerQuarter);
      return { tick, seconds, aTick: us / (1e6 * this.ticksPerQuarter), quarters: 6e7 / us };
    });
    this.starts = [0, ...this.barlines.slice(0, -1)];
    this.seconds = this.secondsAt(this.end);
    this.parts.forEach((part, index) => this.timed(part, index));
    this.share();
  }

  // Of each note its place from above among the parts that sound its pitch while it does, and how
  // many they are, so that parts in unison do not hide one another.
  share() {
    const sounding = new Map();
    for (const part of this.parts) {
      part.place = new Uint8Array(part.onset.length);
      part.count = new Uint8Array(part.onset.length).fill(1);
      part.pitch.forEach((pitch, index) => {
        const name = part.isDrums ? -1 - pitch : pitch;
        if (!sounding.has(name)) sounding.set(name, []);
        sounding.get(name).push([part, index, part.onset[index], part.onset[index] + part.duration[index]]);
      });
    }
    for (const notes of sounding.values()) {
      let together = [], last = 0;
      for (const note of [...notes.sort((a, b) => a[2] - b[2]), [null, 0, Infinity, 0]]) {
        if (note[2] >= last) {
          const parts = [...new Set(together.map(([part]) => part.index))].sort((a, b) => a - b);
          for (const [part, index] of together) {
            part.place[index] = parts.indexOf(part.index);
            part.count[index] = parts.length;
          }
          together = [];
        }
        together.push(note);
        last = Math.max(last, note[3]);
      }
    }
  }

  timed(part, index) {
    const { onset, duration, rings = duration } = part;
    part.index = index;
    part.start = Float64Array.from(onset, (tick) => this.secondsAt(tick));
    part.stop = Float64Array.from(onset, (tick, i) => this.secondsAt(tick + rings[i]));
    let latest = 0;  // the latest end of this note and those before it, to find what is in sight
    part.latest = Float64Array.from(onset, (tick, i) => latest = Math.max(latest, tick + duration[i]));
  }

  secondsAt(tick) {
    const row = this.tempoRows[Math.max(0, above(this.tempoRows, tick, (r) => r.tick) - 1)];
    return row.seconds + (tick - row.tick) * row.aTick;
  }

  tickAt(seconds) {
    const row = this.tempoRows[Math.max(0, above(this.tempoRows, seconds, (r) => r.seconds) - 1)];
    return row.tick + (seconds - row.seconds) / row.aTick;
  }

  quartersAt(tick) {
    return this.tempoRows[Math.max(0, above(this.tempoRows, tick, (r) => r.tick) - 1)].quarters;
  }

  metreAt(tick) {
    const row = this.metre[above(this.metre, tick, (r) => r[0]) - 1];
    return row ? `${row[1]}/${row[2]}` : "";
  }

  // A pitch as the key that stands at a tick spells it: `spelled` has the names from middle C up.
  called(pitch, tick) {
    const [, names] = this.spelled[Math.max(0, above(this.spelled, tick, (row) => row[0]) - 1)];
    const name = names[pitch % 12], octave = Number(name.slice(-1)) + Math.floor(pitch / 12) - 5;
    return name.slice(0, -1).replaceAll("#", "♯").replaceAll("b", "♭") + octave;
  }

  barAt(tick) {
    return this.barlines.length ? this.firstBar + above(this.starts, tick) - 1 : null;
  }

  // The bar begun last and the one to come, in ticks; four quarters where there are no bars.
  step(tick, by) {
    if (!this.barlines.length) return tick + by * 4 * this.ticksPerQuarter;
    const bar = above(this.starts, tick + this.ticksPerQuarter / 100) - 1;
    const late = tick - this.starts[bar] > this.ticksPerQuarter;  // first to this bar's own beginning
    return this.starts[bar + by + (by < 0 && late ? 1 : 0)] ?? (by < 0 ? 0 : this.end);
  }

  isNew(part, index) {
    const tick = part.onset[index];
    return this.new.some(([from, to, parts]) => tick >= from && tick < to && (!parts || parts.includes(part.index)));
  }
}

// How many of the sorted things lie at or below a value.
function above(sorted, value, key = (x) => x) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(sorted[middle]) <= value) low = middle + 1; else high = middle;
  }
  return low;
}
