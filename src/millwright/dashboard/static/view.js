// One camera's view: the newest picture, what is drawn over it, and clicks in it.

const NEAR = 0.06; // of the width: how close to a brick's centre the pointer hints at it
const STEP = 0.025, FINE_STEP = 0.005; // of the picture, how far an arrow key moves the cross
const BOX = "#4ade80";

export class View {
  /** onClick({camera, u, v}, scene); page: {objects(), waiting(), highlighted(), canClick(), canPoint(), drives()} */
  constructor(figure, { camera, main }, page, onClick) {
    this.figure = figure;
    this.camera = camera;
    this.main = main;
    this.page = page;
    this.onClick = onClick;
    this.picture = figure.querySelector(".picture");
    this.overlay = figure.querySelector(".overlay");
    this.toast = figure.querySelector(".toast");
    this.times = [];
    this.header = null;
    this.pointer = null; // {u, v, keyboard}
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.overlay);
  }

  setSize(width, height) {
    this.picture.width = width;
    this.picture.height = height;
    this.figure.style.setProperty("--shape", `${width} / ${height}`);
  }

  /** Show a frame; while one is being decoded only the newest of those that come is kept. */
  async show(header, jpeg) {
    this.next = { header, jpeg };
    if (this.decoding) return;
    this.decoding = true;
    try {
      while (this.next) {
        const { header: now, jpeg: bytes } = this.next;
        this.next = null;
        const bitmap = await createImageBitmap(bytes);
        this.picture.getContext("2d").drawImage(bitmap, 0, 0, this.picture.width, this.picture.height);
        bitmap.close();
        this.header = now;
        this.figure.dataset.scene = now.scene;
        this.count();
        this.draw();
      }
    } finally {
      this.decoding = false; // a picture that cannot be decoded must not freeze the view
    }
  }

  count() {
    const now = performance.now();
    this.times = [...this.times.filter((time) => now - time < 1000), now];
    clearTimeout(this.quiet);
    this.figure.querySelector(".fps").textContent = this.times.length > 3 ? `${this.times.length} fps` : "";
    this.quiet = setTimeout(() => (this.figure.querySelector(".fps").textContent = ""), 600);
  }

  listen() {
    const at = (event) => {
      const box = this.overlay.getBoundingClientRect();
      return { u: (event.clientX - box.left) / box.width, v: (event.clientY - box.top) / box.height };
    };
    this.overlay.addEventListener("pointermove", (event) => this.point(at(event)));
    this.overlay.addEventListener("pointerleave", () => this.point(null));
    this.overlay.addEventListener("blur", () => this.point(null));
    this.overlay.addEventListener("click", (event) => this.click(at(event)));
    this.overlay.addEventListener("keydown", (event) => this.onKey(event));
  }

  onKey(event) {
    if (this.page.drives()) return;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = moves[event.key];
    if (move) {
      const { u, v } = this.pointer ?? { u: 0.5, v: 0.5 };
      const step = event.shiftKey ? FINE_STEP : STEP;
      this.point({ u: clamp(u + move[0] * step), v: clamp(v + move[1] * step), keyboard: true });
    } else if (event.key === "Enter" || event.key === " ") {
      this.click(this.pointer ?? { u: 0.5, v: 0.5 });
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  point(pointer) {
    this.pointer = pointer;
    this.draw();
  }

  click({ u, v }) {
    if (this.header) this.onClick({ camera: this.camera, u: clamp(u), v: clamp(v) }, this.header.scene);
  }

  say(text, ok) {
    this.toast.textContent = text;
    this.toast.classList.toggle("refused", !ok);
    this.toast.hidden = false;
    clearTimeout(this.saying);
    this.saying = setTimeout(() => (this.toast.hidden = true), ok ? 2500 : 5000);
  }

  draw() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.overlay;
    if (this.overlay.width !== Math.round(width * ratio) || this.overlay.height !== Math.round(height * ratio)) {
      this.overlay.width = Math.round(width * ratio);
      this.overlay.height = Math.round(height * ratio);
    }
    const pen = this.overlay.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    if (!this.header) return;
    if (!this.main && this.header.box) drawBox(pen, this.header.box, width, height);
    this.drawMarks(pen, width, height);
    if (this.pointer?.keyboard) drawCross(pen, this.pointer.u * width, this.pointer.v * height);
  }

  drawMarks(pen, width, height) {
    const { marks, target } = this.header;
    const radius = ringRadius(marks, width, height);
    const near = this.page.canPoint() ? this.findNear(width, height) : null;
    const pointed = near ?? this.page.highlighted();
    this.page.objects().forEach(({ name, color }, index) => {
      const isTarget = name === target && this.main;
      if (!marks[index] || !(isTarget || (name === pointed && name !== target))) return;
      const [u, v] = marks[index];
      if (u < 0 || u > 1 || v < 0 || v > 1) return;
      drawRing(pen, u * width, v * height, radius, { name, color, solid: isTarget, width, height });
    });
    if (this.main) this.drawTurns(pen, width, height);
  }

  /** A number on each object that waits for its turn. */
  drawTurns(pen, width, height) {
    const names = this.page.objects().map(({ name }) => name);
    this.page.waiting().forEach((name, turn) => {
      const mark = this.header.marks[names.indexOf(name)];
      if (mark) drawNumber(pen, mark[0] * width, mark[1] * height, turn + 1);
    });
  }

  findNear(width, height) {
    if (!this.pointer) return null;
    let best = null, least = NEAR * width;
    this.page.objects().forEach(({ name }, index) => {
      const mark = this.header.marks[index];
      if (!mark) return;
      const distance = Math.hypot((mark[0] - this.pointer.u) * width, (mark[1] - this.pointer.v) * height);
      if (distance < least) [best, least] = [name, distance];
    });
    return best;
  }
}

const clamp = (value) => Math.min(1, Math.max(0, value));

/** Rings a little smaller than half the way to the nearest neighbour, so that they never touch. */
function ringRadius(marks, width, height) {
  const seen = marks.filter(Boolean);
  const gaps = seen.map((a) => Math.min(...seen.filter((b) => b !== a).map((b) => Math.hypot((a[0] - b[0]) * width, (a[1] - b[1]) * height))));
  const typical = gaps.filter(Number.isFinite).sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 60;
  return Math.min(44, Math.max(14, 0.42 * typical));
}

function drawRing(pen, x, y, radius, { name, color, solid, width, height }) {
  pen.setLineDash(solid ? [] : [5, 4]);
  for (const [style, line] of [["#0b0e14a6", solid ? 5 : 3.5], ["#ffffff", solid ? 2.5 : 1.5]]) {
    pen.strokeStyle = style;
    pen.lineWidth = line;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.stroke();
  }
  pen.setLineDash([]);
  drawLabel(pen, name, color, x, y, radius, width, height);
}

function drawNumber(pen, x, y, number) {
  pen.beginPath();
  pen.arc(x, y, 10, 0, 2 * Math.PI);
  pen.fillStyle = "#10141ae0";
  pen.fill();
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = 1.5;
  pen.stroke();
  pen.font = "600 12px system-ui, sans-serif";
  pen.fillStyle = "#fff";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(String(number), x, y + 0.5);
  pen.textAlign = "start";
}

function drawLabel(pen, name, color, x, y, radius, width, height) {
  pen.font = "600 12.5px system-ui, sans-serif";
  const wide = pen.measureText(name).width + 31, tall = 22;
  const left = Math.min(width - wide - 4, Math.max(4, x - wide / 2));
  const above = y - radius - tall - 5;
  const top = above > 36 ? above : Math.min(height - tall - 4, y + radius + 5);
  pen.fillStyle = "#10141ae0";
  pen.beginPath();
  pen.roundRect(left, top, wide, tall, 6);
  pen.fill();
  pen.fillStyle = color;
  pen.beginPath();
  pen.roundRect(left + 8, top + 7, 11, 8, 2);
  pen.fill();
  pen.fillStyle = "#fff";
  pen.textBaseline = "middle";
  pen.fillText(name, left + 24, top + tall / 2 + 0.5);
}

/** The prompt box as the policy gets it; an arrow at the rim when it lies outside the picture. */
function drawBox(pen, [x0, y0, x1, y1], width, height) {
  const outside = x1 < 0 || x0 > 1 || y1 < 0 || y0 > 1;
  if (outside) {
    drawArrow(pen, (x0 + x1) / 2, (y0 + y1) / 2, width, height);
    return;
  }
  const [left, top, wide, tall] = [x0 * width, y0 * height, (x1 - x0) * width, (y1 - y0) * height];
  for (const [style, line] of [["#0b0e1490", 4], [BOX, 2]]) {
    pen.strokeStyle = style;
    pen.lineWidth = line;
    pen.strokeRect(left, top, wide, tall);
  }
}

function drawArrow(pen, u, v, width, height) {
  const angle = Math.atan2((v - 0.5) * height, (u - 0.5) * width);
  const reach = Math.min(Math.abs((width / 2 - 20) / Math.cos(angle)), Math.abs((height / 2 - 20) / Math.sin(angle)));
  pen.save();
  pen.translate(width / 2 + reach * Math.cos(angle), height / 2 + reach * Math.sin(angle));
  pen.rotate(angle);
  pen.beginPath();
  pen.moveTo(10, 0);
  pen.lineTo(-7, -9);
  pen.lineTo(-7, 9);
  pen.closePath();
  pen.fillStyle = BOX;
  pen.strokeStyle = "#0b0e14b0";
  pen.lineWidth = 2;
  pen.stroke();
  pen.fill();
  pen.restore();
}

function drawCross(pen, x, y) {
  for (const [style, line] of [["#0b0e14b0", 4], ["#ffffff", 1.5]]) {
    pen.strokeStyle = style;
    pen.lineWidth = line;
    pen.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      pen.moveTo(x + 5 * dx, y + 5 * dy);
      pen.lineTo(x + 16 * dx, y + 16 * dy);
    }
    pen.stroke();
  }
}
