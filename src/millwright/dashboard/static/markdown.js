// The Markdown of model cards as elements. Nothing of it ever becomes HTML: all text is set as text.

import { make } from "./panels.js";

/** Elements of a text: headings, lists, tables and paragraphs; `code`, **bold** and *slanted* within. */
export function drawMarkdown(text) {
  const blocks = text.replaceAll("\r", "").split(/\n{2,}/).flatMap(splitHeading);
  return blocks.filter((block) => block.trim()).map(drawBlock);
}

/** A heading is a block of its own, also where no empty line follows it. */
function splitHeading(block) {
  const lines = block.split("\n");
  return /^#{1,4} /.test(lines[0]) ? [lines[0], lines.slice(1).join("\n")] : [block];
}

function drawBlock(block) {
  const lines = block.trim().split("\n");
  const heading = /^(#{1,4}) (.*)$/.exec(lines[0]);
  if (heading) return make(`h${Math.min(4, heading[1].length + 2)}`, "", ...drawInline(heading[2]));
  if (lines.length > 1 && lines[0].startsWith("|") && /^\|[\s:|-]+\|$/.test(lines[1])) return drawTable(lines);
  if (lines.every((line) => /^(- |  )/.test(line))) return drawList(lines);
  return make("p", "", ...drawInline(lines.join(" ")));
}

function drawList(lines) {
  const items = [];
  for (const line of lines) {
    if (line.startsWith("- ")) items.push(line.slice(2));
    else items[items.length - 1] = `${items.at(-1) ?? ""} ${line.trim()}`;
  }
  return make("ul", "", ...items.map((item) => make("li", "", ...drawInline(item))));
}

function drawTable([head, , ...rows]) {
  const cells = (row) => row.slice(1, -1).split("|").map((cell) => cell.trim().replaceAll("&#124;", "|"));
  const draw = (row, tag) => make("tr", "", ...cells(row).map((cell) => make(tag, /^[\d.,%\s]+$/.test(cell) ? "number" : "", ...drawInline(cell))));
  return make("div", "wide", make("table", "", make("thead", "", draw(head, "th")), make("tbody", "", ...rows.map((row) => draw(row, "td")))));
}

function drawInline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|\*[^*\s][^*]*\*)/).filter(Boolean).map((part) => {
    if (/^`.+`$/.test(part)) return make("code", "", part.slice(1, -1));
    if (/^\*\*.+\*\*$/.test(part)) return make("b", "", part.slice(2, -2));
    if (/^\*.+\*$/.test(part)) return make("i", "", part.slice(1, -1));
    return part;
  });
}
