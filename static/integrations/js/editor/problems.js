/** The list of problems under an editor, and their marks in its text. */

import { setDiagnostics } from "../../../vendor/codemirror/codemirror.js";
import { element } from "./dom.js";
import { errorAt, rangeAt, segmentsBelow } from "./places.js";

/** What a JSON text's syntax is wrong about, as one problem with a position instead of a place, or none. */
export function syntaxProblems(view) {
  try {
    JSON.parse(view.state.doc.toString());
    return [];
  } catch (error) {
    return [{ place: "", message: error.message, hint: "", from: positionOf(error.message) ?? errorAt(view.state) }];
  }
}

/** Browsers name the position of an error in some of their messages only. */
function positionOf(message) {
  const position = message.match(/at position (\d+)/)?.[1];
  return position && Number(position);
}

/** Take over the problems that the server rendered for this field: items with `data-place`, "" for the whole text. */
export function takeRenderedProblems(textarea) {
  const list = document.querySelector(`[data-problems-for="${CSS.escape(textarea.id)}"]`);
  if (!list) return [];
  list.hidden = true;
  return [...list.querySelectorAll("li[data-place]")].map(({ dataset }) => ({ ...dataset }));
}

/** Whether a problem is about the text that stands at `prefix`; one without a place is about everything. */
export function isBelow(prefix, { place }) {
  return !place || segmentsBelow(prefix, place) !== null;
}

/** Give each problem the `{from, to}` in the text that is shown for it. */
export function located(view, problems, prefix) {
  return problems.map((problem) => ({ ...problem, range: rangeOf(view, problem, prefix) }));
}

function rangeOf(view, problem, prefix) {
  if (problem.from !== undefined) return oneCharacter(view, problem.from);
  if (problem.line) return lineRange(view, problem);
  return rangeAt(view.state, segmentsBelow(prefix, problem.place) ?? []);
}

function oneCharacter(view, from) {
  const start = Math.min(from, view.state.doc.length);
  return { from: start, to: Math.min(start + 1, view.state.doc.length) };
}

/** `line` and `column` are 1-based, as in an author's own source. */
function lineRange(view, { line, column }) {
  const { from, to } = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
  return { from: Math.min(from + Math.max((column ?? 1) - 1, 0), to), to };
}

/** Mark located problems in the text and list them in `list`; a click goes to the place. */
export function showProblems({ view, problems, list, status }) {
  const diagnostics = problems.map(({ range, message, hint }) => ({
    ...range,
    severity: "error",
    message: hint ? `${message} (${hint})` : message,
  }));
  view.dispatch(setDiagnostics(view.state, diagnostics));
  view.contentDOM.setAttribute("aria-invalid", String(problems.length > 0));
  list.replaceChildren(...problems.map((problem) => listItem(view, problem)));
  list.hidden = !problems.length;
  status.textContent = summary(problems.length);
  status.dataset.state = problems.length ? "problems" : "clear";
}

function summary(count) {
  if (!count) return "No problems found";
  return count === 1 ? "1 problem" : `${count} problems`;
}

function listItem(view, problem) {
  const item = document.createElement("li");
  const button = element("button", "problem-list__jump");
  button.type = "button";
  button.append(element("span", "problem-list__place", placeText(view, problem)));
  button.append(element("span", "problem-list__message", problem.message));
  if (problem.hint) button.append(element("span", "problem-list__hint", problem.hint));
  button.addEventListener("click", () => goTo(view, problem.range));
  item.append(button);
  return item;
}

function placeText(view, { place, range }) {
  const line = `line ${view.state.doc.lineAt(range.from).number}`;
  return place ? `${place} · ${line}` : line;
}

function goTo(view, { from, to }) {
  view.dispatch({ selection: { anchor: from, head: to }, scrollIntoView: true });
  view.focus();
}
