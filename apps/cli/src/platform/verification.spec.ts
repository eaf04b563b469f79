import { RunSpec } from '@claimbench/contracts';
import { describe, expect, it } from 'vitest';
import { type Computed, type VerificationOptions, verify } from './verification.ts';

const DATA = { name: 'node-docs', sha256: 'a'.repeat(64) };
const ENVIRONMENT = { backend: 'native', instructionSet: 'avx2', build: 'b1' };

function specOf(technique: RunSpec['technique']): RunSpec {
  return RunSpec.parse({
    version: 1,
    subject: {
      kind: 'recipe',
      name: 'one-layer',
      architecture: { style: 'gpt2', layers: 1, hiddenSize: 32, heads: 2, feedForwardSize: 64, contextLength: 32 },
      tokenizer: { kind: 'byte' },
      data: DATA,
      training: {
        tokens: 40_960,
        batchSize: 8,
        learningRate: 1e-2,
        warmup: 0.1,
        weightDecay: 0.1,
        gradientClip: 1,
      },
    },
    technique,
    evaluation: { data: DATA, split: 'validation', items: 40, windowTokens: null },
    seed: 7,
    backend: 'native',
  });
}

const NONE = specOf({ id: 'none', parameters: {} });
const bits = (count: number) => specOf({ id: 'round-to-nearest', parameters: { bits: count, granularity: 'tensor' } });

/** A platform with one experiment behind every claim: its runs by their specs, and what it holds of each. */
function platform(claims: readonly string[], runs: Readonly<Record<string, { spec: RunSpec; digest: string | null }>>) {
  const answers: Record<string, unknown> = {
    '/api/claims?limit=200': { items: claims.map((id) => ({ id, status: 'verdict' })), next: null },
    '/api/experiments/e/runs?limit=200': {
      items: Object.keys(runs).map((id) => ({ id, specHash: `hash of ${id}` })),
      next: null,
    },
  };
  for (const id of claims) {
    answers[`/api/claims/${id}`] = {
      history: [
        { at: '2026-01-01', experimentId: 'older', verdict: { protocolId: 'old', verdict: 'contradicted' } },
        { at: '2026-02-01', experimentId: 'e', verdict: { protocolId: `${id}-quick`, verdict: 'supported' } },
      ],
    };
  }
  for (const [id, { spec, digest }] of Object.entries(runs)) {
    answers[`/api/runs/${id}`] = {
      spec,
      specHash: `hash of ${id}`,
      outcome: digest === null ? null : { digest, environment: ENVIRONMENT },
    };
  }
  return {
    get: async (path: string) => {
      if (!(path in answers)) throw new Error(`not asked for in this test: ${path}`);
      return answers[path];
    },
  } as Parameters<typeof verify>[0];
}

/** Computes digests by the technique's name, and counts. */
function computer(environment: Computed['environment'] = ENVIRONMENT) {
  const computed: string[] = [];
  const execute: VerificationOptions['execute'] = async ({ technique }, base) => {
    const name = `${technique.id} ${technique.parameters.bits ?? ''}`.trim();
    computed.push(`${name} from ${base ? new TextDecoder().decode(base) : 'nothing'}`);
    if (technique.parameters.bits === 2) throw new Error('no such bits');
    return { digest: `digest of ${name}`, environment, checkpoint: new TextEncoder().encode(`trained ${name}`) };
  };
  return { computed, execute };
}

const given = (execute: VerificationOptions['execute'], claims: string[] | null = ['1.0']): VerificationOptions => ({
  count: 2,
  seed: '0',
  claims,
  execute,
  onProgress() {},
});

describe('verify', () => {
  it('computes bases and runs anew, each spec once, and compares with the newest verdict', async () => {
    const { computed, execute } = computer();
    const api = platform(['1.0', '2.0'], {
      a: { spec: NONE, digest: 'digest of none' },
      b: { spec: bits(4), digest: 'digest of round-to-nearest 4' },
      c: { spec: bits(3), digest: null },
    });
    const verified = await verify(api, given(execute, ['1.0', '2.0']));
    expect(computed).toEqual(['none from nothing', 'round-to-nearest 4 from trained none']);
    expect(verified.map(({ claim, protocol }) => [claim, protocol])).toEqual([
      ['1.0', '1.0-quick'],
      ['2.0', '2.0-quick'],
    ]);
    for (const { repetitions, withoutDigest } of verified) {
      expect(withoutDigest).toBe(1);
      expect(repetitions.map(({ stored, repeated }) => stored === repeated)).toEqual([true, true]);
    }
  });

  it('shows a digest that differs, a repetition that fails, and where the environment is another', async () => {
    const { execute } = computer({ ...ENVIRONMENT, instructionSet: 'portable' });
    const api = platform(['1.0'], {
      a: { spec: bits(4), digest: 'another digest' },
      b: { spec: bits(2), digest: 'some digest' },
    });
    const [claim] = await verify(api, given(execute));
    expect(claim?.repetitions).toEqual([
      {
        specHash: 'hash of a',
        stored: 'another digest',
        repeated: 'digest of round-to-nearest 4',
        failure: null,
        otherEnvironment: 'instructionSet portable, stored with avx2',
      },
      {
        specHash: 'hash of b',
        stored: 'some digest',
        repeated: null,
        failure: 'no such bits',
        otherEnvironment: null,
      },
    ]);
  });

  it('says so where a claim that is named has no verdict', async () => {
    // Of the client, the one call that a claim without a verdict comes to.
    const api = { get: async () => ({ history: [] }) } as unknown as Parameters<typeof verify>[0];
    await expect(verify(api, given(computer().execute, ['3.0']))).rejects.toMatchObject({
      code: 'not-found',
      message: 'claim 3.0 has no verdict: nothing to compute again',
    });
  });

  it('draws claims by its seed, the same for the same seed', async () => {
    const ids = Array.from({ length: 30 }, (_, index) => `${index}.0`);
    const api = platform(ids, {});
    const draw = async (seed: string) =>
      (await verify(api, { ...given(computer().execute, null), seed })).map(({ claim }) => claim);
    expect(await draw('a')).toHaveLength(2);
    expect(await draw('a')).toEqual(await draw('a'));
    const draws = await Promise.all(['a', 'b', 'c', 'd'].map(async (seed) => (await draw(seed)).join()));
    expect(new Set(draws).size).toBeGreaterThan(1);
  });
});
