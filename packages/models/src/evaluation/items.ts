import { ModelError } from '../model-error.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** A window of one document. `context` precedes its first token: `beginToken` at the document's start, else the token before. */
export interface EvaluationItem {
  readonly context: number;
  /** The tokens that are scored. */
  readonly tokens: Int32Array;
  /** UTF-8 bytes of the scored text. */
  readonly bytes: number;
}

export interface ItemPlan {
  readonly items: number;
  /** Most tokens that are scored in one item: at most the model's context length. */
  readonly windowTokens: number;
}

/**
 * Fixed items for all seeds and arms: the first window of every document in the documents' order, then second windows of
 * those that are long enough, and so on, until there are enough. Throws `too-few-items` with how many there are.
 */
export function evaluationItems(
  documents: readonly string[],
  tokenizer: Tokenizer,
  plan: ItemPlan,
): readonly EvaluationItem[] {
  const encoded = documents.slice(0, plan.items).map((document) => tokenizer.encode(document));
  const items = windowsOf(encoded, tokenizer, plan);
  if (items.length < plan.items) {
    throw new ModelError(
      'too-few-items',
      `${plan.items} items of ${plan.windowTokens} tokens were asked for; these documents give ${items.length}`,
    );
  }
  return items;
}

function windowsOf(documents: readonly Int32Array[], tokenizer: Tokenizer, plan: ItemPlan): EvaluationItem[] {
  const { windowTokens } = plan;
  const items: EvaluationItem[] = [];
  for (let start = 0, found = true; found && items.length < plan.items; start += windowTokens) {
    found = false;
    for (const document of documents) {
      if (items.length === plan.items) break;
      if (start >= document.length) continue;
      found = true;
      const tokens = document.subarray(start, start + windowTokens);
      let bytes = start === 0 ? -tokenizer.prefixBytes : 0;
      for (const token of tokens) bytes += tokenizer.bytesOf(token).length;
      items.push({ context: start === 0 ? tokenizer.beginToken : document[start - 1]!, tokens, bytes });
    }
  }
  return items;
}
