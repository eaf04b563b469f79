import { KernelError } from '../errors.ts';
import { gridChecks } from './grid_check.ts';
import { checkLinearAlgebra } from './linear_algebra_check.ts';
import { readCases } from './manifest.ts';
import { checkOp } from './ops_check.ts';
import { checkOptimiser } from './optimisers_check.ts';
import { checkPackedCodes } from './quantization_check.ts';
import { checkRandom } from './random_check.ts';
import { isRecord } from './safetensors.ts';
import type { CaseCheck, Comparison, GoldenSubject } from './subject.ts';

/** One line of the table: all cases of one op. */
export interface GoldenLine {
  readonly family: string;
  readonly op: string;
  /** Checked cases. */
  cases: number;
  notImplemented: number;
  violations: number;
  /** The comparison that came closest to its bound, or exceeded it most. */
  worst: Comparison | undefined;
  readonly failures: string[];
}

/** A manifest with the file that it names. */
export interface GoldenFile {
  readonly name: string;
  readonly manifest: Record<string, unknown>;
  readonly tensors: Uint8Array | undefined;
}

/** What is checked of each family; `partOf` names the part where it is not the whole op. */
const checks: Readonly<Record<string, { check: CaseCheck; partOf?: (op: string) => string | undefined }>> = {
  linear_algebra: { check: checkLinearAlgebra },
  ops: { check: checkOp },
  optimisers: { check: checkOptimiser },
  quantization: {
    check: (subject, golden) => (gridChecks[golden.op] ?? checkPackedCodes)(subject, golden),
    partOf: (op) => (op in gridChecks ? undefined : 'packed product'),
  },
};

/** Checks all cases of one manifest, whatever family it is of: what is not implemented is counted, not passed over. */
export async function checkGoldenFile(subject: GoldenSubject, file: GoldenFile): Promise<GoldenLine[]> {
  const lines = new Map<string, GoldenLine>();
  const family = typeof file.manifest.family === 'string' ? file.manifest.family : file.name;
  const lineOf = (op: string): GoldenLine => {
    const line = lines.get(op) ?? newLine(family, op);
    lines.set(op, line);
    return line;
  };
  const known = checks[family];
  if (family === 'rng') {
    for (const { op, comparison } of checkRandom(file.manifest)) record(lineOf(op), op, [comparison]);
  } else if (known !== undefined && file.tensors !== undefined) {
    for (const golden of readCases(file.manifest, file.tensors)) {
      const part = known.partOf?.(golden.op);
      const checked = part === undefined ? golden.op : `${golden.op}: ${part}`;
      try {
        const comparisons = await known.check(subject, golden);
        if (comparisons === undefined) lineOf(golden.op).notImplemented += 1;
        else record(lineOf(checked), golden.id, comparisons);
      } catch (fault) {
        if (fault instanceof KernelError && fault.code === 'unknown-kernel') {
          lineOf(golden.op).notImplemented += 1; // on this backend
          continue;
        }
        const reason = fault instanceof Error ? fault.message : String(fault);
        record(lineOf(checked), `${golden.id} (${reason})`, [{ error: Number.POSITIVE_INFINITY, bound: 0 }]);
      }
    }
  } else {
    for (const [op, count] of countCases(file.manifest)) lineOf(op).notImplemented += count;
  }
  return [...lines.values()];
}

function newLine(family: string, op: string): GoldenLine {
  return { family, op, cases: 0, notImplemented: 0, violations: 0, worst: undefined, failures: [] };
}

function record(line: GoldenLine, id: string, comparisons: readonly Comparison[]): void {
  line.cases += 1;
  let violated = false;
  for (const comparison of comparisons) {
    if (!(comparison.error <= comparison.bound)) violated = true;
    if (line.worst === undefined || isCloser(comparison, line.worst)) line.worst = comparison;
  }
  if (!violated) return;
  line.violations += 1;
  line.failures.push(id);
}

/** Whether a comparison used up more of its bound; of two without error, the one that had a bound. */
function isCloser(a: Comparison, b: Comparison): boolean {
  const share = ({ error, bound }: Comparison) => (error === 0 ? 0 : error / bound);
  return share(a) > share(b) || (share(a) === share(b) && a.bound > b.bound);
}

/** The ops of a manifest whose family has no check here: of its cases, or of each list where it has no cases. */
function countCases(manifest: Record<string, unknown>): [string, number][] {
  if (Array.isArray(manifest.cases)) {
    return manifest.cases.map((entry: unknown) => [
      isRecord(entry) && typeof entry.op === 'string' ? entry.op : 'case',
      1,
    ]);
  }
  return Object.entries(manifest).flatMap(([name, list]) => (Array.isArray(list) ? [[name, list.length]] : []));
}
