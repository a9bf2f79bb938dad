// Evaluated first in every fresh context; its value is what the child process drives a call with.
//
// Nothing here is a barrier: author code may bend any prototype that this file leans on, and then spoils its own result.
// What leaves the child is checked by the parent as if a stranger had sent it. Names start with $host so that these
// frames can be told from the author's in a stack.
(() => {
  "use strict";

  const { parse, rawJSON, stringify } = JSON;
  const NOT_JSON = {
    "[object Promise]": "a Promise (await it)",
    "[object Map]": "a Map (return Object.fromEntries(map))",
    "[object Set]": "a Set (return [...set])",
    "[object WeakMap]": "a WeakMap",
    "[object WeakSet]": "a WeakSet",
    "[object RegExp]": "a RegExp (return its source)",
    "[object Error]": "an Error (throw it, or return its message)",
    "[object ArrayBuffer]": "an ArrayBuffer (return an array)",
  };

  const logs = [];
  let logBytesLeft = 0;
  let outcome = null;

  function $hostLog(level, values) {
    if (logBytesLeft <= 0) return;
    const text = $hostStorable(values.map($hostShow).join(" "));
    // At most three bytes of UTF-8 for a UTF-16 unit; the 16 are for a line that is empty.
    const perUnit = /^[\x00-\x7f]*$/.test(text) ? 1 : 3;
    const fits = Math.max(0, Math.floor((logBytesLeft - 16) / perUnit));
    logBytesLeft -= text.length * perUnit + 16;
    logs.push([level, text.length <= fits ? text : $hostStorable(text.slice(0, fits))]);
    if (logBytesLeft <= 0) logs.push(["warn", "[the log is full; what follows is dropped]"]);
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

  // Integers that a double cannot hold arrive as BigInt, so that no digit is lost without a word.
  function $hostReviveInteger(_key, value, { source }) {
    return typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value;
  }

  function $hostPlain(key, value) {
    switch (typeof value) {
      case "number":
        return $hostNumber(key, value);
      case "bigint":
        if (BigInt.asIntN(64, value) !== value) throw new RangeError(`${$hostPlace(key)} is an integer beyond 64 bits`);
        return rawJSON(String(value));
      case "function":
      case "symbol":
        throw new TypeError(`${$hostPlace(key)} is a ${typeof value}, which is not JSON`);
      case "object": {
        const name = value && !Array.isArray(value) && Object.prototype.toString.call(value);
        if (name && Object.hasOwn(NOT_JSON, name)) throw new TypeError(`${$hostPlace(key)} is ${NOT_JSON[name]}`);
        if (ArrayBuffer.isView(value)) throw new TypeError(`${$hostPlace(key)} is a typed array (return [...array])`);
      }
    }
    return value;
  }

  // A whole number past 2^53 is a rounded one: written with an exponent, it is read back as a float.
  function $hostNumber(key, value) {
    if (!Number.isFinite(value)) throw new RangeError(`${$hostPlace(key)} is ${value}, which is not JSON`);
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? rawJSON(value.toExponential()) : value;
  }

  const $hostPlace = (key) => (key === "" ? "the result" : `the result's "${key}"`);

  function $hostReturned(value) {
    try {
      outcome = { json: stringify(value, $hostPlain) ?? "null" };
    } catch (error) {
      outcome = { code: "output", ...$hostDescribe(error) };
    }
  }

  function $hostThrew(error) {
    outcome = { code: "threw", ...$hostDescribe(error) };
  }

  function $hostDescribe(error) {
    // Without memory for an error object, null is what the engine throws.
    if (error === null) return { name: "null", message: "null", stack: "" };
    try {
      if (typeof error !== "object" || typeof error.message !== "string") {
        return { name: "", message: $hostStorable($hostShow(error)), stack: "" };
      }
      return {
        name: $hostStorable(String(error.name ?? "")),
        message: $hostStorable(error.message),
        stack: $hostStorable(String(error.stack ?? "")),
      };
    } catch {
      return { name: "", message: "something that cannot be described was thrown", stack: "" };
    }
  }

  globalThis.console = {};
  for (const level of ["debug", "info", "log", "warn", "error"]) {
    globalThis.console[level] = function $hostConsole(...values) {
      $hostLog(level, values);
    };
  }
  globalThis.console.trace = globalThis.console.debug;

  const steps = {
    start: function $hostStart(main, input, hasLongIntegers, logBytes) {
      logBytesLeft = logBytes;
      const $hostRun = async () => main(hasLongIntegers ? parse(input, $hostReviveInteger) : parse(input));
      $hostRun().then($hostReturned, $hostThrew);
    },
    isSettled: () => outcome !== null,
    json: () => outcome.json ?? null,
    failure: () => stringify(outcome),
    logs: () => stringify(logs),
  };
  const $hostStep = (step, ...values) => steps[step](...values);
  return $hostStep;
})();
