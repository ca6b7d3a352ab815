// Two links in a plane: where the tip is (FK), and which angles bring it somewhere (IK), in closed form.
"use strict";

const Kinematics = (() => {
  /** Elbow and tip, [x, y] m each, at angles (rad): the first from the x axis, the second from the first link. */
  function forward(first, second, lengths) {
    const elbow = [lengths[0] * Math.cos(first), lengths[0] * Math.sin(first)];
    const tip = [elbow[0] + lengths[1] * Math.cos(first + second), elbow[1] + lengths[1] * Math.sin(first + second)];
    return { elbow, tip };
  }

  /**
   * Both pairs of angles that bring the tip to (x, y), or as near as it gets. Law of cosines: Siciliano et al. 2009, 2.12.1.
   * `limit`: "" when it gets there, else "far" or "near"; `reached`: the point it gets to.
   */
  function inverse(x, y, lengths) {
    const [a, b] = lengths;
    const wanted = Math.hypot(x, y), heading = Math.atan2(y, x);
    const distance = Math.min(Math.max(wanted, Math.abs(a - b)), a + b);
    const cosine = Math.min(Math.max((distance ** 2 - a ** 2 - b ** 2) / (2 * a * b), -1), 1);
    const solutions = [Math.acos(cosine), -Math.acos(cosine)].map((second) =>
      [wrap(heading - Math.atan2(b * Math.sin(second), a + b * Math.cos(second))), second]);
    const limit = wanted > a + b ? "far" : wanted < Math.abs(a - b) ? "near" : "";
    return { solutions, limit, distance: wanted, reached: [distance * Math.cos(heading), distance * Math.sin(heading)] };
  }

  const wrap = (angle) => Math.atan2(Math.sin(angle), Math.cos(angle));

  return { forward, inverse };
})();
