// Lesson 4: chunks of the shipped policy being played, from real episodes.
"use strict";

(function showPlaying() {
  const MARGIN = { left: 40, right: 12, top: 12 }, HIGHEST = 0.32, WIDEST = 0.05; // pixels; m
  const state = { execute: 2, blend: 1, tick: 0, playing: false, speed: 1 };
  const played = EPISODES.episodes.map((episode) => ({
    ...episode,
    plans: episode.plans.map((plan) => Chunks.decode(plan, EPISODES.unit_m)),
    hand: Chunks.decode(episode.hand, EPISODES.unit_m),
    brick: Chunks.decode(episode.brick, EPISODES.unit_m),
  }));
  const longest = Math.max(...played.map(({ hand }) => hand.length)) + played[0].plans[0].length;
  const scrub = byId("scrub"), button = byId("play");
  let episode, blended;
  const side = new Figure(byId("side"), [0.86, 0.86], draw);
  const time = new Figure(byId("time"), [0.86, 0.86], draw);

  makeOutcomes();
  const setExecute = watchRange("execute", (value) => String(value), (value) => {
    state.execute = value;
    choose();
  });
  watchRange("blend", (value) => String(value), (value) => {
    state.blend = value;
    choose();
  });
  watchRange("speed", (value) => `${value} ×`, (value) => (state.speed = value));
  state.tick = Number(scrub.value);
  scrub.addEventListener("input", () => {
    pause();
    state.tick = Number(scrub.value);
    draw();
  });
  button.addEventListener("click", () => (state.playing ? pause() : play()));
  const { policy, seed, target, execute, blend } = EPISODES;
  byId("shown").textContent = `Policy ${policy}, scene ${seed}, the ${target} brick. As shipped it plays ${execute} of each chunk and blends over ${blend}.`;
  byId("hypothetical").textContent = `The arm was driven with a blend of ${blend}. Here the same plans are blended anew; what the arm would then have done is not known.`;

  function choose() {
    episode = played[state.execute - 1];
    blended = Chunks.blendAll(episode.plans, state.execute, state.blend);
    scrub.max = String(episode.hand.length - 1);
    state.tick = Math.min(state.tick, episode.hand.length - 1);
    draw();
  }

  function play() {
    if (state.tick >= episode.hand.length - 1) state.tick = 0;
    state.playing = true;
    button.textContent = "Pause";
    let before = null;
    const step = (now) => {
      if (!state.playing) return;
      const speed = state.speed * EPISODES.rate_hz;
      if (before === null || now - before >= 1000 / speed) {
        if (before !== null) state.tick = Math.min(state.tick + 1, episode.hand.length - 1);
        before = now;
        draw();
      }
      if (state.tick >= episode.hand.length - 1) pause();
      else requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  function pause() {
    state.playing = false;
    button.textContent = "Play";
  }

  function makeOutcomes() {
    byId("outcomes").replaceChildren(...played.map(({ execute, success, failure }) => {
      const number = document.createElement("span"), choice = document.createElement("button"), item = document.createElement("li");
      number.textContent = String(execute);
      choice.className = success ? "good" : "bad";
      choice.title = `${execute} of each chunk: ${success ? "picked" : failure}`;
      choice.setAttribute("aria-label", choice.title);
      choice.append(number, success ? "✓" : "✕");
      choice.addEventListener("click", () => setExecute(execute));
      item.append(choice);
      return item;
    }));
  }

  function draw() {
    if (!episode || !side.ready || !time.ready) return;
    drawSide();
    drawTime();
    scrub.value = String(state.tick);
    const { index, action } = Chunks.findPlayed(blended, state.tick), plan = blended[index];
    const seconds = (state.tick / EPISODES.rate_hz).toFixed(1);
    scrub.setAttribute("aria-valuetext", `${seconds} s`);
    byId("tick").textContent = `${seconds} s`;
    byId("plan").textContent = `${index + 1} of ${blended.length}`;
    byId("action").textContent = `${action + 1} of ${plan.played} played, ${plan.actions.length - plan.played} thrown away`;
    const end = `${((episode.hand.length - 1) / EPISODES.rate_hz).toFixed(1)} s`;
    byId("outcome").textContent = episode.success ? `Picked; ${blended.length} plans, ${end}` : `Failed: ${episode.failure}; ${blended.length} plans, ${end}`;
    byId("outcome").className = episode.success ? "good" : "bad";
    byId("hypothetical").hidden = state.blend === EPISODES.blend;
    for (const [i, item] of [...byId("outcomes").children].entries()) item.firstChild.setAttribute("aria-pressed", String(i === state.execute - 1));
  }

  /** In the upright plane through where the hand began and the brick. */
  function drawSide() {
    const start = episode.hand[0], goal = episode.brick[0];
    const away = Math.hypot(goal[0] - start[0], goal[1] - start[1]);
    const direction = [(goal[0] - start[0]) / away, (goal[1] - start[1]) / away];
    const room = { left: -0.05, right: away + 0.09 };
    const scale = Math.min((side.width - 20) / (room.right - room.left), (side.height - 46) / 0.36);
    const ground = side.height - 30;
    const left = (side.width - scale * (room.right - room.left)) / 2;
    const put = ([x, y, z]) => [left + scale * ((x - start[0]) * direction[0] + (y - start[1]) * direction[1] - room.left), ground - scale * z];
    const hand = episode.hand[state.tick];
    const { index } = Chunks.findPlayed(blended, state.tick), plan = blended[index];
    const [bx, by] = put(episode.brick[state.tick]), size = [0.032 * scale, 0.024 * scale];
    const parts = [
      shape("path", { class: "ground", d: `M0 ${ground}H${side.width}` }),
      shape("rect", { class: "brick top", x: bx - size[0] / 2, y: by - size[1] / 2, width: size[0], height: size[1], rx: 1.5 }),
      shape("path", { class: "been", d: trace(episode.hand.slice(0, state.tick + 1).map(put)) }),
      shape("path", { class: "spare", d: trace(plan.actions.slice(plan.played - 1).map(put)) }),
      shape("path", { class: "planned", d: trace(plan.actions.slice(0, plan.played).map(put)) }),
      ...plan.actions.map((action, i) => {
        const [cx, cy] = put(action);
        return shape("circle", { class: i < plan.played ? "dot" : "dot spare", cx, cy, r: state.tick - plan.tick === i ? 5.5 : 3 });
      }),
      ...drawJaws(put(hand), scale, hand[3]),
      shape("text", { class: "small", x: 8, y: side.height - 10, text: "table" }),
    ];
    side.show(...parts);
  }

  function drawJaws([x, y], scale, opening) {
    const half = (opening / 2) * scale, thick = 0.01 * scale, up = 0.09 * scale;
    const finger = (sign) => trace([[x + sign * half, y + 0.01 * scale], [x + sign * (half + 0.006 * scale), y + 0.01 * scale], [x + sign * (half + thick + 0.006 * scale), y - up], [x + sign * half, y - up]], true);
    const palm = { x: x - 0.05 * scale, y: y - up - 0.022 * scale, width: 0.1 * scale, height: 0.022 * scale, rx: 3 };
    return [shape("rect", { class: "palm", ...palm }), shape("path", { class: "jaw", d: finger(-1) }), shape("path", { class: "jaw", d: finger(1) })];
  }

  /** Height and opening over time: what was played, and of every plan what was thrown away. */
  function drawTime() {
    const split = time.height * 0.66;
    const x = (tick) => MARGIN.left + ((time.width - MARGIN.left - MARGIN.right) * tick) / longest;
    const height = (value) => split - 14 - ((split - 14 - MARGIN.top) * value) / HIGHEST;
    const opening = (value) => time.height - 24 - ((time.height - 24 - split - 20) * value) / WIDEST;
    const { index } = Chunks.findPlayed(blended, state.tick);
    const parts = [
      ...drawRows([0, 100, 200, 300], (mm) => height(mm / 1000)), ...drawRows([0, 50], (mm) => opening(mm / 1000)),
      shape("text", { class: "small end", x: time.width - MARGIN.right, y: MARGIN.top + 2, text: "height of the hand, mm" }),
      shape("text", { class: "small end", x: time.width - MARGIN.right, y: split + 12, text: "opening, mm" }),
      ...[0, 1, 2, 3].map((second) => shape("text", { class: "small middle", x: x(second * EPISODES.rate_hz), y: time.height - 6, text: `${second} s` })),
    ];
    const shown = blended.slice(0, index + 1);
    const commands = shown.flatMap((plan) => plan.actions.slice(0, plan.played).map((action, k) => [plan.tick + k, action]));
    for (const [part, y] of [[2, height], [3, opening]]) {
      const put = (tick, action) => [x(tick), y(action[part])];
      for (const plan of shown) {
        const spare = plan.actions.map((action, k) => put(plan.tick + k, action)).slice(plan.played - 1);
        parts.push(shape("path", { class: plan === shown.at(-1) ? "spare now" : "spare", d: trace(spare) }));
      }
      parts.push(shape("path", { class: "planned", d: trace(commands.map(([tick, action]) => put(tick, action))) }));
      parts.push(shape("path", { class: "been", d: trace(episode.hand.slice(0, state.tick + 1).map((hand, tick) => put(tick, hand))) }));
      for (const { tick, actions } of shown) {
        const [cx, cy] = put(tick, actions[0]);
        parts.push(shape("circle", { class: "dot", cx, cy, r: 2.5 }));
      }
    }
    const now = x(state.tick);
    time.show(...parts, shape("path", { class: "cursor", d: `M${now} ${MARGIN.top - 6}V${time.height - 22}` }));
  }

  function drawRows(values, y) {
    return values.flatMap((value) => [
      shape("path", { class: "grid", d: `M${MARGIN.left} ${y(value)}H${time.width - MARGIN.right}` }),
      shape("text", { class: "small end", x: MARGIN.left - 6, y: y(value) + 4, text: String(value) }),
    ]);
  }
})();
