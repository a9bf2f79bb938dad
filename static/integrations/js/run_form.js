/** The page that runs a feature: one press is one run, and problems are in sight. */

const form = document.querySelector("[data-run-form]");
const button = form?.querySelector("[data-run-submit]");
const label = button?.querySelector("[data-run-label]");
const usualLabel = label?.textContent;

function showBusy(isBusy) {
  form.dataset.busy = isBusy ? "yes" : "";
  button.setAttribute("aria-disabled", String(isBusy));
  label.textContent = isBusy ? "Running…" : usualLabel;
}

form?.addEventListener("submit", (event) => {
  if (form.dataset.busy) event.preventDefault();
  else if (!event.submitter?.name) showBusy(true); // the others have names
});

// The browser's Back shows the page as it was left.
window.addEventListener("pageshow", () => form && showBusy(false));

document.querySelector("[data-run-errors]")?.focus();
