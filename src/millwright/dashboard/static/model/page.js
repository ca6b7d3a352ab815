// Model: what a bundle is made of, how it was trained, and its card.

import { Chart, COLORS, short } from "../chart.js";
import { drawMarkdown } from "../markdown.js";
import { byId, make, sentence, setText } from "../panels.js";
import { fetchJson, showProblem } from "../asking.js";

async function start() {
  const { models } = await fetchJson("../api/models");
  const select = byId("model");
  select.replaceChildren(...models.map((name) => make("option", "", name)));
  byId("none").hidden = models.length > 0;
  select.closest(".card").hidden = !models.length;
  select.addEventListener("change", () => show(select.value));
  const wanted = readHash();
  const there = models.includes(wanted);
  if (there) select.value = wanted;
  if (models.length) await show(select.value);
  if (wanted && !there && document.body.dataset.model) showProblem(`There is no ${wanted} here; this is ${select.value}.`);
}

/** The name in the address; as it stands there where it is not written as addresses are. */
function readHash() {
  const text = location.hash.slice(1);
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function show(name) {
  history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  document.body.dataset.model = "";
  setText(byId("about"), "reading …");
  showProblem("");
  let model;
  try {
    model = await fetchJson(`../api/models/${encodeURIComponent(name)}`);
  } catch (error) {
    setText(byId("about"), "");
    showProblem(error.message);
    return;
  }
  if (byId("model").value !== name) return; // another was chosen meanwhile
  showAbout(model);
  showFlow(model);
  showParameters(model);
  showTraining(model);
  byId("text").replaceChildren(...drawMarkdown(model.card || "It has no card: millwright card makes one."));
  document.body.dataset.model = name;
}

function showAbout({ network, env, env_options, judge, id }) {
  const options = Object.entries(env_options).map(([key, value]) => `${key} ${value}`).join(", ");
  const parts = [make("b", "", network), ` for `, make("b", "", env), options ? ` (${options})` : "", `, judged by ${judge} · id `, make("code", "", id.slice(0, 12))];
  byId("about").replaceChildren(...parts);
  byId("about").title = id;
}

function showFlow(model) {
  const sees = model.inputs.map((feature) => chip(feature.name, shapeOf(feature)));
  const answers = [chip(model.action.name, model.action.names.length ? model.action.names.join(", ") : shapeOf(model.action))];
  const own = model.parts.filter((part) => !part.beside);
  const chunk = model.length ? `a chunk of ${model.length} at ${model.rate_hz} Hz` : `at ${model.rate_hz} Hz`;
  byId("flow").replaceChildren(
    stage("Observes", "", sees),
    stage("Prepares", "pipeline", model.before.map(chipOf)),
    stage(model.network, `${short(sum(own))} parameters`, [makeBar(own), ...own.map((part) => chip(part.name, short(part.trainable + part.frozen)))], "network"),
    stage("Makes actions", "pipeline", model.after.map(chipOf)),
    stage("Answers", chunk, answers),
  );
}

const sum = (parts) => parts.reduce((total, { trainable, frozen }) => total + trainable + frozen, 0);
const shapeOf = ({ shape, unit }) => [shape.length ? shape.join("×") : "text", unit].filter(Boolean).join(" · ");
const chip = (name, detail) => make("span", "chip", make("b", "", name), ...(detail ? [make("small", "", detail)] : []));

function chipOf({ name, options }) {
  const told = Object.entries(options).map(([key, value]) => `${key} ${sayValue(value)}`).join(", ");
  return chip(name, told);
}

function stage(name, detail, children, className = "") {
  return make("li", className, make("div", "head", make("b", "", sentence(name)), make("small", "", detail)), make("div", "chips", ...(children.length ? children : [make("span", "nothing", "nothing")])));
}

const sayValue = (value) => (Array.isArray(value) ? value.map(sayValue).filter(Boolean).join(" ") : String(value));

/** All parts side by side, as wide as they are large. */
function makeBar(parts) {
  const bar = make("div", "bar");
  bar.setAttribute("aria-hidden", "true");
  parts.forEach(({ name, trainable, frozen }, index) => {
    const piece = make("i", frozen > trainable ? "frozen" : "");
    piece.title = name;
    piece.style.setProperty("flex-grow", String(trainable + frozen));
    piece.style.setProperty("--of", COLORS[index % COLORS.length]);
    bar.append(piece);
  });
  return bar;
}

function showParameters({ parts, problem, config }) {
  const total = sum(parts), frozen = parts.reduce((count, part) => count + part.frozen, 0);
  setText(byId("total"), `${total.toLocaleString("en")} altogether${frozen ? `, ${frozen.toLocaleString("en")} of them frozen` : ""}`);
  const most = Math.max(...parts.map((part) => part.trainable + part.frozen));
  byId("parts").replaceChildren(...parts.map((part, index) => {
    const count = part.trainable + part.frozen;
    const bar = make("i");
    bar.style.width = `${(100 * count) / most}%`;
    bar.style.setProperty("--of", COLORS[index % COLORS.length]);
    const kind = part.frozen ? (part.trainable ? `${short(part.frozen)} frozen` : "frozen") : "";
    const line = make("div", "line", make("b", "", part.name), ...(kind ? [make("span", "badge", kind)] : []), make("span", "count", count.toLocaleString("en")));
    return make("div", "part", line, make("div", "track", bar));
  }));
  byId("problem").hidden = !problem;
  setText(byId("problem"), problem);
  showPairs(byId("config"), config);
}

function showPairs(list, values) {
  const rows = Object.entries(values).map(([name, value]) => make("div", "", make("dt", "", name.replaceAll("_", " ")), make("dd", "", sayValue(value) || "none")));
  list.replaceChildren(...rows);
}

function showTraining({ lineage, curves }) {
  const { fields = {}, recorded, ...rest } = lineage;
  const shown = { ...rest, ...fields };
  if (shown.dataset === "" || /^[0-9a-f]{64}$/.test(rest.dataset ?? "")) shown.dataset = (rest.dataset ?? "").slice(0, 12);
  const known = Object.entries(shown).filter(([, value]) => value !== "" && value !== null && typeof value !== "object");
  showPairs(byId("lineage"), Object.fromEntries(known.map(([name, value]) => [name, typeof value === "number" ? tidy(value) : value])));
  byId("curves").replaceChildren();
  if (!curves.length) {
    byId("curves").append(make("p", "nothing", "Its training curves are not here: they lie in training/losses.jsonl beside a bundle that a recipe has just made, and do not travel with it."));
    return;
  }
  const box = make("div", "chart");
  const lines = curves.map(({ name, points }, index) => ({ name, points, color: COLORS[index % COLORS.length] }));
  byId("curves").append(make("p", "legend", ...lines.map(({ name, color }) => legendOf(name, color)), make("small", "", "over samples, logarithmic")), box);
  new Chart(box, lines, { log: true, label: "Losses over training samples" });
}

const tidy = (value) => (Number.isInteger(value) ? value.toLocaleString("en") : String(Number(value.toPrecision(4))));

function legendOf(name, color) {
  const swatch = make("i");
  swatch.style.setProperty("--of", color);
  return make("span", "", swatch, name);
}

byId("theme").addEventListener("click", () => Theme.next());
Theme.show();
start().catch((error) => showProblem(error.message));
