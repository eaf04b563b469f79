import { KernelError } from '../errors.ts';
import { fakeQuantize } from '../ops/fake_quantize/op.ts';
import { valueAndGrad } from '../tape.ts';
import { Tensor } from '../tensor.ts';
import type { GoldenCase } from './manifest.ts';
import { type StoredTensor, valuesOf } from './safetensors.ts';
import { type CaseCheck, type Comparison, compare, tensorOf, valuesFrom } from './subject.ts';

/** Fake quantization with a scale for the tensor or for each channel: values, and the gradients of all that the file differentiates. */
export const checkFakeQuantize: CaseCheck = async (subject, golden) => {
  const { params } = golden;
  const cotangents = storedOf(golden, golden.cotangents, 'y');
  using x = tensorOf(subject, storedOf(golden, golden.inputs, 'x'));
  using flat = tensorOf(subject, storedOf(golden, golden.inputs, 'scale'));
  using scale = flat.size === 1 ? flat.reshape([1]) : flat.reshape([flat.size, ...x.shape.slice(1).map(() => 1)]);
  using zeroPoint = Tensor.full(subject.backend, scale.shape, params.number('zero_point'));
  using cotangent = tensorOf(subject, cotangents);
  const differentiated = { x, scale, zero_point: zeroPoint };
  const { value, gradients } = valueAndGrad(
    Object.values(differentiated),
    () =>
      fakeQuantize(x, scale, {
        lowest: params.number('qmin'),
        highest: params.number('qmax'),
        zeroPoint,
        gradientFactor: params.numberIfAny('grad_factor'),
      }),
    { cotangent },
  );
  const found = new Map(Object.keys(differentiated).map((role, index) => [role, gradients[index]!]));
  const results: Comparison[] = [];
  const check = async (role: string, tensor: Tensor | undefined, expected: StoredTensor) => {
    if (tensor === undefined) throw new KernelError('invalid-argument', `${golden.id}: there is no ${role}`);
    const error = golden.float32Error.get(role);
    results.push(compare(subject, await valuesFrom(subject, tensor), valuesOf(expected), error));
  };
  for (const [role, expected] of golden.outputs) await check(role, role === 'y' ? value : undefined, expected);
  for (const [role, expected] of golden.grads) await check(`grad.${role}`, found.get(role), expected);
  for (const tensor of [value, ...gradients]) tensor.dispose();
  return results;
};

function storedOf(golden: GoldenCase, tensors: ReadonlyMap<string, StoredTensor>, role: string): StoredTensor {
  const stored = tensors.get(role);
  if (stored === undefined) throw new KernelError('invalid-argument', `${golden.id} has no ${role}`);
  return stored;
}
