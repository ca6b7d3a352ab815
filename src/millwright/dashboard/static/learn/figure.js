// Drawing and dragging: a picture in pixels that follows its width, with handles that fingers and arrow keys move.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);

/** An SVG element; `attributes` may hold `text`. */
function shape(tag, { text, ...attributes } = {}) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Points [x, y] as the path of a line, with gaps where a point is null. */
function trace(points, closed = false) {
  let down = false, path = "";
  for (const point of points) {
    if (point) path += `${down ? "L" : "M"}${point[0].toFixed(2)} ${point[1].toFixed(2)}`;
    down = Boolean(point);
  }
  return closed && path ? `${path}Z` : path;
}

class Figure {
  /**
   * @param svg the element; what is drawn anew each time goes into its first group, handles stay on top.
   * @param shape height over width, of a wide window and of a narrow one.
   * @param draw called with this when the size has changed.
   */
  constructor(svg, shape, draw) {
    this.svg = svg;
    this.scene = svg.appendChild(document.createElementNS(SVG, "g"));
    new ResizeObserver(() => {
      this.width = Math.max(svg.clientWidth, 50);
      this.height = Math.round(this.width * (this.width < 420 ? shape[1] : shape[0]));
      svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
      svg.style.height = `${this.height}px`;
      draw();
    }).observe(svg);
  }

  get ready() {
    return Boolean(this.width);
  }

  show(...shapes) {
    this.scene.replaceChildren(...shapes);
  }

  /**
   * A round thing to drag. `onMove([x, y])` gets pixels; `onStep(right, up)` arrow keys, when it can be reached by them.
   * Returns a function that puts it somewhere and says what it is at.
   */
  addHandle(kind, label, onMove, onStep = null) {
    const handle = shape("g", { class: `handle ${kind}` });
    handle.append(shape("circle", { r: 22, class: "reach" }), shape("circle", { r: 9, class: "knob" }));
    if (onStep) {
      for (const [name, value] of [["tabindex", 0], ["role", "slider"], ["aria-label", label], ["aria-roledescription", "point, arrow keys move it"]])
        handle.setAttribute(name, value);
      handle.addEventListener("keydown", (event) => this.step(event, onStep));
    } else handle.setAttribute("aria-hidden", "true"); // there is a slider for it
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      event.preventDefault();
      handle.focus?.({ preventScroll: true });
    });
    handle.addEventListener("pointermove", (event) => handle.hasPointerCapture(event.pointerId) && onMove(this.toPixels(event)));
    this.svg.append(handle);
    return ([x, y], value = 0, text = "") => {
      handle.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)})`);
      if (!onStep) return;
      handle.setAttribute("aria-valuenow", value.toFixed(3));
      handle.setAttribute("aria-valuetext", text);
    };
  }

  toPixels({ clientX, clientY }) {
    const box = this.svg.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * this.width, ((clientY - box.top) / box.height) * this.height];
  }

  step(event, onStep) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const way = ways[event.key];
    if (!way) return;
    event.preventDefault();
    const size = event.shiftKey ? 0.2 : 1;
    onStep(way[0] * size, way[1] * size);
  }
}

/** Call `use` with a range's number now and at every change, and write it beside the range. */
function watchRange(id, say, use) {
  const range = byId(id), output = byId(`${id}-value`);
  const update = () => {
    output.textContent = say(Number(range.value));
    range.setAttribute("aria-valuetext", output.textContent);
    use(Number(range.value));
  };
  range.addEventListener("input", update);
  update();
  return (value) => {
    range.value = value;
    update();
  };
}

const inMillimetres = (metres) => `${Math.round(1000 * metres)} mm`;
const withMinus = (number) => String(number).replace("-", "−");
const inDegrees = (angle) => `${withMinus(Math.round((180 / Math.PI) * angle))}°`;
