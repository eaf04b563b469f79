import type { ClaimSummary, PartResult, Protocol, VerdictRecord, VerdictWord } from '@claimbench/contracts';
import { describe, expect, it } from 'vitest';
import type { Entry } from './reproduction.ts';
import { claimedValue, decisivePart, effectOf, resultsPage, totalsOf } from './results-page.ts';

function part(changes: Partial<PartResult>): PartResult {
  return {
    id: 'part',
    statement: 'Four bits cost at most 1 % of the loss.',
    template: 'greater',
    verdict: 'supported',
    reason: 'strong',
    effect: 0.0375,
    interval: [0.0346, 0.0404],
    level: 0.95,
    margin: 0.0292,
    unit: 'nats/byte',
    n: 5,
    mde: 0.004,
    sdPaired: 0.002,
    sdUnpaired: 0.02,
    shareAbove0: 1,
    worstBlock: 0.03,
    skewness: 0,
    contrasts: [],
    ...changes,
  };
}

function entry(id: string, verdict: VerdictWord | null, changes: Partial<ClaimSummary> = {}): Entry {
  const claim = {
    id,
    statement: 'Loses nothing | at all',
    claimedValue: null,
    unit: null,
    direction: 'equal',
    doubt: null,
    paper: { number: 1, title: 'A paper', slug: 'a-paper', family: 'norm' },
    ...changes,
  } as ClaimSummary;
  const record =
    verdict &&
    ({
      verdict: {
        verdict,
        reason: 'strong',
        words: `Direction ${verdict} at 0.1 M parameters.`,
        n: 5,
        grade: 'scaled-down',
        protocolId: `${id}-quick`,
        subjectLine: '2 layers',
        parts: [part({}), part({ template: 'not-worse', effect: -0.002, interval: [-0.004, null], margin: 0.014 })],
        secondSize: null,
        controls: [
          {
            id: 'negative',
            kind: 'negative',
            statement: '',
            passed: id !== '2.0',
            finding: '',
            result: part(),
          },
        ],
      },
    } as unknown as VerdictRecord);
  const protocol = { id: `${id}-quick`, scale: 'quick' } as Protocol;
  const machine = id === '2.0' ? '4 cores' : '2 cores';
  return {
    claim,
    protocol,
    record,
    machine,
    seconds: verdict ? 90 : null,
    failure: verdict ? null : 'cancelled: by a user',
  };
}

const ENTRIES = [
  entry('1.0', 'supported'),
  entry('2.0', 'contradicted', { doubt: 'The golden values agree.' }),
  entry('3.0', null),
];

describe('the page of results', () => {
  it('counts verdicts, time, and negative controls that failed', () => {
    expect(totalsOf(ENTRIES)).toMatchObject({
      supported: 1,
      contradicted: 1,
      inconclusive: 0,
      withoutVerdict: 1,
      negativeControls: { count: 2, failed: 1, rate: 0.5, stated: expect.closeTo(0.05, 9), failedIn: ['2.0-quick'] },
      seconds: 180,
    });
  });

  it('shows the part nearest to failing the claim, with an open end where there is one', () => {
    const decisive = decisivePart(ENTRIES[0]!.record!.verdict)!;
    expect(effectOf(decisive)).toBe('0.0375 [0.0346, 0.0404] nats/byte');
    expect(effectOf(part({ effect: -1e-5, interval: [null, 2e-5] }))).toBe('-0.0000100 [open, 0.0000200] nats/byte');
  });

  it('shows what the paper says: its value, or its direction', () => {
    expect(claimedValue(entry('1.0', null, { claimedValue: 4, unit: 'bits' }))).toBe('4 bits');
    expect(claimedValue(entry('1.0', null))).toBe('equal');
  });

  it('has a row for every protocol, none hidden, and a doubt for every contradiction', () => {
    const page = resultsPage(ENTRIES, { scale: 'quick' });
    expect(page).toContain('| 1.0-quick | Loses nothing \\| at all (A paper) | equal |');
    expect(page).toContain('none: cancelled: by a user');
    expect(page).toContain('nothing here is edited by hand. Machines: 2 cores; 4 cores.');
    expect(page).toContain('Negative controls: 1 of 2 found a difference where there is none (2.0-quick), 50.0 %');
    expect(page).toContain('### 2.0-quick: Loses nothing | at all');
    expect(page).toContain('The golden values agree.');
    expect(page).not.toContain('### 1.0-quick');
    const undoubted = resultsPage([entry('2.0', 'contradicted')], { scale: 'quick' });
    expect(undoubted).toContain('No doubt is written down yet');
  });
});
