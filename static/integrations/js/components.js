/** Behavior of the pieces in templates/_components, by `data-` hooks. */

const COPIED_FOR_MILLISECONDS = 2000;

/** `<button data-copy="#id">` copies the text of that element and says so. */
async function copy(button) {
  const source = document.querySelector(button.dataset.copy);
  const label = button.querySelector("[data-copy-label]") ?? button;
  const usual = label.textContent;
  label.textContent = (await isCopied(source.textContent)) ? "Copied" : "Press Ctrl+C";
  setTimeout(() => (label.textContent = usual), COPIED_FOR_MILLISECONDS);
}

async function isCopied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Write what was typed into the HTML, before unfold moves rows of an inline by copying their HTML.
 *
 * Without this, removing a new row empties the rows after it (unfold 0.91.0, `deleteInlineTemplateHandler`).
 */
function keepTyped(formset) {
  for (const field of formset.querySelectorAll("input, textarea")) {
    field.defaultValue = field.value;
    field.defaultChecked = field.checked;
  }
  for (const option of formset.querySelectorAll("option")) option.defaultSelected = option.selected;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) void copy(button);
});

document.addEventListener(
  "click",
  (event) => {
    if (event.target.closest(".delete-template")) keepTyped(event.target.closest(".formset"));
  },
  { capture: true },
);
