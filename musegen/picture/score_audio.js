"use strict";
// Playing: notes are handed to WebAudio a little before their time, each a tone from Tones.
const AHEAD = 0.8, EVERY = 0.1;  // seconds
const FADE = Float32Array.from({ length: 17 }, (_, i) => (1 - i / 16) ** 2);
const WANTED_LEVEL = 0.088;  // mean power's root, about −16 LUFS once the limiter has made up for itself

class Player {
  constructor(piece, recipe) {
    this.piece = piece;
    this.recipe = recipe;
    this.speed = 1;
    this.place = 0;  // seconds of the piece, where it stands still or was begun
    this.isPlaying = false;
    this.sounding = new Set();
    this.buffers = new WeakMap();  // of tones
    this.states = piece.parts.map(() => ({ mute: false, solo: false }));
  }

  // Browsers allow sound only once somebody has pressed something.
  open() {
    const context = this.context = new AudioContext();
    this.tones = new Tones(this.recipe, context.sampleRate);
    const limiter = new DynamicsCompressorNode(context, { threshold: -8, knee: 6, ratio: 12, attack: 0.003, release: 0.2 });
    const dry = new GainNode(context, { gain: this.level() });
    const room = new ConvolverNode(context, { buffer: this.roomOf(context) });
    const wet = new GainNode(context, { gain: 2 * this.tones.WETNESS });
    dry.connect(limiter).connect(context.destination);
    dry.connect(room).connect(wet).connect(limiter);
    this.channels = this.piece.parts.map((part, index) => this.channel(index, dry));
    this.obey();
  }

  channel(index, mix) {
    const context = this.context;
    const left = new GainNode(context), right = new GainNode(context), bend = new ConstantSourceNode(context, { offset: 0 });
    const sides = new ChannelMergerNode(context, { numberOfInputs: 2 }), gate = new GainNode(context);
    left.connect(sides, 0, 0);
    right.connect(sides, 0, 1);
    sides.connect(gate).connect(mix);
    bend.start();
    const rows = this.recipe.parts[index];
    const highest = rows.reduce((most, row) => Math.max(most, row[3]), 0);
    return { left, right, bend, gate, rows, isBent: rows.some((row) => row[3]), fastest: 2 ** (highest / 1200), next: 0 };
  }

  // What brings the mean power of all notes to the wanted level; tones have unit power as they begin.
  level() {
    let power = 0;
    for (const part of this.piece.parts) {
      const [[, left, right]] = this.recipe.parts[part.index];
      const timbre = part.isDrums ? null : this.recipe.timbres[part.program];
      part.velocity.forEach((velocity, i) => {
        const length = part.stop[i] - part.start[i];
        const heard = !timbre ? 0.1 : timbre.sustain ? length : Math.min(length, timbre.decay / 2);
        power += (velocity / 127) ** 4 * (left ** 2 + right ** 2) / 2 * heard;
      });
    }
    return WANTED_LEVEL / Math.sqrt(power / Math.max(1, this.piece.seconds) || 1);
  }

  // The answer of a room: noise that dies away, duller as it does.
  roomOf(context) {
    const { sampleRate } = context, seconds = this.tones.REVERBERATION;
    const answer = new AudioBuffer({ numberOfChannels: 2, length: Math.round(seconds * sampleRate), sampleRate });
    for (const side of [0, 1]) {
      let last = 0;
      answer.getChannelData(side).forEach((_, i, data) => {
        const share = Math.min(1, 0.5 + i / sampleRate / seconds);
        last += (1 - 0.7 * share) * (2 * Math.random() - 1 - last);
        data[i] = i < 0.02 * sampleRate ? 0 : last * 10 ** (-3 * i / (seconds * sampleRate));
      });
    }
    return answer;
  }

  get now() {
    if (!this.isPlaying) return this.place;
    const heard = this.context.currentTime - (this.context.outputLatency || 0);
    return Math.min(this.piece.seconds, this.place + Math.max(0, heard - this.begun) * this.speed);
  }

  get isOver() {
    return this.isPlaying && this.place + (this.context.currentTime - this.begun) * this.speed > this.piece.seconds;
  }

  async play() {
    if (this.isPlaying) return;
    if (!this.context) this.open();
    this.isPlaying = true;
    if (this.place >= this.piece.seconds) this.place = 0;
    this.begun = Infinity;  // not before the sound card runs
    await this.context.resume();
    if (this.isPlaying) this.begin();
  }

  begin() {
    this.begun = this.context.currentTime + 0.08;
    this.piece.parts.forEach((part, index) => {
      this.follow(this.channels[index]);
      const next = this.channels[index].next = above(part.start, this.place - 1e-6);
      for (let i = 0; i < next; i++) if (part.stop[i] > this.place && !part.isDrums) this.strike(part, i);
    });
    this.hand();
    this.timer = setInterval(() => this.hand(), 1000 * EVERY);
  }

  pause() {
    const ringing = this.isOver ? [] : this.sounding;  // what the end has reached may die away
    this.place = this.isOver ? this.piece.seconds : this.now;
    this.isPlaying = false;
    clearInterval(this.timer);
    for (const { source, gain } of ringing) {
      gain.gain.cancelScheduledValues(0);
      gain.gain.setTargetAtTime(0, this.context.currentTime, 0.012);
      source.stop(this.context.currentTime + 0.08);
    }
    this.sounding.clear();
  }

  seek(seconds) { this.anew(() => { this.place = Math.max(0, Math.min(this.piece.seconds, seconds)); }); }

  setSpeed(speed) { this.anew(() => { this.speed = speed; }); }

  anew(change) {
    const wasPlaying = this.isPlaying;
    if (wasPlaying) this.pause();
    change();
    if (wasPlaying) this.play();
  }

  isHeard(index) {
    return this.states.some((state) => state.solo) ? this.states[index].solo : !this.states[index].mute;
  }

  obey() {
    this.channels?.forEach(({ gate }, index) => gate.gain.setTargetAtTime(this.isHeard(index) ? 1 : 0, this.context.currentTime, 0.01));
  }

  timeOf(seconds) { return this.begun + (seconds - this.place) / this.speed; }

  // Hand over what begins before long.
  hand() {
    const until = this.place + (this.context.currentTime + AHEAD - this.begun) * this.speed;
    for (const part of this.piece.parts) {
      const channel = this.channels[part.index];
      while (channel.next < part.start.length && part.start[channel.next] < until) this.strike(part, channel.next++);
    }
  }

  strike(part, index) {
    const channel = this.channels[part.index], at = this.timeOf(part.start[index]), now = this.context.currentTime;
    const begin = Math.max(at, this.begun, now), offset = begin - at;
    const release = part.isDrums ? 0 : this.recipe.timbres[part.program].release;
    const stop = this.timeOf(part.stop[index]), pitch = part.pitch[index], velocity = part.velocity[index];
    const sound = part.isDrums ? this.tones.struck(pitch)
      : this.tones.pitched(part.program, pitch, velocity, (stop - at + release) * channel.fastest);
    if (offset * this.context.sampleRate >= sound.length) return;
    const source = new AudioBufferSourceNode(this.context, { buffer: this.bufferOf(sound) });
    const loud = (velocity / 127) ** 2, gain = new GainNode(this.context, { gain: loud });
    if (!part.isDrums) {
      const end = Math.max(stop, begin + 0.005);
      gain.gain.setValueCurveAtTime(FADE.map((x) => x * loud), end, release);
      source.start(begin, offset);
      source.stop(end + release);
    } else source.start(begin, offset);
    if (channel.isBent) channel.bend.connect(source.detune);
    source.connect(gain);
    gain.connect(channel.left);
    gain.connect(channel.right);
    const voice = { source, gain };
    this.sounding.add(voice);
    source.onended = () => {
      this.sounding.delete(voice);
      gain.disconnect();
      if (channel.isBent) channel.bend.disconnect(source.detune);
    };
  }

  bufferOf(sound) {
    if (!this.buffers.has(sound)) {
      const buffer = new AudioBuffer({ length: sound.length, sampleRate: this.context.sampleRate });
      buffer.copyToChannel(sound, 0);
      this.buffers.set(sound, buffer);
    }
    return this.buffers.get(sound);
  }

  // A channel's controllers from here on.
  follow({ left, right, bend, rows }) {
    [left.gain, right.gain, bend.offset].forEach((param, column) => {
      param.cancelScheduledValues(0);
      const next = above(rows, 1000 * this.place, (row) => row[0]);
      const before = rows[Math.max(0, next - 1)], after = rows[next] ?? before;
      const share = after === before ? 0 : Math.max(0, (1000 * this.place - before[0]) / (after[0] - before[0]));
      const value = before[column + 1] + share * (after[column + 1] - before[column + 1]);
      param.setValueAtTime(value, this.context.currentTime);
      param.setValueAtTime(value, this.begun);
      if (rows.length > 1) rows.slice(next).forEach((row) => param.linearRampToValueAtTime(row[column + 1], this.timeOf(row[0] / 1000)));
    });
  }
}
