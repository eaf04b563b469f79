import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { wide } from '../../webgpu/wide.ts';

/** Philox4x32 with 10 rounds. */
const philox = `${wide}
fn philox(block: vec2<u32>) -> vec4<u32> {
  var c = vec4<u32>(block.x, block.y, p.streamLow, p.streamHigh);
  var k = vec2<u32>(p.seedLow, p.seedHigh);
  for (var round = 0u; round < 10u; round++) {
    let p0 = wide_product(0xd2511f53u, c.x);
    let p1 = wide_product(0xcd9e8d57u, c.z);
    c = vec4<u32>(p1.y ^ c.y ^ k.x, p1.x, p0.y ^ c.w ^ k.y, p0.x);
    k += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}
`;

export const dropoutWebGpu: WebGpuKernels = {
  /** An invocation for each block of four draws, or, where a draw is for a row, for each element. */
  'dropout.forward': (command, recording) => {
    const [draws, width, skip] = [command.scalar('draws'), command.scalar('width'), command.scalar('skip')];
    const names = ['threshold', 'seedLow', 'seedHigh', 'streamLow', 'streamHigh', 'blockLow', 'blockHigh'];
    const u32 = {
      ...Object.fromEntries(names.map((name) => [name, command.scalar(name)])),
      draws,
      width,
      skip,
    };
    const store = command.flag('accumulate') ? '+=' : '=';
    const drawn = (place: string) => `philox(wide_sum(vec2<u32>(p.blockLow, p.blockHigh), vec2<u32>(${place}, 0u)))`;
    const put = (at: string, word: string) =>
      `y[${at}] ${store} select(0.0, x[${at}] * p.factor, (${word} >> 8u) >= p.threshold);`;
    recording.run({
      count: width === 1 ? Math.ceil((draws + skip) / 4) : draws * width,
      reads: { x: command.buffer('x') },
      writes: { y: command.buffer('y') },
      u32,
      f32: { factor: command.scalar('factor') },
      functions: philox,
      body:
        width === 1
          ? `let words = ${drawn('i')};
  for (var w = 0u; w < 4u; w++) {
    let place = i * 4u + w;
    if (place >= p.skip && place - p.skip < p.draws) { let at = place - p.skip; ${put('at', 'words[w]')} }
  }`
          : `let place = i / p.width + p.skip;
  let words = ${drawn('place / 4u')};
  ${put('i', 'words[place % 4u]')}`,
    });
  },
};
