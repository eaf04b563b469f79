import { tmpdir } from 'node:os';
import { type Corpus, CorpusError, corpus } from '@claimbench/corpus';
import { beforeAll, describe, expect, it } from 'vitest';
import { previewProtocol } from '../protocol/preview.ts';
import type { Resources } from '../resources.ts';
import { checkCorpus } from './check-corpus.ts';
import { readResources } from './resources.ts';

let resources: Resources;
beforeAll(async () => {
  resources = await readResources({ dataPath: [], cacheFolder: tmpdir() });
});

/** The corpus with the first protocol whose first arm has that technique changed. */
function broken(technique: string, change: Record<string, unknown>): Pick<Corpus, 'protocols' | 'claimById'> {
  const found = corpus.protocols.find(({ arms }) => arms.some((arm) => arm.technique.id === technique));
  if (!found) throw new Error(`no protocol uses ${technique}`);
  const arms = found.arms.map((arm) => {
    return arm.technique.id === technique ? { ...arm, technique: { ...arm.technique, ...change } } : arm;
  });
  return { protocols: [{ ...found, arms }], claimById: (id) => corpus.claimById(id) };
}

describe('what start-up demands of the corpus', () => {
  it.each(corpus.protocols.map(({ id }) => id))('%s can be registered: its techniques fit both of its sizes', (id) => {
    checkCorpus({ protocols: [corpus.protocolById(id)!], claimById: (claim) => corpus.claimById(claim) }, resources);
  });

  it('refuses a technique that does not fit, before anything runs', () => {
    const tooMany = broken('drop-layers', { parameters: { select: 'last', count: 40 } });
    expect(() => checkCorpus(tooMany, resources)).toThrow(/it takes 40 layers/);
  });

  it('refuses unknown techniques and parameters, by file and field', () => {
    expect(() => checkCorpus(broken('drop-layers', { id: 'unheard-of' }), resources)).toThrow(CorpusError);
    expect(() => checkCorpus(broken('drop-layers', { id: 'unheard-of' }), resources)).toThrow(
      /unknown technique unheard-of/,
    );
    const misspelt = broken('drop-layers', { parameters: { selected: 'last' } });
    expect(() => checkCorpus(misspelt, resources)).toThrow(/protocols\/.*technique\.parameters/);
  });

  it('finds every quick protocol planned within a few of its declared times', () => {
    for (const protocol of corpus.protocols.filter(({ scale }) => scale === 'quick')) {
      const { wallSeconds } = previewProtocol(protocol, resources, { slots: 2 });
      expect(wallSeconds, protocol.id).toBeLessThan(3 * protocol.expectedSeconds);
    }
  });
});
