/**
 * Turns every <textarea data-editor="json|javascript|typescript"> into a code editor.
 *
 * The textarea stays in the form and holds the text at every moment, so the form works the same without this script.
 * It also reads: `data-language-from` (selector of a field with the language's name), `data-place-prefix` (where in a
 * definition this text stands), `data-check-url` (answers a POST of the form with `{"problems": [{place, message, hint}]}`).
 */

import { Compartment, EditorView, keymap } from "../../vendor/codemirror/codemirror.js";
import { checker } from "./editor/check.js";
import { element } from "./editor/dom.js";
import { formattedJson } from "./editor/format.js";
import { isBelow, located, takeRenderedProblems, showProblems, syntaxProblems } from "./editor/problems.js";
import { baseExtensions, isJson, languageFor } from "./editor/setup.js";

/** Long enough not to ask the server at every key. */
const CHECK_AFTER_MILLISECONDS = 600;

/** The live editor of each wrapper; a wrapper without one is dead HTML, left by a copy of its row. */
const editors = new WeakMap();

class CodeEditor {
  constructor(textarea) {
    this.textarea = textarea;
    this.language = new Compartment();
    this.serverProblems = takeRenderedProblems(textarea);
    this.check = textarea.dataset.checkUrl ? checker(textarea.form, textarea.dataset.checkUrl) : null;
    this.isUnchecked = true;
    this.buildFrame();
    this.buildView();
    this.followLabel();
    this.followLanguage();
    this.show();
  }

  buildFrame() {
    this.wrapper = element("div", "code-editor");
    this.bar = element("div", "code-editor__bar");
    this.status = element("span", "code-editor__status");
    this.status.setAttribute("role", "status");
    this.hint = element("span", "code-editor__hint", "Esc, then Tab leaves the editor");
    this.hint.id = `${this.textarea.id}_editor_hint`;
    this.list = element("ol", "problem-list");
    this.bar.append(this.status, this.hint);
    if (isJson(this.languageName)) this.bar.append(this.formatButton());
    this.wrapper.append(this.bar, this.list);
    this.textarea.hidden = true;
    this.textarea.after(this.wrapper);
    editors.set(this.wrapper, this);
  }

  buildView() {
    this.view = new EditorView({
      doc: this.textarea.value,
      extensions: [
        keymap.of([{ key: "Alt-Shift-f", run: () => this.format() }]),
        baseExtensions(),
        this.language.of(languageFor(this.languageName)),
        EditorView.editable.of(!this.textarea.disabled && !this.textarea.readOnly),
        EditorView.updateListener.of((update) => update.docChanged && this.changed()),
        EditorView.domEventHandlers({ blur: () => void this.askServer() }),
      ],
    });
    this.wrapper.prepend(this.view.dom);
  }

  get languageField() {
    const selector = this.textarea.dataset.languageFrom;
    return selector ? document.querySelector(selector) : null;
  }

  get languageName() {
    return this.languageField?.value || this.textarea.dataset.editor;
  }

  /** Give the editor the name and description that the textarea has, and the label's click. */
  followLabel() {
    const content = this.view.contentDOM;
    const label = this.textarea.labels?.[0];
    // unfold writes a star behind the name of a required field.
    const labelText = label?.textContent.trim().replace(/\s*\*$/, "");
    content.setAttribute("aria-label", this.textarea.getAttribute("aria-label") || labelText || this.textarea.name);
    content.setAttribute("aria-required", String(this.textarea.required));
    const described = [this.textarea.getAttribute("aria-describedby"), this.hint.id];
    content.setAttribute("aria-describedby", described.filter(Boolean).join(" "));
    label?.addEventListener("click", () => this.view.focus());
  }

  followLanguage() {
    this.languageField?.addEventListener("change", () => {
      this.view.dispatch({ effects: this.language.reconfigure(languageFor(this.languageName)) });
    });
  }

  changed() {
    this.textarea.value = this.view.state.doc.toString();
    // unfold copies rows as HTML, which holds the default value only.
    this.textarea.defaultValue = this.textarea.value;
    this.textarea.dispatchEvent(new Event("input", { bubbles: true }));
    this.isUnchecked = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settled(), CHECK_AFTER_MILLISECONDS);
  }

  settled() {
    this.show();
    void this.askServer();
  }

  /** Syntax errors hide the server's problems: those were about another text. */
  show() {
    const syntax = isJson(this.languageName) && this.textarea.value.trim() ? syntaxProblems(this.view) : [];
    this.hasSyntaxError = syntax.length > 0;
    const problems = located(this.view, this.hasSyntaxError ? syntax : this.serverProblems, this.placePrefix);
    showProblems({ view: this.view, problems, list: this.list, status: this.status });
    if (!problems.length && (this.isUnchecked || !this.check)) this.status.textContent = "";
  }

  get placePrefix() {
    return this.textarea.dataset.placePrefix ?? "";
  }

  async askServer() {
    if (!this.check || !this.isUnchecked || this.hasSyntaxError) return;
    this.isUnchecked = false;
    try {
      const problems = await this.check();
      if (problems === null) return;
      this.serverProblems = problems.filter((problem) => isBelow(this.placePrefix, problem));
      this.show();
    } catch {
      this.status.textContent = "Could not check this now; it will be checked when you save";
      this.status.dataset.state = "unknown";
    }
  }

  format() {
    const text = formattedJson(this.view.state);
    if (text === null) {
      this.show();
    } else if (text !== this.textarea.value) {
      this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
    }
    return true;
  }

  formatButton() {
    const button = element("button", "code-editor__button", "Format");
    button.type = "button";
    button.title = "Alt+Shift+F";
    button.addEventListener("click", () => this.format());
    return button;
  }
}

/** Start editors in `root`; rows that are only templates for new ones wait for `formset:added`. */
function enhance(root) {
  for (const dead of root.querySelectorAll(".code-editor")) {
    if (!editors.has(dead)) dead.remove();
  }
  for (const textarea of root.querySelectorAll("textarea[data-editor]")) {
    const isStarted = textarea.nextElementSibling?.classList.contains("code-editor");
    if (!isStarted && !textarea.closest(".empty-form")) new CodeEditor(textarea);
  }
}

enhance(document);
document.addEventListener("formset:added", (event) => enhance(event.target));
document.addEventListener("formset:removed", () => enhance(document));
