import { existsSync, readFileSync } from 'node:fs';
import { cpus, hostname, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Outcome, RunSpec } from '@claimbench/contracts';
import type { Backend } from '@claimbench/kernels';

/** Where a run was measured: stored with every outcome, part of no digest. */
export function environmentOf(spec: RunSpec, backend: Backend): Outcome['environment'] {
  const { instructionSet, threads, device, build } = backend.description;
  const data = spec.subject.kind === 'checkpoint' ? spec.subject.sha256 : spec.subject.data.sha256;
  return {
    backend: backend.name,
    instructionSet,
    threads,
    device,
    build,
    machine: hostname(),
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    gitCommit: gitCommit(),
    subjectHash: data,
    evaluationDataHash: spec.evaluation.data.sha256,
  };
}

/** The commit that this code was built from: CLAIMBENCH_COMMIT (images have no repository), else what .git says, else `unknown`. */
export function gitCommit(): string {
  if (process.env.CLAIMBENCH_COMMIT) return process.env.CLAIMBENCH_COMMIT;
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const git = join(folder, '.git');
    if (existsSync(join(git, 'HEAD'))) return commitOf(git);
  }
  return 'unknown';
}

function commitOf(git: string): string {
  const head = readFileSync(join(git, 'HEAD'), 'utf8').trim();
  const reference = /^ref: (.+)$/.exec(head)?.[1];
  if (!reference) return head;
  const loose = join(git, reference);
  if (existsSync(loose)) return readFileSync(loose, 'utf8').trim();
  const packed = join(git, 'packed-refs');
  if (!existsSync(packed)) return 'unknown';
  const line = readFileSync(packed, 'utf8')
    .split('\n')
    .find((candidate) => candidate.endsWith(` ${reference}`));
  return line?.split(' ')[0] ?? 'unknown';
}
