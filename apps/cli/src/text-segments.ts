import { readFile } from 'node:fs/promises';
import { type DocumentRule, decodeUtf8, documentsOf, ModelError } from '@claimbench/models';
import { InvalidArgumentError } from 'commander';

/** How a file falls into texts that know nothing of each other. */
export type Segmentation = { readonly kind: 'whole' } | { readonly kind: 'rule'; readonly rule: DocumentRule };

export const SEGMENTATIONS = 'whole, lines, paragraphs, stories, or separator:<text>';

/** Parses `--segments`; `\n` and `\t` in a separator stand for the signs themselves. */
export function parseSegmentation(text: string): Segmentation {
  const separated = (separator: string): Segmentation => ({ kind: 'rule', rule: { kind: 'separator', separator } });
  if (text === 'whole') return { kind: 'whole' };
  if (text === 'lines') return separated('\n');
  if (text === 'paragraphs') return separated('\n\n');
  if (text === 'stories') return { kind: 'rule', rule: { kind: 'stories' } };
  const separator = /^separator:(.+)$/s.exec(text)?.[1];
  if (separator === undefined) throw new InvalidArgumentError(`one of ${SEGMENTATIONS} expected.`);
  return separated(separator.replaceAll('\\n', '\n').replaceAll('\\t', '\t'));
}

/** Reads a UTF-8 file as segments, at most `limit` of them. Throws `data-unavailable`, `invalid-text-encoding`, `empty-split`. */
export async function readSegments(
  path: string,
  how: Segmentation,
  limit: number | undefined,
): Promise<readonly string[]> {
  const text = await readText(path);
  const segments = how.kind === 'whole' ? [text].filter((whole) => whole !== '') : documentsOf(text, how.rule);
  if (segments.length === 0) throw new ModelError('empty-split', `${path} has no text to score`);
  return limit === undefined ? segments : segments.slice(0, limit);
}

/** A whole UTF-8 file. Throws `data-unavailable`, `invalid-text-encoding`. */
export async function readText(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ModelError('data-unavailable', `${path} cannot be read: ${reason}`, { cause });
  }
  return decodeUtf8(bytes, path);
}
