import { expect, test } from 'vitest';
import { readDoubles } from '../../conformance/run.ts';
import { createReferenceBackend } from '../../reference/backend.ts';
import { Tensor } from '../../tensor.ts';
import { hadamard } from './op.ts';

const backend = createReferenceBackend({ precision: 'f64' });

test("the transform of the identity is Sylvester's matrix: H(2n) = [[H, H], [H, -H]]", async () => {
  let sylvester = [[1]];
  for (let order = 1; order <= 32; order *= 2) {
    using identity = Tensor.from(
      backend,
      Float32Array.from({ length: order * order }, (_, i) => (i % (order + 1) === 0 ? 1 : 0)),
      [order, order],
    );
    using transform = hadamard(identity, { factor: 1 });
    expect([...(await readDoubles(transform))]).toEqual(sylvester.flat());
    sylvester = [
      ...sylvester.map((row) => [...row, ...row]),
      ...sylvester.map((row) => [...row, ...row.map((value) => -value)]),
    ];
  }
});

test('twice is the identity', async () => {
  const values = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i));
  using x = Tensor.from(backend, values, [24]);
  using once = hadamard(x);
  using twice = hadamard(once);
  expect([...(await readDoubles(twice))]).toEqual([...values].map((value) => expect.closeTo(value, 14)));
});
