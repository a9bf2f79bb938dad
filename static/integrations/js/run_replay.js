/** The page that replays a run: other choices show at once what they mean, and the editor only when it is wanted. */

const form = document.querySelector("[data-replay-form]");
const inputFrom = form?.querySelector("[data-input-from]");

function showEditor() {
  form.querySelector("[data-edited-input]").hidden = inputFrom.value !== "edited";
}

form?.addEventListener("change", (event) => {
  if (event.target.matches("[data-refreshes]")) form.requestSubmit(form.querySelector("[data-look]"));
});
inputFrom?.addEventListener("change", showEditor);
if (inputFrom) showEditor();

document.querySelector("[data-run-errors]")?.focus();
