import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataFolders, type RunSpec, readSettings } from '@claimbench/contracts';
import { executeRun, failureOf } from '@claimbench/experiments/node';
import { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { integerFrom } from '../model-options.ts';
import { ApiClient } from '../platform/api-client.ts';
import { apiUrl } from '../platform/api-url.ts';
import { type Computed, type VerifiedClaim, verify } from '../platform/verification.ts';

interface VerifyOptions {
  readonly claims: number;
  readonly claim?: readonly string[];
  readonly seed: string;
  readonly threads: number;
  readonly api: string;
  readonly json: boolean;
}

/** A number of a verdict did not come out again. */
export class DifferingDigestError extends Error {
  readonly code = 'digest-differs';
}

export function verifyCommand(context: CommandContext): Command {
  return new Command('verify')
    .description('Computes the runs behind verdicts once more on this machine, and compares every digest.')
    .option('--claims <count>', 'claims to draw among those with a verdict', integerFrom(1), 10)
    .option('--claim <ids...>', 'these claims instead, for example 270.0')
    .option('--seed <text>', 'decides which claims are drawn', '0')
    .option('--threads <count>', 'threads of the native backend; the digests do not depend on them', integerFrom(1), 1)
    .option('--api <url>', 'API of the platform (default: CLAIMBENCH_API_URL, or the port of npm start)', apiUrl())
    .option('--json', 'one JSON object instead of a table', false)
    .addHelpText(
      'after',
      `
Of the platform only the specs and the digests are read: tokenizers and bases are made anew in an empty folder.

Examples:
  claimbench verify
  claimbench verify --claim 229.4 --threads 2`,
    )
    .action(async (options: VerifyOptions) => {
      await runVerify(options, context);
    });
}

async function runVerify(options: VerifyOptions, { out, note, signal }: CommandContext): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'claimbench-verify-'));
  try {
    const verified = await verify(new ApiClient(options.api, signal), {
      count: options.claims,
      seed: options.seed,
      claims: options.claim ?? null,
      execute: (spec, base) => compute(spec, base, { folder, threads: options.threads, signal }),
      onProgress: (line) => note(`${line}\n`),
    });
    out(options.json ? `${JSON.stringify({ claims: verified })}\n` : tableOf(verified));
    const differing = verified.flatMap(({ repetitions }) => repetitions.filter((one) => one.stored !== one.repeated));
    if (differing.length > 0) throw new DifferingDigestError(`${differing.length} digests did not come out again`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compute(
  spec: RunSpec,
  base: Uint8Array | null,
  { folder, threads, signal }: { folder: string; threads: number; signal: AbortSignal },
): Promise<Computed> {
  const dataPath = dataFolders(readSettings(process.env));
  try {
    const { outcome, artifacts } = await executeRun(spec, {
      dataPath,
      cacheFolder: folder,
      base: base && { bytes: base },
      threads,
      onPoints() {},
      onLog() {},
      onProgress() {},
      signal,
    });
    return { digest: outcome.digest, environment: outcome.environment, checkpoint: artifacts[0]?.bytes ?? null };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new Error(failureOf(error).message, { cause: error });
  }
}

function tableOf(verified: readonly VerifiedClaim[]): string {
  const lines = verified.flatMap(({ claim, verdict, repetitions, withoutDigest }) => {
    const same = repetitions.filter(({ stored, repeated }) => stored === repeated).length;
    const failed = withoutDigest > 0 ? `, ${withoutDigest} failed runs have none` : '';
    return [
      `${claim.padEnd(7)} ${verdict.padEnd(13)} ${same} of ${repetitions.length} digests the same${failed}`,
      ...repetitions.flatMap(({ specHash, stored, repeated, failure, otherEnvironment }) =>
        stored === repeated
          ? []
          : [
              `  ${specHash.slice(0, 12)} stored ${stored.slice(0, 12)}, now ${repeated?.slice(0, 12) ?? failure}${otherEnvironment ? ` (${otherEnvironment})` : ''}`,
            ],
      ),
    ];
  });
  const runs = verified.flatMap(({ repetitions }) => repetitions);
  const same = runs.filter(({ stored, repeated }) => stored === repeated).length;
  return `${[...lines, `${same} of ${runs.length} digests of ${verified.length} claims the same`].join('\n')}\n`;
}
