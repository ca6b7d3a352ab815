// Status line, verdict and tally: pure functions from the server's status to the page.

const PHASES = { starting: "Starting", loading: "Loading", ready: "Ready", running: "Running", finished: "Judged", failed: "Broken" };
const UNITS = [ // ending of an evidence's name -> how its number reads
  ["_m_s", (value) => `${value.toFixed(2)} m/s`], ["_m", (value) => `${Math.round(1000 * value)} mm`],
  ["_s", (value) => `${value.toFixed(2)} s`], ["_n", (value) => `${value.toFixed(1)} N`],
  ["_rad", (value) => `${((180 / Math.PI) * value).toFixed(1)}°`],
];
const PLAIN_NUMBER = (value) => (Number.isInteger(value) ? String(value) : value.toPrecision(3));

/** What is said of an episode, by what it is about. */
export const PICKING = {
  asking: "Pick", scene: "Scene", soFar: "picked",
  judged: ({ target, verdict }) => (verdict.success ? `Picked ${target}` : `Not picked: ${sayFailure(verdict)}`),
  running: ({ target, verdict }) => (verdict?.success ? `Has ${target}` : `Picking ${target} …`),
  uncounted: "Every judged pick is counted here; stopped ones are not.",
};
export const DRIVING = {
  asking: "Drive", scene: "Track", soFar: "driven",
  judged: ({ verdict }) => `${Math.round(verdict.evidence.return)} points${verdict.success ? ": a good lap" : `: ${sayFailure(verdict)}`}`,
  running: () => "Driving …",
  uncounted: "Every judged drive is counted here; stopped ones are not.",
};
const sayFailure = ({ failure }) => failure.replaceAll("_", " ");

export const byId = (id) => document.getElementById(id);

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** An element with a class and children (nodes or text). */
export function make(tag, className = "", ...children) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}

export function makeSwatch(color) {
  const swatch = make("i", "swatch");
  swatch.style.setProperty("--of", color);
  return swatch;
}

export const sentence = (name) => name.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());

export function showStatus(status, colorOf, says) {
  byId("phase").dataset.phase = status.phase;
  setText(byId("phase").querySelector("span"), PHASES[status.phase] ?? status.phase);
  showTarget(byId("target"), status.target, colorOf);
  const moving = status.phase === "running" || status.phase === "finished";
  showNumber("distance", moving && status.distance_m !== null, () => [(1000 * status.distance_m).toFixed(0), "mm"]);
  showNumber("gripper", moving && status.opening_m !== null, () => [(1000 * status.opening_m).toFixed(0), "mm open"]);
  showDriving(status.gauges);
  showNumber("step", moving, () => [String(status.step), `${status.time_s.toFixed(1)} s`]);
  setText(byId("so-far"), moving ? describeSoFar(status, says) : "–");
  byId("so-far").className = !moving || !status.verdict ? "" : status.verdict.success ? "good" : status.phase === "finished" ? "bad" : "";
  showNumber("pace", status.phase === "running", () => [status.pace.rate_hz.toFixed(1), "Hz"]);
  byId("pace").title = `at most ${status.pace.worst_late_ms.toFixed(1)} ms late in the last two seconds`;
}

function describeSoFar({ verdict, phase }, says) {
  if (!verdict) return "–";
  if (verdict.success) return says.soFar;
  return phase === "running" ? "not yet" : sayFailure(verdict);
}

/** Of a car, nothing at rest; steering and pedals are shown where the page has room for them. */
export function showDriving(gauges) {
  const moving = "speed_m_s" in gauges;
  showNumber("speed", moving, () => [gauges.speed_m_s.toFixed(0), "m/s"]);
  showNumber("tiles", moving, () => [String(gauges.tiles), `of ${gauges.num_tiles}`]);
  showNumber("return", moving, () => [gauges.return.toFixed(0), gauges.on_road ? "" : "on grass"]);
}

function showTarget(element, target, colorOf) {
  if (element.dataset.of === (target ?? "")) return;
  element.dataset.of = target ?? "";
  element.replaceChildren(...(target ? [makeSwatch(colorOf(target)), ` ${target}`] : ["–"]));
}

/** What waits for its turn, in order. */
export function showQueue(list, queue, colorOf) {
  if (list.dataset.of === queue.join()) return;
  list.dataset.of = queue.join();
  list.replaceChildren(...queue.map((name) => make("li", "", makeSwatch(colorOf(name)), name)));
}

function showNumber(id, known, say) {
  const [value, unit] = known ? say() : ["–", ""];
  const element = byId(id);
  if (element.dataset.text === value + unit) return;
  element.dataset.text = value + unit;
  element.replaceChildren(value, ...(unit ? [" ", make("small", "", unit)] : []));
}

/** While an episode runs the verdict so far; otherwise the last one that was judged. */
export function showVerdict(status, says) {
  const live = status.phase === "running";
  const outcome = live ? null : status.outcome;
  const verdict = live ? status.verdict : outcome?.verdict;
  const ruling = byId("ruling");
  ruling.className = `ruling ${outcome ? (verdict.success ? "good" : "bad") : live ? "" : "none"}`;
  ruling.dataset.verdict = outcome ? (verdict.success ? says.soFar : verdict.failure) : "";
  setText(ruling.querySelector("i"), outcome ? (verdict.success ? "✓" : "✕") : live ? "…" : "");
  setText(ruling.querySelector("b"), outcome ? says.judged(outcome) : live ? says.running(status) : "Nothing judged yet");
  setText(byId("verdict-of"), outcome ? `${outcome.policy} · scene ${outcome.seed} · ${outcome.duration_s.toFixed(1)} s` : live ? "so far" : "");
  const task = live ? status.task : outcome?.task;
  byId("said").hidden = !task;
  setText(byId("said"), task ? `told: “${task}”` : "");
  showEvidence(verdict?.evidence ?? {});
}

function showEvidence(evidence) {
  const list = byId("evidence");
  const rows = Object.entries(evidence).filter(([name]) => name !== "target");
  const names = rows.map(([name]) => name).join();
  if (list.dataset.names !== names) {
    list.dataset.names = names;
    list.replaceChildren(...rows.map(([name]) => make("div", "", make("dt", "", nameEvidence(name)), make("dd"))));
  }
  rows.forEach(([, value], index) => {
    const cell = list.children[index].lastChild;
    setText(cell, sayEvidence(rows[index][0], value));
    cell.className = typeof value === "boolean" ? (value ? "yes" : "no") : "";
  });
}

const findUnit = (name) => UNITS.find(([ending]) => name.endsWith(ending));

function nameEvidence(name) {
  const unit = findUnit(name);
  return sentence(unit ? name.slice(0, -unit[0].length) : name);
}

function sayEvidence(name, value) {
  if (value === null) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return (findUnit(name)?.[1] ?? PLAIN_NUMBER)(value);
  if (Array.isArray(value)) return value.length ? value.map((item) => sayEvidence(name, item)).join(", ") : "none";
  return String(value);
}

export function showTally(tallies, policy, says) {
  const box = byId("tally");
  const text = JSON.stringify([tallies, policy]);
  if (box.dataset.text === text) return;
  box.dataset.text = text;
  const names = Object.keys(tallies).sort((a, b) => (b === policy) - (a === policy));
  const rows = names.map((name) => makeRow(name, tallies[name]));
  box.replaceChildren(...(rows.length ? rows : [make("p", "nothing", says.uncounted)]));
}

function makeRow(name, { successes, episodes, interval: [low, high], recent, privileged }) {
  const percent = (share) => `${(100 * share).toFixed(0)}%`;
  const line = make("div", "line", make("b", "", name), ...(privileged ? [make("span", "badge", "sees the truth")] : []));
  line.append(make("span", "count", make("b", "", percent(successes / episodes)), ` ${successes} of ${episodes}`));
  const band = make("i"), point = make("u");
  band.style.left = `${100 * low}%`;
  band.style.width = `${100 * (high - low)}%`;
  point.style.left = `${(100 * successes) / episodes}%`;
  const dots = make("span", "recent", ...recent.slice(-12).map((good) => make("i", good ? "good" : "")));
  const ends = make("div", "ends", make("span", "", `${percent(low)} to ${percent(high)}`), dots);
  const row = make("div", "row", line, make("div", "scale", band, point), ends);
  row.dataset.policy = name;
  return row;
}

/** Who drives: this page, another, or nobody. */
export function showSeat({ driving, seat_free, browsers }) {
  const others = browsers > 1 ? ` · ${browsers} browsers` : "";
  byId("seat-text").className = `pill ${driving ? "driving" : ""}`;
  setText(byId("seat-text"), (driving ? "You drive" : seat_free ? "Nobody drives" : "Watching") + others);
  const button = byId("seat-button");
  button.hidden = driving ? browsers < 2 : !seat_free;
  setText(button, driving ? "Hand over" : "Take the wheel");
}
