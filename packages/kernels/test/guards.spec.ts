import { afterAll, describe, expect, test } from 'vitest';
import type { KernelErrorCode } from '../src/errors.ts';
import * as kernels from '../src/index.ts';
import { backends } from './backends.ts';

const backend = kernels.createReferenceBackend();
const held: kernels.Tensor[] = [];
const floats = (...shape: number[]) => {
  held.push(kernels.Tensor.zeros(backend, shape));
  return held.at(-1)!;
};
const integers = (...shape: number[]) => {
  held.push(kernels.Tensor.zeros(backend, shape, 'i32'));
  return held.at(-1)!;
};
const bytes = (...shape: number[]) => {
  held.push(kernels.Tensor.zeros(backend, shape, 'u8'));
  return held.at(-1)!;
};
const packed = (change: Partial<kernels.PackedWeight>): kernels.PackedWeight => ({
  codes: bytes(3, 4),
  scales: floats(3),
  bits: 4,
  in: 8,
  out: 3,
  ...change,
});
const sparse = (pattern: kernels.SparsePattern): kernels.SparseWeight => ({
  values: floats(3),
  pattern,
  in: 6,
  out: 2,
});
const grouped = (change: Partial<kernels.GroupedCodes>): kernels.GroupedCodes => ({
  in: 32,
  out: 3,
  bits: 4,
  zeroPoint: 8,
  groupSize: 8,
  codes: new Uint8Array(48),
  scales: new Float32Array(12),
  ...change,
});
/** The weight of `grouped`, but for what is changed of it. */
const sideBySide = (change: Partial<kernels.InterleavedWeight>): kernels.InterleavedWeight => {
  const weight = kernels.interleaveWeight(backend, grouped({}));
  held.push(weight.blocks);
  return { ...weight, ...change };
};
const attend = (q: number[], k: number[], v: number[], options: kernels.AttentionOptions) =>
  kernels.attention(floats(...q), floats(...k), floats(...v), options);

/** What is refused: the call, the code, and what the message has to name. */
const refused: readonly (readonly [string, () => unknown, KernelErrorCode, string])[] = [
  ['linear: width', () => kernels.linear(floats(2, 5), floats(3, 4)), 'shape-mismatch', '[out, 5], found [3, 4]'],
  ['linear: bias', () => kernels.linear(floats(2, 5), floats(3, 5), floats(5)), 'shape-mismatch', '[3], found [5]'],
  [
    'linear: residual',
    () => kernels.linear(floats(2, 5), floats(3, 5), undefined, floats(2, 5)),
    'shape-mismatch',
    '[2, 3], found [2, 5]',
  ],
  ['linear: scalar', () => kernels.linear(floats(), floats(3, 5)), 'shape-mismatch', 'found []'],
  ['linear: dtype', () => kernels.linear(integers(2, 5), floats(3, 5)), 'dtype-mismatch', 'x is f32, found i32'],
  ['matmul: rank', () => kernels.matmul(floats(5), floats(5, 2)), 'shape-mismatch', '[5] and [5, 2]'],
  ['matmul: inner', () => kernels.matmul(floats(2, 3), floats(4, 5)), 'shape-mismatch', '3 of a [2, 3], 4 of b [4, 5]'],
  ['matmul: batch', () => kernels.matmul(floats(2, 3, 4), floats(3, 4, 5)), 'shape-mismatch', '[2] and [3]'],
  [
    'avgPool2d: padding',
    () => kernels.avgPool2d(floats(1, 1, 5, 5), { kernel: 3, padding: 2 }),
    'invalid-argument',
    'at most half of the kernel 3, so that every window sees the image, found 2',
  ],
  [
    'avgPool1d: rank',
    () => kernels.avgPool1d(floats(1, 5), { kernel: 3 }),
    'shape-mismatch',
    'x is [batch, channels, length], found [1, 5]',
  ],
  [
    'maxPool2d: window',
    () => kernels.maxPool2d(floats(1, 1, 2, 5), { kernel: 3 }),
    'shape-mismatch',
    'a window of 3 needs an input at least as large, found 2 with 0 around it',
  ],
  [
    'maxPool1d: nothing',
    () => kernels.maxPool1d(floats(1, 1, 0), { kernel: 2, padding: 1 }),
    'shape-mismatch',
    'needs an element of the image, found an extent of 0',
  ],
  [
    'conv2d: groups',
    () => kernels.conv2d(floats(1, 4, 5, 5), floats(4, 2, 3, 3), undefined, { groups: 3 }),
    'invalid-argument',
    'divide the 4 channels, found 3',
  ],
  [
    'conv2d: outputs',
    () => kernels.conv2d(floats(1, 4, 5, 5), floats(3, 2, 3, 3), undefined, { groups: 2 }),
    'invalid-argument',
    'divide the 3 outputs, found 2',
  ],
  [
    'conv2d: weight',
    () => kernels.conv2d(floats(1, 4, 5, 5), floats(3, 2, 3, 3)),
    'shape-mismatch',
    '[out, 4, height, width], found [3, 2, 3, 3]',
  ],
  [
    'conv2d: stride',
    () => kernels.conv2d(floats(1, 4, 5, 5), floats(3, 4, 3, 3), undefined, { stride: 0 }),
    'invalid-argument',
    'stride is an integer from 1 to 2^24, found 0',
  ],
  [
    'conv2d: bias',
    () => kernels.conv2d(floats(1, 4, 5, 5), floats(3, 4, 3, 3), floats(4)),
    'shape-mismatch',
    'bias has shape [3], found [4]',
  ],
  ['conv1d: weight', () => kernels.conv1d(floats(1, 4, 5), floats(3, 4)), 'shape-mismatch', 'kernel], found [3, 4]'],
  ['add: broadcast', () => kernels.add(floats(2, 3), floats(4)), 'shape-mismatch', '[2, 3] and [4]'],
  ['mul: dtype', () => kernels.mul(floats(2), integers(2)), 'dtype-mismatch', 'b is f32, found i32'],
  ['dropout: rate', () => kernels.dropout(floats(2), { rate: 1.5, seed: 1, stream: 0 }), 'invalid-argument', '1.5'],
  ['dropout: seed', () => kernels.dropout(floats(2), { rate: 0.5, seed: -1, stream: 0 }), 'invalid-argument', 'seed'],
  [
    'dropPath: scalar',
    () => kernels.dropPath(floats(), { rate: 0.5, seed: 1, stream: 0 }),
    'shape-mismatch',
    'found []',
  ],
  ['argmax: of nothing', () => kernels.argmax(floats(2, 0)), 'shape-mismatch', 'found shape [2, 0]'],
  ['topK: too many', () => kernels.topK(floats(2, 3), 4), 'invalid-argument', '0 to the 3 elements of axis 1, found 4'],
  ['gather: index', () => kernels.gather(floats(2, 3), 0, floats(2, 3)), 'dtype-mismatch', 'index is i32, found f32'],
  ['gather: rank', () => kernels.gather(floats(2, 3), 0, integers(2)), 'shape-mismatch', 'x [2, 3], found [2]'],
  ['gather: extents', () => kernels.gather(floats(2, 3), 0, integers(5, 4)), 'shape-mismatch', '[2, 3], found [5, 4]'],
  [
    'scatterAdd: source',
    () => kernels.scatterAdd(floats(2, 3), 0, integers(5, 3), floats(2, 3)),
    'shape-mismatch',
    'source has shape [5, 3], found [2, 3]',
  ],
  ['max: of nothing', () => kernels.max(floats(2, 0), { axes: [1] }), 'shape-mismatch', 'found shape [2, 0]'],
  ['min: axis', () => kernels.min(floats(2, 3), { axes: [-3] }), 'invalid-argument', 'axis -3'],
  ['logSumExp: of nothing', () => kernels.logSumExp(floats(0)), 'shape-mismatch', 'logSumExp: one element at least'],
  ['variance: correction', () => kernels.variance(floats(2), { correction: -1 }), 'invalid-argument', 'found -1'],
  ['cumsum: axis', () => kernels.cumsum(floats(2, 3), 2), 'invalid-argument', 'axis 2'],
  ['klDiv: target', () => kernels.klDiv(floats(2, 3), floats(3)), 'shape-mismatch', '[2, 3], found [3]'],
  ['klDiv: scalar', () => kernels.klDiv(floats(), floats(), { reduction: 'batchmean' }), 'shape-mismatch', 'found []'],
  ['sum: axis', () => kernels.sum(floats(2, 3), { axes: [2] }), 'invalid-argument', 'axis 2'],
  [
    'layerNorm: gain',
    () => kernels.layerNorm(floats(2, 3), floats(2)),
    'shape-mismatch',
    'gain has shape [3], found [2]',
  ],
  ['rmsNorm: gain', () => kernels.rmsNorm(floats(2, 3), floats(2)), 'shape-mismatch', 'gain has shape [3], found [2]'],
  [
    'dynamicTanh: alpha',
    () => kernels.dynamicTanh(floats(2, 3), floats(3)),
    'shape-mismatch',
    'one element, found shape [3]',
  ],
  ['groupNorm: rank', () => kernels.groupNorm(floats(4), 2), 'shape-mismatch', '[batch, channels, ...], found [4]'],
  ['groupNorm: groups', () => kernels.groupNorm(floats(2, 4), 3), 'invalid-argument', '4 channels, found 3'],
  ['groupNorm: gain', () => kernels.groupNorm(floats(2, 4), 2, floats(2)), 'shape-mismatch', '[4], found [2]'],
  ['instanceNorm', () => kernels.instanceNorm(floats(2, 4), undefined, floats(3)), 'shape-mismatch', '[4], found [3]'],
  [
    'batchNorm: running',
    () => kernels.batchNorm(floats(2, 4), undefined, undefined, { training: false }),
    'invalid-argument',
    'running statistics, found none',
  ],
  [
    'batchNorm: one value',
    () =>
      kernels.batchNorm(floats(1, 4), undefined, undefined, {
        training: true,
        running: { mean: floats(4), variance: floats(4) },
      }),
    'shape-mismatch',
    'found 1',
  ],
  [
    'batchNorm: statistics',
    () =>
      kernels.batchNorm(floats(2, 4), undefined, undefined, {
        training: true,
        running: { mean: floats(4), variance: floats(3) },
      }),
    'shape-mismatch',
    'the running variance has shape [4], found [3]',
  ],
  [
    'powerNorm: state',
    () => kernels.powerNorm(floats(2, 4), undefined, undefined, { statistics: 'running' }),
    'invalid-argument',
    'running statistics need a state, found none',
  ],
  ['pNormalize: p', () => kernels.pNormalize(floats(2, 3), 0.5), 'invalid-argument', 'found 0.5'],
  ['scaleNorm: gain', () => kernels.scaleNorm(floats(2, 3), floats(3)), 'shape-mismatch', 'found shape [3]'],
  ['l2Normalize: axis', () => kernels.l2Normalize(floats(2, 3), 2), 'invalid-argument', 'axis 2'],
  ['weightNorm', () => kernels.weightNorm(floats(2, 3), floats(2)), 'shape-mismatch', '[2, 1], found [2]'],
  [
    'localResponseNorm',
    () => kernels.localResponseNorm(floats(2, 3), { size: 0 }),
    'invalid-argument',
    'one channel, found 0',
  ],
  [
    'derf: alpha',
    () => kernels.derf(floats(2, 3), floats(2)),
    'shape-mismatch',
    'one element or shape [3], found shape [2]',
  ],
  [
    'pointwiseNorm: shift',
    () => kernels.pointwiseNorm('clip', floats(2, 3), { alpha: floats(3), shift: floats(1) }),
    'shape-mismatch',
    'shift has shape [3], found [1]',
  ],
  [
    'elementwiseLayerNorm: gain',
    () => kernels.elementwiseLayerNorm(floats(2, 3), floats(1), floats(2)),
    'shape-mismatch',
    'gain has shape [3], found [2]',
  ],
  ['geglu', () => kernels.geglu(floats(2, 3), floats(3, 2), 'erf'), 'shape-mismatch', '[2, 3], found [3, 2]'],
  ['glu', () => kernels.glu(floats(2, 3), floats(2)), 'shape-mismatch', '[2, 3], found [2]'],
  ['reglu', () => kernels.reglu(floats(2), integers(2)), 'dtype-mismatch', 'up is f32, found i32'],
  ['elu', () => kernels.elu(integers(2)), 'dtype-mismatch', 'x is f32, found i32'],
  ['swiglu', () => kernels.swiglu(floats(2, 3), floats(3, 2)), 'shape-mismatch', '[2, 3], found [3, 2]'],
  ['softmax: axis', () => kernels.softmax(floats(2, 3), -3), 'invalid-argument', 'axis -3'],
  ['crossEntropy: rank', () => kernels.crossEntropy(floats(2, 3, 4), integers(2)), 'shape-mismatch', '[2, 3, 4]'],
  ['crossEntropy: rows', () => kernels.crossEntropy(floats(2, 3), integers(3)), 'shape-mismatch', '[2], found [3]'],
  ['crossEntropy: targets', () => kernels.crossEntropy(floats(2, 3), floats(2)), 'dtype-mismatch', 'targets is i32'],
  ['embedding: ids', () => kernels.embedding(floats(2), floats(5, 3)), 'dtype-mismatch', 'ids is i32'],
  ['embedding: table', () => kernels.embedding(integers(2), floats(5)), 'shape-mismatch', 'found [5]'],
  ['hadamard: size', () => kernels.hadamard(floats(2, 12), { size: 8 }), 'invalid-argument', 'divides 12, found 8'],
  ['gatherRows', () => kernels.gatherRows(floats(), integers(2)), 'shape-mismatch', 'found []'],
  [
    'rotary: rank',
    () => kernels.rotary(floats(2, 3, 4), { convention: 'half', theta: 1e4 }),
    'shape-mismatch',
    '[2, 3, 4]',
  ],
  [
    'rotary: odd',
    () => kernels.rotary(floats(1, 2, 1, 6), { convention: 'half', theta: 1e4, rotaryDim: 3 }),
    'invalid-argument',
    'at most 6, found 3',
  ],
  ['rotary: theta', () => kernels.rotary(floats(1, 2, 1, 6), { convention: 'half' }), 'invalid-argument', 'theta'],
  [
    'rotary: frequencies',
    () => kernels.rotary(floats(1, 2, 1, 6), { convention: 'half', frequencies: [1] }),
    'size-mismatch',
    '3 pairs',
  ],
  [
    'rotary: scaling',
    () =>
      kernels.rotary(floats(1, 2, 1, 2), {
        convention: 'half',
        frequencies: [1],
        scaling: { kind: 'linear', factor: 2 },
      }),
    'invalid-argument',
    'one of the two',
  ],
  [
    'attention: heads',
    () => attend([1, 2, 3, 4], [1, 2, 2, 4], [1, 2, 2, 4], { causal: true }),
    'shape-mismatch',
    '3 query heads',
  ],
  [
    'attention: dim',
    () => attend([1, 2, 2, 4], [1, 2, 2, 5], [1, 2, 2, 5], { causal: true }),
    'shape-mismatch',
    '[1, 2, 2, 4]',
  ],
  [
    'attention: values',
    () => attend([1, 2, 2, 4], [1, 2, 2, 4], [1, 3, 2, 4], { causal: true }),
    'shape-mismatch',
    'v has',
  ],
  [
    'attention: queries',
    () => attend([1, 3, 2, 4], [1, 2, 2, 4], [1, 2, 2, 4], { causal: true }),
    'shape-mismatch',
    '3 queries, 2 keys',
  ],
  [
    'attention: no keys',
    () => attend([1, 3, 2, 4], [1, 0, 2, 4], [1, 0, 2, 4], { causal: false }),
    'shape-mismatch',
    '0 keys',
  ],
  [
    'attention: window',
    () => attend([1, 2, 2, 4], [1, 2, 2, 4], [1, 2, 2, 4], { causal: false, window: 2 }),
    'invalid-argument',
    'needs causal',
  ],
  [
    'attentionInParts: bias',
    () =>
      kernels.attentionInParts(floats(1, 2, 2, 4), floats(1, 2, 2, 4), floats(1, 2, 2, 4), {
        causal: false,
        bias: floats(3, 1, 2, 2),
      }),
    'shape-mismatch',
    '[1, 2, 2, 2]',
  ],
  [
    'attentionValues: heads',
    () => kernels.attentionValues(floats(1, 3, 2, 2), floats(1, 2, 2, 4)),
    'shape-mismatch',
    'do not weigh',
  ],
  ['concat: shapes', () => kernels.concat([floats(2, 3), floats(2, 4)], 0), 'shape-mismatch', '[2, 3] and [2, 4]'],
  ['concat: nothing', () => kernels.concat([], 0), 'invalid-argument', 'found none'],
  ['writeSlice', () => kernels.writeSlice(floats(4, 3), floats(2, 3), 0, 3), 'shape-mismatch', 'at 3 of axis 0'],
  ['slice', () => kernels.slice(floats(4, 3), 0, 3, 2), 'invalid-argument', '2 entries from 3'],
  ['transpose', () => kernels.transpose(floats(2, 3), [0, 0]), 'invalid-argument', '[0, 0]'],
  [
    'quantizedLinear: bits',
    () => kernels.quantizedLinear(floats(1, 8), packed({ bits: 9 })),
    'invalid-argument',
    'found 9',
  ],
  [
    'quantizedLinear: trits',
    () => kernels.quantizedLinear(floats(1, 8), packed({ packing: 'trits' })),
    'invalid-argument',
    'found 4 bits',
  ],
  [
    'quantizedLinear: values',
    () => kernels.quantizedLinear(floats(1, 8), packed({ values: floats(8) })),
    'shape-mismatch',
    '[16], found [8]',
  ],
  [
    'quantizedLinear: bytes of scales',
    () => kernels.quantizedLinear(floats(1, 8), packed({ scaleFormat: 'e8m0' })),
    'dtype-mismatch',
    'scales is u8, found f32',
  ],
  ['quantizedLinear: width', () => kernels.quantizedLinear(floats(1, 7), packed({})), 'shape-mismatch', '8 columns'],
  [
    'quantizedLinear: codes',
    () => kernels.quantizedLinear(floats(1, 8), packed({ codes: bytes(3, 8) })),
    'shape-mismatch',
    '[3, 4], found [3, 8]',
  ],
  [
    'quantizedLinear: scales',
    () => kernels.quantizedLinear(floats(1, 8), packed({ groupSize: 4 })),
    'shape-mismatch',
    '[3, 2], found [3]',
  ],
  [
    'quantizedLinear: zeros',
    () => kernels.quantizedLinear(floats(1, 8), packed({ zeroPoints: floats(1) })),
    'shape-mismatch',
    '[3], found [1]',
  ],
  [
    'integerLinear: values',
    () => kernels.integerLinear({ codes: bytes(1, 8), scales: floats(1) }, packed({ values: floats(16) })),
    'invalid-argument',
    'table of values',
  ],
  [
    'integerLinear: one scale for too many columns',
    () =>
      kernels.integerLinear(
        { codes: bytes(1, 65_537), scales: floats(1) },
        packed({ codes: bytes(1, 65_537), bits: 8, in: 65_537, out: 1, scales: floats(1) }),
      ),
    'invalid-argument',
    'found 65537',
  ],
  [
    'integerLinear: scales of x',
    () => kernels.integerLinear({ codes: bytes(2, 8), scales: floats(1) }, packed({})),
    'shape-mismatch',
    'xScales has shape [2], found [1]',
  ],
  [
    'integerLinear: groups of x',
    () =>
      kernels.integerLinear({ codes: bytes(1, 8), scales: floats(1, 2), groupSize: 4 }, packed({ scales: floats(1) })),
    'invalid-argument',
    'groups of x are those of the weight',
  ],
  ['quantizeRows: groups', () => kernels.quantizeRows(floats(1, 8), 0), 'invalid-argument', 'found 0'],
  [
    'packedRows: bits',
    () => kernels.emptyPackedRows(backend, 1, 2, { width: 3, bits: 3 }),
    'invalid-argument',
    '2, 4 or 8 bits, found 3',
  ],
  [
    'writePackedRows: rows beyond the table',
    () => kernels.writePackedRows(kernels.emptyPackedRows(backend, 1, 2, { width: 3, bits: 4 }), floats(1, 2, 3), 1),
    'shape-mismatch',
    '[1, 2, 3] does not fit at 1',
  ],
  [
    'readPackedRows: rows beyond the table',
    () => kernels.readPackedRows(kernels.emptyPackedRows(backend, 1, 2, { width: 3, bits: 4 }), 3),
    'shape-mismatch',
    'a table of 2 rows does not have 3',
  ],
  [
    'selectPackedRows: a part that is not there',
    () => kernels.selectPackedRows(kernels.emptyPackedRows(backend, 1, 2, { width: 3, bits: 4 }), [1]),
    'index-out-of-range',
    'parts 0 to 0, found 1',
  ],
  [
    'activationSparseLinear: columns',
    () => kernels.activationSparseLinear(floats(1, 3), floats(2, 3)),
    'shape-mismatch',
    '[3, out], found [2, 3]',
  ],
  [
    'activationSparseLinear: threshold',
    () => kernels.activationSparseLinear(floats(1, 3), floats(3, 2), -1),
    'invalid-argument',
    'found -1',
  ],
  [
    'sparseLinear: N of M',
    () => kernels.sparseLinear(floats(1, 6), sparse({ kind: 'n-of-m', kept: 2, of: 4, positions: bytes(2, 1) })),
    'invalid-argument',
    'a divisor of 6, found 2 of 4',
  ],
  [
    'sparseLinear: blocks',
    () =>
      kernels.sparseLinear(
        floats(1, 6),
        sparse({ kind: 'blocks', blockRows: 1, blockColumns: 4, rowStarts: integers(3), columns: integers(3) }),
      ),
    'invalid-argument',
    'blockColumns divides 6, found 4',
  ],
  [
    'sparseLinear: rowStarts',
    () => kernels.sparseLinear(floats(1, 6), sparse({ kind: 'rows', rowStarts: integers(2), columns: integers(3) })),
    'shape-mismatch',
    '[3], found [2]',
  ],
  [
    'sparseLinear: values',
    () => kernels.sparseLinear(floats(1, 6), sparse({ kind: 'rows', rowStarts: integers(3), columns: integers(4) })),
    'shape-mismatch',
    'values has shape [4], found [3]',
  ],
  [
    'interleaveWeight: bits',
    () => kernels.interleaveWeight(backend, grouped({ bits: 3 as 4 })),
    'invalid-argument',
    '2, 4 or 8 bits, found 3',
  ],
  [
    'interleaveWeight: zero point',
    () => kernels.interleaveWeight(backend, grouped({ zeroPoint: 16 })),
    'invalid-argument',
    'a code of 4 bits, found 16',
  ],
  [
    'interleaveWeight: groups',
    () => kernels.interleaveWeight(backend, grouped({ groupSize: 12 })),
    'invalid-argument',
    'found groups of 12 of 32 columns',
  ],
  [
    'interleaveWeight: codes',
    () => kernels.interleaveWeight(backend, grouped({ codes: new Uint8Array(47) })),
    'size-mismatch',
    '48 bytes and 12 scales expected, found 47 and 12',
  ],
  [
    'interleavedLinear: columns',
    () => kernels.interleavedLinear(floats(2, 31), sideBySide({})),
    'shape-mismatch',
    'x has 32 columns, found [2, 31]',
  ],
  [
    'interleavedLinear: blocks',
    () => kernels.interleavedLinear(floats(2, 32), sideBySide({ out: 17 })),
    'shape-mismatch',
    '[2, 4, ',
  ],
  [
    'fakeQuantize: scale',
    () => kernels.fakeQuantize(floats(2, 3), floats(3), { lowest: -1, highest: 1 }),
    'shape-mismatch',
    'leading extents, x [2, 3], found [3]',
  ],
  [
    'fakeQuantize: codes',
    () => kernels.fakeQuantize(floats(2, 3), floats(1), { lowest: 2, highest: 1 }),
    'invalid-argument',
    'the lowest first, found 2 and 1',
  ],
  [
    'fakeQuantize: zero point',
    () => kernels.fakeQuantize(floats(2, 3), floats(2, 1), { lowest: 0, highest: 1, zeroPoint: floats(2) }),
    'shape-mismatch',
    'zeroPoint has shape [2, 1], found [2]',
  ],
  ['clipByPercentile', () => kernels.clipByPercentile([1], 101), 'invalid-argument', 'from 0 to 100, found 101'],
  ['clipBySquaredError', () => kernels.clipBySquaredError([], 7), 'invalid-argument', 'found none'],
  ['globalNorm', () => kernels.globalNorm([]), 'invalid-argument', 'found none'],
  ['clipByGlobalNorm', () => kernels.clipByGlobalNorm([floats(2)], 0), 'invalid-argument', 'found 0'],
  [
    'adafactor: eps1',
    () =>
      kernels.adafactor([floats(2)], [floats(2)], kernels.createAdafactorState([floats(2)]), {
        learningRate: 1,
        eps1: 1e-30,
      }),
    'invalid-argument',
    'at least 2^-63, so that float32 holds its square, found 1e-30',
  ],
  [
    'adafactor: memory',
    () =>
      kernels.adafactor([floats(2, 3)], [floats(2, 3)], kernels.createAdafactorState([floats(6)]), { learningRate: 1 }),
    'size-mismatch',
    'shape [2, 3] needs a memory with row, found none',
  ],
  [
    'adafactor: rows',
    () =>
      kernels.adafactor([floats(2, 3)], [floats(2, 3)], kernels.createAdafactorState([floats(3, 3)]), {
        learningRate: 1,
      }),
    'shape-mismatch',
    'row has shape [2], found [3]',
  ],
  [
    'adagrad: lists',
    () => kernels.adagrad([floats(2)], [floats(2)], kernels.createAdagradState([]), { learningRate: 1 }),
    'size-mismatch',
    '1 parameters need as many sums, found 0',
  ],
  [
    'adam: state',
    () => kernels.adam([floats(2)], [floats(2)], kernels.createAdamState([floats(3)]), { learningRate: 1 }),
    'shape-mismatch',
    'firstMoments has shape [2], found [3]',
  ],
  [
    'lion: lists',
    () => kernels.lion([floats(2)], [floats(2)], kernels.createLionState([]), { learningRate: 1 }),
    'size-mismatch',
    '1 parameters need as many moments, found 0',
  ],
  [
    'adamW: lists',
    () => kernels.adamW([floats(2)], [], kernels.createAdamWState([]), { learningRate: 1 }),
    'size-mismatch',
    '1 parameters need as many gradients, found 0',
  ],
  [
    'rmsprop: momentum',
    () =>
      kernels.rmsprop([floats(2)], [floats(2)], kernels.createRmspropState([floats(2)]), {
        learningRate: 1,
        momentum: 0.9,
      }),
    'size-mismatch',
    '1 momenta, found 0',
  ],
  [
    'sgd: momentum',
    () => kernels.sgd([floats(2)], [floats(2)], kernels.createSgdState([], 0), { learningRate: 1, momentum: 0.9 }),
    'size-mismatch',
    '1 momenta, found 0',
  ],
];

describe('is refused with what was expected and what was found', () => {
  afterAll(() => {
    for (const tensor of held) tensor.dispose();
  });

  test.each(refused)('%s', (_, call, code, named) => {
    expect(call).toThrow(
      expect.objectContaining({ name: 'KernelError', code, message: expect.stringContaining(named) }),
    );
  });
});

describe.each(backends)('a fault of the data is found at the next read, on $title', ({ create }) => {
  test.each([
    ['an id beyond the vocabulary', 5],
    ['a negative id', -1],
  ])('%s', async (_, id) => {
    const own = await create();
    using ids = kernels.Tensor.from(own, Int32Array.of(1, id), [2]);
    using table = kernels.Tensor.zeros(own, [5, 3]);
    using rows = kernels.embedding(ids, table);
    await expect(rows.readFloats()).rejects.toMatchObject({ name: 'KernelError', code: 'index-out-of-range' });
    expect(await table.readFloats(), 'and the backend goes on').toEqual(new Float32Array(15));
    own.close();
  });

  test.each([3, -1])('an index of %i into an axis of 3, gathered and scattered to', async (index) => {
    const own = await create();
    using x = kernels.Tensor.zeros(own, [2, 3]);
    using indices = kernels.Tensor.from(own, Int32Array.of(2, 0, 1, index), [2, 2]);
    using source = kernels.Tensor.zeros(own, [2, 2]);
    const refusal = {
      name: 'KernelError',
      code: 'index-out-of-range',
      message: expect.stringContaining(`${index} at 3`),
    };
    using picked = kernels.gather(x, 1, indices);
    await expect(picked.readFloats()).rejects.toMatchObject(refusal);
    using added = kernels.scatterAdd(x, 1, indices, source);
    await expect(added.readFloats()).rejects.toMatchObject(refusal);
    expect(await x.readFloats(), 'and the backend goes on').toEqual(new Float32Array(6));
    own.close();
  });

  test('a target beyond the classes', async () => {
    const own = await create();
    using logits = kernels.Tensor.zeros(own, [2, 3]);
    using targets = kernels.Tensor.from(own, Int32Array.of(0, 3), [2]);
    using loss = kernels.crossEntropy(logits, targets);
    await expect(loss.readFloats()).rejects.toMatchObject({ code: 'index-out-of-range' });
    own.close();
  });
});

describe.each(backends)('a sparse pattern that is none, on $title', ({ create }) => {
  test.each([
    ['a column beyond the weight', [0, 1, 2], [0, 6]],
    ['a negative column', [0, 1, 2], [0, -1]],
    ['rows that fall', [0, 3, 2], [0, 1]],
    ['rows that end early', [0, 1, 1], [0, 1]],
  ])('%s', async (_, rowStarts, columns) => {
    const own = await create();
    using x = kernels.Tensor.zeros(own, [1, 6]);
    using values = kernels.Tensor.zeros(own, [2]);
    using starts = kernels.Tensor.from(own, Int32Array.from(rowStarts), [3]);
    using stored = kernels.Tensor.from(own, Int32Array.from(columns), [2]);
    const pattern = { kind: 'rows', rowStarts: starts, columns: stored } as const;
    using y = kernels.sparseLinear(x, { values, pattern, in: 6, out: 2 });
    await expect(y.readFloats()).rejects.toMatchObject({ name: 'KernelError', code: 'index-out-of-range' });
    own.close();
  });
});
