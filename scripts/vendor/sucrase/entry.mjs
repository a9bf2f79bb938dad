// What the sandbox's compiler needs of Sucrase: its tokens, and TypeScript with the types taken out.
//
// Sucrase's own `transform` gives text only. The compiler also wants to know where each token went, so that it can put
// tokens back into their author's column; `erase` is `transform` with that answer kept.
import { HelperManager } from "sucrase/dist/esm/HelperManager.js";
import identifyShadowedGlobals from "sucrase/dist/esm/identifyShadowedGlobals.js";
import NameManager from "sucrase/dist/esm/NameManager.js";
import { parse as parseWith } from "sucrase/dist/esm/parser/index.js";
import { IdentifierRole } from "sucrase/dist/esm/parser/tokenizer/index.js";
import { ContextualKeyword } from "sucrase/dist/esm/parser/tokenizer/keywords.js";
import { TokenType } from "sucrase/dist/esm/parser/tokenizer/types.js";
import TokenProcessor from "sucrase/dist/esm/TokenProcessor.js";
import RootTransformer from "sucrase/dist/esm/transformers/RootTransformer.js";
import getTSImportedNames from "sucrase/dist/esm/util/getTSImportedNames.js";

export { ContextualKeyword, IdentifierRole, TokenType };

/** The tokens and scopes of `code`; never JSX, never Flow. */
export function parse(code, { typescript }) {
  return parseWith(code, false, typescript, false);
}

/**
 * The JavaScript that the TypeScript in `code` means, line for line, as `{code, offsets}`.
 *
 * `offsets[i]` is where token `i` of `tokens` starts in the new text, undefined for a token that was erased.
 */
export function erase(code, { tokens, scopes }) {
  const options = { transforms: ["typescript"], disableESTransforms: true };
  const nameManager = new NameManager(code, tokens);
  const helperManager = new HelperManager(nameManager);
  const tokenProcessor = new TokenProcessor(code, tokens, false, true, helperManager);
  identifyShadowedGlobals(tokenProcessor, scopes, getTSImportedNames(tokenProcessor));
  const context = { tokenProcessor, scopes, nameManager, importProcessor: null, helperManager };
  const result = new RootTransformer(context, options.transforms, false, options).transform();
  return { code: result.code, offsets: result.mappings };
}
