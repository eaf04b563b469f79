import { RandomStream, randomNormal, sizeOfShape } from '@claimbench/kernels';
import { namedStream, RANDOM_STREAMS } from '../random-streams.ts';
import type { ParameterSpec } from './parameters.ts';

/** First values of a parameter. They depend on the seed, the parameter's name and its size, never on the rest of the model. */
export function initialValues(spec: ParameterSpec, seed: number): Float32Array {
  const { name, shape, initial } = spec;
  const size = sizeOfShape(shape);
  if (initial.kind === 'constant') return new Float32Array(size).fill(initial.value);
  const stream = new RandomStream(seed, namedStream(RANDOM_STREAMS.weights, name));
  return randomNormal(stream, size, 0, initial.standardDeviation);
}
