import { ModelError } from '../model-error.ts';
import { type DocumentRule, documentsOf } from './documents.ts';
import { hashShare } from './sha256.ts';
import { decodeUtf8 } from './text-encoding.ts';

export type Split = 'train' | 'validation' | 'test';

/** A text in documents, each of which belongs to one split for ever: its own hash decides. */
export interface TextDataSet {
  readonly name: string;
  readonly title: string;
  readonly sha256: string;
  /** Bytes of the whole text. */
  readonly bytes: number;
  /** Documents of a split, ordered by their hash, so that the first n are a fair sample. Throws `empty-split`. */
  documents(split: Split): readonly string[];
}

/** `by-hash`: 80 % train, 10 % validation, 10 % test. `held-out`: all of it is validation (texts that others held out of training). */
export type SplitRule = 'by-hash' | 'held-out';

export interface TextDescription {
  readonly name: string;
  readonly title: string;
  readonly sha256: string;
  readonly documents: DocumentRule;
  readonly splits: SplitRule;
}

/** Cuts a verified text into documents and splits. A platform may know a quicker `hashShare`. Throws `invalid-text-encoding`. */
export function textDataSet(description: TextDescription, bytes: Uint8Array, shareOf = hashShare): TextDataSet {
  const { name, title, sha256, splits: rule } = description;
  const text = decodeUtf8(bytes, `data set '${name}'`);
  const hashed = documentsOf(text, description.documents).map((document) => ({ document, share: shareOf(document) }));
  const splits: Record<Split, string[]> = { train: [], validation: [], test: [] };
  for (const { document, share } of rule === 'by-hash' ? hashed.sort((a, b) => a.share - b.share) : hashed) {
    splits[rule === 'held-out' ? 'validation' : splitOf(share)].push(document);
  }
  return {
    name,
    title,
    sha256,
    bytes: bytes.length,
    documents(split) {
      const documents = splits[split];
      if (documents.length > 0) return documents;
      const present = Object.entries(splits).flatMap(([other, list]) => (list.length > 0 ? [other] : []));
      throw new ModelError(
        'empty-split',
        `data set '${name}' has no documents in its ${split} split; it has ${present.join(', ') || 'none at all'}`,
      );
    },
  };
}

function splitOf(share: number): Split {
  if (share < 0.8) return 'train';
  return share < 0.9 ? 'validation' : 'test';
}
