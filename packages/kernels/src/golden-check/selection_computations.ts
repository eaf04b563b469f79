import { argmax } from '../ops/argmax/op.ts';
import { concat } from '../ops/concat/op.ts';
import { dropPath } from '../ops/drop_path/op.ts';
import { type DropoutOptions, dropout } from '../ops/dropout/op.ts';
import { gather } from '../ops/gather/op.ts';
import { scatterAdd } from '../ops/scatter_add/op.ts';
import { slice } from '../ops/slice/op.ts';
import { transpose } from '../ops/transpose/op.ts';
import type { Computations } from './computation.ts';
import type { Params } from './manifest.ts';

/** Elements that are picked, moved or dropped. */
export const selectionComputations: Computations = {
  argmax: (inputs, params) => argmax(inputs.of('x'), params.number('dim')),
  concat: (inputs, params) => concat([inputs.of('a'), inputs.of('b'), inputs.of('c')], params.number('dim')),
  dropout: (inputs, params) => dropout(inputs.of('x'), drawsOf(params)),
  drop_path: (inputs, params) => dropPath(inputs.of('x'), drawsOf(params)),
  gather: (inputs, params) => gather(inputs.of('x'), params.number('dim'), inputs.of('index')),
  scatter_add: (inputs, params) =>
    scatterAdd(inputs.of('x'), params.number('dim'), inputs.of('index'), inputs.of('source')),
  slice: (inputs, params) =>
    slice(inputs.of('x'), params.number('dim'), params.number('start'), params.number('length')),
  transpose: (inputs, params) => transpose(inputs.of('x'), params.numbers('permutation')),
};

function drawsOf(params: Params): DropoutOptions {
  return {
    rate: params.number('rate'),
    seed: params.number('seed'),
    stream: params.number('stream'),
    position: params.number('position'),
  };
}
