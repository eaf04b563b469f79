import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { fraction64, wide } from '../../webgpu/wide.ts';
import { unaryWebGpu } from '../elementwise_webgpu.ts';

const linear = 2 * Math.sqrt(2 / Math.PI);
const cubic = 0.044715 * linear;
const linearStep = fraction64(linear / 64 / Math.LN2);
const cubicStep = fraction64(cubic / 64 ** 3 / Math.LN2);

/**
 * x gate(x), gate(x) = (1 + tanh u) / 2 = 1 / (1 + exp(-2u)). The exponential magnifies an error of 2u by |2u|, so x is split into n/64 + d: the
 * part of 2u that belongs to n is computed in integers, as a multiple of ln 2 with 64 bits behind the point.
 */
const gate = `${wide}
struct Gated { gate: f32, value: f32 }
fn gated(x: f32) -> Gated {
  if (is_nan(x)) { return Gated(x, x); }
  let a = min(abs(x), 11.5); // beyond, the gate is 0 or 1
  let n = u32(a * 64.0 + 0.5);
  let q = f32(n) * 0.015625;
  let d = a - q;
  let extra = d * (${linear} + ${cubic} * (3.0 * q * q + d * (3.0 * q + d)));
  let line = wide_sum(wide_product(n, ${linearStep.high}u), vec2<u32>(wide_product(n, ${linearStep.low}u).y, 0u));
  let cube = n * n * n;
  let curve = wide_sum(wide_product(cube, ${cubicStep.high}u), vec2<u32>(wide_product(cube, ${cubicStep.low}u).y, 0u));
  let twos = wide_sum(line, curve); // 2u / ln 2: whole part in y, fraction in x
  let power = i32(twos.y + (twos.x >> 31u));
  let rest = f32(bitcast<i32>(twos.x)) * ${Math.LN2 / 2 ** 32};
  let half = power >> 1u;
  let m = exponential(-rest - extra);
  let e = m * power_of_two(-half) * power_of_two(half - power);
  if (x >= 0.0) { return Gated(1.0 / (1.0 + e), x / (1.0 + e)); }
  // the gate may be too small for a normal number where x times it is not
  if (x == -p.infinity) { return Gated(0.0, p.nan); } // as 0 times infinity, which a compiler may fold
  let value = max(x, -24.0) * m * power_of_two(-half) * power_of_two(half - power);
  return Gated(e / (1.0 + e), value / (1.0 + e));
}
`;

/** Value and derivative of the two forms: bodies of WGSL functions of x, and what they call. */
export const geluErf = {
  value: 'return x * normal(x).cdf;',
  slope: 'let at = normal(x); return at.cdf + x * at.density;',
};
export const geluTanh = {
  value: 'return gated(x).value;',
  slope: `let s = gated(x).gate; let c = clamp(x, -24.0, 24.0); return s + c * s * (1.0 - s) * (${linear} + ${3 * cubic} * c * c);`,
  functions: gate,
};

export const geluWebGpu: WebGpuKernels = {
  ...unaryWebGpu('gelu_erf', 'x', geluErf.value, geluErf.slope),
  ...unaryWebGpu('gelu_tanh', 'x', geluTanh.value, geluTanh.slope, geluTanh),
};
