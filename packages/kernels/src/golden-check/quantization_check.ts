import { quantizedLinear } from '../ops/quantized_linear/op.ts';
import { bytesOfRow, packCodes, unpackCodes } from '../ops/quantized_linear/packing.ts';
import { Tensor, type TensorData } from '../tensor.ts';
import { checkBlockFormat } from './block_formats_check.ts';
import { valuesOf } from './safetensors.ts';
import { type CaseCheck, compare, largestError, valuesFrom } from './subject.ts';

const packedOps = new Set(['quantize_affine', 'quantize_symmetric_narrow', 'quantize_symmetric_full']);

/**
 * What kernels have to do with integer quantization: the codes survive packing bit for bit, and the product on packed codes gives the
 * dequantized weight (the input is the identity, so the output is the weight transposed). How codes are chosen is a technique.
 */
export const checkPackedCodes: CaseCheck = async (subject, golden) => {
  const codes = golden.outputs.get('codes');
  const scale = golden.outputs.get('scale');
  const zeroPoint = golden.outputs.get('zero_point');
  const dequantized = golden.outputs.get('dequantized');
  if (!packedOps.has(golden.op)) return checkBlockFormat(subject, golden);
  if (codes?.shape.length !== 2) return undefined;
  if (scale === undefined || zeroPoint === undefined || dequantized === undefined) return undefined;
  const { backend } = subject;
  const bits = golden.params.number('bits');
  const [out, width] = codes.shape as [number, number];
  const shift = golden.params.number('qmin') < 0 ? 2 ** (bits - 1) : 0;
  const stored = valuesOf(codes).map((code) => code + shift);
  const packed = packCodes(stored, out, width, bits);
  const tensors: Tensor[] = [];
  const hold = (data: TensorData, shape: readonly number[]) => {
    const tensor = Tensor.from(backend, data, shape);
    tensors.push(tensor);
    return tensor;
  };
  const scaleShape = scale.shape.length === 0 ? [1] : scale.shape;
  const x = hold(identity(width), [width, width]);
  const weight = {
    codes: hold(packed, [out, bytesOfRow(width, bits)]),
    scales: hold(Float32Array.from(valuesOf(scale)), scaleShape),
    zeroPoints: shift === 0 ? hold(Float32Array.from(valuesOf(zeroPoint)), scaleShape) : undefined,
    bits,
    in: width,
    out,
    groupSize: golden.params.numberIfAny('group'),
  };
  const y = quantizedLinear(x, weight);
  tensors.push(y);
  const found = await valuesFrom(subject, y);
  const expected = valuesOf(dequantized);
  const transposed = expected.map((_, at) => expected[(at % out) * width + Math.floor(at / out)]!);
  for (const tensor of tensors) tensor.dispose();
  return [
    { error: largestError(unpackCodes(packed, out, width, bits), stored), bound: 0 },
    compare(subject, found, transposed),
  ];
};

function identity(width: number): Float32Array {
  const values = new Float32Array(width * width);
  for (let i = 0; i < width; i++) values[i * width + i] = 1;
  return values;
}
