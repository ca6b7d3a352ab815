// Lesson 3: a brick under two lenses, the box that points at it, and what a wrong calibration does to a click.
"use strict";

(function showSight() {
  const START = [0.52, 0, 0.29], GRASP_HEIGHT = 0.06; // where the hand begins, how far it comes down here, m
  const PATCH = { x: [0.28, 0.84], y: [-0.28, 0.28] }, YAW = 0.45;
  const state = { brick: [0.58, 0.08], fov: 0, tilt: 0, shift: 0, heading: 0, down: 0 };
  const pictures = ["pinhole", "fisheye"].map((lens) => {
    const figure = new Figure(byId(lens), [1, 1], draw);
    return { lens, figure, place: addBrickHandle(figure, `The brick, seen through a ${lens}`, (pixels) => dragInPicture(figure, lens, pixels)) };
  });
  const map = new Figure(byId("map"), [1, 1], draw);
  const placeOnMap = addBrickHandle(map, "The brick on the table", (pixels) => move(fromMap(pixels)));
  const setters = {};
  for (const [id, name, say, factor] of [
    ["fov", "fov", (value) => `${value}°`, Math.PI / 180],
    ["tilt", "tilt", (value) => `${value.toFixed(1)}°`, Math.PI / 180],
    ["shift", "shift", (value) => `${value.toFixed(1)} cm`, 0.01],
    ["heading", "heading", (value) => `${value}°`, Math.PI / 180],
    ["down", "down", (value) => `${value} %`, 0.01],
  ]) setters[id] = watchRange(id, say, (value) => {
    state[name] = value * factor;
    draw();
  });
  byId("as-built").addEventListener("click", () => ["tilt", "shift", "down"].forEach((id) => setters[id](0)));

  function addBrickHandle(figure, label, onMove) {
    return figure.addHandle("grip", label, onMove, (right, up) => move([state.brick[0] + 0.01 * up, state.brick[1] - 0.01 * right]));
  }

  function move(to) {
    if (!to) return;
    state.brick = ["x", "y"].map((axis, i) => Math.min(Math.max(to[i], PATCH[axis][0] + 0.03), PATCH[axis][1] - 0.03));
    draw();
  }

  function dragInPicture(figure, lens, [x, y]) {
    const pose = look().pose;
    const direction = Cameras.toBase(pose, Cameras.LENSES[lens].ray([x / figure.width, y / figure.height], state.fov));
    move(Cameras.intersectPlane(pose.place, direction, 2 * Cameras.BRICK_HALF[2]));
  }

  // The map looks down on the table with x upwards and y to the left, as the pictures do.
  const toMap = ([x, y]) => [(map.width * (PATCH.y[1] - y)) / (PATCH.y[1] - PATCH.y[0]), (map.height * (PATCH.x[1] - x)) / (PATCH.x[1] - PATCH.x[0])];
  const fromMap = ([x, y]) => [PATCH.x[1] - (y / map.height) * (PATCH.x[1] - PATCH.x[0]), PATCH.y[1] - (x / map.width) * (PATCH.y[1] - PATCH.y[0])];

  /** The click is made from where the hand begins; then the hand comes down towards the anchor. */
  function look() {
    const misplace = (pose) => Cameras.misplace(pose, state.tilt, state.shift, state.heading);
    const first = Cameras.wristPose(START);
    const click = Cameras.project([...state.brick, 2 * Cameras.BRICK_HALF[2]], "fisheye", state.fov, first);
    const anchor = click && Cameras.anchorClick(click, "fisheye", state.fov, misplace(first)); // any lens gives the same ray
    const goal = [...(anchor ?? state.brick), GRASP_HEIGHT];
    const hand = START.map((value, i) => value + state.down * (goal[i] - value));
    const pose = Cameras.wristPose(hand);
    return { anchor, hand, pose, believed: misplace(pose) };
  }

  function draw() {
    if (!map.ready || pictures.some(({ figure }) => !figure.ready)) return;
    const seen = look();
    drawMap(seen);
    for (const picture of pictures) drawPicture(picture, seen);
    const off = seen.anchor && Math.hypot(seen.anchor[0] - state.brick[0], seen.anchor[1] - state.brick[1]);
    byId("anchor").textContent = off === null ? "none: the ray misses the table" : `${inMillimetres(off)} from the brick’s middle`;
    byId("judged").textContent = off === null ? "" : off < 0.012 ? "On the brick." : off < 0.04 ? "On its edge, or just beside it: only a policy that looks can mend this." : "On bare table: going where the box says grasps air.";
  }

  function drawMap({ anchor, hand }) {
    const parts = gridLines().map((line) => shape("path", { class: "grid", d: trace(line.map(toMap)) }));
    parts.push(shape("path", { class: "brick top", d: trace(brickRing().map(toMap), true) }));
    const [hx, hy] = toMap(hand);
    parts.push(shape("path", { class: "hand", d: `M${hx - 8} ${hy}h16M${hx} ${hy - 8}v16` }), shape("text", { class: "small", x: hx + 9, y: hy + 16, text: "hand" }));
    if (anchor) {
      const at = toMap(anchor), from = toMap(state.brick);
      parts.push(shape("path", { class: "short", d: trace([from, at]) }), cross(at));
    }
    map.show(...parts);
    placeOnMap(toMap(state.brick), state.brick[0], describeBrick());
  }

  function drawPicture({ lens, figure, place }, { anchor, hand, pose, believed }) {
    const toPixels = (at) => at && [at[0] * figure.width, at[1] * figure.height];
    const project = (point) => toPixels(Cameras.project(point, lens, state.fov, pose));
    const parts = [shape("path", { class: "table", d: trace(along(ring(PATCH)).map(([x, y]) => project([x, y, 0])), true) })];
    parts.push(...gridLines().map((line) => shape("path", { class: "grid", d: trace(line.map(([x, y]) => project([x, y, 0]))) })));
    parts.push(...drawBox(project, pose, [...state.brick, Cameras.BRICK_HALF[2]], YAW, Cameras.BRICK_HALF, "brick"));
    for (const side of [-1, 1]) {
      const middle = [hand[0], hand[1] + side * 0.03, hand[2] + 0.05];
      parts.push(...drawBox(project, pose, middle, 0, [0.009, 0.005, 0.05], "finger"));
    }
    const box = anchor && Cameras.makePromptBox(anchor, lens, state.fov, believed);
    if (box) {
      const [x, y] = toPixels(box);
      parts.push(shape("rect", { class: "prompt", x, y, width: (box[2] - box[0]) * figure.width, height: (box[3] - box[1]) * figure.height }));
    }
    figure.show(...parts);
    byId(`${lens}-box`).textContent = box ? box.slice(0, 4).map((value) => value.toFixed(3)).join(", ") : "–";
    byId(`${lens}-visible`).textContent = box && box[4] ? "yes" : "no";
    const at = project([...state.brick, 2 * Cameras.BRICK_HALF[2]]) ?? [-50, -50];
    place(at, state.brick[0], describeBrick());
  }

  const describeBrick = () => `${(100 * state.brick[0]).toFixed(0)} cm forward, ${(100 * state.brick[1]).toFixed(0)} cm to the left`;

  function cross([x, y]) {
    return shape("path", { class: "anchor", d: `M${x - 7} ${y - 7}l14 14M${x + 7} ${y - 7}l-14 14` });
  }

  function brickRing() {
    const corners = [[1, 1], [1, -1], [-1, -1], [-1, 1]].map(([a, b]) => [a * Cameras.BRICK_HALF[0], b * Cameras.BRICK_HALF[1]]);
    return corners.map(([a, b]) => [state.brick[0] + a * Math.cos(YAW) - b * Math.sin(YAW), state.brick[1] + a * Math.sin(YAW) + b * Math.cos(YAW)]);
  }

  function ring({ x, y }) {
    return [[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]];
  }

  /** A closed ring of points with more points on its sides, since a fisheye bends them. */
  function along(corners, parts = 16) {
    return corners.flatMap((corner, i) => {
      const next = corners[(i + 1) % corners.length];
      return Array.from({ length: parts }, (_, k) => corner.map((value, axis) => value + ((next[axis] - value) * k) / parts));
    });
  }

  function gridLines() {
    const lines = [];
    const spread = ([low, high], count) => Array.from({ length: count + 1 }, (_, i) => low + ((high - low) * i) / count);
    for (const x of spread(PATCH.x, 8)) lines.push(spread(PATCH.y, 32).map((y) => [x, y]));
    for (const y of spread(PATCH.y, 8)) lines.push(spread(PATCH.x, 32).map((x) => [x, y]));
    return lines;
  }

  /** The faces of an upright box that look at the camera, the farthest first. */
  function drawBox(project, pose, middle, yaw, half, kind) {
    const faces = [[2, 1, "top"], [2, -1, "under"], [0, 1, "front"], [0, -1, "front"], [1, 1, "side"], [1, -1, "side"]];
    const turned = ([a, b, c]) => [middle[0] + a * Math.cos(yaw) - b * Math.sin(yaw), middle[1] + a * Math.sin(yaw) + b * Math.cos(yaw), middle[2] + c];
    const toFace = faces.map(([axis, sign, shade]) => {
      const [other, third] = [0, 1, 2].filter((i) => i !== axis);
      const corners = [[1, 1], [1, -1], [-1, -1], [-1, 1]].map(([a, b]) => {
        const local = [0, 0, 0];
        [local[axis], local[other], local[third]] = [sign * half[axis], a * half[other], b * half[third]];
        return turned(local);
      });
      const normal = [0, 0, 0];
      normal[axis] = sign;
      const center = turned(normal.map((value, i) => value * half[i]));
      const outward = turned(normal).map((value, i) => value - middle[i]);
      const facing = outward.reduce((sum, value, i) => sum + value * (pose.place[i] - center[i]), 0) > 0;
      return { facing, corners, shade, distance: Math.hypot(...center.map((value, i) => value - pose.place[i])) };
    });
    const visible = toFace.filter(({ facing }) => facing).sort((a, b) => b.distance - a.distance);
    return visible.map(({ corners, shade }) => {
      const points = along(corners, 6).map(project);
      return shape("path", { class: `${kind} ${shade}`, d: points.includes(null) ? "" : trace(points, true) });
    });
  }
})();
