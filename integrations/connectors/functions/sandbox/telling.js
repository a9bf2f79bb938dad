// What few calls need: to say why a result is not JSON, what was thrown, and what is logged. Evaluated by `runtime.js` in the
// context of a call, when it is first needed.
((host) => {
  "use strict";

  const { rawJSON, stringify } = host;
  const { getOwnPropertySymbols, getPrototypeOf, keys, prototype } = Object;
  const { propertyIsEnumerable, toString } = prototype;
  const asyncIterator = getPrototypeOf(getPrototypeOf((async function* () {}).prototype));

  // [kind, what to return instead]
  const FOREIGN = [
    [Map, "use Object.fromEntries(map)"],
    [Set, "use [...set]"],
    [Promise, "await it"],
    [Error, "throw it, or return its message"],
    [RegExp, "use its source"],
    [getPrototypeOf(Uint8Array), "use [...array]"],
    [ArrayBuffer, "use [...new Uint8Array(buffer)]"],
    [SharedArrayBuffer, "use [...new Uint8Array(buffer)]"],
    [Iterator, "use [...iterator]"],
    [{ [Symbol.hasInstance]: $hostIsAsyncIterator }, "use await Array.fromAsync(iterator)"],
    [Symbol, ""],
  ];

  function $hostIsAsyncIterator(value) {
    return asyncIterator.isPrototypeOf(value);
  }

  // -- Results ---------------------------------------------------------------------------------------------------------

  class NotJson extends TypeError {}

  // The objects around the value that is being read, outermost first, as [key, object].
  let around = [];

  /** The JSON text of a value, or what is wrong with it. */
  function $hostResultOf(value) {
    around = [];
    try {
      return { json: stringify(value, $hostCheck) ?? "null" };
    } catch (error) {
      const told = $hostDescribe(error);
      if (error instanceof NotJson || told.name === "null") return told;
      return { ...told, message: `${$hostPlace()}: ${$hostWhileRead(told)}` };
    }
  }

  const $hostWhileRead = ({ name, message }) =>
    message === "circular reference" ? "a value that holds itself (a circular reference) is not JSON" : `${name}: ${message}`;

  // What JSON.stringify would change or leave out without a word is refused. A field or an item that is undefined is left
  // out or null, as everywhere, since that is all that JSON can say of it.
  function $hostCheck(key, value) {
    while (around.length && around.at(-1)[1] !== this) around.pop();
    switch (typeof value) {
      case "number":
        return $hostNumber(key, value);
      case "bigint":
        if (BigInt.asIntN(64, value) !== value) $hostRefuse(key, "an integer beyond 64 bits");
        return rawJSON(String(value));
      case "function":
      case "symbol":
        return $hostRefuse(key, `a ${typeof value}`);
      case "object":
        if (value === null) return this[key] instanceof Date ? $hostRefuse(key, "an invalid Date") : null;
        if (value instanceof Number || value instanceof BigInt) return $hostCheck.call(this, key, value.valueOf());
        $hostCheckObject(key, value);
        around.push([key, value]);
    }
    return value;
  }

  // A whole number past 2^53 is a rounded one: written with an exponent, it is read back as a float.
  function $hostNumber(key, value) {
    if (!Number.isFinite(value)) $hostRefuse(key, String(value));
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? rawJSON(value.toExponential()) : value;
  }

  // An object of the author's own class is its fields.
  function $hostCheckObject(key, value) {
    if (Array.isArray(value)) return;
    const symbols = getOwnPropertySymbols(value);
    if (symbols.length) $hostCheckSymbols(key, value, symbols);
    const above = getPrototypeOf(value);
    if (above === prototype || above === null || value instanceof String || value instanceof Boolean) return;
    const found = FOREIGN.find(([kind]) => value instanceof kind);
    if (found) $hostRefuse(key, $hostNameOf(value), found[1]);
    if (keys(value).length === 0) $hostRefuse(key, `${$hostNameOf(value)} without fields`, "return an object of its data");
  }

  function $hostCheckSymbols(key, value, symbols) {
    const name = toString.call(value);
    if (name === "[object Arguments]") $hostRefuse(key, "an arguments object", "use [...arguments]");
    const shown = symbols.find((each) => propertyIsEnumerable.call(value, each));
    if (shown) $hostRefuse(key, `a field named by a ${String(shown)}`);
    // Math, JSON, Reflect, Atomics
    if (getPrototypeOf(value) === prototype && keys(value).length === 0) $hostRefuse(key, name.slice(8, -1));
  }

  function $hostNameOf(value) {
    const tag = toString.call(value).slice(8, -1);
    const name = tag === "Object" || tag === "Error" ? String(value.constructor?.name || tag) : tag;
    return `${/^[AEIO]/i.test(name) ? "an" : "a"} ${name}`;
  }

  function $hostRefuse(key, what, hint = "") {
    throw new NotJson(`${$hostPlace(key)}: ${what} is not JSON${hint && `; ${hint}`}`);
  }

  /** Where a value lies, as `result.items[2]`; without a key, the object that is being read. */
  function $hostPlace(key) {
    const steps = [...around.map((each) => each[0]), ...(key === undefined ? [] : [key])].slice(1);
    const path = steps.map((step, index) => {
      if (Array.isArray(around[index][1])) return `[${step}]`;
      return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(step) ? `.${step}` : `[${stringify(step)}]`;
    });
    const text = path.join("");
    return `result${text.length > 200 ? `${text.slice(0, 100)}…${text.slice(-100)}` : text}`;
  }

  // -- Errors ----------------------------------------------------------------------------------------------------------

  function $hostDescribe(error) {
    if (error === null) return { name: "null", message: "null", stack: "" };
    try {
      if (typeof error !== "object" || typeof error.message !== "string") {
        return { name: "", message: $hostStorable($hostShow(error)), stack: "" };
      }
      const inner = $hostInner(error, [error]);
      return {
        name: $hostStorable(String(error.name ?? "")),
        message: $hostStorable(inner ? (error.message.slice(0, 1_000) + inner.slice(0, 900)).trimStart() : error.message),
        stack: $hostStorable(String(error.stack ?? "")),
      };
    } catch {
      return { name: "", message: "something that cannot be described was thrown", stack: "" };
    }
  }

  /** What the errors say that an error stands for; `seen` are those above. */
  function $hostInner(error, seen) {
    if (!(error instanceof Error) || seen.length > 5) return "";
    const told = (each) =>
      seen.includes(each) ? "" : ($hostShow(each) + $hostInner(each, [...seen, each])).slice(0, 300);
    const errors = error instanceof SuppressedError ? [error.error, error.suppressed] : error.errors;
    const several = Array.isArray(errors) ? errors.slice(0, 5).map(told) : [];
    if (several.length && errors.length > 5) several.push(`and ${errors.length - 5} more`);
    const cause = error.cause === undefined ? "" : told(error.cause);
    return (several.length ? ` [${several.join("; ")}]` : "") + (cause && `, caused by ${cause}`);
  }

  // -- Logs ------------------------------------------------------------------------------------------------------------

  /** One line of the log, cut to what is left of it, and what of that it takes. */
  function $hostLineOf(values, bytesLeft) {
    const text = $hostStorable(values.map($hostShow).join(" "));
    // At most three bytes of UTF-8 for a UTF-16 unit; the 16 are for a line that is empty.
    const perUnit = /^[\x00-\x7f]*$/.test(text) ? 1 : 3;
    const fits = Math.max(0, Math.floor((bytesLeft - 16) / perUnit));
    return {
      line: text.length <= fits ? text : $hostStorable(text.slice(0, fits)),
      bytes: text.length * perUnit + 16,
    };
  }

  function $hostShow(value) {
    if (typeof value === "string") return value;
    if (typeof value === "function") return `[function ${value.name || "anonymous"}]`;
    if (value instanceof Error) return `${value.name}: ${value.message}`;
    if (typeof value !== "object" || value === null) return String(value);
    try {
      return stringify(value, (_key, inner) => (typeof inner === "bigint" ? `${inner}n` : inner));
    } catch {
      return String(value);
    }
  }

  // Text that a database keeps: no half surrogate pairs, no U+0000.
  const $hostStorable = (text) => text.toWellFormed().replaceAll("\0", "\ufffd");

  return { resultOf: $hostResultOf, describe: $hostDescribe, lineOf: $hostLineOf };
})
