// The page: joins link, views, panels and keys.

import { HeldKeys } from "./held.js";
import { listenToKeys } from "./keys.js";
import { LatencyCard } from "./latency.js";
import { Link } from "./link.js";
import { byId, DRIVING, make, makeSwatch, PICKING, sentence, setText, showQueue, showSeat, showStatus, showTally, showVerdict } from "./panels.js";
import { Trace } from "./trace.js";
import { View } from "./view.js";

const page = { objects: [], policies: [], goesOn: false, byWords: false, drives: false, says: PICKING, status: null, chosen: null, hovered: null, spokenOf: null };
const trace = new Trace(byId("trace")), latency = new LatencyCard();
const surroundings = { drives: () => page.drives, objects: () => page.objects, waiting: () => page.status?.queue ?? [], highlighted: () => page.hovered ?? (isIdle() ? page.chosen : null), canClick, canPoint: () => page.byWords || canClick() };
const views = new Map(); // camera -> View; the first is the main one
const link = new Link({ onMessage, onFrame: (header, jpeg) => views.get(header.camera)?.show(header, jpeg), onLost });
const held = new HeldKeys(byId("pad"), {
  active: () => page.drives && Boolean(page.status?.driving) && page.status.policy === "human",
  tell: (keys) => link.ask({ do: "keys", held: keys }),
  begin: () => page.status.phase === "running" || run(),
});

function isIdle() {
  return page.status?.phase === "ready" || page.status?.phase === "finished";
}

/** A pick is running, and what is pointed at meanwhile waits for its turn. */
function canWait() {
  return page.goesOn && page.status?.phase === "running";
}

function canClick() {
  return !page.byWords && !page.drives && Boolean(page.status?.driving) && (isIdle() || canWait());
}

function onMessage(message) {
  if (message.type === "hello") onHello(message);
  else if (message.type === "scenery") onScenery(message);
  else onStatus(message);
}

function onHello(hello) {
  page.policies = hello.policies;
  page.goesOn = hello.goes_on;
  page.byWords = hello.by_words;
  page.drives = hello.drives;
  page.says = hello.drives ? DRIVING : PICKING;
  document.body.classList.toggle("by-words", hello.by_words);
  document.body.classList.toggle("drives", hello.drives);
  byId("bricks").hidden = hello.by_words || hello.drives;
  byId("words").hidden = !hello.by_words;
  setText(byId("asking"), hello.by_words ? "Lift" : page.says.asking);
  setText(byId("scene-label"), page.says.scene);
  setText(byId("traced"), hello.traced.title);
  setText(byId("traced-unit"), `${hello.traced.unit} over seconds`);
  trace.axis = hello.traced;
  if (hello.drives) setText(byId("verdict").querySelector(".nothing"), "Choose who drives and press Run; with the policy human you drive by the arrow keys. What the judge saw is listed here.");
  if (hello.by_words) setText(byId("verdict").querySelector(".nothing"), "Type what is to be lifted, or click an example, and press Run. What the judge saw is listed here.");
  byId("clear").hidden = byId("queue").hidden = !hello.goes_on;
  page.spokenOf = null; // a server that was started anew counts its episodes anew
  setText(byId("title"), hello.title);
  document.title = `millwright · ${hello.title}`;
  makeViews(hello.cameras);
  byId("policy").replaceChildren(make("option", "", ""), ...hello.policies.map((name) => make("option", "", name)));
  byId("policy").firstChild.hidden = true;
  document.body.classList.remove("lost");
}

/** What lies there, which in some environments changes with the scene. */
function onScenery({ objects, examples }) {
  page.objects = objects;
  if (page.byWords) makeExamples(examples);
  else if (!page.drives) makeBricks();
  redraw();
}

function makeViews(cameras) {
  if (cameras.map(({ name }) => name).join() !== [...views.keys()].join()) {
    for (const view of views.values()) view.figure.remove();
    views.clear();
    for (const { name } of cameras) views.set(name, makeView(name, views.size === 0));
  }
  for (const { name, width, height } of cameras) views.get(name).setSize(width, height);
  const shapes = cameras.map(({ width, height }) => width / height);
  const style = byId("status").parentElement.style;
  style.setProperty("--main", `${shapes[0]}fr`);
  style.setProperty("--beside", `${shapes[1] ?? 1}fr`);
  style.setProperty("--shapes", String(shapes[0] + (shapes[1] ?? 1)));
}

function makeView(camera, main) {
  const template = byId("view");
  const figure = template.content.firstElementChild.cloneNode(true);
  const name = sentence(camera);
  figure.id = `view-${camera}`;
  figure.classList.add(main ? "main" : "beside");
  setText(figure.querySelector("b"), name);
  const looks = page.byWords || page.drives;
  setText(figure.querySelector(".hint"), sayHint(main));
  const overlay = figure.querySelector(".overlay");
  if (page.drives) overlay.tabIndex = -1;
  overlay.setAttribute("role", looks ? "img" : "button");
  overlay.setAttribute("aria-label", looks ? `${name} view` : `${name} view. Arrow keys move a cross, Enter picks what is under it.`);
  template.parentElement.insertBefore(figure, byId("status"));
  return new View(figure, { camera, main }, surroundings, pick);
}

function sayHint(main) {
  if (page.drives) return main ? "as people see it" : "as the policy sees it";
  if (page.byWords) return "point at things to see their names";
  return main ? "click a brick" : "box: the policy’s prompt";
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
  document.body.dataset.policy = status.policy;
  if (!held.isActive()) held.release();
  const colorOf = (name) => page.objects.find((object) => object.name === name)?.color ?? "transparent";
  showStatus(status, colorOf, page.says);
  showVerdict(status, page.says);
  showTally(status.tallies, status.policy, page.says);
  const judged = status.phase === "finished" ? status.verdict.success : null;
  trace.update(status.episode, status.trace, judged ?? (status.phase === "running" ? null : trace.end));
  latency.update(status);
  showSeat(status);
  const gone = describeServer(status);
  showMessage(status.view_problem || gone || status.message, Boolean(status.view_problem || gone) || status.phase === "failed" || !status.policy);
  byId("note").hidden = !status.note;
  setText(byId("note"), status.note);
  if (document.activeElement !== byId("seed")) byId("seed").value = status.seed;
  byId("policy").value = status.policy;
  showQueue(byId("queue"), status.queue, colorOf);
  enable();
  held.catchUp();
  speak(status);
}

/** Of the server that the chosen policy asks; nothing while it serves. */
function describeServer({ server, policy }) {
  if (!server || server[0] !== policy || server[1] === "serving") return "";
  return server[1] === "gone" ? `${policy} does not answer; it can be run again when it is back` : "";
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
  for (const id of ["shuffle", "seed", "policy"]) byId(id).disabled = !(driving && idle) || Boolean(page.status.note);
  byId("instruction").disabled = !driving;
  for (const view of views.values()) view.figure.classList.toggle("can-click", canClick());
}

/** Say how each episode ended, once: over the view and to screen readers. */
function speak({ phase, episode, outcome }) {
  page.spokenOf ??= phase === "finished" ? episode : 0; // what ended before this page came is not news
  if (phase !== "finished" || page.spokenOf === episode) return;
  page.spokenOf = episode;
  const text = byId("ruling").querySelector("b").textContent;
  setText(byId("spoken"), `${text}, ${outcome.policy}`);
  mainView().say(text, outcome.verdict.success);
}

const mainView = () => views.values().next().value;

/** A chip for each example; which of them the words are is told by the words alone. */
function makeExamples(examples) {
  const chips = examples.map((words, index) => {
    const chip = make("button", "example", words, ...(index < 9 ? [make("kbd", "key", String(index + 1))] : []));
    chip.type = "button";
    chip.dataset.words = words;
    chip.addEventListener("click", () => say(words));
    chip.addEventListener("dblclick", run);
    return chip;
  });
  byId("examples").replaceChildren(...chips);
  markExample();
}

function say(words) {
  if (byId("instruction").disabled) return;
  byId("instruction").value = words;
  markExample();
}

function markExample() {
  const said = byId("instruction").value.trim();
  for (const chip of byId("examples").children) chip.setAttribute("aria-pressed", String(chip.dataset.words === said));
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

async function ask(command, view = mainView()) {
  const answer = await link.ask(command);
  view.figure.dataset.latency = answer.latency_ms;
  view.say(answer.text, answer.ok);
  return answer;
}

async function pick(click, scene) {
  if (page.byWords || page.drives) return;
  const answer = await ask({ do: "run", click, scene }, views.get(click.camera));
  if (answer.ok && !canWait()) choose(answer.target);
}

function run() {
  if (byId("run").disabled) return false;
  document.activeElement?.blur(); // so that keys that drive do not turn the pages of a list
  const said = byId("instruction").value.trim();
  if (page.byWords && said) ask({ do: "run", instruction: said });
  else ask(page.chosen && !page.byWords ? { do: "run", target: page.chosen } : { do: "run" });
  return true;
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
byId("words").addEventListener("submit", (event) => event.preventDefault());
byId("instruction").addEventListener("input", markExample);
byId("instruction").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  run();
});
byId("stop").addEventListener("click", stop);
byId("clear").addEventListener("click", clear);
byId("shuffle").addEventListener("click", () => shuffle());
byId("seed").addEventListener("change", ({ target }) => target.value !== "" && shuffle(Number(target.value)));
byId("policy").addEventListener("change", ({ target }) => {
  target.blur();
  choosePolicy(target.value);
});
byId("seat-button").addEventListener("click", takeOrHandOver);
byId("theme").addEventListener("click", turnTheme);
byId("help").addEventListener("click", () => byId("keys").showModal());
Theme.show();
listenToKeys({
  chooseIndex: (index) => {
    if (page.drives) return;
    if (page.byWords) say(index === 0 ? "" : (byId("examples").children[index - 1]?.dataset.words ?? byId("instruction").value));
    else if (index === 0) choose(null);
    else if (page.objects[index - 1]) choose(page.objects[index - 1].name);
  },
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
