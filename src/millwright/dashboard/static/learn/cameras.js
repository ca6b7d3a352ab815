// A wrist camera over a table: poses, two lenses, a click's ray, the prompt box. As in the package, in metres and radians.
"use strict";

const Cameras = (() => {
  const radians = (degrees) => (degrees * Math.PI) / 180;
  const subtract = (a, b) => a.map((value, i) => value - b[i]);
  const add = (a, b, factor = 1) => a.map((value, i) => value + factor * b[i]);
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

  const CLICK_HEIGHT = 0.02; // where a click's ray is cut: a little below the bricks' tops
  const BRICK_HALF = [0.016, 0.032, 0.012];
  const PROMPT_HALF = [0.025, 0.025, 0.012]; // of a brick whose yaw is not known
  const WIDEST = radians(89); // a fisheye sees no further from its axis here
  const WRIST = { beside: 0.07, above: 0.12, lean: radians(10) }; // beside the tool axis, leaning towards it

  // A pose holds the camera's axes in the base frame (x right in the picture, y down, z forward) and its place.

  /** Of the wrist camera when the hand is at `hand` and points straight down. */
  function wristPose([x, y, z]) {
    const sine = Math.sin(WRIST.lean), cosine = Math.cos(WRIST.lean);
    return { axes: [[0, -1, 0], [-cosine, 0, sine], [-sine, 0, -cosine]], place: [x + WRIST.beside, y, z + WRIST.above] };
  }

  /** Where a camera is believed to be that is tilted (rad) and shifted (m) towards `heading` (rad) of its own picture. */
  function misplace(pose, tilt, shift, heading) {
    const across = [-Math.sin(heading), Math.cos(heading), 0], along = [Math.cos(heading), Math.sin(heading), 0];
    const columns = [[1, 0, 0], [0, 1, 0], [0, 0, 1]].map((axis) => rotate(axis, across, tilt));
    return { axes: columns.map((column) => toBase(pose, column)), place: add(pose.place, toBase(pose, along), shift) };
  }

  /** Rodrigues' formula: `vector` turned by `angle` about the unit `axis`. */
  function rotate(vector, axis, angle) {
    const cosine = Math.cos(angle), sine = Math.sin(angle);
    const cross = [axis[1] * vector[2] - axis[2] * vector[1], axis[2] * vector[0] - axis[0] * vector[2], axis[0] * vector[1] - axis[1] * vector[0]];
    return vector.map((value, i) => value * cosine + cross[i] * sine + axis[i] * dot(axis, vector) * (1 - cosine));
  }

  const toBase = ({ axes }, vector) => [0, 1, 2].map((i) => axes[0][i] * vector[0] + axes[1][i] * vector[1] + axes[2][i] * vector[2]);
  const toCamera = ({ axes, place }, point) => axes.map((axis) => dot(axis, subtract(point, place)));

  /** Lenses of square pictures; `project` gives fractions of the picture, or null where the lens cannot see. */
  const LENSES = {
    pinhole: {
      focal: (fov) => 0.5 / Math.tan(fov / 2), // in picture heights
      project([x, y, z], fov) {
        return z > 1e-6 ? [0.5 + (this.focal(fov) * x) / z, 0.5 + (this.focal(fov) * y) / z] : null;
      },
      ray([u, v], fov) {
        return normalise([(u - 0.5) / this.focal(fov), (v - 0.5) / this.focal(fov), 1]);
      },
    },
    fisheye: { // equidistant: Kannala and Brandt 2006, equation 3
      focal: (fov) => 1 / fov, // picture heights per radian
      project([x, y, z], fov) {
        const across = Math.hypot(x, y), angle = Math.atan2(across, z);
        if (angle > WIDEST) return null;
        const scale = (this.focal(fov) * angle) / Math.max(across, 1e-12);
        return [0.5 + x * scale, 0.5 + y * scale];
      },
      ray([u, v], fov) {
        const x = u - 0.5, y = v - 0.5, radius = Math.hypot(x, y), angle = radius / this.focal(fov);
        const scale = radius > 1e-12 ? Math.sin(angle) / radius : 1 / this.focal(fov);
        return normalise([x * scale, y * scale, Math.cos(angle)]);
      },
    },
  };

  function normalise(vector) {
    const length = Math.sqrt(dot(vector, vector));
    return vector.map((value) => value / length);
  }

  /** Where a ray meets the plane z = height, or null. */
  function intersectPlane(origin, direction, height) {
    const way = (height - origin[2]) / direction[2];
    return Math.abs(direction[2]) < 1e-9 || way <= 0 ? null : add(origin, direction, way);
  }

  /** Where on the table a click points, by what is believed of the camera: [x, y] or null. */
  function anchorClick(click, lens, fov, believed) {
    const point = intersectPlane(believed.place, toBase(believed, LENSES[lens].ray(click, fov)), CLICK_HEIGHT);
    return point && point.slice(0, 2);
  }

  /** The eight corners of a box that lies on the table. */
  function makeCorners([x, y, z], yaw, half) {
    const signs = [-1, 1].flatMap((a) => [-1, 1].flatMap((b) => [-1, 1].map((c) => [a, b, c])));
    return signs.map(([a, b, c]) => {
      const along = a * half[0], across = b * half[1];
      return [x + along * Math.cos(yaw) - across * Math.sin(yaw), y + along * Math.sin(yaw) + across * Math.cos(yaw), z + c * half[2]];
    });
  }

  const project = (point, lens, fov, pose) => LENSES[lens].project(toCamera(pose, point), fov);

  /** What the policy is told: [x0, y0, x1, y1, visible]; the picture's whole rim where the camera cannot see all of it. */
  function makePromptBox([x, y], lens, fov, believed) {
    const points = makeCorners([x, y, PROMPT_HALF[2]], 0, PROMPT_HALF).map((corner) => project(corner, lens, fov, believed));
    if (points.includes(null)) return [0, 0, 1, 1, 0];
    const [us, vs] = [0, 1].map((i) => points.map((point) => point[i]));
    const box = [Math.min(...us), Math.min(...vs), Math.max(...us), Math.max(...vs)];
    const inside = [box[0] + box[2], box[1] + box[3]].every((twice) => twice >= 0 && twice <= 2);
    return [...box, Number(inside)];
  }

  return { BRICK_HALF, CLICK_HEIGHT, LENSES, anchorClick, intersectPlane, makeCorners, makePromptBox, misplace, project, radians, toBase, wristPose };
})();
