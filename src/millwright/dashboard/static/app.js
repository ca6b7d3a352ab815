// The page: joins link, views, panels and keys.

import { listenToKeys } from "./keys.js";
import { Link } from "./link.js";
import { byId, make, makeSwatch, setText, showQueue, showStatus, showTally, showVerdict } from "./panels.js";
import { Trace } from "./trace.js";
import { View } from "./view.js";

const page = { objects: [], policies: [], goesOn: false, status: null, chosen: null, hovered: null, spokenOf: null };
const trace = new Trace(byId("trace"));
const surroundings = { objects: () => page.objects, waiting: () => page.status?.queue ?? [], highlighted: () => page.hovered ?? (isIdle() ? page.chosen : null), canClick };
const views = new Map([...document.querySelectorAll(".view")].map((figure) => [figure.dataset.camera, new View(figure, surroundings, pick)]));
const link = new Link({ onMessage, onFrame: (header, jpeg) => views.get(header.camera)?.show(header, jpeg), onLost });

function isIdle() {
  return page.status?.phase === "ready" || page.status?.phase === "finished";
}

/** A pick is running, and what is pointed at meanwhile waits for its turn. */
function canWait() {
  return page.goesOn && page.status?.phase === "running";
}

function canClick() {
  return Boolean(page.status?.driving) && (isIdle() || canWait());
}

function onMessage(message) {
  if (message.type === "hello") onHello(message);
  else onStatus(message);
}

function onHello(hello) {
  page.objects = hello.objects;
  page.policies = hello.policies;
  page.goesOn = hello.goes_on;
  byId("clear").hidden = byId("queue").hidden = !hello.goes_on;
  page.spokenOf = null; // a server that was started anew counts its episodes anew
  setText(byId("title"), hello.title);
  document.title = `millwright · ${hello.title}`;
  for (const { name, width, height } of hello.cameras) views.get(name)?.setSize(width, height);
  byId("policy").replaceChildren(make("option", "", ""), ...hello.policies.map((name) => make("option", "", name)));
  byId("policy").firstChild.hidden = true;
  makeBricks();
  document.body.classList.remove("lost");
}

function onLost() {
  if (page.status) page.status = { ...page.status, driving: false };
  document.body.classList.add("lost");
  byId("seat-text").className = "pill lost";
  setText(byId("seat-text"), "reconnecting …");
  byId("seat-button").hidden = true;
  enable();
}

function onStatus(status) {
  page.status = status;
  document.body.dataset.phase = status.phase;
  const colorOf = (name) => page.objects.find((object) => object.name === name)?.color ?? "transparent";
  showStatus(status, colorOf);
  showVerdict(status);
  showTally(status.tallies, status.policy);
  const judged = status.phase === "finished" ? status.verdict.success : null;
  trace.update(status.episode, status.trace, judged ?? (status.phase === "running" ? null : trace.end));
  showSeat(status);
  showMessage(status.view_problem || status.message, Boolean(status.view_problem) || status.phase === "failed" || !status.policy);
  if (document.activeElement !== byId("seed")) byId("seed").value = status.seed;
  byId("policy").value = status.policy;
  showQueue(byId("queue"), status.queue, colorOf);
  enable();
  speak(status);
}

function showSeat({ driving, seat_free, browsers }) {
  const others = browsers > 1 ? ` · ${browsers} browsers` : "";
  byId("seat-text").className = `pill ${driving ? "driving" : ""}`;
  setText(byId("seat-text"), (driving ? "You drive" : seat_free ? "Nobody drives" : "Watching") + others);
  const button = byId("seat-button");
  button.hidden = driving ? browsers < 2 : !seat_free;
  setText(button, driving ? "Hand over" : "Take the wheel");
}

function showMessage(text, trouble) {
  const box = byId("message");
  box.hidden = !text;
  box.classList.toggle("trouble", trouble);
  setText(box, text);
}

function enable() {
  const driving = Boolean(page.status?.driving), idle = isIdle();
  byId("run").disabled = byId("clear").disabled = !(driving && (idle || canWait()) && page.status.policy);
  setText(byId("run"), canWait() ? "Queue" : "Run");
  byId("stop").disabled = !(driving && (page.status.phase === "running" || page.status.queue.length));
  for (const id of ["shuffle", "seed", "policy"]) byId(id).disabled = !(driving && idle);
  for (const view of views.values()) view.figure.classList.toggle("can-click", canClick());
}

/** Say how each episode ended, once: over the view and to screen readers. */
function speak({ phase, episode, outcome }) {
  page.spokenOf ??= phase === "finished" ? episode : 0; // what ended before this page came is not news
  if (phase !== "finished" || page.spokenOf === episode) return;
  page.spokenOf = episode;
  const text = byId("ruling").querySelector("b").textContent;
  setText(byId("spoken"), `${text}, ${outcome.policy}`);
  views.get("overhead").say(text, outcome.verdict.success);
}

function makeBricks() {
  const entries = [{ name: null, color: null }, ...page.objects];
  byId("bricks").replaceChildren(...entries.map(({ name, color }, index) => {
    const label = name ? [makeSwatch(color), make("span", "", name)] : [make("span", "", "Any brick")];
    const button = make("button", name ? "brick" : "brick any", ...label, ...(index < 10 ? [make("kbd", "key", String(index))] : []));
    button.type = "button";
    button.setAttribute("role", "radio");
    button.dataset.brick = name ?? "";
    button.addEventListener("click", () => choose(name));
    button.addEventListener("dblclick", run);
    button.addEventListener("pointerenter", () => hover(name));
    button.addEventListener("pointerleave", () => hover(null));
    return button;
  }));
  choose(page.chosen);
}

function choose(name) {
  page.chosen = page.objects.some((object) => object.name === name) ? name : null;
  for (const button of byId("bricks").children) {
    const chosen = button.dataset.brick === (page.chosen ?? "");
    button.setAttribute("aria-checked", String(chosen));
    button.tabIndex = chosen ? 0 : -1;
  }
  redraw();
}

function hover(name) {
  page.hovered = name;
  redraw();
}

function redraw() {
  for (const view of views.values()) view.draw();
}

async function ask(command, view = views.get("overhead")) {
  const answer = await link.ask(command);
  view.figure.dataset.latency = answer.latency_ms;
  view.say(answer.text, answer.ok);
  return answer;
}

async function pick(click, scene) {
  const answer = await ask({ do: "run", click, scene }, views.get(click.camera));
  if (answer.ok && !canWait()) choose(answer.target);
}

function run() {
  if (!byId("run").disabled) ask(page.chosen ? { do: "run", target: page.chosen } : { do: "run" });
}

function clear() {
  if (!byId("clear").disabled && !byId("clear").hidden) ask({ do: "clear" });
}

function stop() {
  if (!byId("stop").disabled) ask({ do: "stop" });
}

function shuffle(seed = null) {
  if (!byId("shuffle").disabled) ask({ do: "shuffle", seed });
}

function choosePolicy(name) {
  if (!byId("policy").disabled) ask({ do: "policy", name });
}

function takeOrHandOver() {
  if (!byId("seat-button").hidden) ask({ do: page.status.driving ? "hand over" : "drive" });
}

function turnTheme() {
  Theme.next();
  trace.draw();
}

byId("run").addEventListener("click", run);
byId("stop").addEventListener("click", stop);
byId("clear").addEventListener("click", clear);
byId("shuffle").addEventListener("click", () => shuffle());
byId("seed").addEventListener("change", ({ target }) => target.value !== "" && shuffle(Number(target.value)));
byId("policy").addEventListener("change", ({ target }) => choosePolicy(target.value));
byId("seat-button").addEventListener("click", takeOrHandOver);
byId("theme").addEventListener("click", turnTheme);
byId("help").addEventListener("click", () => byId("keys").showModal());
Theme.show();
listenToKeys({
  chooseIndex: (index) => (index === 0 ? choose(null) : page.objects[index - 1] && choose(page.objects[index - 1].name)),
  moveChoice: (by) => {
    const names = [null, ...page.objects.map(({ name }) => name)];
    choose(names[(names.indexOf(page.chosen) + by + names.length) % names.length]);
    byId("bricks").querySelector("[aria-checked=true]").focus();
  },
  run,
  stop,
  clear,
  shuffle: () => shuffle(),
  nextPolicy: () => choosePolicy(page.policies[(page.policies.indexOf(page.status?.policy) + 1) % page.policies.length]),
  takeOrHandOver,
  turnTheme,
  help: () => byId("keys").showModal(),
});
