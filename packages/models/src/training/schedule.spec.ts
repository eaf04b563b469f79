import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type LearningRateSchedule, learningRateAt } from './schedule.ts';

const golden = JSON.parse(readFileSync(new URL('../../golden/training/optimisers.json', import.meta.url), 'utf8')) as {
  readonly schedules: readonly { id: string; params: Record<string, number>; lr: number[] }[];
};

const schedules: Readonly<Record<string, LearningRateSchedule>> = {
  cosine_with_warmup: { kind: 'cosine', final: 0 },
  linear_with_warmup: { kind: 'linear', final: 0 },
  constant_with_warmup: { kind: 'constant' },
  cosine_annealing: { kind: 'cosine', final: 0.1 },
};

describe('learning rates', () => {
  test.each(golden.schedules)('$id are those of PyTorch and transformers', ({ id, params, lr }) => {
    const { base_lr: learningRate = 0, warmup: warmupSteps = 0, total, T_max: longest } = params;
    const steps = total ?? longest ?? lr.length;
    const schedule = schedules[id.split('/')[0]!.replace('schedule.', '')]!;
    const rate = { learningRate, warmup: warmupSteps / steps, schedule };
    for (let step = 0; step < steps; step++) {
      // theirs rises from 0 and reaches the rate in the first step behind the warm-up, ours in the last step of it
      const want = step < warmupSteps ? lr[step + 1]! : lr[step]!;
      expect(learningRateAt(rate, step, steps), `step ${step}`).toBeCloseTo(want, 14);
    }
    expect(learningRateAt({ ...rate, learningRate: 2 * learningRate }, steps - 1, steps)).toBeGreaterThan(0);
  });

  test('stay, then fall in the last share of the steps', () => {
    const at = (shape: 'linear' | 'cosine' | 'one-minus-square-root', step: number, final = 0) => {
      const schedule = { kind: 'warmup-stable-decay', decay: 0.2, shape, final } as const;
      return learningRateAt({ learningRate: 2, warmup: 0.1, schedule }, step, 100);
    };
    for (const shape of ['linear', 'cosine', 'one-minus-square-root'] as const) {
      expect(at(shape, 4)).toBe(1);
      expect([at(shape, 9), at(shape, 50), at(shape, 80)]).toEqual([2, 2, 2]);
      expect(at(shape, 99)).toBeLessThan(0.2);
      expect(at(shape, 100, 0.25)).toBeCloseTo(0.5, 12);
    }
    // a quarter of the way down
    expect(at('linear', 85)).toBeCloseTo(2 * 0.75, 12);
    expect(at('cosine', 85)).toBeCloseTo(1 + Math.SQRT1_2, 12);
    expect(at('one-minus-square-root', 85)).toBeCloseTo(1, 12);
  });

  test('of a rise and a fall that overlap rise first', () => {
    const schedule = { kind: 'warmup-stable-decay', decay: 1, shape: 'linear', final: 0 } as const;
    const rates = [0, 1, 2, 3].map((step) => learningRateAt({ learningRate: 1, warmup: 0.5, schedule }, step, 4));
    expect(rates).toEqual([0.5, 1, 1, 0.5]);
  });

  test('of a recipe without a schedule fall on a cosine to a tenth', () => {
    const rate = { learningRate: 0.01, warmup: 0.1 };
    const named = { ...rate, schedule: { kind: 'cosine', final: 0.1 } } as const;
    for (let step = 0; step < 100; step++) {
      expect(learningRateAt(rate, step, 100)).toBe(learningRateAt(named, step, 100));
    }
    expect(learningRateAt(rate, 0, 100)).toBeCloseTo(0.001, 12);
    expect(learningRateAt(rate, 9, 100)).toBeCloseTo(0.01, 12);
    expect(learningRateAt(rate, 10, 100)).toBeCloseTo(0.01, 12);
    expect(learningRateAt(rate, 55, 100)).toBeCloseTo(0.0055, 12);
    expect(learningRateAt(rate, 99, 100)).toBeGreaterThanOrEqual(0.001);
    expect(learningRateAt({ ...rate, warmup: 0 }, 0, 100)).toBe(0.01);
    expect(learningRateAt({ ...rate, warmup: 1 }, 99, 100)).toBe(0.01);
  });
});
