"""The report page's style sheet and its few lines of script."""

CSS = """
:root { color-scheme: light dark; --paper: #f6f7f9; --card: #ffffff; --ink: #1a1f27; --soft: #5d6774;
  --line: #dfe3e8;
  --quiet: #8b95a3; --accent: #2f6fdd; --good: #1f9d5b; --f0: #d9412f; --f1: #d98a00; --f2: #8a4fd3; --f3: #0f8fa3;
  --f4: #c23a85; --f5: #6b7d1f; }
@media (prefers-color-scheme: dark) { :root { --paper: #12151a; --card: #1b2027; --ink: #e8ebf0; --soft: #9aa5b3;
  --line: #2d343e; --quiet: #78828f; --accent: #6ea2ff; --good: #4ac97e; --f0: #ff7464; --f1: #f2b13d;
  --f2: #b58af5;
  --f3: #4cc5d9; --f4: #f27bbb; --f5: #b3c955; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 22px; font-weight: 650; margin: 0; } h1 span { color: var(--soft); font-weight: 400; }
h2 { font-size: 17px; margin: 40px 0 12px; } h2 small { color: var(--soft); font-weight: 400; font-size: 13px;
  margin-left: 8px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px; }
.warn { background: color-mix(in srgb, var(--f1) 16%, var(--card)); border: 1px solid var(--f1);
  border-radius: 10px;
  padding: 10px 16px; margin-top: 16px; }
.head { display: grid; grid-template-columns: auto 1fr; gap: 8px 36px; align-items: center; margin-top: 16px; }
.rate { font-size: 60px; font-weight: 680; line-height: 1; letter-spacing: -0.02em;
  font-variant-numeric: tabular-nums; }
.count { font-size: 18px; } .soft { color: var(--soft); }
.scale { position: relative; height: 12px; border-radius: 6px; background: var(--line); margin: 12px 0 4px; }
.scale i { position: absolute; top: 0; height: 12px; border-radius: 6px; background: var(--accent); opacity: .4;
  min-width: 4px; }
.scale b { position: absolute; top: -4px; width: 4px; height: 20px; margin-left: -2px; border-radius: 2px;
  background: var(--accent); }
.ends { display: flex; justify-content: space-between; font-size: 12px; color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-top: 12px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 12px 16px; }
.tile b { display: block; font-size: 21px; font-weight: 620; font-variant-numeric: tabular-nums; }
.tile span, .tile small { color: var(--soft); font-size: 12.5px; display: block; }
.title { margin: 0 0 12px; }
.stack { display: grid; grid-template-columns: minmax(0, 1fr); gap: 16px; align-content: start; }
.tasks { align-self: start; } .tasks .bar { grid-template-columns: 190px 1fr 56px; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(380px, 100%), 1fr));
  gap: 16px; }
.bar { display: grid; grid-template-columns: 150px 1fr 130px; gap: 12px; align-items: center; margin: 6px 0; }
.bar span, .bar > a { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bar div { background: var(--line); border-radius: 5px; height: 14px; overflow: hidden; }
.bar i { display: block; height: 100%; border-radius: 5px; min-width: 3px; }
.bar em { font-style: normal; font-variant-numeric: tabular-nums; color: var(--soft); font-size: 13px; }
.bar.long { grid-template-columns: 150px 1fr 250px; }
.stage { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 4fr) minmax(0, 6fr); gap: 4px 24px;
  align-items: center; padding: 8px 0; border-top: 1px solid var(--line); font-size: 13.5px; }
.stage p { margin: 0; overflow-wrap: anywhere; } .stage b { font-size: 15px; }
.stage div { display: flex; height: 18px; border-radius: 5px; overflow: hidden; background: var(--line); }
.warn ul { margin: 4px 0 0; padding-left: 20px; }
@media (max-width: 800px) { .stage, .head { grid-template-columns: minmax(0, 1fr); } }
.failure h3 { font-size: 18px; margin: 0 0 4px; } .failure h3 span { font-weight: 400; font-size: 14px;
  color: var(--soft); margin-left: 8px; }
.failure h4 { font-size: 14px; margin: 16px 0 6px; } .failure p { margin: 0 0 8px; }
.failure .fine { font-size: 12.5px; margin-top: 8px; }
.halves { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 0 32px; }
@media (max-width: 800px) { .halves { grid-template-columns: minmax(0, 1fr); }
  .bar.long { grid-template-columns: 1fr; gap: 4px; } }
.plain td, .plain th { padding: 4px 10px 4px 0; } .plain .text { white-space: normal; }
.plain .proven { font-weight: 600; }
.rated { background: linear-gradient(to right, var(--quiet) var(--share), var(--line) 0) no-repeat left bottom /
  calc(100% - 10px) 3px; }
.strips { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(460px, 100%), 1fr)); gap: 18px 24px; }
.frames figcaption { padding: 0 0 4px; } .frames img { width: 100%; display: block; border-radius: 8px; }
.moments { display: flex; font-size: 12px; line-height: 1.35; color: var(--soft); margin-top: 4px; }
.moments span { flex: 1; padding-right: 8px; } details { margin-top: 8px; } summary { cursor: pointer; font-size: 13px;
  color: var(--accent); margin-bottom: 8px; }
.strip { display: flex; flex-wrap: wrap; gap: 3px; } .strip a { width: 13px; height: 13px; border-radius: 3px;
  background: var(--quiet);
  opacity: .45; } .strip a.bad { opacity: 1; }
.key { display: inline-flex; align-items: center; gap: 6px; margin: 0 14px 6px 0; font-size: 13px;
  color: var(--soft); }
.key i { width: 11px; height: 11px; border-radius: 3px; display: inline-block; }
figure { margin: 0; } .plot svg { max-width: 100%; height: auto; display: block; }
.plot text { font-family: inherit !important; }
.films { display: grid; grid-template-columns: repeat(auto-fill, minmax(235px, 1fr)); gap: 14px; }
.films figure { background: var(--card); border: 1px solid var(--line); border-top: 3px solid var(--good);
  border-radius: 10px; overflow: hidden; }
video { width: 100%; display: block; background: #16191f; cursor: pointer; } figcaption { padding: 8px 12px;
  font-size: 13px; }
figcaption b { font-weight: 600; } .wide { overflow-x: auto; padding: 0; }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 6px 12px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; color: var(--soft); }
#episodes th { position: sticky; top: 0; background: var(--card); cursor: pointer; user-select: none; }
#episodes th:hover { color: var(--ink); } td.text, th.text { text-align: left; } tr:last-child td { border-bottom: 0; }
tr:target { outline: 2px solid var(--accent); }
.only tr.good { display: none; } a { color: var(--accent); } label { font-size: 13px; color: var(--soft);
  margin-left: 12px; font-weight: 400; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 24px; margin: 0; font-size: 13.5px; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; } code { font: 13px ui-monospace, SFMono-Regular, Menlo, monospace; }
"""

SCRIPT = """
const table = document.querySelector("#episodes"), body = table.tBodies[0];
table.tHead.addEventListener("click", (event) => {
  const head = event.target.closest("th");
  if (!head) return;
  const sign = head.dataset.sorted === "up" ? -1 : 1;
  head.dataset.sorted = sign > 0 ? "up" : "down";
  const value = (row) => row.cells[head.cellIndex].dataset.v ?? row.cells[head.cellIndex].textContent;
  const text = (a, b) => sign * value(a).localeCompare(value(b));
  const number = (row) => (value(row) === "" ? sign * Number.MAX_VALUE : Number(value(row)));
  const numeric = (a, b) => sign * (number(a) - number(b));
  body.append(...[...body.rows].sort(head.classList.contains("text") ? text : numeric));
});
document.querySelector("#only").addEventListener("change", (event) => {
  table.classList.toggle("only", event.target.checked);
});
// A film at rest shows how it ended; under the pointer, or when clicked, it plays from the start.
for (const film of document.querySelectorAll("video")) {
  const rest = () => { film.pause(); film.currentTime = Math.max(0, film.duration - 0.03); };
  const start = () => { film.currentTime = 0; film.play(); };
  if (film.readyState > 0) rest(); else film.addEventListener("loadedmetadata", rest, { once: true });
  film.addEventListener("mouseenter", start);
  film.addEventListener("mouseleave", rest);
  film.addEventListener("click", () => (film.paused ? start() : rest()));
  film.addEventListener("keydown", (event) => { if (event.key === "Enter") film.click(); });
}
"""
