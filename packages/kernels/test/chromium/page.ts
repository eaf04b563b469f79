/// <reference lib="dom" />
import type { Backend } from '../../src/backend.ts';
import { disagreements } from '../../src/conformance/compare.ts';
import { inputElements, readDoubles, readFloats, runCase } from '../../src/conformance/run.ts';
import { createReferenceBackend, createWebGpuBackend, type Gpu } from '../../src/index.ts';
import { casesOfOps } from '../all_cases.ts';

/** What the test asks of the page. */
export interface ConformancePage {
  readonly description: Backend['description'];
  readonly ops: readonly string[];
  /** Runs the cases of an op whose inputs hold at most `elements` numbers. */
  run(op: string, elements: number): Promise<OpReport>;
}

export interface OpReport {
  readonly checked: number;
  readonly tooLarge: number;
  readonly failures: string[];
}

const { gpu } = navigator as Navigator & { gpu?: Gpu };
const backend = await createWebGpuBackend(gpu, { implementation: navigator.userAgent });
const oracle = createReferenceBackend({ precision: 'f64' });

async function run(op: string, elements: number): Promise<OpReport> {
  const report = { checked: 0, tooLarge: 0, failures: [] as string[] };
  for (const [seed, opCase] of casesOfOps.get(op)!.entries()) {
    if (inputElements(opCase) > elements) {
      report.tooLarge += 1;
      continue;
    }
    try {
      const expected = await runCase(oracle, opCase, seed, readDoubles, 'flushed');
      const found = await runCase(backend, opCase, seed, readFloats, 'flushed');
      report.checked += 1;
      for (const sentence of disagreements(opCase, found, expected, 'flushed')) {
        report.failures.push(`${opCase.name}: ${sentence}`);
      }
    } catch (error) {
      report.failures.push(`${opCase.name}: ${error}`);
    }
  }
  return report;
}

const page: ConformancePage = { description: backend.description, ops: [...casesOfOps.keys()], run };
Object.assign(window, { conformance: page });
