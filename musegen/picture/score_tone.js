"use strict";
// Tones as samples, after the recipe of musegen/sound/tone.py, whose names are kept. Partials that
// are whole multiples are read from tables of one turn, since a page must not be late.
const TABLE = 2048, TABLES = 5;
const SINE = Float32Array.from({ length: TABLE }, (_, i) => Math.sin(2 * Math.PI * i / TABLE));
const MOST_SAMPLES = 12e6;  // kept of all tones, 48 MB; those used last

class Tones {
  constructor(recipe, rate) {
    Object.assign(this, recipe.constants);
    this.timbres = recipe.timbres;
    this.drums = recipe.drums;
    this.rate = rate;
    this.kept = new Map();
    this.size = 0;
    this.noises = new Map();
  }

  touchOf(velocity) { return velocity * this.SHADES.length >> 7; }

  hertzOf(pitch) { return 440 * 2 ** ((pitch - 69) / 12); }

  decayOf(timbre, pitch) { return timbre.decay * 2 ** (timbre.sustain ? 0 : (this.MIDDLE_C - pitch) / 20); }

  fullLength(timbre, pitch) { return timbre.sustain ? Infinity : this.FULL_DECAY * this.decayOf(timbre, pitch); }

  // A note of at least so many seconds, or to where it can be heard no more.
  pitched(program, pitch, velocity, seconds) {
    const timbre = this.timbres[program], touch = this.touchOf(velocity);
    const wanted = Math.min(2 ** Math.ceil(Math.log2(Math.max(0.25, seconds))), this.fullLength(timbre, pitch));
    return this.keep(`${program} ${pitch} ${touch}`, Math.ceil(wanted * this.rate), (size) => this.tone(timbre, pitch, touch, size));
  }

  struck(pitch) { return this.keep(`drum ${pitch}`, 1, () => this.drumTone(this.drums[pitch])); }

  keep(name, size, make) {
    let sound = this.kept.get(name);
    this.kept.delete(name);
    if (!sound || sound.length < size) {
      this.size -= sound ? sound.length : 0;
      sound = make(size);
      this.size += sound.length;
    }
    this.kept.set(name, sound);  // now the last in order
    for (const [old, its] of this.kept) {
      if (this.size <= MOST_SAMPLES || old === name) break;
      this.kept.delete(old);
      this.size -= its.length;
    }
    return sound;
  }

  tone(timbre, pitch, touch, size) {
    const hertz = this.hertzOf(pitch);
    const exponent = this.SHADES[touch] * (hertz / this.hertzOf(this.MIDDLE_C)) ** 0.6;
    const struck = exponent * Math.log(timbre.brightness), settled = exponent * Math.log(timbre.mellowed);
    const partials = this.partials(timbre, hertz, Math.max(struck, settled));
    const sound = new Float32Array(size);
    const players = this.PLAYERS.slice(0, timbre.voices);
    for (const [cents, ahead] of players) {
      const speed = hertz * 2 ** (cents / 1200);
      if (timbre.ratios.length) this.addRatios(sound, timbre, partials, speed, ahead, struck, settled);
      else this.addTables(sound, timbre, this.tablesOf(partials, struck, settled), speed, ahead);
    }
    const power = partials.reduce((sum, [ratio, strength]) => sum + (strength * Math.exp((ratio - 1) * Math.max(struck, settled))) ** 2, 0);
    this.shape(sound, timbre, pitch, 1 / (Math.sqrt(power * timbre.voices / 2) || 1));
    return sound;
  }

  // Ratio and strength of the partials that can be heard and that the rate can hold.
  partials(timbre, hertz, shine) {
    const ratios = timbre.ratios.length ? timbre.ratios : Array.from({ length: this.MOST_PARTIALS }, (_, k) => k + 1);
    return ratios.map((ratio, k) => [ratio, timbre.pattern[k % timbre.pattern.length] * ratio ** -timbre.slope])
      .filter(([ratio, strength]) => strength * Math.exp((ratio - 1) * shine) > this.FAINT && ratio * hertz < 0.49 * this.rate);
  }

  // One turn at each of a few stages from settled to struck.
  tablesOf(partials, struck, settled) {
    return Array.from({ length: struck === settled ? 1 : TABLES }, (_, stage) => {
      const bright = settled + (struck - settled) * stage / (TABLES - 1), table = new Float32Array(TABLE + 1);
      for (const [ratio, strength] of partials) {
        const level = strength * Math.exp((ratio - 1) * bright);
        for (let i = 0; i < TABLE; i++) table[i] += level * SINE[i * ratio & TABLE - 1];
      }
      table[TABLE] = table[0];
      return table;
    });
  }

  // The turns that vibrato is ahead at a time, of one hertz.
  swing(timbre, seconds) {
    if (!timbre.vibrato) return 0;
    const depth = (2 ** (timbre.vibrato / 1200) - 1) * Math.min(1, (seconds / this.VIBRATO_DELAY) ** 2);
    const turn = 2 * Math.PI * this.VIBRATO_HERTZ;
    return depth * Math.sin(turn * seconds) / turn;
  }

  // Vibrato and brightness run straight within blocks of 64 samples, which nobody hears.
  blocks(timbre, size, each) {
    for (let begin = 0; begin < size; begin += 64) {
      const end = Math.min(size, begin + 64), from = begin / this.rate, to = end / this.rate;
      const a = from + this.swing(timbre, from), b = to + this.swing(timbre, to);
      each(begin, end, a, (b - a) / (end - begin), Math.exp(-from / timbre.mellowing));
    }
  }

  addTables(sound, timbre, tables, speed, ahead) {
    this.blocks(timbre, sound.length, (begin, end, time, step, struck) => {
      const place = struck * (tables.length - 1), low = Math.min(Math.floor(place), Math.max(0, tables.length - 2));
      const one = tables[low], two = tables[Math.min(low + 1, tables.length - 1)], share = place - low;
      const turn = speed * time + ahead, by = speed * step * TABLE;
      let at = (turn - Math.floor(turn)) * TABLE;
      for (let i = begin; i < end; i++, at += by) {
        if (at >= TABLE) at -= TABLE;
        const n = at | 0, rest = at - n;
        const x = one[n] + rest * (one[n + 1] - one[n]), y = two[n] + rest * (two[n + 1] - two[n]);
        sound[i] += x + share * (y - x);
      }
    });
  }

  addRatios(sound, timbre, partials, speed, ahead, struck, settled) {
    this.blocks(timbre, sound.length, (begin, end, time, step, fresh) => {
      const bright = settled + (struck - settled) * fresh;
      for (const [ratio, strength] of partials) {
        const level = strength * Math.exp((ratio - 1) * bright);
        const by = 2 * Math.PI * ratio * speed * step;
        let angle = 2 * Math.PI * ratio * (speed * time + ahead);
        for (let i = begin; i < end; i++, angle += by) sound[i] += level * Math.sin(angle);
      }
    });
  }

  // Level, breath and strike, and the way loudness runs while the key is down.
  shape(sound, timbre, pitch, level) {
    const { breath, strike, sustain } = timbre, decay = this.decayOf(timbre, pitch);
    const noise = breath || strike ? this.noise(...this.BREATH_BAND) : null;
    const fall = Math.exp(-1 / (decay * this.rate)), dull = Math.exp(-1 / (this.STRIKE_DECAY * this.rate));
    const rising = Math.round(timbre.attack * this.rate);
    let falling = 1, striking = strike;
    for (let i = 0; i < sound.length; i++, falling *= fall, striking *= dull) {
      let value = sound[i] * level;
      if (noise) value += (breath + striking) * noise[i % noise.length];
      value *= sustain + (1 - sustain) * falling;
      sound[i] = i < rising ? value * Math.sin(0.5 * Math.PI * i / rising) ** 2 : value;
    }
  }

  drumTone(drum) {
    const longest = Math.max(drum.partials.length ? drum.decay : 0, drum.noise ? drum.noise_decay : 0);
    const sound = new Float32Array(Math.round(this.FULL_DECAY * longest * this.rate));
    const noise = drum.noise ? this.noise(...drum.band) : null;
    const partials = drum.partials.filter(([hertz]) => hertz < this.rate / 2);
    for (let i = 0; i < sound.length; i++) {
      const t = i / this.rate, turned = 2 * Math.PI * (t + drum.drop * 0.03 * (1 - Math.exp(-t / 0.03)));
      let value = 0;
      for (const [hertz, strength] of partials) value += strength * Math.sin(hertz * turned);
      value *= Math.exp(-t / drum.decay);
      for (let burst = 0; noise && burst < drum.bursts; burst++) {
        const since = t - 0.012 * burst;
        if (since >= 0) value += drum.noise / drum.bursts * noise[i % noise.length] * Math.exp(-since / drum.noise_decay);
      }
      sound[i] = value * Math.min(1, t / 0.001);
    }
    return sound;
  }

  // Noise of unit power between two frequencies, softer by 3 dB an octave, without a seam.
  noise(low, high) {
    const name = `${low} ${high}`;
    if (!this.noises.has(name)) {
      const size = 2 ** 16, real = new Float64Array(size), other = new Float64Array(size);
      for (let k = 1; k < size / 2; k++) {
        const hertz = k * this.rate / size, turn = 2 * Math.PI * Math.random();
        if (hertz < low || hertz > high) continue;
        real[k] = Math.cos(turn) / Math.sqrt(hertz);
        other[k] = Math.sin(turn) / Math.sqrt(hertz);
      }
      transform(real, other);
      const power = Math.sqrt(real.reduce((sum, x) => sum + x * x, 0) / size) || 1;
      this.noises.set(name, Float32Array.from(real, (x) => x / power));
    }
    return this.noises.get(name);
  }
}

// The discrete Fourier transform of complex numbers, in place (Cooley and Tukey, 1965).
function transform(real, other) {
  const size = real.length;
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) [real[i], real[j], other[i], other[j]] = [real[j], real[i], other[j], other[i]];
  }
  for (let span = 2; span <= size; span *= 2) {
    for (let k = 0; k < span / 2; k++) {
      const cos = Math.cos(2 * Math.PI * k / span), sin = Math.sin(2 * Math.PI * k / span);
      for (let i = k; i < size; i += span) {
        const j = i + span / 2, x = real[j] * cos - other[j] * sin, y = real[j] * sin + other[j] * cos;
        [real[j], other[j]] = [real[i] - x, other[i] - y];
        real[i] += x;
        other[i] += y;
      }
    }
  }
}
