/** A word of which a write covers some bytes: `value` has them in place, `mask` says which. */
interface PartialWord {
  readonly word: number;
  readonly mask: number;
  readonly value: number;
}

interface SplitWrite {
  readonly whole: { readonly byteOffset: number; readonly bytes: Uint8Array };
  readonly parts: readonly PartialWord[];
}

/**
 * Splits a write of bytes into whole words and the words that it covers in part, at most two. A last word that lies partly behind
 * the buffer's `end` counts as whole: what is there belongs to nobody.
 */
export function partialWords(bytes: Uint8Array, byteOffset: number, end: number): SplitWrite {
  const last = byteOffset + bytes.length;
  const first = Math.ceil(byteOffset / 4) * 4;
  const stop = last === end ? last : last - (last % 4);
  const parts: PartialWord[] = [];
  if (byteOffset < first) parts.push(partialWord(bytes, byteOffset, Math.floor(byteOffset / 4)));
  if (stop < last && stop >= first) parts.push(partialWord(bytes, byteOffset, stop / 4));
  const whole = bytes.subarray(Math.min(first - byteOffset, bytes.length), Math.max(stop - byteOffset, 0));
  const padding = -whole.length & 3;
  if (padding === 0) return { whole: { byteOffset: first, bytes: whole }, parts };
  const padded = new Uint8Array(whole.length + padding);
  padded.set(whole);
  return { whole: { byteOffset: first, bytes: padded }, parts };
}

function partialWord(bytes: Uint8Array, byteOffset: number, word: number): PartialWord {
  let mask = 0;
  let value = 0;
  for (let byte = 0; byte < 4; byte++) {
    const from = word * 4 + byte - byteOffset;
    if (from < 0 || from >= bytes.length) continue;
    mask |= 0xff << (8 * byte);
    value |= bytes[from]! << (8 * byte);
  }
  return { word, mask: mask >>> 0, value: value >>> 0 };
}
