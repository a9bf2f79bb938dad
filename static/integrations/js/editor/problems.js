/** The list of problems under an editor, and their marks in its text. */

import { jsonParseLinter, setDiagnostics } from "../../../vendor/codemirror/codemirror.js";
import { element } from "./dom.js";
import { rangeAt, segmentsBelow } from "./places.js";

const findSyntaxErrors = jsonParseLinter();

/** What a JSON text's syntax is wrong about, as problems with a position instead of a place. */
export function syntaxProblems(view) {
  return findSyntaxErrors(view).map(({ from, message }) => ({ place: "", message: capitalized(message), hint: "", from }));
}

/** Problems that were rendered by the server beside the field: list items with `data-place`. */
export function renderedProblems(textarea) {
  const group = textarea.closest("[data-editor-field], .form-row, .field-row, .group") ?? textarea.form ?? document;
  return [...group.querySelectorAll("li[data-place]")].map((item) => ({
    place: item.dataset.place,
    message: item.dataset.message ?? item.textContent.trim(),
    hint: item.dataset.hint ?? "",
  }));
}

/** Keep the problems that are about this editor's text, each with the `{from, to}` to show. */
export function located(view, problems, prefix) {
  return problems.map((problem) => ({ ...problem, range: rangeOf(view, problem, prefix) })).filter(({ range }) => range);
}

function rangeOf(view, problem, prefix) {
  if (problem.from !== undefined) return oneCharacter(view, problem.from);
  if (problem.line) return lineRange(view, problem);
  const segments = segmentsBelow(prefix, problem.place);
  return segments && rangeAt(view.state, segments);
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

function capitalized(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
