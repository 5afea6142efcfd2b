// Draws bars, levels and events on a canvas; the wheel zooms, dragging moves.

import { newYork, price } from "/pages/server.js";

const AT_FIRST = 240; // bars that are seen
const FEWEST = 20;
const RIGHT = 70; // pixels for prices
const BELOW = 24; // pixels for times
const VOLUME = 0.15; // of the height
const MINOR = ["trail raised", "at risk", "recovered", "gated", "ungated"]; // events that neither enter nor leave

export class Painter {
  constructor(canvas, pointed) {
    this.canvas = canvas;
    this.pointed = pointed;
    this.bars = [];
    this.layers = null;
    this.events = [];
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    canvas.addEventListener("wheel", (event) => this.#zoom(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => (canvas.setPointerCapture(event.pointerId), (this.held = { x: event.offsetX, to: this.to })));
    canvas.addEventListener("pointerup", () => (this.held = null));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
  }

  show(bars, layers, events) {
    [this.bars, this.layers, this.events] = [bars, layers, events];
    this.seen = Math.min(AT_FIRST, Math.max(bars.length, FEWEST));
    const last = events.length ? this.#place(Date.parse(events.at(-1).at)) + 10 : bars.length;
    this.to = Math.max(this.seen, Math.min(bars.length, last));
    this.draw();
  }

  draw() {
    const { canvas, bars } = this;
    const scale = devicePixelRatio;
    [this.width, this.height] = [canvas.clientWidth - RIGHT, canvas.clientHeight - BELOW];
    [canvas.width, canvas.height] = [canvas.clientWidth * scale, canvas.clientHeight * scale];
    this.pen = canvas.getContext("2d");
    this.pen.scale(scale, scale);
    this.pen.font = "12px system-ui, sans-serif";
    if (!bars.length) return;
    this.from = Math.max(0, Math.round(this.to - this.seen));
    this.part = bars.slice(this.from, Math.round(this.to));
    this.#span();
    this.#grid();
    this.#zones();
    this.#candles();
    this.#lines();
    this.#marks();
  }

  #color(name) {
    // light-dark() is resolved by the browser only where a property uses it
    this.canvas.style.outlineColor = `var(--${name})`;
    return getComputedStyle(this.canvas).outlineColor;
  }

  #span() {
    const own = this.layers ? [this.layers.entry, this.layers.stop, ...this.layers.targets].filter(Boolean).map((line) => line.price) : [];
    this.low = Math.min(...this.part.map((bar) => bar.low), ...own);
    this.high = Math.max(...this.part.map((bar) => bar.high), ...own);
    const margin = (this.high - this.low || this.high * 0.01) * 0.05;
    [this.low, this.high] = [this.low - margin, this.high + margin];
  }

  #x(place) {
    return ((place - this.from + 0.5) / this.seen) * this.width;
  }

  #y(value) {
    return ((this.high - value) / (this.high - this.low)) * this.height * (1 - VOLUME);
  }

  #place(at) {
    // the bar that an instant falls into, or the last before it
    let [low, high] = [0, this.bars.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Date.parse(this.bars[middle].start) <= at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #grid() {
    const { pen } = this;
    pen.strokeStyle = this.#color("rule");
    pen.fillStyle = this.#color("quiet");
    pen.lineWidth = 1;
    const step = nice((this.high - this.low) / 8);
    for (let value = Math.ceil(this.low / step) * step; value < this.high; value += step) {
      this.#rule(value);
      pen.fillText(price(Number(value.toFixed(6))), this.width + 6, this.#y(value) + 4);
    }
    const every = Math.max(1, Math.ceil(this.seen / (this.width / 130)));
    for (let place = this.from; place < this.from + this.part.length; place += every) {
      pen.fillText(newYork(this.bars[place].start).slice(5, 16), this.#x(place), this.height + 16);
    }
  }

  #rule(value, from = 0) {
    this.pen.beginPath();
    this.pen.moveTo(from, this.#y(value));
    this.pen.lineTo(this.width, this.#y(value));
    this.pen.stroke();
  }

  #zones() {
    const tones = { risk: "bad", reward: "good", expected_move: "mark" };
    this.pen.globalAlpha = 0.08;
    for (const { name, low, high } of this.layers?.zones ?? []) {
      this.pen.fillStyle = this.#color(tones[name] ?? "quiet");
      this.pen.fillRect(0, this.#y(high), this.width, this.#y(low) - this.#y(high));
    }
    this.pen.globalAlpha = 1;
  }

  #candles() {
    const { pen, part } = this;
    const [up, down] = [this.#color("good"), this.#color("bad")];
    const most = Math.max(...part.map((bar) => bar.volume)) || 1;
    const wide = Math.max(1, (this.width / this.seen) * 0.7);
    part.forEach((bar, index) => {
      const x = this.#x(this.from + index);
      pen.fillStyle = bar.close >= bar.open ? up : down;
      pen.fillRect(x - 0.5, this.#y(bar.high), 1, Math.max(1, this.#y(bar.low) - this.#y(bar.high)));
      const [top, bottom] = [this.#y(Math.max(bar.open, bar.close)), this.#y(Math.min(bar.open, bar.close))];
      pen.fillRect(x - wide / 2, top, wide, Math.max(1, bottom - top));
      pen.globalAlpha = 0.35;
      const tall = (bar.volume / most) * this.height * VOLUME;
      pen.fillRect(x - wide / 2, this.height - tall, wide, tall);
      pen.globalAlpha = 1;
    });
  }

  #lines() {
    if (!this.layers) return;
    const { entry, stop, targets, levels } = this.layers;
    this.labelled = []; // heights with a label: another one there could not be read, and all stand in the table
    if (entry) this.#line(entry, "mark", []);
    if (stop) this.#line(stop, "bad", [6, 3]);
    for (const line of targets) this.#line(line, "good", [6, 3]);
    for (const line of levels) this.#line(line, "quiet", [3, 4], Math.max(0, this.#x(this.#place(Date.parse(line.since)))));
  }

  #line({ price: value, label }, tone, dashes, from = 0) {
    const { pen } = this;
    if (value < this.low || value > this.high || from > this.width) return;
    pen.strokeStyle = pen.fillStyle = this.#color(tone);
    pen.setLineDash(dashes);
    this.#rule(value, from);
    pen.setLineDash([]);
    const y = this.#y(value);
    if (this.labelled.some((other) => Math.abs(other - y) < 13)) return;
    this.labelled.push(y);
    pen.fillText(label, from + 4, y - 3);
  }

  #marks() {
    const { pen } = this;
    const spoken = new Map(); // what is said at one place stands behind each other
    pen.strokeStyle = this.#color("ground");
    for (const { at, price: value, kind } of this.events) {
      const place = this.#place(Date.parse(at));
      if (value == null || place < this.from || place >= this.from + this.part.length) continue;
      const where = `${place} ${value}`;
      spoken.set(where, { place, value, kinds: [...(spoken.get(where)?.kinds ?? []), kind.replaceAll("_", " ")] });
    }
    const written = []; // words upon words could not be read: who finds no room stays a dot, and all stand in the list
    const minor = ({ kinds }) => kinds.every((kind) => MINOR.includes(kind));
    for (const { place, value, kinds } of [...spoken.values()].sort((one, other) => minor(one) - minor(other))) {
      const [x, y] = [this.#x(place), this.#y(value)];
      pen.fillStyle = this.#color("mark");
      pen.beginPath();
      pen.arc(x, y, 4, 0, 2 * Math.PI);
      pen.fill();
      const words = kinds.join(", ");
      const end = x + pen.measureText(words).width;
      if (written.some((other) => Math.abs(other.y - y) < 13 && other.x < end && x < other.end)) continue;
      written.push({ x, end, y });
      pen.lineWidth = 3;
      pen.strokeText(words, x + 7, y + 16); // a rim of the ground keeps it apart from lines
      pen.fillText(words, x + 7, y + 16);
    }
    pen.lineWidth = 1;
  }

  #zoom(event) {
    event.preventDefault();
    const most = Math.max(FEWEST, this.bars.length);
    const before = this.seen;
    this.seen = Math.min(most, Math.max(FEWEST, Math.round(before * (event.deltaY > 0 ? 1.15 : 1 / 1.15))));
    const right = 1 - event.offsetX / this.width; // what is pointed at stays where it is
    this.#go(this.to + (this.seen - before) * right);
  }

  #move(event) {
    if (this.held) this.#go(this.held.to - ((event.offsetX - this.held.x) / this.width) * this.seen);
    const place = Math.floor((event.offsetX / this.width) * this.seen) + (this.from ?? 0);
    this.pointed(this.bars[place] ?? null);
  }

  #go(to) {
    this.to = Math.max(Math.min(this.seen, this.bars.length), Math.min(this.bars.length, to));
    this.draw();
  }
}

function nice(step) {
  const power = 10 ** Math.floor(Math.log10(step));
  return [1, 2, 5, 10].map((each) => each * power).find((each) => each >= step);
}
