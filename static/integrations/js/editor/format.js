/**
 * Lays out JSON by its syntax tree.
 *
 * Every number and text stays as it was written: JSON.parse would round integers beyond 53 bits and drop duplicate keys.
 */

import { ensureSyntaxTree } from "../../../vendor/codemirror/codemirror.js";
import { values } from "./places.js";

const INDENT = "  ";
const PARSE_MILLISECONDS = 1000;

/** Return the document laid out, or null where it is not valid JSON. */
export function formattedJson(state) {
  const text = state.doc.toString();
  const root = ensureSyntaxTree(state, state.doc.length, PARSE_MILLISECONDS)?.topNode.firstChild;
  if (!root || !isJson(text)) return null;
  return layOut({ node: root, text, depth: 0 });
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function layOut({ node, text, depth }) {
  if (node.name === "Object") return layOutItems({ node, text, depth, open: "{", close: "}" });
  if (node.name === "Array") return layOutItems({ node, text, depth, open: "[", close: "]" });
  if (node.name === "Property") return layOutProperty({ node, text, depth });
  return text.slice(node.from, node.to);
}

function layOutItems({ node, text, depth, open, close }) {
  const items = values(node).map((child) => layOut({ node: child, text, depth: depth + 1 }));
  if (!items.length) return open + close;
  const line = `\n${INDENT.repeat(depth + 1)}`;
  return `${open}${line}${items.join(`,${line}`)}\n${INDENT.repeat(depth)}${close}`;
}

function layOutProperty({ node, text, depth }) {
  const name = text.slice(node.firstChild.from, node.firstChild.to);
  return `${name}: ${layOut({ node: node.lastChild, text, depth })}`;
}
