import type { Slot } from '../webgpu/buffers.ts';
import type { Command } from './command.ts';
import { poolSizes } from './pools.ts';

/** The sizes of a pool as members of `p`. */
export function poolScalars(command: Command<Slot>): Record<string, number> {
  return Object.fromEntries(poolSizes.map((name) => [name, command.scalar(name)]));
}

export function countOf(command: Command<Slot>, side: 'input' | 'output'): number {
  const names = side === 'input' ? ['height', 'width'] : ['outHeight', 'outWidth'];
  return names.reduce((count, name) => count * command.scalar(name), command.scalar('planes'));
}

/** WGSL: the window of output `at`: rows top .. bottom, columns left .. right, and its elements with the padding that it covers. */
export const windowOfOutput = `
struct Window { plane: u32, top: u32, bottom: u32, left: u32, right: u32, padded: f32 }
fn window_of(at: u32) -> Window {
  let j = at % p.outWidth;
  let i = at / p.outWidth % p.outHeight;
  let end_y = min(i * p.strideY + p.kernelHeight, p.height + 2u * p.paddingY); // counted from the padding's first row
  let end_x = min(j * p.strideX + p.kernelWidth, p.width + 2u * p.paddingX);
  let padded = (end_y - i * p.strideY) * (end_x - j * p.strideX);
  return Window(
    at / p.outWidth / p.outHeight,
    max(i * p.strideY, p.paddingY) - p.paddingY, min(max(end_y, p.paddingY) - p.paddingY, p.height),
    max(j * p.strideX, p.paddingX) - p.paddingX, min(max(end_x, p.paddingX) - p.paddingX, p.width),
    f32(padded),
  );
}
`;

/** WGSL: for every output whose window sees input i, `use` of its index `at`; row, column and plane are i's. */
export const eachOutput = (use: string): string => `let column = i % p.width;
  let row = i / p.width % p.height;
  let plane = i / p.width / p.height;
  let y = row + p.paddingY;
  let x = column + p.paddingX;
  var first_y = 0u;
  if (y >= p.kernelHeight) { first_y = (y - p.kernelHeight) / p.strideY + 1u; }
  var first_x = 0u;
  if (x >= p.kernelWidth) { first_x = (x - p.kernelWidth) / p.strideX + 1u; }
  for (var out_y = first_y; out_y < p.outHeight && out_y * p.strideY <= y; out_y++) {
    for (var out_x = first_x; out_x < p.outWidth && out_x * p.strideX <= x; out_x++) {
      let at = (plane * p.outHeight + out_y) * p.outWidth + out_x;
      ${use}
    }
  }`;
