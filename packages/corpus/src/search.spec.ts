import { describe, expect, it } from 'vitest';
import { corpus } from './corpus.ts';
import { searchCorpus, searcherOf } from './search.ts';

describe('searching the corpus', () => {
  it('finds a paper by words of its title, best first', () => {
    expect(searchCorpus('transformers without normalization')[0]?.paper.number).toBe(270);
  });

  it('finds a claim by its id', () => {
    expect(searchCorpus('229.4')[0]?.claim?.id).toBe('229.4');
  });

  it('answers only with what has every word', () => {
    for (const { paper, claim } of searchCorpus('ternary perplexity', { limit: 500 })) {
      const text = JSON.stringify(claim ? { ...claim, title: paper.title, slug: paper.slug } : paper).toLowerCase();
      expect(text).toContain('ternary');
      expect(text).toContain('perplexity');
    }
    expect(searchCorpus('ternary qwertyuiop')).toEqual([]);
  });

  it('takes the beginning of a word, any case, and words with accents', () => {
    expect(searchCorpus('QUANTIZ').length).toBeGreaterThan(20);
    const paper = { ...corpus.paperByNumber(111)!, title: 'Rates after Erdős and Rényi' };
    expect(searcherOf({ papers: [paper] })('erdos renyi')[0]?.paper).toBe(paper);
  });

  it('gives nothing for nothing and at most as many as asked', () => {
    expect(searchCorpus('  ,.; ')).toEqual([]);
    expect(searchCorpus('accuracy', { limit: 7 })).toHaveLength(7);
  });
});
