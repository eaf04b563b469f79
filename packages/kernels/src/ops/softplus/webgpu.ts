import { unaryWebGpu } from '../elementwise_webgpu.ts';

/** log(1 + e) for e in 0 .. 1 is 2 artanh(e / (2 + e)): no sum cancels, and far down it is e. */
const functions = `
fn softplus(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  let e = exponential(-abs(x));
  let t = e / (2.0 + e);
  let s = t * t;
  var q = fma(s, 0.0588235296, 0.0666666701);
  q = fma(q, s, 0.0769230798);
  q = fma(q, s, 0.0909090936);
  q = fma(q, s, 0.111111112);
  q = fma(q, s, 0.142857149);
  q = fma(q, s, 0.200000003);
  q = fma(q, s, 0.333333343);
  return max(x, 0.0) + 2.0 * fma(t * s, q, t);
}
`;

export const softplusWebGpu = unaryWebGpu('softplus', 'x', 'return softplus(x);', 'return sigmoid(x);', { functions });
