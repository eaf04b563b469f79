import { KernelError } from '../errors.ts';
import { activationSparseLinear } from '../ops/activation_sparse_linear/op.ts';
import { hadamard } from '../ops/hadamard/op.ts';
import { integerLinear, quantizeRows } from '../ops/integer_linear/op.ts';
import { type InterleavedWeight, interleavedLinear } from '../ops/interleaved_linear/op.ts';
import { linear } from '../ops/linear/op.ts';
import { matmul } from '../ops/matmul/op.ts';
import { emptyPackedRows, readPackedRows, selectPackedRows, writePackedRows } from '../ops/packed_rows/op.ts';
import { type PackedWeight, quantizedLinear } from '../ops/quantized_linear/op.ts';
import { slice } from '../ops/slice/op.ts';
import { type SparsePattern, sparseLinear } from '../ops/sparse_linear/op.ts';
import { binary, type Computations, type Inputs } from './computation.ts';
import type { Params } from './manifest.ts';

/** Matrix products: dense, on packed and on sparse weights; and tables of packed rows. */
export const productComputations: Computations = {
  linear: (inputs) => linear(inputs.of('x'), inputs.of('weight'), inputs.ifAny('bias')),
  matmul: binary((a, b) => matmul(a, b)),
  matmul_transposed: (inputs, params) =>
    matmul(inputs.of('a'), inputs.of('b'), {
      transposeA: params.flag('transpose_a'),
      transposeB: params.flag('transpose_b'),
    }),
  activation_sparse_linear: (inputs, params) =>
    activationSparseLinear(inputs.of('x'), inputs.of('columns'), params.number('threshold'), inputs.ifAny('bias')),
  hadamard: (inputs, params) => hadamard(inputs.of('x'), { size: params.number('size') }),
  integer_linear: (inputs, params) => {
    const rows = quantizeRows(inputs.of('x'), params.flag('by_group') ? params.number('group') : undefined);
    return { y: integerLinear(rows, weightOf(inputs, params)), x_codes: rows.codes, x_scales: rows.scales };
  },
  interleaved_linear: (inputs, params) => {
    const form = { in: params.number('in'), out: params.number('out'), groupSize: params.number('group') };
    const bits = params.number('bits') as InterleavedWeight['bits'];
    const weight = {
      ...form,
      bits,
      zeroPoint: params.numberIfAny('zero_point') ?? 2 ** (bits - 1),
      halfScales: params.flag('half_scales'),
      blocks: inputs.of('blocks'),
    };
    return interleavedLinear(inputs.of('x'), weight, inputs.ifAny('bias'));
  },
  packed_rows: (inputs, params) => {
    const x = inputs.of('x');
    const [outer, length, width] = x.shape as [number, number, number];
    const first = params.number('first');
    const table = emptyPackedRows(x.backend, outer, length, { width, bits: params.number('bits') });
    writePackedRows(table, slice(x, 1, 0, first), 0);
    writePackedRows(table, slice(x, 1, first, length - first), first);
    const { codes, scales, ...form } = selectPackedRows(table, params.numbers('parts'));
    return { y: readPackedRows({ codes, scales, ...form }, length), codes, scales };
  },
  quantized_linear: (inputs, params) => quantizedLinear(inputs.of('x'), weightOf(inputs, params), inputs.ifAny('bias')),
  sparse_linear: (inputs, params) => {
    const [width, out] = [params.number('in'), params.number('out')];
    const weight = { values: inputs.of('values'), pattern: patternOf(inputs, params), in: width, out };
    return sparseLinear(inputs.of('x'), weight, inputs.ifAny('bias'));
  },
};

function weightOf(inputs: Inputs, params: Params): PackedWeight {
  return {
    codes: inputs.of('codes'),
    scales: inputs.of('scale'),
    zeroPoints: inputs.ifAny('zero_point'),
    bits: params.number('bits'),
    groupSize: params.number('group'),
    in: params.number('in'),
    out: params.number('out'),
  };
}

function patternOf(inputs: Inputs, params: Params): SparsePattern {
  const kind = params.text('kind');
  if (kind === 'n-of-m') {
    return { kind, kept: params.number('kept'), of: params.number('of'), positions: inputs.of('positions') };
  }
  const rows = { rowStarts: inputs.of('row_starts'), columns: inputs.of('columns') };
  if (kind === 'rows') return { kind, ...rows };
  if (kind === 'blocks') {
    return { kind, blockRows: params.number('block_rows'), blockColumns: params.number('block_columns'), ...rows };
  }
  throw new KernelError('invalid-argument', `sparse_linear has no pattern ${kind}`);
}
