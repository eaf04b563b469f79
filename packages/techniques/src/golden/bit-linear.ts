import { createReferenceBackend, Tensor, valueAndGrad } from '@claimbench/kernels';
import { BitLinear } from '@claimbench/models';
import { Findings, type GoldenCheck } from './finding.ts';

/**
 * Outputs and both gradients of one BitLinear. Cases whose weights are measured by their median or largest magnitude are no technique here and are
 * passed over. The golden code adds a bias before it divides by both scales: what that leaves of it is added here.
 */
export const bitLinearCheck: GoldenCheck = async (golden) => {
  if (golden.text('weight_measure') !== 'AbsMean') return [];
  const { shape, data } = golden.array('inputs', 'W');
  const input = golden.array('inputs', 'x');
  const cotangent = golden.array('inputs', 'G');
  const [outSize] = shape as [number, number];
  const backend = createReferenceBackend();
  const tensor = (array: { data: readonly number[]; shape: readonly number[] }) =>
    Tensor.from(backend, Float32Array.from(array.data), array.shape);
  const [weight, x, upstream] = [tensor({ shape, data }), tensor(input), tensor(cotangent)];
  const linear = new BitLinear(weight, {
    norm: golden.has('params', 'norm'),
    lambda: golden.number('params', 'lambda_'),
  });
  try {
    const { value, gradients } = valueAndGrad([weight, x], () => linear.forward(x, undefined), { cotangent: upstream });
    const rows = await Promise.all([value, ...gradients].map((one) => one!.readFloats()));
    for (const one of [value, ...gradients]) one!.dispose();
    const [y, gradW, gradX] = rows as [Float32Array, Float32Array, Float32Array];
    const shrunkBias = biasOf(golden, outSize);
    return new Findings(golden)
      .close('y', y.map((entry, i) => entry + shrunkBias(Math.floor(i / outSize), i % outSize)), 1e-5)
      .close('grad_W', gradW, 1e-4)
      .close('grad_x', gradX, 1e-4).list;
  } finally {
    for (const one of [weight, x, upstream]) one.dispose();
    backend.close();
  }
};

function biasOf(golden: Parameters<GoldenCheck>[0], outSize: number): (row: number, column: number) => number {
  if (!golden.has('inputs', 'bias')) return () => 0;
  const bias = golden.floats('inputs', 'bias');
  const perRow = golden.array('outputs', 'x_scale').data;
  const forAll = golden.number('outputs', 'w_scale');
  return (row, column) => bias[column % outSize]! / (forAll * perRow[row]!);
}
