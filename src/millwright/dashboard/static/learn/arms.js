// Lessons 1 and 2: an arm of two links, driven by its joints and by its tip.
"use strict";

const LENGTHS = [0.4, 0.25]; // m
const REACH = LENGTHS[0] + LENGTHS[1], HOLE = Math.abs(LENGTHS[0] - LENGTHS[1]);

/** From metres around the arm's base to pixels of a figure, and back. */
function makeScale(figure) {
  const size = (Math.min(figure.width, figure.height) / 2 - 14) / REACH;
  const [x0, y0] = [figure.width / 2, figure.height / 2];
  return {
    size,
    point: ([x, y]) => [x0 + size * x, y0 - size * y],
    metres: ([x, y]) => [(x - x0) / size, (y0 - y) / size],
  };
}

/** What the tip can reach, the axes, and a bar of 20 cm. */
function drawReach(scale, figure) {
  const [x, y] = scale.point([0, 0]);
  const bar = [12, figure.height - 14];
  const ring = (radius) => `M${x - radius} ${y}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0Z`;
  return [
    shape("path", { class: "area", "fill-rule": "evenodd", d: ring(scale.size * REACH) + ring(scale.size * HOLE) }),
    shape("path", { class: "axis", d: `M${x - scale.size * REACH} ${y}H${x + scale.size * REACH}M${x} ${y - scale.size * REACH}V${y + scale.size * REACH}` }),
    shape("path", { class: "bar", d: `M${bar[0]} ${bar[1]}h${0.2 * scale.size}` }),
    shape("text", { class: "small", x: bar[0], y: bar[1] - 6, text: "20 cm" }),
  ];
}

function drawArm(scale, { elbow, tip }, kind) {
  const [base, middle, end] = [[0, 0], elbow, tip].map(scale.point);
  const joints = [base, middle].map(([cx, cy]) => shape("circle", { class: `joint ${kind}`, cx, cy, r: 5 }));
  return [shape("path", { class: `link ${kind}`, d: trace([base, middle, end]) }), ...joints, shape("circle", { class: `tip ${kind}`, cx: end[0], cy: end[1], r: 4 })];
}

/** An arc from one heading to another, with the angle's name. */
function drawAngle(scale, at, from, angle, name) {
  const steps = Array.from({ length: 25 }, (_, i) => from + (angle * i) / 24);
  const [x, y] = scale.point(at);
  const on = (heading, radius) => [x + radius * Math.cos(heading), y - radius * Math.sin(heading)];
  const [tx, ty] = on(from + angle / 2, 40);
  return [
    shape("path", { class: "angle base", d: trace([[x, y], on(from, 34)]) }),
    shape("path", { class: "angle", d: trace(steps.map((heading) => on(heading, 26))) }),
    shape("text", { class: "name", x: tx, y: ty + 4, text: name }),
  ];
}

(function showForward() {
  const angles = [0, 0];
  let way = [];
  const figure = new Figure(byId("forward"), [0.78, 1], draw);
  const turn = (index, heading) => {
    const degrees = Math.round((180 / Math.PI) * Math.atan2(Math.sin(heading), Math.cos(heading)));
    setters[index](degrees);
  };
  const places = [0, 1].map((index) => figure.addHandle("drag", "", (pixels) => {
    const { elbow } = Kinematics.forward(...angles, LENGTHS);
    const [x, y] = makeScale(figure).metres(pixels);
    turn(index, index ? Math.atan2(y - elbow[1], x - elbow[0]) - angles[0] : Math.atan2(y, x));
  }));

  const setters = [["first", 0], ["second", 1]].map(([id, index]) => watchRange(id, (value) => `${withMinus(value)}°`, (value) => {
    angles[index] = Cameras.radians(value);
    way.push(Kinematics.forward(...angles, LENGTHS).tip);
    way = way.slice(-600);
    draw();
  }));
  byId("clear").addEventListener("click", () => {
    way = [Kinematics.forward(...angles, LENGTHS).tip];
    draw();
  });
  way = Array.from({ length: 61 }, (_, i) => Kinematics.forward(angles[0], angles[1] + ((60 - i) * Math.PI) / 180, LENGTHS).tip);

  function draw() {
    if (!figure.ready) return;
    const scale = makeScale(figure), arm = Kinematics.forward(...angles, LENGTHS);
    figure.show(
      ...drawReach(scale, figure),
      shape("path", { class: "way", d: trace(way.map(scale.point)) }),
      ...drawAngle(scale, [0, 0], 0, angles[0], "θ₁"),
      ...drawAngle(scale, arm.elbow, angles[0], angles[1], "θ₂"),
      ...drawArm(scale, arm, "main"),
    );
    places[0](scale.point(arm.elbow));
    places[1](scale.point(arm.tip));
    byId("tip").textContent = arm.tip.map((value) => withMinus(value.toFixed(3))).join(", ");
  }
})();

(function showInverse() {
  let target = [0.3, 0.32];
  const figure = new Figure(byId("inverse"), [0.78, 1], draw);
  const aim = ([x, y]) => {
    const edge = 1.25 * REACH;
    target = [x, y].map((value) => Math.min(Math.max(value, -edge), edge));
    draw();
  };
  const place = figure.addHandle("target", "Target of the tip", (pixels) => aim(makeScale(figure).metres(pixels)),
    (right, up) => aim([target[0] + 0.01 * right, target[1] + 0.01 * up]));
  for (const button of document.querySelectorAll("[data-target]"))
    button.addEventListener("click", () => aim(button.dataset.target.split(",").map(Number)));

  function draw() {
    if (!figure.ready) return;
    const scale = makeScale(figure), found = Kinematics.inverse(...target, LENGTHS);
    const arms = found.solutions.map(([first, second]) => Kinematics.forward(first, second, LENGTHS));
    const short = shape("path", { class: "short", d: trace([scale.point(found.reached), scale.point(target)]) });
    figure.show(...drawReach(scale, figure), ...drawArm(scale, arms[1], "other"), ...drawArm(scale, arms[0], "main"), ...(found.limit ? [short] : []));
    const shown = scale.point(target).map((value, i) => Math.min(Math.max(value, 12), [figure.width, figure.height][i] - 12));
    const text = target.map((value) => `${withMinus(value.toFixed(2))} m`).join(", ");
    place(shown, target[0], text);
    found.solutions.forEach((angles, i) => (byId(`solution-${i}`).textContent = `θ₁ ${inDegrees(angles[0])}, θ₂ ${inDegrees(angles[1])}`));
    byId("goal").textContent = text;
    byId("reachable").textContent = describe(found);
    byId("reachable").className = `message ${found.limit ? "trouble" : ""}`;
  }

  function describe({ limit, distance, solutions }) {
    const away = `${distance.toFixed(2)} m from the base`;
    if (limit === "far") return `Too far: the target is ${away}, the links laid straight make ${REACH.toFixed(2)} m. The tip stops at the nearest point.`;
    if (limit === "near") return `Too near: the target is ${away}, the links folded back leave ${HOLE.toFixed(2)} m. The tip stops at the nearest point.`;
    if (Math.abs(solutions[0][1]) < 0.05) return "At the rim both solutions become one: the arm is straight.";
    return "In reach: the elbow can be on either side.";
  }
})();
