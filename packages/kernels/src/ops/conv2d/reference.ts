import { type Operands, type ReferenceKernels, storeAll } from '../../reference/operands.ts';

export const conv2dReference: ReferenceKernels = {
  'conv2d.forward': (operands) => {
    const x = operands.floats('x');
    const weight = operands.floats('weight');
    const bias = operands.floatsIfAny('bias');
    const y = operands.floats('y');
    const { out, positions, size } = outputOf(operands);
    const sums = new Float64Array(size);
    if (bias !== undefined) for (let i = 0; i < size; i++) sums[i] = bias[Math.floor(i / positions) % out]!;
    eachTap(operands, (output, input, tap) => {
      sums[output]! += (input === OUTSIDE ? 0 : x[input]!) * weight[tap]!;
    });
    storeAll(y, sums, false);
  },

  'conv2d.backward': (operands) => {
    const dy = operands.floats('dy');
    const dx = operands.floatsIfAny('dx');
    if (dx !== undefined) {
      const weight = operands.floats('weight');
      const pixels = operands.scalar('height') * operands.scalar('width');
      const sums = new Float64Array(operands.scalar('batch') * operands.scalar('channels') * pixels);
      eachTap(operands, (output, input, tap) => {
        if (input !== OUTSIDE) sums[input]! += dy[output]! * weight[tap]!;
      });
      storeAll(dx, sums, operands.flag('accumulateX'));
    }
    const { out, positions, size } = outputOf(operands);
    const dweight = operands.floatsIfAny('dweight');
    if (dweight !== undefined) {
      const x = operands.floats('x');
      const area = operands.scalar('kernelHeight') * operands.scalar('kernelWidth');
      const sums = new Float64Array((out * operands.scalar('channels') * area) / operands.scalar('groups'));
      eachTap(operands, (output, input, tap) => {
        sums[tap]! += dy[output]! * (input === OUTSIDE ? 0 : x[input]!);
      });
      storeAll(dweight, sums, operands.flag('accumulateWeight'));
    }
    const dbias = operands.floatsIfAny('dbias');
    if (dbias !== undefined) {
      const sums = new Float64Array(out);
      for (let i = 0; i < size; i++) sums[Math.floor(i / positions) % out]! += dy[i]!;
      storeAll(dbias, sums, operands.flag('accumulateBias'));
    }
  },
};

const OUTSIDE = -1;

function outputOf(operands: Operands) {
  const along = (extent: string, axis: 'Y' | 'X', kernel: string) => {
    const reach = operands.scalar(`dilation${axis}`) * (operands.scalar(kernel) - 1) + 1;
    const padded = operands.scalar(extent) + 2 * operands.scalar(`padding${axis}`);
    return Math.floor((padded - reach) / operands.scalar(`stride${axis}`)) + 1;
  };
  const [outHeight, outWidth] = [along('height', 'Y', 'kernelHeight'), along('width', 'X', 'kernelWidth')];
  const out = operands.scalar('out');
  const positions = outHeight * outWidth;
  return { out, outHeight, outWidth, positions, size: operands.scalar('batch') * out * positions };
}

/** Every product of the convolution: the element of y, of x (or OUTSIDE), and of the weight. */
function eachTap(operands: Operands, visit: (output: number, input: number, tap: number) => void): void {
  const { out, outHeight, outWidth } = outputOf(operands);
  const channels = operands.scalar('channels');
  const [height, width] = [operands.scalar('height'), operands.scalar('width')];
  const ofGroup = channels / operands.scalar('groups');
  const outOfGroup = out / operands.scalar('groups');
  const [kernelHeight, kernelWidth] = [operands.scalar('kernelHeight'), operands.scalar('kernelWidth')];
  const [strideY, strideX] = [operands.scalar('strideY'), operands.scalar('strideX')];
  const [paddingY, paddingX] = [operands.scalar('paddingY'), operands.scalar('paddingX')];
  const [dilationY, dilationX] = [operands.scalar('dilationY'), operands.scalar('dilationX')];
  const planes = operands.scalar('batch') * out;
  for (let plane = 0; plane < planes; plane++) {
    const o = plane % out;
    const firstChannel = Math.floor(plane / out) * channels + Math.floor(o / outOfGroup) * ofGroup;
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++) {
        const output = (plane * outHeight + i) * outWidth + j;
        for (let c = 0; c < ofGroup; c++) {
          for (let k = 0; k < kernelHeight; k++) {
            for (let l = 0; l < kernelWidth; l++) {
              const row = strideY * i - paddingY + dilationY * k;
              const column = strideX * j - paddingX + dilationX * l;
              const inside = row >= 0 && row < height && column >= 0 && column < width;
              const input = inside ? ((firstChannel + c) * height + row) * width + column : OUTSIDE;
              visit(output, input, ((o * ofGroup + c) * kernelHeight + k) * kernelWidth + l);
            }
          }
        }
      }
    }
  }
}
