import { createReferenceBackend } from '@claimbench/kernels';
import { describe, expect, test } from 'vitest';
import { fuzzedFormats } from './formats.ts';
import { fuzz } from './fuzz.ts';

// the long form is the script `fuzz` of this package
describe.each(fuzzedFormats())('$name', (format) => {
  test('loads as it is', () => {
    const backend = createReferenceBackend();
    format.load(format.good, backend);
    expect(backend.liveBuffers).toBe(0);
  });

  test('damaged in 200 ways loads, or is refused with a clear error, and takes no memory for what is not there', () => {
    const seed = 20_261;
    const result = fuzz(format, 200, seed);
    expect(result.violations, `seed ${seed}`).toEqual([]);
    expect(result.refused).toBeGreaterThan(10);
  });
});
