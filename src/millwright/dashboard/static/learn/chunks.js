// Chunks: 16 actions a plan, of which some are played. The same rule as the package's ChunkPlayer.
"use strict";

const Chunks = (() => {
  /** Rows (ticks) of numbers in metres, from columns of differences. */
  function decode(columns, unit) {
    const sums = columns.map((column) => {
      let sum = 0;
      return column.map((difference) => (sum += difference) * unit);
    });
    return sums[0].map((_, tick) => sums.map((column) => column[tick]));
  }

  /** `fresh` with the rest of the old plan fading out over its first ticks. */
  function fade(rest, fresh, blend) {
    const ticks = Math.min(blend, rest.length, fresh.length);
    return fresh.map((action, i) => {
      if (i >= ticks) return action;
      const weight = (i + 1) / (ticks + 1);
      return action.map((value, part) => rest[i][part] + weight * (value - rest[i][part]));
    });
  }

  /** The plans as they are played, each with the tick at which it was made: [{tick, actions, played}]. */
  function blendAll(plans, execute, blend) {
    const blended = [];
    plans.forEach((plan, index) => {
      const rest = index ? blended[index - 1].actions.slice(execute) : [];
      blended.push({ tick: index * execute, actions: fade(rest, plan, blend), played: Math.min(execute, plan.length) });
    });
    return blended;
  }

  /** The plan that is played at a tick, and which of its actions. */
  function findPlayed(blended, tick) {
    const index = blended.findLastIndex((plan) => plan.tick <= tick);
    return { index, action: tick - blended[index].tick };
  }

  return { blendAll, decode, fade, findPlayed };
})();
