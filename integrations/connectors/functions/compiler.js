// Turns what an author wrote into one script whose value is an async function of `input`. Runs in the sandbox, behind
// the vendored `Sucrase`. Lines stay where they were; the first line is pushed right by HEAD.length.
//
// Takes {source, language}; returns {candidates: [{javascript, problem}]}, to be tried in order by whether the engine can
// parse them, or {problem: {message, hint, line, column}}.
(() => {
  "use strict";

  const { ContextualKeyword, IdentifierRole, TokenType: tt } = Sucrase;
  // One length, so that a column is mapped back without knowing the form.
  const EXPRESSION_HEAD = '(async(input)=>{"use strict";const $result=(';
  const BODY_HEAD = '(async(input)=>{"use strict";'.padEnd(EXPRESSION_HEAD.length);
  const PURE = "functions are pure: JSON in, JSON out";

  class Refused extends Error {
    constructor(message, { at, hint }) {
      super(message);
      this.problem = { message, hint, ...at };
    }
  }

  function compile({ source, language }) {
    try {
      return { candidates: candidatesOf(source, language) };
    } catch (error) {
      return { problem: error instanceof Refused ? error.problem : syntaxProblem(error) };
    }
  }

  function candidatesOf(source, language) {
    try {
      return formsOf(scriptOf(source, language));
    } catch (error) {
      if (error instanceof Refused) throw error;
      const expression = expressionOf(source, language);
      if (expression) return [expression];
      // Of JavaScript the engine gives better messages. What it would accept only for our wrapper (`1}); ({`) is refused.
      if (language === "js") return [asBody(source, "", syntaxProblem(error))];
      throw error;
    }
  }

  const scriptOf = (source, language) => new Script(language === "ts" ? eraseTypes(source) : source);

  /** What is readable as an expression only: `function (input) {…}`, which as a statement lacks a name. */
  function expressionOf(source, language) {
    try {
      const script = scriptOf(`(${source.replace(/[;\s]+$/, "")}\n)`, language);
      refuseImports(script);
      if (!isInOnePairOfParentheses(script)) return null;
      return asExpression(script.text.slice(1, script.text.lastIndexOf(")")));
    } catch (error) {
      if (error instanceof Refused) throw error;
      return null;
    }
  }

  function isInOnePairOfParentheses({ tokens }) {
    let depth = 0;
    // The last token is the end of the file.
    return tokens.slice(0, -1).every((token, index) => {
      if (token.type === tt.parenL) depth += 1;
      if (token.type === tt.parenR) depth -= 1;
      return depth > 0 || index === tokens.length - 2;
    });
  }

  function syntaxProblem(error) {
    const message = String(error.message).replace(/^SyntaxError: /, "").replace(/ \(\d+:\d+\)$/, "");
    return { message, hint: "", line: error.loc?.line ?? 1, column: error.loc?.column ?? 1 };
  }

  // -- TypeScript ------------------------------------------------------------------------------------------------------

  function eraseTypes(source) {
    const script = new Script(source, { typescript: true });
    refuseNamespaces(script);
    const { code, offsets } = Sucrase.erase(source, script);
    return restoreColumns(source, script.tokens, code, offsets);
  }

  // Sucrase erases a namespace with everything in it, so code would vanish.
  function refuseNamespaces(script) {
    const { tokens } = script;
    tokens.forEach((token, index) => {
      const { contextualKeyword: word } = token;
      if (!token.isType || (word !== ContextualKeyword._namespace && word !== ContextualKeyword._module)) return;
      const opensOne = [tt.name, tt.string].includes(tokens[index + 1].type) && isStatementStart(script, index);
      const isAmbient = tokens[index - 1]?.contextualKeyword === ContextualKeyword._declare;
      if (opensOne && !isAmbient) {
        const hint = "use an object, or plain functions and constants";
        throw new Refused("a namespace cannot be compiled", { at: script.placeOf(token), hint });
      }
    });
  }

  // Inside a type, `namespace` may be the name of a member or a type; a declaration starts where a type context does.
  function isStatementStart(script, index) {
    const before = script.tokens[index - 1];
    return !before || !before.isType || before.type === tt._export || before.type === tt.braceL || before.type === tt.braceR
      || before.type === tt.semi;
  }

  // Erased code moves what follows it; spaces before a token, more or fewer, put it back. A template's text stays.
  function restoreColumns(source, tokens, code, offsets) {
    let restored = "";
    let copied = 0;
    tokens.forEach((token, index) => {
      const offset = offsets[index];
      if (offset === undefined || offset < copied) return;
      restored += code.slice(copied, offset);
      copied = offset;
      // What was put in another token's place has no column of its own.
      const isItself = code.startsWith(source.slice(token.start, token.end), offset);
      if (!isItself || token.type === tt.template || token.type === tt.backQuote) return;
      restored = padTo(restored, columnOf(source, token.start));
    });
    return restored + code.slice(copied);
  }

  function padTo(text, column) {
    const missing = column - columnOf(text, text.length);
    if (missing >= 0) return text + " ".repeat(missing);
    // One space stays, so that two words do not become one.
    const spare = Math.max(0, text.length - text.trimEnd().length - 1);
    return /  $/.test(text) ? text.slice(0, text.length - Math.min(spare, -missing)) : text;
  }

  const columnOf = (text, offset) => (offset === 0 ? 1 : offset - text.lastIndexOf("\n", offset - 1));

  // -- What form it has ------------------------------------------------------------------------------------------------

  class Script {
    constructor(text, { typescript = false } = {}) {
      // Sucrase takes a keyword that the text ends with for a name.
      const { tokens, scopes } = Sucrase.parse(`${text} `, { typescript });
      Object.assign(this, { text, scopes, tokens });
    }

    placeOf({ start }) {
      return { line: this.text.slice(0, start).split("\n").length, column: columnOf(this.text, start) };
    }

    wordOf(token) {
      return this.text.slice(token.start, token.end);
    }

    /** The text with `token` replaced by `word`, which is no longer than it. */
    replace(token, word) {
      const filled = word.padEnd(token.end - token.start);
      this.text = this.text.slice(0, token.start) + filled + this.text.slice(token.end);
    }

    /** Whether `index` is in a function or class of the author's. */
    isNested(index) {
      return this.scopes.some((scope) => scope.isFunctionScope && this.isWithin(scope, index));
    }

    isWithin({ startTokenIndex, endTokenIndex }, index) {
      // The outermost scope is the script itself.
      return startTokenIndex > 0 || endTokenIndex < this.tokens.length
        ? startTokenIndex <= index && index < endTokenIndex
        : false;
    }
  }

  function formsOf(script) {
    if (script.tokens.length <= 1) throw new Refused("there is no code", { at: { line: 1, column: 1 }, hint: FORMS });
    refuseImports(script);
    const exported = takeExports(script);
    if (exported) return [asBody(script.text, `;return ${exported}(input)`, null)];
    const candidates = [asBodyOrItsLastFunction(script)];
    if (!hasReturn(script)) candidates.unshift(asExpression(withoutSemicolons(script)));
    return candidates;
  }

  const FORMS = "write a function of `input`, `export default` one, or a body that returns a value";

  function withoutSemicolons(script) {
    const copy = new Script(script.text);
    // The last token is the end of the file.
    for (const token of copy.tokens.slice(0, -1).reverse()) {
      if (token.type !== tt.semi) break;
      copy.replace(token, "");
    }
    return copy.text;
  }

  function asExpression(text) {
    const tail = '\n);return typeof $result==="function"?$result(input):$result})';
    return { javascript: EXPRESSION_HEAD + text + tail, problem: null };
  }

  function asBody(text, tail, problem) {
    return { javascript: `${BODY_HEAD}${text}\n${tail}})`, problem };
  }

  function asBodyOrItsLastFunction(script) {
    if (hasReturn(script)) return asBody(script.text, "", null);
    const name = lastFunction(script);
    if (name) return asBody(script.text, `;return ${name}(input)`, null);
    const throws = script.tokens.some((token) => token.type === tt._throw);
    return asBody(script.text, "", throws ? null : { message: "nothing is returned", hint: FORMS, line: 1, column: 1 });
  }

  const hasReturn = (script) =>
    script.tokens.some((token, index) => token.type === tt._return && !script.isNested(index));

  function lastFunction(script) {
    const { tokens } = script;
    const isFunction = (token) => token.type === tt._function || token.type === tt.star;
    const names = tokens.filter(
      (token, index) =>
        token.identifierRole === IdentifierRole.TopLevelDeclaration && index > 0 && isFunction(tokens[index - 1]),
    );
    return names.length ? script.wordOf(names.at(-1)) : "";
  }

  function refuseImports(script) {
    const { tokens } = script;
    tokens.forEach((token, index) => {
      const isCall = tokens[index + 1]?.type === tt.parenL;
      const before = tokens[index - 1]?.type;
      const isRequire = token.type === tt.name && isCall && script.wordOf(token) === "require"
        && before !== tt.dot && before !== tt.questionDot && before !== tt._function;
      if (isRequire || (token.type === tt._import && before !== tt.dot)) {
        const hint = `${PURE}, and hold all the code that they need`;
        throw new Refused(`${script.wordOf(token)} is not available`, { at: script.placeOf(token), hint });
      }
    });
  }

  /** Takes the word `export` away everywhere; returns the name that the default export now has, or "". */
  function takeExports(script) {
    let name = "";
    script.tokens.forEach((token, index) => {
      if (token.type !== tt._export) return;
      const next = script.tokens[index + 1];
      if (next.type === tt._default) name = takeDefault(script, index);
      else if (next.type === tt.braceL || next.type === tt.star) {
        throw new Refused("only a declaration can be exported", { at: script.placeOf(token), hint: FORMS });
      } else script.replace(token, "");
    });
    return name;
  }

  function takeDefault(script, index) {
    const [exportToken, defaultToken, ...rest] = script.tokens.slice(index, index + 6);
    if (rest[0].type === tt._class) {
      throw new Refused("a class cannot be called", { at: script.placeOf(exportToken), hint: FORMS });
    }
    const named = nameOfFunction(rest);
    // A named function stays a declaration, so that it sees constants that are declared below it.
    script.replace(exportToken, named ? "" : "var");
    script.replace(defaultToken, named ? "" : "$main =");
    return named ? script.wordOf(named) : "$main";
  }

  /** The name in `[async] function [*] name`, if these tokens are that. */
  function nameOfFunction(tokens) {
    const rest = tokens[0].contextualKeyword === ContextualKeyword._async ? tokens.slice(1) : tokens;
    if (rest[0].type !== tt._function) return null;
    const name = rest[1].type === tt.star ? rest[2] : rest[1];
    return name.type === tt.name ? name : null;
  }

  return (request) => compile(request);
})();
