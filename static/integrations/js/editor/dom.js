/** Small help for building elements. */

/** Return a new element; `text` is set as text, never as HTML. */
export function element(name, className, text = "") {
  const created = document.createElement(name);
  created.className = className;
  created.textContent = text;
  return created;
}
