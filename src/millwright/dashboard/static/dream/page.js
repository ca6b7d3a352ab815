// Dream: a car that is driven, and what a world model dreams of the drive.

import { Chart, COLORS } from "../chart.js";
import { HeldKeys } from "../held.js";
import { Link } from "../link.js";
import { byId, DRIVING, make, setText, showDriving, showSeat } from "../panels.js";

const EYES = [["road", "the road"], ["dream", "the dream"]];
const [TIME, CODE, CODE_REPEATED, SPEED, SPEED_REPEATED, TILES, REAL_TILES] = [0, 1, 2, 3, 4, 5, 6];
const page = { status: null, points: [], episode: 0, ahead: [] };
const charts = [
  [makeChart("code-chart", "Error of the code"), CODE, CODE_REPEATED],
  [makeChart("speed-chart", "Error of the speed"), SPEED, SPEED_REPEATED],
  [makeChart("tiles-chart", "Tiles"), TILES, REAL_TILES],
];
const link = new Link({ onMessage, onFrame: () => {}, onLost });
const held = new HeldKeys(byId("pad"), {
  active: () => Boolean(page.status?.driving) && page.status.policy === "human",
  tell: (keys) => link.ask({ do: "keys", held: keys }),
  begin: drive,
});

function makeChart(id, label) {
  const lines = [COLORS[0], COLORS[6]].map((color) => ({ color, points: [] }));
  return new Chart(byId(id), lines, { low: 0, label: `${label} over time` });
}

function onMessage(message) {
  if (message.type === "hello") onHello(message);
  else if (message.type === "status") onStatus(message);
}

function onHello({ drives, policies, dreamers, ahead }) {
  for (const part of document.querySelectorAll(".able")) part.hidden = !drives;
  byId("none").hidden = drives;
  page.drives = drives;
  page.dreamers = dreamers;
  byId("policy").replaceChildren(...policies.map((name) => make("option", "", name)));
  byId("of").replaceChildren(...["", ...dreamers].map((name) => Object.assign(make("option", "", name || "nobody"), { value: name })));
  makeWays("eyes", EYES, (eyes) => ({ eyes }));
  makeWays("ahead", ahead.map((steps) => [steps, steps === null ? "never" : String(steps)]), (steps) => ({ ahead: steps }));
}

function makeWays(id, rows, wish) {
  byId(id).replaceChildren(...rows.map(([value, label]) => {
    const button = make("button", "", label);
    button.type = "button";
    button.dataset.value = String(value);
    button.addEventListener("click", () => dream(wish(value)));
    return button;
  }));
}

function onStatus(status) {
  page.status = status;
  if (!page.drives) return;
  document.body.dataset.phase = status.phase;
  document.body.dataset.policy = status.policy;
  if (!held.isActive()) held.release();
  showSeat(status);
  showDriving(status.gauges);
  const verdict = status.outcome && `${DRIVING.judged(status.outcome)}`;
  setText(byId("verdict"), verdict ?? "–");
  byId("verdict").title = verdict ?? "";
  takePoints(status);
  showDream(status.dream);
  enable(status);
  setText(byId("note"), status.note);
  byId("note").hidden = !status.note;
  say(status.view_problem || status.message, Boolean(status.view_problem) || status.phase === "failed");
}

/** Points that the server sent since the last status. */
function takePoints({ episode, trace }) {
  if (episode !== page.episode) [page.points, page.episode] = [[], episode];
  page.points.splice(trace.from, Infinity, ...trace.dreams);
  for (const [chart, one, other] of charts) {
    [one, other].forEach((column, line) => (chart.lines[line].points = page.points.map((point) => [point[TIME], point[column]])));
    if (page.points.length > 1) chart.draw();
    else chart.box.replaceChildren();
  }
  const last = page.points.at(-1);
  const known = last && page.status.phase !== "ready";
  setText(byId("dreamed-tiles"), known ? last[TILES].toFixed(0) : "–");
}

function showDream(dream) {
  setText(byId("dreamed-speed"), dream.speed_m_s === null ? "–" : `${dream.speed_m_s.toFixed(0)} m/s`);
  const { of, eyes, ahead, temperature, dropout, draws, pictures, age } = dream;
  document.body.classList.toggle("eyes-dream", Boolean(of) && eyes === "dream");
  document.body.classList.toggle("eyes-road", Boolean(of) && eyes === "road");
  if (document.activeElement !== byId("of")) byId("of").value = of;
  press("eyes", eyes);
  press("ahead", ahead);
  if (document.activeElement !== byId("temperature")) byId("temperature").value = temperature;
  setText(byId("heat-value"), draws ? Number(byId("temperature").value).toFixed(1) : "");
  byId("dropout").checked = dropout;
  setText(byId("world"), tellWorld(dream));
  draw(pictures);
  byId("dreamed").classList.toggle("asleep", age > 0);
  setText(byId("age"), !pictures.dreamed ? "nothing is dreamed yet" : age === 0 ? "begins" : `${age} ${age === 1 ? "step" : "steps"} by itself`);
}

function tellWorld({ of, world, draws }) {
  if (!page.dreamers.length) return "No bundle is here that could dream. millwright run dream-driving makes one; open the dashboard with --policy and its folder.";
  if (!of) return "Nobody dreams: choose a dreamer to see its world beside the road.";
  if (!world) return "";
  if (draws) return `${world}: what comes next is drawn from a mixture of Gaussians, the hotter the wilder; at 0 the likeliest is taken.`;
  return `${world} draws nothing, so a temperature would change nothing. What varies from dream to dream is its dropout.`;
}

function press(id, value) {
  for (const button of byId(id).children) button.setAttribute("aria-pressed", String(button.dataset.value === String(value)));
}

/** Pictures of few pixels, given as data URLs, all of one instant; of those that come meanwhile the newest are next. */
async function draw(pictures) {
  page.next = pictures;
  if (page.drawing) return;
  page.drawing = true;
  try {
    while (page.next) {
      const now = page.next;
      page.next = null;
      await drawAll(now);
    }
  } finally {
    page.drawing = false; // a picture that cannot be decoded must not freeze the page
  }
}

async function drawAll(pictures) {
  const all = JSON.stringify(pictures);
  if (all === page.drawn) return;
  const loaded = await Promise.all(["road", "rebuilt", "dreamed"].map(async (name) => [name, pictures[name] ? await load(pictures[name]) : null]));
  for (const [name, picture] of loaded) {
    const canvas = byId(name).querySelector("canvas");
    [canvas.width, canvas.height] = [picture?.width ?? 64, picture?.height ?? 64];
    if (picture) canvas.getContext("2d").drawImage(picture, 0, 0);
  }
  page.drawn = all;
}

async function load(src) {
  const picture = new Image();
  picture.src = src;
  await picture.decode();
  return picture;
}

function enable({ driving, phase, policy, dream, note }) {
  const idle = phase === "ready" || phase === "finished";
  byId("run").disabled = !(driving && idle && policy);
  byId("stop").disabled = !(driving && (idle || phase === "running"));
  for (const id of ["policy", "seed", "shuffle"]) byId(id).disabled = !(driving && idle) || Boolean(note);
  byId("of").disabled = !(driving && idle);
  for (const button of [...byId("eyes").children, ...byId("ahead").children]) button.disabled = !(driving && dream.of);
  byId("dropout").disabled = !(driving && dream.of);
  byId("temperature").disabled = !(driving && dream.of && dream.draws);
  if (document.activeElement !== byId("seed")) byId("seed").value = page.status.seed;
  if (document.activeElement !== byId("policy")) byId("policy").value = policy;
}

function onLost() {
  if (page.status) page.status = { ...page.status, driving: false };
  byId("seat-text").className = "pill lost";
  setText(byId("seat-text"), "reconnecting …");
  byId("seat-button").hidden = true;
  if (page.status && page.drives) enable(page.status);
}

function say(text, trouble) {
  if (text) clearTimeout(page.forgetting);
  else if (page.forgetting) return; // what was answered stays for a moment
  show(text, trouble);
}

function show(text, trouble) {
  byId("message").hidden = !text;
  byId("message").classList.toggle("trouble", trouble);
  setText(byId("message"), text);
}

async function ask(command) {
  const answer = await link.ask(command);
  if (answer.ok) return;
  clearTimeout(page.forgetting);
  show(answer.text, true);
  page.forgetting = setTimeout(() => {
    page.forgetting = null;
    show("", false);
  }, 6000);
}

function dream(changes) {
  document.activeElement?.blur();
  ask({ do: "dream", ...changes });
}

function drive() {
  if (byId("run").disabled) return;
  document.activeElement?.blur(); // so that keys that drive do not turn the pages of a list
  ask({ do: "run" });
}

byId("run").addEventListener("click", drive);
byId("stop").addEventListener("click", () => ask(page.status.phase === "running" || page.status.note ? { do: "stop" } : { do: "shuffle", seed: page.status.seed }));
byId("shuffle").addEventListener("click", () => ask({ do: "shuffle", seed: null }));
byId("seed").addEventListener("change", ({ target }) => target.value !== "" && ask({ do: "shuffle", seed: Number(target.value) }));
byId("policy").addEventListener("change", ({ target }) => {
  target.blur();
  ask({ do: "policy", name: target.value });
});
byId("of").addEventListener("change", ({ target }) => dream({ of: target.value }));
byId("temperature").addEventListener("input", ({ target }) => setText(byId("heat-value"), Number(target.value).toFixed(1)));
byId("temperature").addEventListener("change", ({ target }) => dream({ temperature: Number(target.value) }));
byId("dropout").addEventListener("change", ({ target }) => dream({ dropout: target.checked }));
byId("seat-button").addEventListener("click", () => ask({ do: page.status.driving ? "hand over" : "drive" }));
byId("theme").addEventListener("click", () => Theme.next());
Theme.show();
