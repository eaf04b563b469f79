import { avgPool1d } from '../ops/avg_pool1d/op.ts';
import { avgPool2d } from '../ops/avg_pool2d/op.ts';
import { conv1d } from '../ops/conv1d/op.ts';
import { conv2d } from '../ops/conv2d/op.ts';
import { maxPool1d } from '../ops/max_pool1d/op.ts';
import { maxPool2d } from '../ops/max_pool2d/op.ts';
import type { Pair } from '../ops/windows.ts';
import type { Computations } from './computation.ts';
import type { Params } from './manifest.ts';

const movement = (params: Params) => ({
  stride: pairOf(params, 'stride'),
  padding: pairOf(params, 'padding'),
  dilation: pairOf(params, 'dilation'),
  groups: params.number('groups'),
});

const window = (params: Params) => ({ kernel: params.number('kernel'), stride: params.number('stride') });

export const windowComputations: Computations = {
  conv1d: (inputs, params) =>
    conv1d(inputs.of('x'), inputs.of('weight'), inputs.ifAny('bias'), {
      stride: params.number('stride'),
      padding: params.number('padding'),
      dilation: params.number('dilation'),
      groups: params.number('groups'),
    }),
  conv2d: (inputs, params) => conv2d(inputs.of('x'), inputs.of('weight'), inputs.ifAny('bias'), movement(params)),
  avg_pool1d: (inputs, params) => avgPool1d(inputs.of('x'), window(params)),
  avg_pool2d: (inputs, params) =>
    avgPool2d(inputs.of('x'), {
      ...window(params),
      padding: params.number('padding'),
      countPadding: params.flag('count_include_pad'),
    }),
  max_pool1d: (inputs, params) => maxPool1d(inputs.of('x'), window(params)),
  max_pool2d: (inputs, params) => maxPool2d(inputs.of('x'), { ...window(params), padding: params.number('padding') }),
};

function pairOf(params: Params, name: string): Pair {
  const both = params.numberOrNumbers(name);
  return typeof both === 'number' ? both : [both[0]!, both[1]!];
}
