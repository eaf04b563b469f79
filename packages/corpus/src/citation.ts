import type { Claim, Paper, VerdictRecord } from '@claimbench/contracts';

/** What a verdict is cited with. */
export interface Citation {
  readonly record: VerdictRecord;
  readonly claim: Pick<Claim, 'id' | 'statement'>;
  readonly paper: Pick<Paper, 'number' | 'title' | 'links'>;
  /** Version of the software that judged. */
  readonly softwareVersion: string;
  /** Where the claim's page stands, if it has a public address. */
  readonly url: string | null;
}

/**
 * A CITATION.cff (Citation File Format 1.2.0) for one verdict: what was found of which claim, under which protocol and rule, at which
 * level of evidence. The hash of the protocol makes it checkable. The corpus records no authors of papers, and the file says so
 * instead of inventing some.
 */
export function citationCff({ record, claim, paper, softwareVersion, url }: Citation): string {
  const { verdict } = record;
  const found = `${verdict.verdict} (${verdict.reason})`;
  const reference = [
    '  - type: article',
    `    title: ${quoted(paper.title)}`,
    '    authors:',
    '      - name: "Not recorded in the Claimbench corpus"',
    ...(paper.links.paper === null ? [] : [`    url: ${quoted(paper.links.paper)}`]),
    ...(paper.links.code === null ? [] : [`    repository-code: ${quoted(paper.links.code)}`]),
    `    notes: ${quoted(`Paper ${paper.number} of the corpus; the claim is its statement number ${claim.id}.`)}`,
  ];
  const lines = [
    'cff-version: 1.2.0',
    'message: "If you use this verdict, please cite it as below."',
    'type: dataset',
    `title: ${quoted(`Verdict on claim ${claim.id}, "${claim.statement}": ${verdict.verdict}`)}`,
    'authors:',
    '  - name: "Claimbench"',
    `version: ${quoted(`${softwareVersion}, rule ${verdict.ruleVersion}`)}`,
    `date-released: ${record.at.slice(0, 10)}`,
    ...(url === null ? [] : [`url: ${quoted(url)}`]),
    `abstract: ${quoted(`${verdict.words} Found: ${found}, n = ${verdict.n}, ${verdict.subjectLine}. Level of evidence: ${record.evidenceLevel}.`)}`,
    'identifiers:',
    '  - type: other',
    `    value: ${quoted(`sha256:${verdict.protocolHash}`)}`,
    `    description: ${quoted(`Hash of the registered protocol ${verdict.protocolId}`)}`,
    '  - type: other',
    `    value: ${quoted(record.id)}`,
    '    description: "Id of the verdict in the history of its claim"',
    'keywords:',
    ...['reproducibility', verdict.kind, verdict.grade].map((word) => `  - ${quoted(word)}`),
    'references:',
    ...reference,
  ];
  return `${lines.join('\n')}\n`;
}

/** A JSON string is a double-quoted YAML scalar. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
