// Lines over numbers, as SVG that fits its box.

const FEW = 30; // points that are marked one by one
const LEFT = 46, RIGHT = 12, TOP = 10, BOTTOM = 26;
export const COLORS = ["#2f6fdd", "#d9412f", "#1f9d5b", "#d98a00", "#8a4fd3", "#0f8fa3", "#7a7a7a"];

export class Chart {
  /** lines: [{name, color, points: [[x, y]]}]; options: {log, low, high, label} */
  constructor(box, lines, options = {}) {
    Object.assign(this, { box, lines, options });
    new ResizeObserver(() => this.draw()).observe(box);
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.box;
    if (!width || !height) return;
    const scale = this.options.log ? Math.log10 : (value) => value;
    const all = this.lines.flatMap(({ points }) => points).filter(([, y]) => !this.options.log || y > 0);
    if (!all.length) return;
    const [x0, x1] = range(all.map(([x]) => x)), [low, high] = this.findRange(all.map(([, y]) => scale(y)));
    const x = (value) => LEFT + ((value - x0) / (x1 - x0 || 1)) * (width - LEFT - RIGHT);
    const y = (value) => TOP + (1 - (scale(value) - low) / (high - low || 1)) * (height - TOP - BOTTOM);
    const svg = draw("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": this.options.label ?? "" });
    for (const value of this.options.log ? decades(low, high) : marks(low, high, 4)) {
      svg.append(draw("line", { x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value), class: value === 0 ? "zero" : "grid" }));
      svg.append(draw("text", { x: LEFT - 7, y: y(value) + 4, "text-anchor": "end" }, short(value)));
    }
    for (const value of marks(x0, x1, width > 300 ? 4 : 2)) {
      svg.append(draw("text", { x: x(value), y: height - 7, "text-anchor": "middle" }, short(value)));
    }
    for (const { color, points } of this.lines) {
      const shown = points.filter(([, value]) => !this.options.log || value > 0);
      svg.append(draw("polyline", { points: shown.map(([a, b]) => `${x(a)},${y(b)}`).join(" "), stroke: color, class: "curve" }));
      if (shown.length < FEW) for (const [a, b] of shown) svg.append(draw("circle", { cx: x(a), cy: y(b), r: 2.4, fill: color }));
    }
    this.box.replaceChildren(svg);
  }

  findRange(values) {
    let [low, high] = range(values);
    low = Math.min(low, this.options.low ?? low);
    high = Math.max(high, this.options.high ?? high);
    const margin = 0.06 * (high - low || Math.abs(high) || 1);
    return [low - margin, high + margin];
  }
}

const range = (values) => values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);

function draw(tag, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Round numbers within a range. */
function marks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const found = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + 1e-9 * step; index += 1) found.push(Number((index * step).toPrecision(6)));
  return found;
}

/** 1, 2 and 5 times powers of ten within a range of logarithms; where there are few decades, else tens alone. */
function decades(low, high) {
  const factors = high - low > 1.5 ? [1] : [1, 2, 5];
  const found = [];
  for (let power = Math.floor(low); power <= high; power += 1) {
    for (const factor of factors) {
      const value = Number((factor * 10 ** power).toPrecision(6));
      if (Math.log10(value) >= low && Math.log10(value) <= high) found.push(value);
    }
  }
  return found;
}

const SUFFIXES = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];

/** 1.5M, 20k, 0.05. */
export function short(value) {
  const suffix = SUFFIXES.find(([size]) => Math.abs(value) >= size);
  return suffix ? `${Number((value / suffix[0]).toPrecision(3))}${suffix[1]}` : String(Number(value.toPrecision(3)));
}
