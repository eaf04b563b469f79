import type { Verdict } from '@claimbench/contracts';
import { describe, expect, it } from 'vitest';
import {
  detectableWords,
  expectedFalse,
  levelWords,
  reasonWords,
  scaleNotice,
  sizeOf,
  verdictPhrase,
} from './verdicts.ts';

const subjectLine = '2 layers, d64, 0.14 M parameters, 0.3 M tokens of node-docs';

describe('a verdict in words', () => {
  it('never says more than its grade allows', () => {
    const supported = (grade: Verdict['grade'], line = subjectLine) =>
      verdictPhrase({ verdict: 'supported', grade, subjectLine: line }, 'measured');
    expect(supported('same-regime')).toBe('supported');
    expect(supported('scaled-down')).toBe('direction supported at 0.14 M parameters');
    expect(supported('scaled-down', 'checkpoint stories260K')).toBe('direction supported at small scale');
    expect(supported('mechanism-only')).toBe('mechanism seen');
    expect(scaleNotice({ grade: 'scaled-down', subjectLine })).toContain('Direction tested at 0.14 M parameters');
    expect(scaleNotice({ grade: 'same-regime', subjectLine })).toBeNull();
    expect(sizeOf('4 layers, 9,040 parameters')).toBe('9,040');
    expect(sizeOf('4 to 16 layers, d32, 0.066 to 0.22 M parameters, 0.2 M tokens')).toBe('0.066 to 0.22 M');
  });
  it('calls a contradiction unreplicated until another machine has seen it', () => {
    const verdict = { verdict: 'contradicted', grade: 'same-regime', subjectLine } as const;
    expect(verdictPhrase(verdict, 'measured')).toBe('contradicted (not yet replicated)');
    expect(verdictPhrase(verdict, 'replicated')).toBe('contradicted');
    expect(verdictPhrase({ ...verdict, verdict: 'inconclusive' }, 'measured')).toBe('inconclusive');
  });
  it('says what an inconclusive test could have seen', () => {
    const part = { mde: 0.02312, margin: 0.005, unit: 'nats/byte', template: 'greater' } as const;
    expect(detectableWords([part])).toBe(
      'An effect of 0.023 nats/byte or more would have been found in 4 of 5 tries; the margin is 0.005 nats/byte.',
    );
    expect(detectableWords([{ ...part, mde: null }])).toContain('no effect');
    expect(detectableWords([{ ...part, template: 'within' }])).toContain('9 of 10');
    expect(detectableWords([part, { ...part, mde: 0.5, unit: 'points' }])).toContain('0.5 points or more');
    expect(detectableWords([])).toBeNull();
  });
  it('prints unknown reasons as they are', () => {
    expect(reasonWords('too-noisy')).toBe('the interval is too wide to decide');
    expect(reasonWords('brand-new-reason')).toBe('brand new reason');
  });
  it('prints levels and expected errors with no more digits than they have', () => {
    expect(levelWords(0.95)).toBe('95 % interval');
    expect(levelWords(1 - 2 * 0.0056)).toBe('98.9 % interval');
    expect(expectedFalse(40)).toBe('1');
    expect(expectedFalse(3)).toBe('fewer than 0.1');
  });
});
