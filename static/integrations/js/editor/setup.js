/** How an editor looks and behaves: CodeMirror's extensions, and colors from the page's custom properties. */

import {
  EditorState,
  EditorView,
  HighlightStyle,
  autocompletion,
  bracketMatching,
  closeBrackets,
  closeBracketsKeymap,
  defaultKeymap,
  drawSelection,
  foldGutter,
  foldKeymap,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSelectionMatches,
  highlightSpecialChars,
  history,
  historyKeymap,
  indentOnInput,
  indentUnit,
  indentWithTab,
  javascript,
  json,
  keymap,
  lineNumbers,
  lintGutter,
  lintKeymap,
  searchKeymap,
  syntaxHighlighting,
  tags,
} from "../../../vendor/codemirror/codemirror.js";

const LANGUAGES = {
  json: () => json(),
  js: () => javascript(),
  javascript: () => javascript(),
  ts: () => javascript({ typescript: true }),
  typescript: () => javascript({ typescript: true }),
};

/** The extension for a language by the name that a definition uses; anything else is plain text. */
export function languageFor(name) {
  return LANGUAGES[name.toLowerCase()]?.() ?? [];
}

export function isJson(name) {
  return name.toLowerCase() === "json";
}

/** The nonce for the <style> that CodeMirror adds; it is the page's only one, on a stylesheet link. */
function styleNonce() {
  return document.querySelector("link[nonce]")?.nonce ?? "";
}

export function baseExtensions() {
  return [
    EditorView.cspNonce.of(styleNonce()),
    lineNumbers(),
    foldGutter(),
    lintGutter(),
    history(),
    drawSelection(),
    highlightSpecialChars(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches(),
    bracketMatching(),
    closeBrackets(),
    autocompletion({ activateOnTyping: false }),
    indentOnInput(),
    indentUnit.of("  "),
    EditorState.tabSize.of(2),
    EditorView.lineWrapping,
    syntaxHighlighting(highlightStyle),
    theme,
    // Escape and then Tab leaves the editor: CodeMirror lets the next Tab through for two seconds.
    keymap.of([
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...lintKeymap,
      indentWithTab,
    ]),
  ];
}

// Custom properties instead of two themes: the page's light and dark colors apply without any script.
const highlightStyle = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--code-name)" },
  { tag: [tags.string, tags.regexp], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: "var(--code-keyword)" },
  { tag: [tags.typeName, tags.className], color: "var(--code-type)" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], color: "var(--code-name)" },
  { tag: [tags.comment], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: tags.invalid, color: "var(--danger)" },
]);

const theme = EditorView.theme({
  "&": { color: "var(--text-strong)", backgroundColor: "var(--surface)", fontSize: "13px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "1.55", maxHeight: "70vh", minHeight: "7rem" },
  ".cm-content": { caretColor: "var(--text-strong)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--text-strong)" },
  ".cm-gutters": {
    backgroundColor: "var(--surface-sunken)",
    color: "var(--text-subtle)",
    borderRight: "1px solid var(--line)",
  },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--code-line)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    backgroundColor: "var(--code-selection)",
  },
  ".cm-selectionMatch": { backgroundColor: "var(--code-match)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--code-match)", outline: "1px solid var(--accent)" },
  ".cm-searchMatch": { backgroundColor: "var(--code-match)", outline: "1px solid var(--accent)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--surface-sunken)", border: "1px solid var(--line)", color: "inherit" },
  ".cm-panels": { backgroundColor: "var(--surface-sunken)", color: "var(--text-strong)", borderColor: "var(--line)" },
  ".cm-panel.cm-search": { padding: "0.5rem" },
  ".cm-textfield": { backgroundColor: "var(--surface)", border: "1px solid var(--line)", color: "inherit" },
  ".cm-button": {
    backgroundColor: "var(--surface)",
    backgroundImage: "none",
    border: "1px solid var(--line)",
    color: "inherit",
  },
  ".cm-tooltip": { backgroundColor: "var(--surface)", border: "1px solid var(--line)", color: "var(--text-strong)" },
  ".cm-diagnostic": { borderLeft: "4px solid var(--danger)", fontFamily: "var(--font-sans)" },
  // CodeMirror draws these two as data: images, which the Content-Security-Policy need not allow.
  ".cm-lint-marker-error": { content: "'●'", color: "var(--danger)", fontSize: "11px", textAlign: "center" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--danger)" },
  ".cm-lintPoint-error:after": { borderBottomColor: "var(--danger)" },
});
