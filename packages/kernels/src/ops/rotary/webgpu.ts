import { integers, words } from '../../webgpu/dispatch.ts';
import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { fraction64, wide } from '../../webgpu/wide.ts';

/**
 * An angle in float32 is off by 6e-5 at position 1,000, and WGSL has no float64. So a frequency is kept as turns a position with 64
 * bits behind the point; position times that wraps at whole turns, exactly, and what is left of a quarter turn goes to two polynomials.
 */
const rotation = `${wide}
struct Rotation { cosine: f32, sine: f32 }
fn rotation_of(position: i32, low: u32, high: u32) -> Rotation {
  let distance = u32(abs(position));
  let turns = vec2<u32>(wide_product(distance, low).y + distance * high, distance * low);
  let quarter = (turns.x + 0x20000000u) >> 30u;
  let rest = f32(bitcast<i32>(turns.x - (quarter << 30u))) * ${2 ** -32} + f32(turns.y) * ${2 ** -64};
  let a = rest * ${2 * Math.PI};
  let s = a * a;
  var q = fma(s, ${1 / 362880}, ${-1 / 5040});
  q = fma(q, s, ${1 / 120});
  q = fma(q, s, ${-1 / 6});
  let sine = fma(a * s, q, a);
  q = fma(s, ${-1 / 3628800}, ${1 / 40320});
  q = fma(q, s, ${-1 / 720});
  q = fma(q, s, ${1 / 24});
  q = fma(q, s, -0.5);
  let cosine = fma(q, s, 1.0);
  var turned = Rotation(cosine, sine);
  if ((quarter & 1u) == 1u) { turned = Rotation(-sine, cosine); }
  if ((quarter & 2u) == 2u) { turned = Rotation(-turned.cosine, -turned.sine); }
  if (position < 0) { turned.sine = -turned.sine; }
  return turned;
}
`;

export const rotaryWebGpu: WebGpuKernels = {
  'rotary.forward': (command, recording) => {
    const [time, heads, dim] = [command.scalar('time'), command.scalar('heads'), command.scalar('dim')];
    const rotaryDim = command.scalar('rotaryDim');
    const positions = command.bufferIfAny('positions');
    const table = new Uint32Array(Math.max(rotaryDim, 1));
    for (const [pair, frequency] of command.rest().entries()) {
      const { low, high } = fraction64(frequency / (2 * Math.PI));
      table.set([low, high], 2 * pair);
    }
    const half = rotaryDim / 2;
    const [pairOf, step] = command.flag('interleaved') ? ['d / 2u', 1] : ['d % p.pairs', half];
    const second = command.flag('interleaved') ? '(d & 1u) == 1u' : 'd >= p.pairs';
    recording.run({
      count: command.scalar('batch') * time * heads * dim,
      reads: {
        x: command.buffer('x'),
        frequencies: words(recording.table(table)),
        positions: positions && integers(positions),
      },
      writes: { y: command.buffer('y') },
      u32: { time, heads, dim, rotaryDim, pairs: half, step },
      i32: { offset: command.scalar('offset') },
      f32: { sign: command.scalar('sign') },
      functions: rotation,
      body: `let d = i % p.dim;
  var value = x[i];
  if (d < p.rotaryDim) {
    let t = (i / (p.dim * p.heads)) % p.time;
    let pair = ${pairOf};
    let turned = rotation_of(${positions === undefined ? 'p.offset + i32(t)' : 'positions[t]'}, frequencies[2u * pair], frequencies[2u * pair + 1u]);
    let sine = p.sign * turned.sine;
    if (${second}) { value = x[i - p.step] * sine + value * turned.cosine; }
    else { value = value * turned.cosine - x[i + p.step] * sine; }
  }
  y[i] ${command.flag('accumulate') ? '+=' : '='} value;`,
    });
  },
};
