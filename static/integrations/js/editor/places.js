/**
 * Finds where a place such as `sequence[1]/events[0]/input/body/amount` is in the JSON text of an editor.
 *
 * Places come from the server's checker (design section 4); indexes are zero-based.
 */

import { ensureSyntaxTree } from "../../../vendor/codemirror/codemirror.js";

/** Enough for some thousand lines; a longer document falls back to the part that was read. */
const PARSE_MILLISECONDS = 200;

/** `sequence[1]/events` becomes `["sequence", 1, "events"]`. */
export function segmentsOf(place) {
  return [...place.matchAll(/\[(\d+)\]|([^/[\]]+)/g)].map(([, index, name]) => (index ? Number(index) : name));
}

/**
 * The segments of `place` below `prefix`, or null where the place is not below it.
 *
 * What stands in front of the prefix is dropped: `features/charge/sequence[1]` is below `sequence`.
 */
export function segmentsBelow(prefix, place) {
  const wanted = segmentsOf(prefix);
  const segments = segmentsOf(place);
  const start = segments.findIndex((_, at) => wanted.every((segment, i) => segments[at + i] === segment));
  if (!wanted.length) return segments;
  return start < 0 ? null : segments.slice(start + wanted.length);
}

/** The `{from, to}` in the document that is best shown for `segments`: the nearest thing that is there. */
export function rangeAt(state, segments) {
  let found = { value: rootOf(state), label: null };
  for (const segment of segments) {
    const next = found.value && childAt(state, found.value, segment);
    if (!next) break;
    found = next;
  }
  return rangeToShow(found);
}

/** The position of the first thing that the JSON grammar does not allow, or the end of the text. */
export function errorAt(state) {
  let found = null;
  treeOf(state)?.iterate({
    enter(node) {
      if (found === null && node.type.isError) found = node.from;
      return found === null;
    },
  });
  return found ?? state.doc.length;
}

function treeOf(state) {
  return ensureSyntaxTree(state, state.doc.length, PARSE_MILLISECONDS);
}

function rootOf(state) {
  return treeOf(state)?.topNode.firstChild ?? null;
}

function childAt(state, node, segment) {
  if (node.name === "Array") return elementAt(node, Number(segment));
  if (node.name === "Object") return propertyAt(state, node, String(segment));
  return null;
}

function elementAt(array, index) {
  const value = values(array)[index];
  return value ? { value, label: null } : null;
}

function propertyAt(state, object, name) {
  for (const property of object.getChildren("Property")) {
    const label = property.getChild("PropertyName");
    if (label && textOf(state, label) === name) {
      const value = property.lastChild;
      return { value: value === label || value.name === ":" ? null : value, label };
    }
  }
  return null;
}

/** The text of a property name, or null where it is not a JSON string. */
function textOf(state, label) {
  try {
    return JSON.parse(state.sliceDoc(label.from, label.to));
  } catch {
    return null;
  }
}

const PUNCTUATION = new Set(["[", "]", "{", "}", ",", ":", "⚠"]);

/** The elements of an array node, or the properties of an object node. */
export function values(node) {
  const found = [];
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (!PUNCTUATION.has(child.name)) found.push(child);
  }
  return found;
}

/** A whole object or list would mark many lines, so its name or its opening bracket is shown instead. */
function rangeToShow({ value, label }) {
  const isContainer = value?.name === "Object" || value?.name === "Array";
  if (label && (!value || isContainer)) return { from: label.from, to: label.to };
  if (isContainer) return { from: value.from, to: value.from + 1 };
  return value ? { from: value.from, to: value.to } : { from: 0, to: 0 };
}
