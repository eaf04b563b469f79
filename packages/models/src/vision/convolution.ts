import { concat, embedding, Tensor } from '@claimbench/kernels';
import type { ParameterValues } from '../decoder/parameters.ts';

/** A square window that moves over an image, with zeros around it: `kernel` odd, padded by half of it. */
export interface Window {
  readonly kernel: number;
  readonly stride: number;
}

/**
 * What each position of a convolution sees: x `[batch, height, width, channels]` to
 * `[batch, outHeight, outWidth, kernel * kernel * channels]`, window rows first, then columns, then channels. A convolution is a linear
 * of these, so that whatever replaces a linear replaces a convolution too.
 */
export function windowsOf(x: Tensor, { kernel, stride }: Window): Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const outHeight = Math.ceil(height / stride);
  const outWidth = Math.ceil(width / stride);
  if (kernel === 1 && stride === 1) return x;
  const reach = (kernel - 1) / 2;
  const outside = batch * height * width;
  const rows = new Int32Array(batch * outHeight * outWidth * kernel * kernel);
  let at = 0;
  for (let image = 0; image < batch; image++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      for (let outColumn = 0; outColumn < outWidth; outColumn++) {
        for (let dy = -reach; dy <= reach; dy++) {
          for (let dx = -reach; dx <= reach; dx++) {
            const [row, column] = [outRow * stride + dy, outColumn * stride + dx];
            const inside = row >= 0 && row < height && column >= 0 && column < width;
            rows[at++] = inside ? (image * height + row) * width + column : outside;
          }
        }
      }
    }
  }
  const pixels = x.reshape([outside, channels]);
  const padded = concat([pixels, Tensor.zeros(x.backend, [1, channels])], 0);
  const seen = embedding(Tensor.from(x.backend, rows, [rows.length]), padded);
  return seen.reshape([batch, outHeight, outWidth, kernel * kernel * channels]);
}

/** PyTorch's `[out, in, height, width]` as the weight `[out, height * width * in]` of a linear over windows. */
export function windowWeight({ shape, data }: ParameterValues): ParameterValues {
  const [out, inputs, height, width] = shape as [number, number, number, number];
  const area = height * width;
  const turned = new Float32Array(data.length);
  for (let row = 0; row < out; row++) {
    for (let input = 0; input < inputs; input++) {
      for (let place = 0; place < area; place++) {
        turned[(row * area + place) * inputs + input] = data[(row * inputs + input) * area + place]!;
      }
    }
  }
  return { shape: [out, area * inputs], data: turned };
}
