import { Paper } from '@claimbench/contracts';
import { type Checked, checkShape } from './check-shape.ts';
import type { CorpusFile, CorpusIssue } from './corpus-file.ts';

/** The families whose claims are tested; their claims carry kind and testability. */
export const CORE_FAMILIES = [
  'norm',
  'quantization',
  'pruning',
  'layer-skipping',
] as const satisfies readonly Paper['family'][];

export function isCoreFamily(family: Paper['family']): boolean {
  return CORE_FAMILIES.some((core) => core === family);
}

/** Where a paper's file stands: `<family>/<number>-<slug>.json`. */
export function paperPath(paper: Pick<Paper, 'family' | 'number' | 'slug'>): string {
  return `${paper.family}/${paper.number}-${paper.slug}.json`;
}

/** One paper by itself: its shape, its place, its claims. */
export function checkPaper(file: CorpusFile): Checked<Paper> {
  const checked = checkShape(file, Paper);
  if (checked.value === null) return checked;
  const paper = checked.value;
  const issues: CorpusIssue[] = [];
  const report = (field: string, message: string) => issues.push({ file: file.path, field, message });

  if (file.path !== paperPath(paper))
    report('', `a paper with this family, number and slug stands in ${paperPath(paper)}`);
  const core = isCoreFamily(paper.family);
  paper.claims.forEach((claim, index) => {
    const at = (field: string) => `claims.${index}.${field}`;
    const id = `${paper.number}.${index}`;
    if (claim.id !== id) report(at('id'), `claims are numbered in order: expected ${id}, found ${claim.id}`);
    if (claim.claimedValue !== null && !claim.unit) {
      report(at('unit'), `the claim states the number ${claim.claimedValue}, so it needs a unit`);
    }
    if (claim.unit === '') report(at('unit'), 'is empty: write null where there is none');
    if (core && claim.unit === null && claim.claimedValue === null && claim.kind !== 'context') {
      report(at('unit'), `claims of the family ${paper.family} say in which unit their metric is measured`);
    }
    if (core && claim.kind === null) report(at('kind'), `claims of the family ${paper.family} have a kind`);
    if (core && claim.testability === null) {
      report(at('testability'), `claims of the family ${paper.family} say where they can be tested`);
    }
    if (claim.kind === 'context' && claim.testability?.at !== 'not-here') {
      report(at('testability.at'), 'a claim of kind context has no verdict: expected not-here');
    }
  });
  return issues.length > 0 ? { value: null, issues } : checked;
}
