// Try an image: a picture and words go to the server, a plan and what it rests on come back.

import { fetchJson, showProblem } from "../asking.js";
import { Chart, COLORS } from "../chart.js";
import { byId, make, sentence, setText } from "../panels.js";
import { drawLook } from "./look.js";

const PNG = 0x89504e47; // how such a file begins
const page = { limits: null, files: new Map(), answer: null, way: 0, frame: 0, asked: 0 };

/** What is said of this asking, unless another came meanwhile: files are read in their own time. */
function makeSpeaker() {
  const asked = ++page.asked;
  return (text, trouble) => asked === page.asked && showProblem(text, trouble);
}

async function start() {
  const told = await fetchJson("../api/try");
  page.limits = told;
  byId("bundle").replaceChildren(...told.bundles.map((name) => make("option", "", name)));
  byId("drops").replaceChildren(...told.cameras.map(makeDrop));
  byId("instruction").value = told.instruction;
  byId("examples").replaceChildren(...told.examples.map(makeExample));
  markExample();
  for (const part of document.querySelectorAll(".able")) part.hidden = !told.bundles.length;
  byId("none").hidden = told.bundles.length > 0;
}

/** Where a camera's picture is dropped or chosen; until then the scene's own is shown. */
function makeDrop({ name, src }) {
  const input = make("input"), picture = make("img"), of = make("span", "of", "from the scene"), back = make("button", "quiet", "Use the scene’s");
  input.type = "file";
  input.accept = "image/png,image/jpeg";
  input.setAttribute("aria-label", `Picture of the camera ${name}`);
  picture.src = src;
  picture.alt = "";
  back.type = "button";
  back.hidden = true;
  const drop = make("label", "drop", make("b", "", sentence(name)), picture, of, input, back);
  drop.dataset.camera = name;
  const take = async (file) => {
    const say = makeSpeaker();
    if (file) page.files.set(name, file);
    else page.files.delete(name);
    const fault = file ? await findFault(file, name) : "";
    if (page.files.get(name) !== (file ?? undefined)) return; // another was taken meanwhile
    picture.src = file && !fault ? URL.createObjectURL(file) : src;
    setText(of, file ? file.name : "from the scene");
    of.title = file ? file.name : "";
    drop.classList.toggle("given", Boolean(file));
    back.hidden = !file;
    if (!file) input.value = "";
    say(fault);
  };
  picture.addEventListener("error", () => (picture.src = src)); // no picture: the server says so when it is asked
  input.addEventListener("change", () => input.files[0] && take(input.files[0]));
  back.addEventListener("click", (event) => {
    event.preventDefault();
    take(null);
  });
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  });
  return drop;
}

/** What the server would refuse anyway, found before it is sent, or shown: a PNG of too many pixels would choke the page. */
async function findFault(file, camera) {
  const { most_bytes, most_pixels } = page.limits;
  const mb = (bytes) => (bytes / 2 ** 20).toFixed(1);
  if (file.size > most_bytes) return `${camera}: ${mb(file.size)} MB are too many; at most ${mb(most_bytes)} MB`;
  const head = new DataView(await file.slice(0, 24).arrayBuffer());
  if (head.byteLength < 24 || head.getUint32(0) !== PNG) return "";
  const [width, height] = [head.getUint32(16), head.getUint32(20)];
  return width * height > most_pixels ? `${camera}: ${width} x ${height} pixels are too many; at most ${most_pixels / 1e6} million pixels altogether` : "";
}

function makeExample(words) {
  const chip = make("button", "example", words);
  chip.type = "button";
  chip.addEventListener("click", () => {
    byId("instruction").value = words;
    markExample();
  });
  return chip;
}

function markExample() {
  const said = byId("instruction").value.trim();
  for (const chip of byId("examples").children) chip.setAttribute("aria-pressed", String(chip.textContent === said));
}

async function look(event) {
  event.preventDefault();
  const say = makeSpeaker();
  byId("look").disabled = true;
  try {
    const faults = await Promise.all([...page.files].map(([camera, file]) => findFault(file, camera)));
    if (faults.some(Boolean)) throw new Error(faults.find(Boolean));
    say("looking …", false);
    const pictures = {};
    for (const [camera, file] of page.files) pictures[camera] = await readBase64(file, camera);
    const wish = { bundle: byId("bundle").value, instruction: byId("instruction").value, pictures };
    const answer = await fetchJson("../api/try", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(wish) });
    say("");
    show(answer);
  } catch (error) {
    say(error.message);
  } finally {
    byId("look").disabled = false;
  }
}

function readBase64(file, camera) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Error(`${camera}: the file cannot be read; choose it again`));
    reader.readAsDataURL(file);
  });
}

function show(answer) {
  page.answer = answer;
  page.way = Math.min(page.way, answer.maps.length - 1);
  page.frame = 0;
  byId("empty").hidden = true;
  byId("looking").hidden = byId("chunk").hidden = false;
  showWays();
  showChunk(answer);
}

function showWays() {
  const { maps } = page.answer;
  byId("ways").replaceChildren(...maps.map(({ title }, index) => toggle(title, index === page.way, () => {
    [page.way, page.frame] = [index, 0];
    showWays();
  })));
  const { about, frames } = maps[page.way];
  const none = maps.length === 1 ? "This network has no attention that could be drawn: the words change how its eyes see. " : "";
  setText(byId("about"), `${none}${sentence(about)}.`);
  byId("frames").hidden = frames.length < 2;
  byId("frames").replaceChildren(...frames.map(({ label }, index) => toggle(label, index === page.frame, () => {
    page.frame = index;
    showWays();
  })));
  showLooks();
}

function toggle(text, pressed, onClick) {
  const button = make("button", "", text);
  button.type = "button";
  button.setAttribute("aria-pressed", String(pressed));
  button.addEventListener("click", onClick);
  return button;
}

function showLooks() {
  const { pictures, maps } = page.answer;
  const { kind, frames } = maps[page.way];
  const shown = frames[page.frame].maps;
  const all = Object.values(shown).flat(2);
  const range = { least: kind === "influence" ? 0 : Math.min(...all), most: Math.max(...all) };
  const figures = pictures.map(({ camera, src, given }) => {
    const canvas = make("canvas");
    drawLook(canvas, src, shown[camera] ?? [], range);
    const told = sayMap(kind, (shown[camera] ?? []).flat());
    const name = make("b", "", sentence(camera));
    return make("figure", "look", canvas, make("figcaption", "", name, ` ${given ? "yours, as it sees it" : "from the scene"}${told ? ` · ${told}` : ""}`));
  });
  byId("looks").replaceChildren(...figures);
}

function sayMap(kind, values) {
  if (!values.length) return "";
  const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)}%`;
  const total = values.reduce((sum, value) => sum + value, 0), [least, most] = [Math.min(...values), Math.max(...values)];
  if (kind === "picture") return `${percent(total)} of its attention, ${percent(least, 1)} to ${percent(most, 1)} a place`;
  if (kind === "words") return `${percent(least)} to ${percent(most)} of a place’s attention`;
  return `up to ${most.toFixed(1)} mm`;
}

function showChunk({ actions, names, unit, rate_hz, bundle, instruction }) {
  setText(byId("chunk-of"), `${actions.length} actions, ${1000 / rate_hz} ms each · ${bundle} · “${instruction}”`);
  const units = unit.split(",").map((text) => text.trim());
  const reach = (of) => Math.max(0.1, ...actions.flatMap((action) => action.filter((_, column) => units[column] === of)).map(Math.abs));
  byId("dims").replaceChildren(...actions[0].map((_, column) => {
    const box = make("div", "chart");
    const color = COLORS[column % COLORS.length];
    const points = actions.map((action, step) => [step + 1, action[column]]);
    const name = names[column] ?? `number ${column + 1}`;
    const scale = units[column] && /^\d/.test(units[column]) ? `1 is ${units[column]}` : "";
    new Chart(box, [{ name, color, points }], { low: -reach(units[column]), high: reach(units[column]), label: `${name} over the actions of the chunk` });
    return make("div", "dim", make("div", "name", make("b", "", name), make("small", "", scale)), box);
  }));
}

byId("wish").addEventListener("submit", look);
byId("instruction").addEventListener("input", markExample);
byId("theme").addEventListener("click", () => Theme.next());
Theme.show();
start().catch((error) => {
  for (const part of document.querySelectorAll(".able")) part.hidden = false;
  showProblem(error.message);
});
