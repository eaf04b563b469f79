import { nmse } from '../../conformance/bounds.ts';
import type { Inputs, OpCase } from '../../conformance/case.ts';
import { type PackedWeight, quantizedLinear } from './op.ts';
import { bytesOfRow, packCodes } from './packing.ts';

const bound = nmse(1e-10, 'float32 products of x with integers that float32 holds exactly, one scale a group');

type Granularity = 'tensor' | 'channel' | number;

/** rows, in, out. */
const sizes: readonly (readonly [number, number, number])[] = [
  [0, 8, 3],
  [1, 1, 1],
  [1, 37, 5],
  [3, 64, 7],
  [2, 131, 11],
  [17, 96, 33],
];
const granularities: readonly Granularity[] = ['tensor', 'channel', 32];

export const cases: readonly OpCase[] = [2, 3, 4, 5, 6, 7, 8].flatMap((bits) =>
  granularities.flatMap((granularity) =>
    [true, false].flatMap((symmetric) =>
      sizes.map(([rows, width, out]) => ({
        name: `${bits} bits, ${symmetric ? 'symmetric' : 'affine'}, ${granularity === 32 ? 'groups of 32' : `per ${granularity}`}, ${rows} rows, ${width} to ${out}`,
        forward: bound,
        gradient: bound,
        build: (inputs) => {
          const x = inputs.normal('x', [rows, width]);
          const bias = symmetric ? inputs.normal('bias', [out]) : undefined;
          const weight = randomWeight(inputs, bits, granularity, symmetric, width, out);
          return () => quantizedLinear(x, weight, bias);
        },
      })),
    ),
  ),
);

function randomWeight(
  inputs: Inputs,
  bits: number,
  granularity: Granularity,
  symmetric: boolean,
  width: number,
  out: number,
): PackedWeight {
  const codes = Array.from({ length: out * width }, () => inputs.drawBelow(2 ** bits));
  const scaleShape =
    granularity === 'tensor' ? [1] : granularity === 'channel' ? [out] : [out, Math.ceil(width / granularity)];
  return {
    codes: inputs.bytes(packCodes(codes, out, width, bits), [out, bytesOfRow(width, bits)]),
    scales: inputs.constantNormal(scaleShape, 0.1, 0.02),
    zeroPoints: symmetric ? undefined : inputs.constant(scaleShape, () => inputs.drawBelow(2 ** bits)),
    bits,
    in: width,
    out,
    groupSize: typeof granularity === 'number' ? granularity : undefined,
  };
}
