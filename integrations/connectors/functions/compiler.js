// Turns what an author wrote into one script whose value is an async function of `input`. Runs in the sandbox, behind
// the vendored `ts`, which is TypeScript itself.
//
// Takes {source, language}; returns {javascript, mappings, problem}. JavaScript keeps its lines, with the first pushed
// right by HEAD.length; TypeScript comes with the `mappings` of a source map. `problem` is {message, hint, line, column},
// to be told if the engine finds nothing worse; without `javascript` it is all there is to say.
(() => {
  "use strict";

  const kind = ts.SyntaxKind;
  const EXPRESSION_START = "const $result=(";
  const EXPRESSION_END = '\n);return typeof $result==="function"?$result(input):$result})';
  const BODY_HEAD = '(async(input)=>{"use strict";';
  // One length, so that a column of JavaScript is found again without knowing the form.
  const HEAD = BODY_HEAD.padEnd(BODY_HEAD.length + EXPRESSION_START.length);
  const PURE = "functions are pure: JSON in, JSON out";
  const FORMS = "write a function of `input`, `export default` one, or a body that returns a value";

  class Refused extends Error {
    constructor(message, { at, hint = "" }) {
      super(message);
      this.problem = { message, hint, ...at };
    }
  }

  function compile(request) {
    try {
      return formOf(request.source, request.language);
    } catch (error) {
      if (error instanceof Refused) return { problem: error.problem };
      throw error;
    }
  }

  // -- What form it has ------------------------------------------------------------------------------------------------

  function formOf(source, language) {
    const script = new Script(source, { language });
    if (script.problem || script.isOneBlock()) {
      const expression = expressionOf(source, language);
      if (expression) return expression;
    }
    if (script.problem) return unreadable(script, language);
    if (script.statements.length === 0) throw new Refused("there is no code", { at: script.at(0), hint: FORMS });
    script.refuseModules();
    const main = script.takeExports();
    if (main) return asBody(script, { end: `return ${main}(input)` });
    if (script.hasReturn()) return asBody(script, { end: "" });
    if (script.isOneExpression()) return asExpression(script);
    return asItsLastFunction(script);
  }

  /** What is readable as an expression only: `function (input) {…}` and `{ a: 1, b: 2 }`, which no statement can be. */
  function expressionOf(source, language) {
    const script = new Script(source, { language, before: "$= " });
    if (script.problem || !script.isOneExpression()) return null;
    script.refuseModules();
    return asExpression(script);
  }

  // Of JavaScript the engine gives better messages. What it would accept only for our wrapper (`1}); ({`) is refused.
  function unreadable(script, language) {
    if (language === "js") return { javascript: `${HEAD}${script.text}\n})`, mappings: null, problem: script.problem };
    throw new Refused(script.problem.message, { at: script.problem });
  }

  function asItsLastFunction(script) {
    const name = script.statements.findLast((each) => each.kind === kind.FunctionDeclaration && each.body)?.name;
    if (name) return asBody(script, { end: `return ${ts.idText(name)}(input)` });
    const problem = script.throws ? null : { message: "nothing is returned", hint: FORMS, line: 1, column: 1 };
    return asBody(script, { end: "", problem });
  }

  function asBody(script, { end, problem = null }) {
    const { language } = script;
    if (language === "js") return { javascript: `${HEAD}${script.text}\n;${end}})`, mappings: null, problem };
    const { javascript, mappings } = erased(script, { before: "", after: "" });
    return { javascript: `${BODY_HEAD}\n${javascript}\n${end}})`, mappings, problem };
  }

  function asExpression(script) {
    const text = script.text.slice(0, script.expression.end - script.before.length);
    if (script.language === "js") {
      return { javascript: BODY_HEAD + EXPRESSION_START + text + EXPRESSION_END, mappings: null, problem: null };
    }
    const { javascript, mappings } = erased(script, { text, before: `${EXPRESSION_START}\n`, after: "\n)" });
    const call = 'return typeof $result==="function"?$result(input):$result';
    return { javascript: `${BODY_HEAD}\n${javascript}\n${call}})`, mappings, problem: null };
  }

  // -- What the author wrote -------------------------------------------------------------------------------------------

  class Script {
    #edits = [];

    /** `before` is put in front of `source` to be parsed and is no part of its text. */
    constructor(source, { language, before = "" }) {
      const file = parse(before + source, language);
      const statements = file.statements.filter((each) => each.kind !== kind.EmptyStatement);
      Object.assign(this, { language, before, file, statements, ...survey(file) });
      this.source = withLinesOfTheEngine(source, this.texts, before.length).replace(/^#!/, "//");
      this.places = new Places(this.source);
      this.problem = this.#syntaxProblem();
    }

    #syntaxProblem() {
      const found = this.file.parseDiagnostics[0];
      if (!found) return null;
      const message = ts.flattenDiagnosticMessageText(found.messageText, " ").replace(/\.$/, "");
      return { message: message[0].toLowerCase() + message.slice(1), hint: "", ...this.at(found.start) };
    }

    /** The source without the words that only a module may have, line for line and column for column. */
    get text() {
      let text = "";
      let copied = 0;
      for (const { start, end, by } of this.#edits) {
        text += this.source.slice(copied, start) + by;
        copied = end;
      }
      return text + this.source.slice(copied);
    }

    /** The author's line and column of an offset in the parsed text, from 1. */
    at(offset) {
      const [line, column] = this.places.of(Math.max(0, offset - this.before.length));
      return { line: line + 1, column: column + 1 };
    }

    startOf(node) {
      return ts.getTokenPosOfNode(node, this.file);
    }

    isOneBlock() {
      return this.statements.length === 1 && this.statements[0].kind === kind.Block;
    }

    isOneExpression() {
      return this.statements.length === 1 && this.statements[0].kind === kind.ExpressionStatement;
    }

    get expression() {
      return this.statements[0].expression;
    }

    hasReturn() {
      return this.statements.some((each) => ts.forEachReturnStatement(each, () => true));
    }

    refuseModules() {
      const [first] = this.modules;
      if (!first) return;
      const isImport = first.kind === kind.ImportDeclaration && this.language === "ts";
      const hint = `${PURE}, and hold all the code that they need${isImport ? "; types alone: import type" : ""}`;
      const word = first.kind === kind.MetaProperty ? "import.meta" : this.file.text.slice(this.startOf(first)).match(/\w+/)[0];
      throw new Refused(`${word} is not available`, { at: this.at(this.startOf(first)), hint });
    }

    /** Takes the word `export` away everywhere; returns the name that the default export now has, or "". */
    takeExports() {
      const names = this.statements.map((each) => this.#takeExport(each)).filter(Boolean);
      if (new Set(names).size > 1 || names.filter((each) => each === "$main").length > 1) {
        throw new Refused("there is more than one default export", { at: this.at(0), hint: FORMS });
      }
      return names[0] ?? "";
    }

    #takeExport(node) {
      switch (node.kind) {
        case kind.ExportDeclaration:
          return this.#takeList(node);
        case kind.NamespaceExportDeclaration:
          throw this.#notADeclaration(node);
        case kind.ExportAssignment:
          return this.#takeDefault(node);
      }
      const [exported, isDefault] = [kind.ExportKeyword, kind.DefaultKeyword].map((word) =>
        node.modifiers?.find((each) => each.kind === word),
      );
      if (!exported) return "";
      return isDefault ? this.#takeDefault(node) : this.#blank(exported);
    }

    /** `export {}` only says that this is a module, and a list of types is nothing when it runs. */
    #takeList(node) {
      const isNothing = node.isTypeOnly || (node.exportClause?.elements?.length === 0 && !node.moduleSpecifier);
      if (!isNothing) throw this.#notADeclaration(node);
      return this.#blank(node);
    }

    #notADeclaration(node) {
      return new Refused("only a declaration can be exported", { at: this.at(this.startOf(node)), hint: FORMS });
    }

    #takeDefault(node) {
      const start = this.source.indexOf("export", this.startOf(node));
      if (node.isExportEquals) throw this.#notADeclaration(node);
      if (node.kind === kind.ClassDeclaration) {
        throw new Refused("a class cannot be called", { at: this.at(start), hint: FORMS });
      }
      const word = ts.skipTrivia(this.source, start + "export".length);
      const isFunction = node.kind === kind.FunctionDeclaration;
      // The first of several overloads has no body.
      if (isFunction && !node.body && !node.name) return this.#blank(node);
      const isDeclaration = isFunction ? Boolean(node.name) : node.kind === kind.InterfaceDeclaration;
      // A named function stays a declaration, so that it sees constants that are declared below it.
      this.#replace(start, start + "export".length, isDeclaration ? "" : "var");
      this.#replace(word, word + "default".length, isDeclaration ? "" : "$main =");
      if (!isDeclaration && isFunction) this.#edits.push({ start: node.end, end: node.end, by: ";" });
      if (isDeclaration) return isFunction && node.body ? ts.idText(node.name) : "";
      return "$main";
    }

    #blank(node) {
      const start = this.startOf(node);
      this.#edits.push({ start, end: node.end, by: this.source.slice(start, node.end).replace(/[^\n]/g, " ") });
      return "";
    }

    #replace(start, end, word) {
      this.#edits.push({ start, end, by: word.padEnd(end - start) });
    }
  }

  function parse(text, language) {
    return ts.createSourceFile(
      `function.${language}`,
      text,
      {
        languageVersion: ts.ScriptTarget.ESNext,
        jsDocParsingMode: ts.JSDocParsingMode.ParseNone,
        // For `await` outside of a function. `return` there is no syntax error to this parser.
        setExternalModuleIndicator: (file) => {
          file.externalModuleIndicator = true;
        },
      },
      true,
    );
  }

  const LITERALS = new Set([
    kind.StringLiteral,
    kind.NoSubstitutionTemplateLiteral,
    kind.TemplateHead,
    kind.TemplateMiddle,
    kind.TemplateTail,
  ]);
  const NAMED = new Set([kind.VariableDeclaration, kind.Parameter, kind.BindingElement, kind.FunctionDeclaration]);

  /** Where code asks for modules, whether it throws, where literals lie, and what its classes need. */
  function survey(file) {
    const found = { modules: [], throws: false, texts: [], hasOrderedFields: false };
    const requires = [];
    let isRequireItsOwn = false;
    ts.forEachChildRecursively(file, (node) => {
      if (LITERALS.has(node.kind)) found.texts.push([ts.getTokenPosOfNode(node, file), node.end]);
      if (node.kind === kind.ThrowStatement) found.throws = true;
      if (isModule(node)) found.modules.push(node);
      if (isCallOf(node, "require")) requires.push(node);
      if (NAMED.has(node.kind) && node.name?.escapedText === "require") isRequireItsOwn = true;
      if (node.members && node.kind !== kind.InterfaceDeclaration && hasOrderedFields(node)) found.hasOrderedFields = true;
    });
    if (!isRequireItsOwn) found.modules.push(...requires);
    found.modules.sort((one, other) => one.pos - other.pos);
    return found;
  }

  function isModule(node) {
    switch (node.kind) {
      case kind.ImportDeclaration:
        return !isOfTypes(node.importClause);
      case kind.ImportEqualsDeclaration:
        return !node.isTypeOnly && node.moduleReference.kind === kind.ExternalModuleReference;
      case kind.CallExpression:
        return node.expression.kind === kind.ImportKeyword;
      case kind.MetaProperty:
        return node.keywordToken === kind.ImportKeyword;
    }
    return false;
  }

  function isOfTypes(clause) {
    if (!clause || clause.isTypeOnly) return Boolean(clause);
    const names = clause.name ? [] : (clause.namedBindings?.elements ?? []);
    return names.length > 0 && names.every((each) => each.isTypeOnly);
  }

  const isCallOf = (node, name) =>
    node.kind === kind.CallExpression && node.expression.kind === kind.Identifier && node.expression.escapedText === name;

  /** Whether a class has parameter properties and fields whose initializers may read them. */
  function hasOrderedFields({ members }) {
    const constructor = members.find((each) => each.kind === kind.Constructor && each.body);
    return Boolean(
      constructor?.parameters.some((each) => each.modifiers?.length)
        && members.some((each) => each.kind === kind.PropertyDeclaration && each.initializer && !isStatic(each)),
    );
  }

  const isStatic = (node) => node.modifiers?.some((each) => each.kind === kind.StaticKeyword);

  // -- TypeScript ------------------------------------------------------------------------------------------------------

  const OPTIONS = {
    module: ts.ModuleKind.ESNext,
    moduleDetection: ts.ModuleDetectionKind.Force,
    newLine: ts.NewLineKind.LineFeed,
    sourceMap: true,
    removeComments: true,
    // Whether its types are right is not asked.
    noCheck: true,
    // `E[key]` works as for any other enum.
    preserveConstEnums: true,
    noLib: true,
    noResolve: true,
    suppressOutputPathCheck: true,
    allowNonTsExtensions: true,
    // A field is the one that the language itself has: `x;` is there, and undefined.
    useDefineForClassFields: true,
  };

  /** `text` of `script` without its types, as `{javascript, mappings}`. `before`, if any, is a line of its own. */
  function erased(script, { text = script.text, before, after }) {
    const source = before + text + after;
    const file = source === script.file.text ? script.file : parse(source, "ts");
    if (script.hasOrderedFields) defineStatics(file);
    // The engine has all of ES2025. Before ES2022, TypeScript itself sets fields, after the parameter properties.
    const target = script.hasOrderedFields ? ts.ScriptTarget.ES2021 : ts.ScriptTarget.ES2025;
    const { javascript, map } = emit(file, { target });
    const mappings = remapped(map, {
      generated: new Places(javascript, { below: BODY_LINES }),
      source: new Places(source, { below: before ? -1 : 0 }),
    });
    return { javascript, mappings };
  }

  const BODY_LINES = 1;

  /** Before ES2022, TypeScript forgets a static field that has no value: it is undefined from where it stands. */
  function defineStatics(file) {
    ts.forEachChildRecursively(file, (node) => {
      const isField = node.kind === kind.PropertyDeclaration && isStatic(node) && !node.initializer;
      if (!isField || node.modifiers.some((each) => NOT_A_FIELD.has(each.kind))) return;
      node.initializer = ts.factory.createVoidZero();
      node.initializer.parent = node;
      node.initializer.expression.parent = node.initializer;
    });
  }

  const NOT_A_FIELD = new Set([kind.DeclareKeyword, kind.AbstractKeyword, kind.AccessorKeyword]);

  function emit(file, { target }) {
    const written = {};
    const host = {
      getSourceFile: (name) => (name === file.fileName ? file : undefined),
      fileExists: (name) => name === file.fileName,
      writeFile: (name, content) => {
        written[name.endsWith(".map") ? "map" : "javascript"] = content;
      },
      readFile: () => undefined,
      directoryExists: () => true,
      getDirectories: () => [],
      getDefaultLibFileName: () => "lib.d.ts",
      getCurrentDirectory: () => "",
      getCanonicalFileName: (name) => name,
      useCaseSensitiveFileNames: () => true,
      getNewLine: () => "\n",
    };
    ts.createProgram([file.fileName], { ...OPTIONS, target }, host).emit();
    // A module without exports says that it is one, in its last line.
    const javascript = written.javascript.replace(/\n\/\/# sourceMappingURL=.*$/, "").replace(/(^|\n)export \{\};$/, "$1");
    return { javascript, map: JSON.parse(written.map).mappings };
  }

  /** The mappings with lines and columns as the engine and the author count them. */
  function remapped(mappings, { generated, source }) {
    const generator = ts.createSourceMapGenerator({ getCurrentDirectory: () => "", getCanonicalFileName: String }, "", "", "", {});
    generator.addSource("");
    for (const each of ts.decodeMappings(mappings)) {
      if (each.sourceIndex === undefined) continue;
      const [line, column] = source.at(each.sourceLine, each.sourceCharacter);
      if (line < 0) continue;
      generator.addMapping(...generated.at(each.generatedLine, each.generatedCharacter), 0, line, column);
    }
    return generator.toJSON().mappings;
  }

  // -- Lines and columns -----------------------------------------------------------------------------------------------

  /** Turns U+2028 and U+2029 into ends of lines that the engine counts. In `texts`, the literals, they are characters. */
  function withLinesOfTheEngine(source, texts, shift) {
    return source.replace(/[\u2028\u2029]/g, (character, offset) =>
      texts.some(([start, end]) => start <= offset + shift && offset + shift < end) ? character : "\n",
    );
  }

  /** Where offsets of a text lie, from 0: lines end with \n only, columns are characters, not halves of pairs. */
  class Places {
    #last = { start: 0, offset: 0, line: 0, column: 0 };

    constructor(text, { below = 0 } = {}) {
      this.text = text;
      this.below = below;
      this.startsOfTypeScript = ts.computeLineStarts(text);
      this.isPlain = !/[\u2028\u2029\ud800-\udbff]/.test(text);
    }

    /** From a line and a column as TypeScript counts them. */
    at(line, character) {
      if (this.isPlain) return [line + this.below, character];
      const [ownLine, column] = this.of(this.startsOfTypeScript[line] + character);
      return [ownLine + this.below, column];
    }

    /** Quick for offsets that mostly rise. */
    of(offset) {
      const place = offset < this.#last.offset ? { start: 0, offset: 0, line: 0, column: 0 } : { ...this.#last };
      for (let end = this.#nextEnd(place, offset); end !== -1; end = this.#nextEnd(place, offset)) {
        Object.assign(place, { start: end + 1, offset: end + 1, line: place.line + 1, column: 0 });
      }
      for (const _character of this.text.slice(place.offset, offset)) place.column += 1;
      place.offset = offset;
      this.#last = place;
      return [place.line, place.column];
    }

    #nextEnd(place, offset) {
      const end = this.text.indexOf("\n", place.offset);
      return end < offset ? end : -1;
    }
  }

  return compile;
})();
