import { createReferenceBackend, Tensor, valueAndGrad } from '@claimbench/kernels';
import { bindNorm } from '@claimbench/models';
import { Findings, type GoldenCheck } from './finding.ts';

/** Training and evaluation; statistics mixed from both belong to no technique here, and their case is passed over. */
export const batchNormCheck: GoldenCheck = async (golden) => {
  const mode = golden.text('mode');
  if (mode === 'mixed') return [];
  const { shape, data } = golden.array('inputs', 'x');
  const [batch, channels] = shape as [number, number];
  const inner = data.length / batch / channels;
  // Features last, as a decoder has them: images become a row a pixel.
  const rows = (values: readonly number[]) =>
    Float32Array.from({ length: values.length }, (_, i) => {
      const row = Math.floor(i / channels);
      return values[(Math.floor(row / inner) * channels + (i % channels)) * inner + (row % inner)]!;
    });
  const backend = createReferenceBackend();
  const vector = (name: string) => Tensor.from(backend, golden.floats('inputs', name), [channels]);
  const x = Tensor.from(backend, rows(data), [batch * inner, channels]);
  const upstream = Tensor.from(backend, rows(golden.array('inputs', 'G').data), [batch * inner, channels]);
  const parameters = {
    weight: vector('weight'),
    bias: vector('bias'),
    running_mean: vector('running_mean'),
    running_variance: vector('running_var'),
  };
  const norm = bindNorm({ kind: 'batch-norm', eps: golden.number('params', 'eps'), momentum: golden.number('params', 'momentum') });
  try {
    const { value, gradients } = valueAndGrad(
      [x, parameters.weight, parameters.bias],
      () => norm.forward(x, parameters, { training: mode === 'train' }),
      { cotangent: upstream },
    );
    const [y, gradX, gradWeight, gradBias] = await Promise.all([value, ...gradients].map((one) => one!.readFloats()));
    for (const one of [value, ...gradients]) one!.dispose();
    const expected = (name: string) => rows(golden.array('outputs', name).data);
    return new Findings(golden)
      .close('y', y!, 1e-5, expected('y'))
      .close('grad_x', gradX!, 1e-4, expected('grad_x'))
      .close('grad_weight', gradWeight!, 1e-4)
      .close('grad_bias', gradBias!, 1e-4)
      .close('mean_after', await parameters.running_mean.readFloats(), 1e-5)
      .close('var_after', await parameters.running_variance.readFloats(), 1e-5).list;
  } finally {
    for (const one of [x, upstream, ...Object.values(parameters)]) one.dispose();
    backend.close();
  }
};
