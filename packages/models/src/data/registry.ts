import type { SplitRule } from './data-set.ts';
import type { DocumentRule } from './documents.ts';
import { GENERATED_TEXTS } from './generated.ts';

/** A file that is known by name: where it may lie, where it can be had, and the hash that it must have. */
export interface RegisteredFile {
  readonly name: string;
  readonly title: string;
  readonly licence: string;
  readonly sha256: string;
  /** Below a folder of the data path. */
  readonly path: string;
  /** null: it cannot be downloaded. */
  readonly url: string | null;
  readonly content:
    | { readonly kind: 'text'; readonly documents: DocumentRule; readonly splits: SplitRule }
    | { readonly kind: 'checkpoint'; readonly format: 'llama2c'; readonly tokenizer: string }
    | { readonly kind: 'tokenizer'; readonly format: 'llama2c' };
}

const text = (documents: DocumentRule, splits: SplitRule = 'by-hash') => ({ kind: 'text', documents, splits }) as const;
const blankLines: DocumentRule = { kind: 'separator', separator: '\n\n' };

/** English prose of the API documentation in @types/node 24.19.2, extracted on this machine (rules: data/doc-comments.ts). */
export const NODE_DOCS = {
  name: 'node-docs',
  title: 'Node.js API documentation (prose of @types/node 24.19.2)',
  licence: 'MIT (DefinitelyTyped)',
  sha256: 'ad7a5f399ce94b30c493fb0be34790d71cdfaf1a4492196dee12d217ada2211c',
  documents: blankLines,
  splits: 'by-hash',
} as const;

export const REGISTERED_FILES: readonly RegisteredFile[] = [
  {
    name: 'tinystories-validation',
    title: 'TinyStories, 1,000 validation stories',
    licence: 'CDLA-Sharing-1.0 (Eldan and Li 2023)',
    sha256: '5fc1fb0113df62b567fb271806cd645ce8d75f59c58ca0b764c03d3b6ff34ca6',
    path: 'text/tinystories/tinystories_val_1k.txt',
    url: null,
    content: text({ kind: 'stories' }, 'held-out'),
  },
  {
    name: 'tinystories-train',
    title: 'TinyStories, first 2 MiB of the training stories',
    licence: 'CDLA-Sharing-1.0 (Eldan and Li 2023)',
    sha256: '5352b299dcb1a32898b2d779b145b5a05f3e1265953fd21c264c9f9f9c9ae33d',
    path: 'text/tinystories/tinystories_train_2MiB.txt',
    url: null,
    content: text({ kind: 'separator', separator: '<|endoftext|>' }),
  },
  {
    name: 'tinyshakespeare',
    title: 'Tiny Shakespeare',
    licence: 'public domain',
    sha256: '86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed',
    path: 'text/tinyshakespeare/input.txt',
    url: 'https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt',
    content: text(blankLines),
  },
  {
    name: 'wikitext-2-validation',
    title: 'WikiText-2 raw, validation articles',
    licence: 'CC BY-SA 3.0',
    sha256: '4cd0f6876d07a413aa911261ff6d363c72d757d47f0fdd6015702014c89cb9c7',
    path: 'text/wikitext-2/wiki.valid.raw',
    url: null,
    content: text({ kind: 'heading', pattern: /^ = [^=].*[^=] = *$/ }, 'held-out'),
  },
  {
    name: 'wikitext-2-test',
    title: 'WikiText-2 raw, test articles',
    licence: 'CC BY-SA 3.0',
    sha256: '173c87a53759e0201f33e0ccf978e510c2042d7f2cb78229d9a50d79b9e7dd08',
    path: 'text/wikitext-2/wiki.test.raw',
    url: null,
    content: text({ kind: 'heading', pattern: /^ = [^=].*[^=] = *$/ }, 'held-out'),
  },
  {
    name: 'stories260K',
    title: 'stories260K, a Llama of 260,032 parameters trained on TinyStories',
    licence: 'MIT (Karpathy, llama2.c)',
    sha256: 'b0a507e7ad0f626624f17112325e66691f9076d622e1d3274d103d00299f2696',
    path: 'models/stories260K/stories260K.bin',
    url: 'https://huggingface.co/karpathy/tinyllamas/resolve/main/stories260K/stories260K.bin',
    content: { kind: 'checkpoint', format: 'llama2c', tokenizer: 'tok512' },
  },
  {
    name: 'tok512',
    title: 'Tokenizer of stories260K, 512 pieces',
    licence: 'MIT (Karpathy, llama2.c)',
    sha256: '037cb335abb25d1fa9e8ecae30ed2a3a8ace9302862ebcdc05d51a6bbb10c312',
    path: 'models/stories260K/tok512.bin',
    url: 'https://huggingface.co/karpathy/tinyllamas/resolve/main/stories260K/tok512.bin',
    content: { kind: 'tokenizer', format: 'llama2c' },
  },
];

/** A name that plans and forms can offer. */
export interface RegisteredName {
  readonly name: string;
  readonly title: string;
  readonly licence: string;
  readonly sha256: string;
  readonly kind: 'text' | 'checkpoint' | 'tokenizer';
}

/** Everything that resolves by name, `node-docs` first, then what is generated. */
export function registeredData(): readonly RegisteredName[] {
  const { name, title, licence, sha256 } = NODE_DOCS;
  return [
    { name, title, licence, sha256, kind: 'text' },
    ...GENERATED_TEXTS.map((text) => ({
      name: text.name,
      title: text.title,
      licence: text.licence,
      sha256: text.sha256,
      kind: 'text' as const,
    })),
    ...REGISTERED_FILES.map(({ content, ...file }) => ({
      name: file.name,
      title: file.title,
      licence: file.licence,
      sha256: file.sha256,
      kind: content.kind,
    })),
  ];
}
