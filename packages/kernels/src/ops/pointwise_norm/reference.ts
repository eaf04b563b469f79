import { type Operands, type ReferenceKernels, store, storeAll } from '../../reference/operands.ts';
import { normalDistribution } from '../gelu/normal.ts';

/** f and its derivatives at one element. */
interface Point {
  readonly f: number;
  readonly dx: number;
  readonly dalpha: number;
  readonly dshift: number;
}

type Form = (x: number, alpha: number, shift: number, width: number) => Point;

/** A function of u = alpha x + shift. */
const ofLine =
  (f: (u: number) => number, slope: (u: number) => number): Form =>
  (x, alpha, shift) => {
    const u = alpha * x + shift;
    return { f: f(u), dx: slope(u) * alpha, dalpha: slope(u) * x, dshift: slope(u) };
  };

const forms: Readonly<Record<string, Form>> = {
  erf: ofLine(erf, (u) => (2 / Math.sqrt(Math.PI)) * Math.exp(-u * u)),
  isru: ofLine(
    (u) => (Number.isFinite(u) ? u / Math.hypot(1, u) : Math.sign(u)),
    (u) => Math.hypot(1, u) ** -3,
  ),
  clip: ofLine(
    (u) => Math.min(Math.max(u, -1), 1),
    (u) => (u > -1 && u < 1 ? 1 : 0),
  ),
  eln: (x, c, _, width) => {
    const root = Math.hypot(x, Math.sqrt(c));
    const factor = Math.sqrt(width);
    return {
      f: factor * (Number.isFinite(x) ? x / root : Math.sign(x)),
      dx: (factor * c) / root ** 3,
      dalpha: ((-factor / 2) * x) / root ** 3,
      dshift: 0,
    };
  },
};

export const pointwiseNormReference: ReferenceKernels = Object.fromEntries(
  Object.entries(forms).flatMap(([name, form]) => [
    [`pointwise_norm_${name}.forward`, (operands: Operands) => forward(operands, form)],
    [`pointwise_norm_${name}.backward`, (operands: Operands) => backward(operands, form)],
  ]),
);

function forward(operands: Operands, form: Form): void {
  const gain = operands.floatsIfAny('gain');
  const bias = operands.floatsIfAny('bias');
  const y = operands.floats('y');
  eachPoint(operands, form, (at, i, { f }) => {
    y[at] = f * (gain?.[i] ?? 1) + (bias?.[i] ?? 0);
  });
}

function backward(operands: Operands, form: Form): void {
  const dy = operands.floats('dy');
  const gain = operands.floatsIfAny('gain');
  const dx = operands.floatsIfAny('dx');
  const accumulateX = operands.flag('accumulateX');
  const width = operands.scalar('width');
  const perChannel = operands.flag('perChannel');
  const dalpha = new Float64Array(perChannel ? width : 1);
  const dshift = new Float64Array(perChannel ? width : 1);
  const dgain = new Float64Array(width);
  const dbias = new Float64Array(width);
  eachPoint(operands, form, (at, i, point) => {
    const g = dy[at]! * (gain?.[i] ?? 1);
    if (dx !== undefined) store(dx, at, g * point.dx, accumulateX);
    dalpha[perChannel ? i : 0]! += g * point.dalpha;
    dshift[perChannel ? i : 0]! += g * point.dshift;
    dgain[i]! += dy[at]! * point.f;
    dbias[i]! += dy[at]!;
  });
  storeAll(operands.floatsIfAny('dalpha'), dalpha, operands.flag('accumulateAlpha'));
  storeAll(operands.floatsIfAny('dshift'), dshift, operands.flag('accumulateShift'));
  storeAll(operands.floatsIfAny('dgain'), dgain, operands.flag('accumulateGain'));
  storeAll(operands.floatsIfAny('dbias'), dbias, operands.flag('accumulateBias'));
}

function eachPoint(operands: Operands, form: Form, visit: (at: number, column: number, point: Point) => void): void {
  const x = operands.floats('x');
  const alpha = operands.floats('alpha');
  const shift = operands.floatsIfAny('shift');
  const rows = operands.scalar('rows');
  const width = operands.scalar('width');
  const perChannel = operands.flag('perChannel');
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < width; i++) {
      const at = r * width + i;
      const own = perChannel ? i : 0;
      visit(at, i, form(x[at]!, alpha[own]!, shift?.[own] ?? 0, width));
    }
  }
}

/** erf, to about 1e-15 of its value: a series near 0, Phi further out. */
function erf(u: number): number {
  if (Math.abs(u) > 1) return Math.sign(u) * (1 - 2 * normalDistribution(-Math.abs(u) * Math.SQRT2));
  let term = u;
  let sum = u;
  for (let n = 1; n < 40; n++) {
    term *= (-u * u) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
