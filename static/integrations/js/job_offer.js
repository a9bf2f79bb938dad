/**
 * The form of a job: what can be chosen follows the integration, and what the target takes stands below the input.
 *
 * `data-job-takes="url"` marks what the target takes; the address answers with the same form's parts, rendered by the
 * server for what is chosen so far. `data-job` is the id of the job, if it has one yet.
 */

import { EditorView } from "../../vendor/codemirror/codemirror.js";

const PAUSE_MILLISECONDS = 250;
const ASKED = ["integration", "tag", "target", "environment"];
const panel = document.querySelector("[data-job-takes]");
const form = panel?.closest("form");
const box = (name) => form.elements.namedItem(name);
let timer = 0;
let asked = 0;

async function ask({ choices }) {
  const number = ++asked;
  const typed = new URLSearchParams(ASKED.map((name) => [name, box(name)?.value ?? ""]));
  typed.set("job", panel.dataset.job);
  const response = await fetch(`${panel.dataset.jobTakes}?${typed}`, { headers: { Accept: "text/html" } });
  // Answers may come in another order; a redirect leads to the login page.
  if (!response.ok || response.redirected || number !== asked) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (choices) for (const name of ["target", "environment"]) offer(name, page);
  for (const part of ["[data-takes-title]", "[data-takes-body]"]) {
    panel.querySelector(part).replaceChildren(...page.querySelector(part).childNodes);
  }
  followInput();
}

function offer(name, page) {
  const offered = page.querySelector(`select[name="${name}"]`);
  if (!offered || !box(name)) return;
  const chosen = offered.value; // moving options chooses others
  box(name).replaceChildren(...offered.childNodes);
  box(name).value = chosen;
}

/** The browser's Back fills in what was chosen, without a change. */
function isAsServed(name) {
  const input = box(name);
  return !input || (input.selectedOptions?.[0]?.defaultSelected ?? input.value === input.defaultValue);
}

function later(wanted) {
  clearTimeout(timer);
  timer = setTimeout(() => void ask(wanted).catch(() => {}), PAUSE_MILLISECONDS);
}

/** The sample is for an empty box only, so that nothing that was written is lost. */
function followInput() {
  const line = panel.querySelector("[data-fill]");
  if (!line) return;
  const isEmpty = ["", "{}"].includes(box("input").value.trim());
  line.hidden = false;
  line.querySelector("[data-fill-sample]").disabled = !isEmpty;
  line.querySelector("[data-fill-note]").hidden = isEmpty;
}

function fillIn() {
  const sample = panel.querySelector("[data-sample]").textContent;
  const view = EditorView.findFromDOM(box("input").parentElement.querySelector(".cm-editor"));
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: sample } });
  view.focus();
}

if (form) {
  box("integration")?.addEventListener("change", () => later({ choices: true }));
  box("target").addEventListener("change", () => later({ choices: false }));
  box("tag").addEventListener("input", () => later({ choices: false }));
  box("input").addEventListener("input", followInput);
  panel.addEventListener("click", (event) => event.target.closest("[data-fill-sample]") && fillIn());
  followInput();
  window.addEventListener("pageshow", () => {
    if (!ASKED.every(isAsServed)) later({ choices: !isAsServed("integration") });
  });
}
