// Evaluated first in every fresh context, with the text of `telling.js`; its value is what the child process drives a call
// with. It is read anew for each call, so it holds what every call needs; the rest is in `telling.js`.
//
// Nothing here is a barrier: author code may bend any prototype that this file leans on, and then spoils its own result.
// What leaves the child is checked by the parent as if a stranger had sent it. Names start with $host so that these
// frames can be told from the author's in a stack.
((tellingText) => {
  "use strict";

  const { parse, rawJSON, stringify } = JSON;
  const { getOwnPropertySymbols, getPrototypeOf, prototype } = Object;
  const { isFinite, isInteger, isSafeInteger } = Number;
  const { isArray } = Array;
  const evaluate = eval;
  const send = globalThis.$hostSend;
  delete globalThis.$hostSend;

  let logBytesLeft = 0;
  let outcome = null;
  let telling = null;
  // Without memory for an error object, null is what the engine throws; there is none for this either by then.
  const NO_MEMORY = { code: "threw", name: "null", message: "null", stack: "" };

  const $hostTelling = () => (telling ??= evaluate(tellingText)({ rawJSON, stringify }));

  function $hostLog(level, values) {
    if (logBytesLeft <= 0) return;
    const { line, bytes } = $hostTelling().lineOf(values, logBytesLeft);
    logBytesLeft -= bytes;
    send(level, line);
    if (logBytesLeft <= 0) send("warn", "[the log is full; what follows is dropped]");
  }

  // Integers that a double cannot hold arrive as BigInt, so that no digit is lost without a word.
  function $hostReviveInteger(_key, value, { source }) {
    return typeof value === "number" && !isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value;
  }

  // The second argument of JSON.stringify for results of nothing but plain values. Others take a second, closer look.
  function $hostPlain(key, value) {
    switch (typeof value) {
      case "string":
      case "boolean":
      case "undefined":
        return value;
      case "number":
        if (isInteger(value) ? isSafeInteger(value) : isFinite(value)) return value;
        break;
      case "object": {
        // An invalid Date has become null.
        if (value === null ? this[key] === null : isArray(value)) return value;
        const above = value && getPrototypeOf(value);
        if (value && (above === prototype || above === null) && !getOwnPropertySymbols(value).length) return value;
      }
    }
    throw $hostPlain;
  }

  function $hostReturned(value) {
    try {
      outcome = { json: stringify(value, $hostPlain) ?? "null" };
    } catch (error) {
      const why = error === $hostPlain ? new TypeError("the result is not JSON") : error;
      $hostTell("output", why, (telling) => telling.resultOf(value));
    }
  }

  const $hostThrew = (error) => $hostTell("threw", error, (telling) => telling.describe(error));

  // What can be said without `telling.js` is said where it cannot be had, for want of memory or what it leans on.
  function $hostTell(code, error, tell) {
    outcome = NO_MEMORY;
    if (error === null) return;
    try {
      outcome = { code, ...tell($hostTelling()) };
    } catch {
      outcome = { code, name: error?.name, message: error?.message ?? "", stack: "" };
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
      outcome = null;
      logBytesLeft = logBytes;
      const $hostRun = async () => main(hasLongIntegers ? parse(input, $hostReviveInteger) : parse(input));
      $hostRun().then($hostReturned, $hostThrew);
    },
    isSettled: () => outcome !== null,
    json: () => outcome.json ?? null,
    failure: () => stringify(outcome),
  };
  const $hostStep = (step, ...values) => steps[step](...values);
  return $hostStep;
})
