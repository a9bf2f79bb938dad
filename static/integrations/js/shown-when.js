/**
 * Shows a form's field only while another one has a certain value: `data-shown-when="kind=code"` on its input; or while it
 * has any: `data-shown-when="kind"`.
 *
 * The server decides by the other field alone, so nothing depends on what is hidden.
 */

for (const input of document.querySelectorAll("[data-shown-when]")) {
  const [name, value] = input.dataset.shownWhen.split("=");
  const other = input.form.elements.namedItem(name);
  const line = input.closest(".field-line");
  if (!other || !line) continue;
  const follow = () => line.classList.toggle("hidden", value === undefined ? !other.value : other.value !== value);
  other.addEventListener("change", follow);
  follow();
}
