// Requests of the pages about policies, and where they say what went wrong.

import { byId, setText } from "./panels.js";

/** What the server answers; an Error with its words where it refuses, or cannot be reached. */
export async function fetchJson(url, options) {
  let response;
  try {
    response = await fetch(url, options);
  } catch {
    throw new Error("the dashboard does not answer; is it still running?");
  }
  const values = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(values.error ?? `the dashboard answered ${response.status}`);
  return values;
}

export function showProblem(text, trouble = true) {
  const box = byId("message");
  box.hidden = !text;
  box.classList.toggle("trouble", trouble);
  setText(box, text);
}
