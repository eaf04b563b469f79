import type { Claim, Paper } from '@claimbench/contracts';
import { type Corpus, corpus } from './corpus.ts';

/** A paper, or one claim of it, that answers a query. */
export interface SearchHit {
  readonly paper: Paper;
  /** null: the paper as a whole. */
  readonly claim: Claim | null;
  readonly score: number;
}

interface Entry {
  readonly paper: Paper;
  readonly claim: Claim | null;
  /** Word to the weight of the fields in which it stands. */
  readonly words: ReadonlyMap<string, number>;
}

/** What a word counts in a field: a title says more than a description. */
const WEIGHT = { id: 8, title: 4, statement: 3, context: 1.5, technique: 1 } as const;

/** Makes a search over a corpus; the index is made once, at the first query. */
export function searcherOf(
  source: Pick<Corpus, 'papers'>,
): (query: string, options?: { limit?: number }) => SearchHit[] {
  let index: { entries: Entry[]; frequency: Map<string, number>; vocabulary: string[] } | null = null;
  return (query, { limit = 50 } = {}) => {
    const terms = [...new Set(wordsOf(query))];
    if (terms.length === 0) return [];
    index ??= indexOf(source.papers);
    const { entries, frequency, vocabulary } = index;

    // Each term stands for itself and, from three letters on, for the words that it begins, at half the weight.
    const expanded = terms.map((term) =>
      vocabulary
        .filter((word) => word === term || (term.length >= 3 && word.startsWith(term)))
        .map((word) => ({
          word,
          weight: (word === term ? 1 : 0.5) * Math.log(1 + entries.length / (frequency.get(word) ?? 1)),
        })),
    );
    const hits: SearchHit[] = [];
    for (const entry of entries) {
      const scores = expanded.map((words) =>
        words.reduce((best, { word, weight }) => Math.max(best, weight * (entry.words.get(word) ?? 0)), 0),
      );
      if (scores.every((score) => score > 0)) {
        hits.push({ paper: entry.paper, claim: entry.claim, score: scores.reduce((a, b) => a + b, 0) });
      }
    }
    return hits.sort((a, b) => b.score - a.score || a.paper.number - b.paper.number).slice(0, limit);
  };
}

/** Finds papers and claims whose words answer every term of the query, best first; at most `limit` (50). */
export const searchCorpus = searcherOf(corpus);

function indexOf(papers: readonly Paper[]) {
  const entries = papers.flatMap((paper): Entry[] => [
    {
      paper,
      claim: null,
      words: weigh([
        [String(paper.number), WEIGHT.id],
        [`${paper.title} ${paper.slug}`, WEIGHT.title],
        [paper.family, WEIGHT.context],
        [paper.technique, WEIGHT.technique],
      ]),
    },
    ...paper.claims.map((claim) => ({
      paper,
      claim,
      words: weigh([
        [claim.id, WEIGHT.id],
        [claim.statement, WEIGHT.statement],
        [`${claim.metric} ${claim.subject} ${claim.condition} ${claim.baseline} ${claim.kind ?? ''}`, WEIGHT.context],
        [`${paper.title} ${paper.slug} ${paper.family}`, WEIGHT.technique],
      ]),
    })),
  ]);
  const frequency = new Map<string, number>();
  for (const entry of entries)
    for (const word of entry.words.keys()) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  return { entries, frequency, vocabulary: [...frequency.keys()] };
}

/** The best weight of every word over the fields. */
function weigh(fields: readonly (readonly [string, number])[]): Map<string, number> {
  const words = new Map<string, number>();
  for (const [text, weight] of fields) {
    for (const word of wordsOf(text)) words.set(word, Math.max(weight, words.get(word) ?? 0));
  }
  return words;
}

/** Lower-case words without accents; a number keeps its decimals, so that "1.58" and the claim 270.0 are words. */
function wordsOf(text: string): string[] {
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return plain.match(/\p{N}+(?:\.\p{N}+)*|[\p{L}\p{N}]+/gu) ?? [];
}
