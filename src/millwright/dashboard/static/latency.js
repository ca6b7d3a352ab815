// Where a plan's time goes: a bar for each of the last plans, its stages on top of each other, and the newest in numbers.

import { COLORS } from "./chart.js";
import { byId, make, makeSwatch, setText } from "./panels.js";

const MOST = 60; // plans on show
const SHAPES = "http://www.w3.org/2000/svg";
const WIDTH = 600, HEIGHT = 100;
const NAMES = { // in the order of time
  encode: "encode", network: "network", server_decode: "decode there", server_queue: "queue there", server_plan: "plan there",
  server_encode: "encode there", decode: "decode", plan: "plan here",
};
const STAGES = Object.keys(NAMES);
const colorOf = (stage) => COLORS[STAGES.indexOf(stage) % COLORS.length];
const STATES = { connecting: "is being asked for", serving: "serves", "not serving": "is starting or stopping", gone: "does not answer" };

export class LatencyCard {
  constructor() {
    this.plans = []; // [{stage: seconds}]
    this.seen = 0;
    this.policy = "";
  }

  update({ latency, policy, server }) {
    this.showServer(server);
    if (policy !== this.policy || latency.plans < this.seen) this.plans = [];
    const isNew = latency.plans !== this.seen && latency.plans > 0;
    this.policy = policy;
    this.seen = latency.plans;
    if (isNew) this.plans = [...this.plans, latency.stages].slice(-MOST);
    if (isNew || !this.plans.length) this.draw();
  }

  showServer(server) {
    const line = byId("reach");
    line.hidden = !server;
    if (!server) return;
    const [address, state] = server;
    line.dataset.state = state;
    setText(line.querySelector("span"), `${address} ${STATES[state] ?? state}`);
  }

  draw() {
    const totals = this.plans.map((stages) => Object.values(stages).reduce((sum, value) => sum + value, 0));
    const longest = Math.max(...totals, 1e-9), newest = this.plans.at(-1) ?? {};
    const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": "Time of the last plans" });
    this.plans.forEach((stages, index) => {
      let bottom = HEIGHT;
      for (const stage of STAGES.filter((name) => name in stages)) {
        const height = (stages[stage] / longest) * HEIGHT;
        bottom -= height;
        svg.append(shape("rect", { x: (index * WIDTH) / MOST, y: bottom, width: WIDTH / MOST - 2, height, fill: colorOf(stage) }));
      }
    });
    byId("latency-bars").replaceChildren(svg);
    setText(byId("latency-most"), this.plans.length ? `${tell(longest)} at most` : "");
    setText(byId("latency-total"), this.plans.length ? `the newest plan: ${tell(totals.at(-1))}` : "no plan yet");
    byId("latency-stages").replaceChildren(...STAGES.filter((name) => name in newest).map((stage) =>
      make("div", "", make("dt", "", makeSwatch(colorOf(stage)), NAMES[stage]), make("dd", "", tell(newest[stage])))));
  }
}

const tell = (seconds) => `${(1000 * seconds).toFixed(seconds < 0.01 ? 2 : 1)} ms`;

function shape(tag, attributes) {
  const element = document.createElementNS(SHAPES, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
