// A number over time, the distance to a target for example: this episode as a line, the one before it faintly.

const LEFT = 40, RIGHT = 14, TOP = 8, BOTTOM = 22;
const LEAST_S = 4;

export class Trace {
  constructor(canvas) {
    this.canvas = canvas;
    this.axis = { factor: 1000, least: 100 }; // from a point's number to the unit of the axis, which reaches so far at least
    this.points = []; // [seconds, number]
    this.before = [];
    this.episode = 0;
    this.end = null; // true: success, false: failure, null: not judged
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /** Take in what the server sent since the last status. */
  update(episode, { from, points }, end) {
    if (episode !== this.episode) {
      this.before = this.points;
      this.points = [];
      this.episode = episode;
    }
    const changed = points.length > 0 || end !== this.end || from < this.points.length;
    this.points.splice(from, Infinity, ...points);
    this.end = end;
    if (changed) this.draw();
  }

  draw() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width) return;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const colors = getComputedStyle(this.canvas);
    const color = (name) => colors.getPropertyValue(name).trim();
    const all = [...this.points, ...this.before];
    const seconds = niceEnd(Math.max(LEAST_S, ...all.map(([time]) => time)), 4);
    const top = niceEnd(Math.max(this.axis.least, ...all.map(([, value]) => this.axis.factor * value)), 4);
    const x = (time) => LEFT + (time / seconds.end) * (width - LEFT - RIGHT);
    const y = (value) => TOP + (1 - value / top.end) * (height - TOP - BOTTOM);
    this.drawGrid(pen, { x, y, seconds, top, width, height, color });
    this.drawLine(pen, this.before, x, y, color("--line"), 1.5);
    this.drawLine(pen, this.points, x, y, color("--accent"), 2);
    const last = this.points.at(-1);
    if (last) this.drawEnd(pen, x(last[0]), y(this.axis.factor * last[1]), color);
  }

  drawGrid(pen, { x, y, seconds, top, width, height, color }) {
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = color("--soft");
    pen.strokeStyle = color("--line");
    pen.lineWidth = 1;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    for (let mark = 0; mark <= top.end; mark += top.step) {
      const level = Math.round(y(mark)) + 0.5;
      pen.globalAlpha = mark === 0 ? 1 : 0.55;
      pen.beginPath();
      pen.moveTo(LEFT, level);
      pen.lineTo(width - RIGHT, level);
      pen.stroke();
      pen.globalAlpha = 1;
      pen.fillText(String(mark), LEFT - 8, level);
    }
    pen.textAlign = "center";
    pen.textBaseline = "alphabetic";
    for (let time = 0; time <= seconds.end; time += seconds.step) pen.fillText(`${time}`, x(time), height - 5);
  }

  drawLine(pen, points, x, y, style, line) {
    if (points.length < 2) return;
    pen.strokeStyle = style;
    pen.lineWidth = line;
    pen.lineJoin = "round";
    pen.beginPath();
    for (const [time, value] of points) pen.lineTo(x(time), y(this.axis.factor * value));
    pen.stroke();
  }

  drawEnd(pen, x, y, color) {
    pen.fillStyle = color(this.end === null ? "--accent" : this.end ? "--good" : "--bad");
    pen.strokeStyle = color("--card");
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(x, y, 5, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
  }
}

/** A round end of an axis that holds `value`, and the step between its marks. */
function niceEnd(value, marks) {
  const rough = value / marks;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough && Number.isInteger(size)) ?? 10 * power;
  return { step, end: Math.ceil(value / step) * step };
}
