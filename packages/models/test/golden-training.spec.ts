import { readFileSync } from 'node:fs';
import { createReferenceBackend } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { expect, test } from 'vitest';
import { readSafetensors } from '../src/checkpoints/safetensors.ts';
import { readTransformers, renameTensors, transformersConfig } from '../src/checkpoints/transformers/read.ts';
import { Decoder } from '../src/decoder/decoder.ts';
import { optimise, type TrainingPoint } from '../src/training/optimise.ts';

const folder = new URL('../golden/training/', import.meta.url);

interface Case {
  readonly model: string;
  readonly steps: number;
  readonly batch: number;
  readonly context: number;
  readonly optimizer: {
    readonly lr: number;
    readonly betas: [number, number];
    readonly eps: number;
    readonly weight_decay: number;
  };
  readonly clip_global_norm: number;
  readonly loss_float64: readonly number[];
  readonly grad_norm_float64: readonly number[];
  readonly final: string;
}
const golden = JSON.parse(readFileSync(new URL('training.json', folder), 'utf8')) as {
  /** [step][row][context + 1] */
  readonly tokens: number[][][];
  readonly cases: readonly Case[];
};

const backends = { reference: createReferenceBackend, native: () => createNativeBackend({ threads: 2 }) } as const;
const runs = golden.cases.flatMap((run) =>
  Object.entries(backends).map(([backend, make]) => ({ ...run, backend, make })),
);

test.each(runs)(
  '50 steps of $model on $backend follow the loss curve of PyTorch',
  { timeout: 120_000 },
  async (run) => {
    const backend = run.make();
    try {
      const at = new URL(`${run.model}/`, folder);
      const json: unknown = JSON.parse(readFileSync(new URL('config.json', at), 'utf8'));
      const { config, parameters } = readTransformers(
        json,
        readSafetensors(readFileSync(new URL('model.safetensors', at))),
      );
      using decoder = Decoder.fromValues(backend, config, parameters);
      const points: TrainingPoint[] = [];
      const batches = {
        batchSize: run.batch,
        time: run.context,
        position: 0,
        next() {
          const rows = golden.tokens[this.position++]!;
          return {
            inputs: Int32Array.from(rows.flatMap((row) => row.slice(0, -1))),
            targets: Int32Array.from(rows.flatMap((row) => row.slice(1))),
          };
        },
      };
      const { lr, betas, eps, weight_decay: weightDecay } = run.optimizer;
      const diverged = await optimise(
        decoder,
        batches,
        {
          steps: run.steps,
          learningRate: (index) => lr * Math.min(1, (index + 1) / 10),
          optimiser: { kind: 'adamw', beta1: betas[0], beta2: betas[1], epsilon: eps },
          weightDecay,
          gradientClip: run.clip_global_norm,
        },
        { onStep: (point) => points.push(point) },
      );
      expect(diverged).toBeNull();
      expect(points).toHaveLength(run.steps);
      points.forEach(({ trainingLoss, gradientNorm }, index) => {
        expect(relative(trainingLoss, run.loss_float64[index]!), `loss of step ${index + 1}`).toBeLessThan(1e-4);
        expect(relative(gradientNorm, run.grad_norm_float64[index]!), `norm of step ${index + 1}`).toBeLessThan(1e-3);
      });
      const final = readSafetensors(readFileSync(new URL(run.final, at)));
      const { family } = transformersConfig(json);
      for (const [name, want] of renameTensors(family, config, final)) {
        const got = await decoder.readParameter(name);
        const scale = Math.max(...want.data.map(Math.abs));
        got.forEach((value, index) => {
          if (Math.abs(value - want.data[index]!) > 1e-3 * scale) {
            expect.fail(`${name}[${index}] is ${value}, PyTorch has ${want.data[index]}`);
          }
        });
      }
    } finally {
      expect(backend.liveBuffers).toBe(0);
      backend.close();
    }
  },
);

function relative(got: number, want: number): number {
  return Math.abs(got - want) / Math.abs(want);
}
