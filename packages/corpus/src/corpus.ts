import type { Claim, Paper, Protocol } from '@claimbench/contracts';
import { checkPaper } from './check-paper.ts';
import { checkProtocol } from './check-protocol.ts';
import { CorpusError, type CorpusFile, type CorpusIssue } from './corpus-file.ts';
import { corpusFiles } from './generated/corpus-files.ts';

export interface Corpus {
  /** By number, ascending. */
  readonly papers: readonly Paper[];
  /** By claim, then scale. */
  readonly protocols: readonly Protocol[];
  paperByNumber(number: number): Paper | undefined;
  claimById(id: string): { paper: Paper; claim: Claim } | undefined;
  protocolById(id: string): Protocol | undefined;
  protocolsOf(claimId: string): readonly Protocol[];
}

/** Reads the files of a corpus; throws CorpusError with every mistake of every file, or returns a whole corpus. */
export function openCorpus(files: readonly CorpusFile[]): Corpus {
  const { papers, protocols, issues } = checkFiles(files);
  if (issues.length > 0) throw new CorpusError(issues);

  const byNumber = new Map(papers.map((paper) => [paper.number, paper]));
  const claims = new Map(papers.flatMap((paper) => paper.claims.map((claim) => [claim.id, { paper, claim }])));
  const byId = new Map(protocols.map((protocol) => [protocol.id, protocol]));
  return {
    papers,
    protocols,
    paperByNumber: (number) => byNumber.get(number),
    claimById: (id) => claims.get(id),
    protocolById: (id) => byId.get(id),
    protocolsOf: (claimId) => protocols.filter((protocol) => protocol.claim === claimId),
  };
}

/** Papers and protocols that are right in themselves, and every mistake of the others. */
export function checkFiles(files: readonly CorpusFile[]): {
  papers: Paper[];
  protocols: Protocol[];
  issues: CorpusIssue[];
} {
  const issues: CorpusIssue[] = [];
  const papers: Paper[] = [];
  const protocolFiles: CorpusFile[] = [];
  for (const file of files) {
    if (/^[^/]+\/[^/]+\.protocols\/[^/]+\.json$/.test(file.path)) protocolFiles.push(file);
    else if (/^[^/]+\/[^/]+\.json$/.test(file.path)) {
      const checked = checkPaper(file);
      if (checked.value) papers.push(checked.value);
      issues.push(...checked.issues);
    } else {
      const message = 'is neither <family>/<number>-<slug>.json nor <family>/<number>-<slug>.protocols/<protocol>.json';
      issues.push({ file: file.path, field: '', message });
    }
  }
  papers.sort((a, b) => a.number - b.number);
  issues.push(...twins(papers));

  const protocols: Protocol[] = [];
  for (const file of protocolFiles) {
    const checked = checkProtocol(file, papers);
    if (checked.value) protocols.push(checked.value);
    issues.push(...checked.issues);
  }
  protocols.sort((a, b) => compareClaims(a.claim, b.claim) || (a.id < b.id ? -1 : 1));
  return { papers, protocols, issues };
}

/** Orders claim ids by paper, then claim: 5.10 comes after 5.9. */
export function compareClaims(a: string, b: string): number {
  const [paperA = 0, claimA = 0] = a.split('.').map(Number);
  const [paperB = 0, claimB = 0] = b.split('.').map(Number);
  return paperA - paperB || claimA - claimB;
}

/** Two files with one number or one slug. */
function twins(papers: readonly Paper[]): CorpusIssue[] {
  const issues: CorpusIssue[] = [];
  for (const field of ['number', 'slug'] as const) {
    const first = new Map<number | string, Paper>();
    for (const paper of papers) {
      const other = first.get(paper[field]);
      if (other) {
        const file = `${paper.family}/${paper.number}-${paper.slug}.json`;
        issues.push({ file, field, message: `${paper[field]} is also the ${field} of "${other.title}"` });
      }
      first.set(paper[field], paper);
    }
  }
  return issues;
}

/** The corpus of this build. */
export const corpus: Corpus = openCorpus(corpusFiles);
