import { createReferenceBackend, scope, Tensor } from '@claimbench/kernels';
import { describe, expect, it } from 'vitest';
import { type Plane, PlanesLinear, type PlanesShape } from './planes-linear.ts';

const backend = createReferenceBackend();
const SHAPE = { outSize: 5, inSize: 96, groupSize: 32 } as const;

/** Entries and scales that repeat nowhere; `choices` of an entry. */
function plane(seed: number, choices: readonly number[]): Plane {
  const entries = Int8Array.from({ length: 5 * 96 }, (_, i) => choices[(i * i * 7 + i * seed) % choices.length]!);
  return { entries, scales: Float32Array.from({ length: 5 * 3 }, (_, i) => 0.3 + Math.sin(seed + i) / 4) };
}

const INPUT = Float32Array.from({ length: 96 }, (_, i) => Math.cos(3 * i));
const BIAS = Float32Array.of(1, -2, 3, -4, 5);

/** The product as the planes allow it: inputs of a group added and subtracted, then one multiplication by the scale, which is counted. */
function productByAdding(planes: readonly Plane[]): { outputs: number[]; multiplications: number } {
  let multiplications = 0;
  const outputs = Array.from({ length: 5 }, (_, row) => {
    let output = BIAS[row]!;
    for (const { entries, scales } of planes) {
      for (let group = 0; group < 3; group++) {
        let sum = 0;
        for (let column = 32 * group; column < 32 * (group + 1); column++) {
          const entry = entries[row * 96 + column]!;
          if (entry === 1) sum += INPUT[column]!;
          else if (entry === -1) sum -= INPUT[column]!;
        }
        output += scales[row * 3 + group]! * sum;
        multiplications += 1;
      }
    }
    return output;
  });
  return { outputs, multiplications };
}

async function computed(entries: PlanesShape['entries'], planes: readonly Plane[]) {
  const linear = new PlanesLinear(backend, { ...SHAPE, entries }, planes);
  try {
    using x = Tensor.from(backend, INPUT, [1, 96]);
    using bias = Tensor.from(backend, BIAS, [5]);
    using y = scope(() => linear.forward(x, bias));
    return { outputs: await y.readFloats(), product: linear.product, storedBytes: linear.storedBytes };
  } finally {
    linear.dispose();
  }
}

describe('a linear on packed planes', () => {
  it.each([
    ['trits', [plane(1, [-1, 0, 1]), plane(2, [1, 0, -1])]],
    ['trits', [plane(3, [0, 1, -1])]],
    ['signs', [plane(4, [1, -1])]],
  ] as const)(
    'of %s is what adding, subtracting and one multiplication for each group and plane give',
    async (entries, planes) => {
      const { outputs, product } = await computed(entries, planes);
      const expected = productByAdding(planes);
      expected.outputs.forEach((value, row) => {
        expect(outputs[row]).toBeCloseTo(value, 4);
      });
      expect(product.multiplications).toBe(expected.multiplications);
      expect(backend.liveBuffers).toBe(0);
    },
  );

  it('has as many values in a group as its scales can make', async () => {
    const scaled = async (entries: PlanesShape['entries'], ...scales: number[]) => {
      const planes = scales.map((scale) => ({ ...plane(1, [1, -1]), scales: new Float32Array(15).fill(scale) }));
      return (await computed(entries, planes)).product.valuesPerWeight;
    };
    expect(await scaled('trits', 1, 0.4)).toBe(9);
    expect(await scaled('trits', 1, 3)).toBe(9);
    // 0, 1, 2, 3 and their negatives; 0, 1, 2 and theirs; a plane of scale 0 adds none.
    expect(await scaled('trits', 1, 2)).toBe(7);
    expect(await scaled('trits', 1, 1)).toBe(5);
    expect(await scaled('trits', 1, 0)).toBe(3);
    expect(await scaled('signs', 1)).toBe(2);
    const mixed = {
      ...plane(1, [1, -1]),
      scales: Float32Array.from({ length: 15 }, (_, group) => (group < 5 ? 0 : 1)),
    };
    expect((await computed('signs', [mixed])).product.valuesPerWeight).toBeCloseTo(5 / 3, 12);
  });

  it('stores five trits or eight signs a byte, and scales of four', async () => {
    expect((await computed('trits', [plane(1, [-1, 0, 1]), plane(2, [-1, 0, 1])])).storedBytes).toBe(2 * (5 * 32 + 60));
    expect((await computed('signs', [plane(1, [-1, 1])])).storedBytes).toBe(5 * 12 + 60);
  });
});
