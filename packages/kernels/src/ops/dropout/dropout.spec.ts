import { expect, test } from 'vitest';
import { RandomStream } from '../../random/random.ts';
import { createReferenceBackend } from '../../reference/backend.ts';
import { Tensor } from '../../tensor.ts';
import { dropPath } from '../drop_path/op.ts';
import { dropout } from './op.ts';

test.each([0, 1, 6, 4 * 2 ** 32 - 2])('elements are kept as a random stream at position %i says', async (position) => {
  const backend = createReferenceBackend();
  using x = Tensor.full(backend, [21, 2], 3);
  const options = { rate: 0.3, seed: 2 ** 35 + 1, stream: 2 ** 34 + 9, position };
  const stream = new RandomStream(options.seed, options.stream);
  stream.position = position;
  const factors = Array.from({ length: 42 }, () => (stream.nextUniform() >= 0.3 ? Math.fround(1 / 0.7) : 0));
  using single = dropout(x, options);
  expect([...(await single.readFloats())]).toEqual(factors.map((factor) => Math.fround(3 * factor)));
  using rows = dropPath(x, options);
  const expected = factors.slice(0, 21).flatMap((factor) => [3 * factor, 3 * factor]);
  expect([...(await rows.readFloats())]).toEqual(expected.map(Math.fround));
  backend.close();
});
