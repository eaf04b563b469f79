import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, hashOf, type Json, sha256Hex } from './canonical-json.ts';

const json = fc.jsonValue() as fc.Arbitrary<Json>;

function shuffled(value: Json): Json {
  if (Array.isArray(value)) return value.map(shuffled);
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([k, v]) => [k, shuffled(v)]),
    );
  return value;
}

describe('canonical JSON', () => {
  it('is JSON for the same value', () => {
    fc.assert(
      fc.property(json, (value) => {
        // -0 is the one number that JSON text does not keep.
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(shuffled(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it('leaves out undefined and refuses what JSON cannot hold', () => {
    expect(canonicalJson({ b: 1, a: undefined })).toBe('{"b":1}');
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 1n, () => 1, [undefined]])
      expect(() => canonicalJson(bad)).toThrow(TypeError);
  });

  it('hashes as SHA-256 does everywhere', async () => {
    // The test vector of FIPS 180-2, appendix B.1.
    expect(await sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(await hashOf({ b: 1, a: 2 })).toBe(await sha256Hex('{"a":2,"b":1}'));
  });
});
