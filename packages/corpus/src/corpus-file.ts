/** One file of packages/corpus/data as it was read: nothing is known of its content yet. */
export interface CorpusFile {
  /** Below `data`, with forward slashes: "norm/270-dyt.json", "norm/270-dyt.protocols/270.0-quick.json". */
  readonly path: string;
  readonly content: unknown;
}

/** What is wrong with a file, so that a person finds the place: the file, the field in it, and a sentence. */
export interface CorpusIssue {
  readonly file: string;
  /** Dotted path, "claims.2.unit"; empty for the file as a whole. */
  readonly field: string;
  readonly message: string;
}

/** A corpus with a bad file is not opened at all. */
export class CorpusError extends Error {
  override readonly name = 'CorpusError';
  readonly issues: readonly CorpusIssue[];

  constructor(issues: readonly CorpusIssue[]) {
    const lines = issues.slice(0, 20).map(describeIssue);
    const rest = issues.length > 20 ? `\n  and ${issues.length - 20} more` : '';
    super(
      `The corpus has ${issues.length} ${issues.length === 1 ? 'mistake' : 'mistakes'}\n  ${lines.join('\n  ')}${rest}`,
    );
    this.issues = issues;
  }
}

export function describeIssue(issue: CorpusIssue): string {
  return `data/${issue.file}${issue.field ? `, ${issue.field}` : ''}: ${issue.message}`;
}
