import { preNorm } from '../decoder/architectures.ts';
import { type DecoderConfig, type DecoderConfigInput, parseDecoderConfig } from '../decoder/config.ts';
import type { IntegerBlocks } from '../decoder/integer-block-linear.ts';
import type { ParameterValues } from '../decoder/parameters.ts';
import { ModelError } from '../model-error.ts';
import type { Checkpoint } from './checkpoint.ts';

const MAGIC = 0x616b3432;
const HEADER_V0 = 28;
const HEADER_VERSIONED = 256;

/**
 * Reads llama2.c's formats: v0 (`export.py` legacy), v1 (f32 behind a 256-byte header) and v2 (8-bit codes with a scale a group, given
 * back as f32). Sizes, heads and the file's exact length are checked before any memory is taken. Throws `bad-checkpoint`.
 */
export function readLlama2c(file: Uint8Array, what = 'llama2.c checkpoint'): Checkpoint {
  const refuse: Refuse = (message) => {
    throw new ModelError('bad-checkpoint', `${what}: ${message}`);
  };
  if (file.length < HEADER_V0) refuse(`${HEADER_V0} bytes of header expected, the file has ${file.length}`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(0, true) !== MAGIC) return readV0(view, refuse);
  if (file.length < HEADER_VERSIONED)
    refuse(`${HEADER_VERSIONED} bytes of header expected, the file has ${file.length}`);
  const version = view.getInt32(4, true);
  if (version !== 1 && version !== 2) return refuse(`version ${version}; known: 0, 1, 2`);
  const tied = view.getUint8(36) !== 0;
  const sizes = checkedSizes(view, 8, tied, refuse);
  if (version === 1) return readFloats(view, HEADER_VERSIONED, sizes, versionedOrder(sizes), 0, refuse);
  return readCodes(view, sizes, view.getInt32(37, true), refuse);
}

type Refuse = (message: string) => never;

interface Sizes {
  readonly hiddenSize: number;
  readonly feedForwardSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly vocabularySize: number;
  readonly contextLength: number;
  readonly tied: boolean;
}

function readV0(view: DataView, refuse: Refuse): Checkpoint {
  const tied = view.getInt32(20, true) > 0; // a negative vocabulary size says that the logits have their own weight
  const sizes = checkedSizes(view, 0, tied, refuse);
  // Two tables of rotary angles lie between the last norm and the logits' weight; they follow from the config.
  const angles = sizes.contextLength * (sizes.hiddenSize / sizes.heads);
  return readFloats(view, HEADER_V0, sizes, v0Order(sizes), angles, refuse);
}

const FIELDS = ['dim', 'hidden_dim', 'n_layers', 'n_heads', 'n_kv_heads', 'vocab_size', 'max_seq_len'] as const;
const LARGEST: Readonly<Record<(typeof FIELDS)[number], number>> = {
  dim: 65_536,
  hidden_dim: 1_048_576,
  n_layers: 1024,
  n_heads: 1024,
  n_kv_heads: 1024,
  vocab_size: 1_000_000,
  max_seq_len: 1_048_576,
};

function checkedSizes(view: DataView, at: number, tied: boolean, refuse: Refuse): Sizes {
  const [dim, hiddenDim, layers, heads, keyValueHeads, vocabulary, context] = FIELDS.map((field, index) => {
    const raw = view.getInt32(at + 4 * index, true);
    const value = field === 'vocab_size' ? Math.abs(raw) : raw;
    if (value < 1 || value > LARGEST[field]) refuse(`${field} is ${raw}; 1 to ${LARGEST[field]} expected`);
    return value;
  }) as [number, number, number, number, number, number, number];
  if (dim % heads !== 0 || (dim / heads) % 2 !== 0) refuse(`${heads} heads do not divide ${dim} into even parts`);
  if (heads % keyValueHeads !== 0) refuse(`${heads} heads are no multiple of ${keyValueHeads} key heads`);
  return {
    hiddenSize: dim,
    feedForwardSize: hiddenDim,
    layers,
    heads,
    keyValueHeads,
    vocabularySize: vocabulary,
    contextLength: context,
    tied,
  };
}

/** A tensor in the file's order; where there are as many as layers, they follow each other. */
interface Stretch {
  readonly name: string | ((layer: number) => string);
  readonly shape: readonly number[];
  /** Never quantized. */
  readonly norm?: true;
}

const ANGLES = 'angles';

function stretches(sizes: Sizes) {
  const { hiddenSize, feedForwardSize, vocabularySize, heads, keyValueHeads } = sizes;
  const keys = (hiddenSize / heads) * keyValueHeads;
  const inLayer = (suffix: string, shape: readonly number[]): Stretch => ({
    name: (layer) => `layers.${layer}.${suffix}`,
    shape,
  });
  return {
    embedding: { name: 'embed_tokens.weight', shape: [vocabularySize, hiddenSize] } satisfies Stretch,
    attentionNorm: { ...inLayer('norms.attentionInput.weight', [hiddenSize]), norm: true } satisfies Stretch,
    mlpNorm: { ...inLayer('norms.mlpInput.weight', [hiddenSize]), norm: true } satisfies Stretch,
    finalNorm: { name: 'norms.final.weight', shape: [hiddenSize], norm: true } satisfies Stretch,
    attention: [
      inLayer('self_attn.q_proj.weight', [hiddenSize, hiddenSize]),
      inLayer('self_attn.k_proj.weight', [keys, hiddenSize]),
      inLayer('self_attn.v_proj.weight', [keys, hiddenSize]),
      inLayer('self_attn.o_proj.weight', [hiddenSize, hiddenSize]),
    ],
    mlp: [
      inLayer('mlp.gate_proj.weight', [feedForwardSize, hiddenSize]),
      inLayer('mlp.down_proj.weight', [hiddenSize, feedForwardSize]),
      inLayer('mlp.up_proj.weight', [feedForwardSize, hiddenSize]),
    ],
    logits: sizes.tied ? [] : [{ name: 'lm_head.weight', shape: [vocabularySize, hiddenSize] } satisfies Stretch],
  };
}

function v0Order(sizes: Sizes): readonly (Stretch | typeof ANGLES)[] {
  const { embedding, attentionNorm, attention, mlpNorm, mlp, finalNorm, logits } = stretches(sizes);
  return [embedding, attentionNorm, ...attention, mlpNorm, ...mlp, finalNorm, ANGLES, ...logits];
}

function versionedOrder(sizes: Sizes): readonly Stretch[] {
  const { embedding, attentionNorm, attention, mlpNorm, mlp, finalNorm, logits } = stretches(sizes);
  return [attentionNorm, mlpNorm, finalNorm, embedding, ...attention, ...mlp, ...logits];
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

function namesOf(stretch: Stretch, layers: number): readonly string[] {
  const { name } = stretch;
  return typeof name === 'string' ? [name] : Array.from({ length: layers }, (_, layer) => name(layer));
}

function readFloats(
  view: DataView,
  start: number,
  sizes: Sizes,
  order: readonly (Stretch | typeof ANGLES)[],
  angles: number,
  refuse: Refuse,
): Checkpoint {
  let floats = angles;
  for (const stretch of order) {
    if (stretch !== ANGLES) floats += namesOf(stretch, sizes.layers).length * countOf(stretch.shape);
  }
  expectLength(view, start + 4 * floats, refuse);
  const parameters = new Map<string, ParameterValues>();
  let at = start;
  for (const stretch of order) {
    if (stretch === ANGLES) {
      at += 4 * angles;
      continue;
    }
    for (const name of namesOf(stretch, sizes.layers)) {
      const data = floatsAt(view, at, countOf(stretch.shape));
      parameters.set(name, { shape: stretch.shape, data });
      at += data.byteLength;
    }
  }
  return { config: configOf(sizes), parameters };
}

/** v2: norms in f32, then for each matrix its int8 codes and its f32 scales, one for each `groupSize` codes in a row. */
function readCodes(view: DataView, sizes: Sizes, groupSize: number, refuse: Refuse): Checkpoint {
  const order = versionedOrder(sizes);
  if (groupSize < 1) refuse(`a group size of ${groupSize}`);
  let bytes = HEADER_VERSIONED;
  for (const { shape, norm, ...stretch } of order) {
    const count = countOf(shape);
    if (norm !== true && count % groupSize !== 0) {
      refuse(`a matrix of ${shape.join(' x ')} is not divided by groups of ${groupSize}`);
    }
    const each = norm === true ? 4 * count : count + (4 * count) / groupSize;
    bytes += each * namesOf({ shape, ...stretch }, sizes.layers).length;
  }
  expectLength(view, bytes, refuse);
  const parameters = new Map<string, ParameterValues>();
  const integers = new Map<string, () => IntegerBlocks>();
  let at = HEADER_VERSIONED;
  for (const stretch of order) {
    const count = countOf(stretch.shape);
    for (const name of namesOf(stretch, sizes.layers)) {
      if (stretch.norm === true) {
        parameters.set(name, { shape: stretch.shape, data: floatsAt(view, at, count) });
        at += 4 * count;
        continue;
      }
      const scales = floatsAt(view, at + count, count / groupSize);
      const codesAt = at;
      const [outSize, inSize] = stretch.shape;
      const linear =
        name === 'embed_tokens.weight' ? (sizes.tied ? 'lm_head' : undefined) : name.replace(/\.weight$/, '');
      if (linear !== undefined && inSize! % groupSize === 0) {
        integers.set(linear, () => {
          const codes = Uint8Array.from({ length: count }, (_, index) => view.getInt8(codesAt + index) + 128);
          return { outSize: outSize!, inSize: inSize!, bits: 8, zeroPoint: 128, groupSize, codes, scales };
        });
      }
      const data = Float32Array.from(
        { length: count },
        (_, index) => view.getInt8(codesAt + index) * scales[Math.floor(index / groupSize)]!,
      );
      parameters.set(name, { shape: stretch.shape, data });
      at += count + scales.byteLength;
    }
  }
  return {
    config: configOf(sizes),
    parameters,
    integers: () => new Map(Array.from(integers, ([name, read]) => [name, read()])),
  };
}

function expectLength(view: DataView, bytes: number, refuse: Refuse): void {
  if (view.byteLength === bytes) return;
  const what = view.byteLength < bytes ? 'truncated' : 'longer than its header says';
  refuse(`its header describes ${bytes} bytes, the file has ${view.byteLength}: ${what}`);
}

function floatsAt(view: DataView, at: number, count: number): Float32Array {
  const values = new Float32Array(count);
  for (let index = 0; index < count; index++) values[index] = view.getFloat32(at + 4 * index, true);
  return values;
}

function configOf(sizes: Sizes): DecoderConfig {
  const { tied, ...rest } = sizes;
  const headSize = sizes.hiddenSize / sizes.heads;
  return parseDecoderConfig({
    ...rest,
    headSize,
    position: { kind: 'rotary', theta: 10_000, rotarySize: headSize, convention: 'interleaved' },
    activation: 'silu',
    gated: true,
    bias: { queryKeyValue: false, attentionOutput: false, mlp: false, logits: false },
    tiedEmbeddings: tied,
    attentionWindow: null,
    norms: preNorm({ kind: 'rms-norm', eps: 1e-5 }),
    normOverrides: [],
    residual: { form: 'sequential', attentionScale: 1, mlpScale: 1 },
    initialisation: { standardDeviation: 0.02, scaledResidual: true },
  } satisfies DecoderConfigInput);
}
