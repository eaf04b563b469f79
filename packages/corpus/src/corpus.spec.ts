import { Verdict } from '@claimbench/contracts';
import { describe, expect, it } from 'vitest';
import { bibtex } from './bibtex.ts';
import { isCoreFamily } from './check-paper.ts';
import { citationCff } from './citation.ts';
import { claimStatus } from './claim-status.ts';
import { checkFiles, compareClaims, corpus } from './corpus.ts';
import { corpusFiles } from './generated/corpus-files.ts';

describe('the corpus', () => {
  it('holds every paper and every claim, and no file of it has a mistake', () => {
    expect(checkFiles(corpusFiles).issues).toEqual([]);
    expect(corpus.papers).toHaveLength(297);
    expect(corpus.papers.flatMap((paper) => paper.claims)).toHaveLength(1255);
  });

  it('classifies every claim of the four families, and no other', () => {
    const core = corpus.papers.filter((paper) => isCoreFamily(paper.family)).flatMap((paper) => paper.claims);
    expect(core).toHaveLength(590);
    expect(core.every((claim) => claim.kind !== null && claim.testability !== null)).toBe(true);
    const rest = corpus.papers.filter((paper) => !isCoreFamily(paper.family)).flatMap((paper) => paper.claims);
    expect(rest.every((claim) => claim.kind === null && claim.testability === null)).toBe(true);
  });

  it('says in which unit a claim is measured wherever there is something to judge, and where it stands', () => {
    const claims = corpus.papers.flatMap((paper) => paper.claims.map((claim) => ({ paper, claim })));
    for (const { paper, claim } of claims) {
      if (isCoreFamily(paper.family) && claim.kind !== 'context') expect(claim.unit, claim.id).toMatch(/\S/);
    }
    // Nine claims say what their paper's abstract gives in another form, or not at all.
    expect(claims.filter(({ claim }) => claim.location === null)).toHaveLength(9);
  });

  it('finds papers, claims and protocols by their names', () => {
    expect(corpus.paperByNumber(270)?.title).toBe('Transformers without Normalization');
    expect(corpus.paperByNumber(297)).toBeUndefined();
    expect(corpus.claimById('229.4')).toMatchObject({ paper: { number: 229 }, claim: { kind: 'threshold' } });
    expect(corpus.claimById('229.99')).toBeUndefined();
    expect(corpus.protocolById('229.4-quick')?.claim).toBe('229.4');
    expect(corpus.protocolsOf('229.4').map((protocol) => protocol.id)).toContain('229.4-quick');
  });

  it('has a quick protocol for a claim of each family', () => {
    const families = corpus.protocols
      .filter((protocol) => protocol.scale === 'quick')
      .map((protocol) => corpus.claimById(protocol.claim)?.paper.family);
    expect(new Set(families)).toEqual(new Set(['norm', 'quantization', 'pruning', 'layer-skipping']));
  });

  it('orders claims by paper and number, not by letter', () => {
    expect(['10.0', '5.10', '5.9'].sort(compareClaims)).toEqual(['5.9', '5.10', '10.0']);
  });
});

describe('the status of a claim', () => {
  const statusOf = (id: string, known = { protocols: 0, hasVerdict: false }) => {
    const found = corpus.claimById(id);
    if (!found) throw new Error(`no claim ${id}`);
    return claimStatus(found.paper, found.claim, known);
  };

  it('hides nothing: each has a status and a reason', () => {
    for (const paper of corpus.papers) {
      for (const claim of paper.claims) expect(statusOf(claim.id).reason, claim.id).toMatch(/\S/);
    }
  });

  it('says what is outside, what cannot be tested here, what is ready and what is decided', () => {
    const outside = corpus.papers.find((paper) => paper.family === 'out-of-scope')!;
    const adjacent = corpus.papers.find((paper) => paper.family === 'adjacent')!;
    expect(statusOf(outside.claims[0]!.id).status).toBe('outside');
    expect(statusOf(adjacent.claims[0]!.id).status).toBe('planned');
    expect(statusOf('229.0')).toEqual({ status: 'not-testable-here', reason: 'size of the released suite' });
    expect(statusOf('229.9').status).toBe('planned');
    expect(statusOf('229.4', { protocols: 1, hasVerdict: false }).status).toBe('implemented');
    expect(statusOf('229.4', { protocols: 1, hasVerdict: true }).status).toBe('verdict');
  });
});

describe('a BibTeX entry', () => {
  it('gives the title and what is known, and invents no author or year', () => {
    expect(bibtex(corpus.paperByNumber(52)!)).toBe(
      '@misc{dlp-52,\n' +
        '  title = {{DLP: Dynamic Layerwise Pruning in Large Language Models}},\n' +
        '  url = {https://github.com/ironartisan/DLP},\n' +
        '  note = {Paper 52 of the Claimbench corpus, which records no authors, venue or year}\n}\n',
    );
  });

  it('escapes what TeX would read as a command', () => {
    const entry = bibtex({
      number: 1,
      slug: 'a',
      title: '50% of A_b & {C} #1 \\x ~ ^',
      links: { paper: null, code: null },
    });
    expect(entry).toContain(
      'title = {{50\\% of A\\_b \\& \\{C\\} \\#1 \\textbackslash{}x \\textasciitilde{} \\textasciicircum{}}}',
    );
    expect(entry).not.toContain('url');
  });
});

describe('a citation of a verdict', () => {
  const { paper, claim } = corpus.claimById('229.4')!;
  const record = {
    id: '01890000-0000-7000-8000-000000000001',
    at: '2026-11-20T10:00:00.000Z',
    cause: 'new-evidence' as const,
    evidenceLevel: 'measured' as const,
    experimentId: '01890000-0000-7000-8000-000000000002',
    verdict: Verdict.parse({
      claim: '229.4',
      protocolId: '229.4-quick',
      protocolHash: 'a'.repeat(64),
      ruleVersion: 1,
      kind: 'threshold',
      quantifier: 'all',
      grade: 'scaled-down',
      scope: 'recipe',
      verdict: 'supported',
      reason: 'parts-supported',
      words: 'Direction supported: "4 bits" hold.',
      plan: 'cheap',
      look: 1,
      n: 5,
      parts: [],
      premises: [],
      secondSize: null,
      controls: [],
      tuning: [],
      missingGuards: [],
      failedRuns: {},
      subjectLine: '2 layers, d64',
      labels: [],
    }),
  };

  it('is a CFF file that names verdict, protocol hash and rule, and invents no authors', () => {
    const cff = citationCff({
      record,
      claim,
      paper,
      softwareVersion: '0.1.0',
      url: 'https://example.org/claims/229.4',
    });
    const lines = cff.split('\n');
    expect(lines[0]).toBe('cff-version: 1.2.0');
    expect(lines).toContain('date-released: 2026-11-20');
    expect(lines).toContain('version: "0.1.0, rule 1"');
    expect(lines).toContain('url: "https://example.org/claims/229.4"');
    expect(lines).toContain(`    value: "sha256:${'a'.repeat(64)}"`);
    expect(cff).toContain(
      'abstract: "Direction supported: \\"4 bits\\" hold. Found: supported (parts-supported), n = 5',
    );
    expect(cff).toContain('      - name: "Not recorded in the Claimbench corpus"');
  });
});
