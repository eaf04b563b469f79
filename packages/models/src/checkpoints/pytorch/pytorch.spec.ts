import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { storedZip } from '../../../test/fuzz/stored-zip.ts';
import { ModelError } from '../../model-error.ts';
import { readStateDict } from './state-dict.ts';
import { unpickle } from './unpickle.ts';
import { readStoredZip } from './zip.ts';

const encoder = new TextEncoder();

function joined(parts: readonly (string | Uint8Array | readonly number[])[]): Uint8Array {
  const bytes = parts.flatMap((part) => [...(typeof part === 'string' ? encoder.encode(part) : part)]);
  return Uint8Array.from(bytes);
}

const u32 = (value: number) => [0, 8, 16, 24].map((shift) => (value >>> shift) & 255);
const text = (value: string) => ['X', u32(value.length), value] as const;

interface Described {
  readonly storage?: string;
  readonly size?: number;
  readonly offset?: number;
  readonly shape?: readonly number[];
  readonly strides?: readonly number[];
}

/** The pickle of one tensor 'w' of six floats, as PyTorch writes it. */
function pickle({ storage = 'FloatStorage', size = 6, offset = 0, shape = [2, 3], strides = [3, 1] }: Described = {}) {
  const integers = (values: readonly number[]) => ['(', ...values.flatMap((value) => ['J', u32(value)]), 't'];
  return joined([
    [0x80, 2],
    'ccollections\nOrderedDict\n)Rq\x00(',
    ...text('w'),
    'ctorch._utils\n_rebuild_tensor_v2\n((',
    ...text('storage'),
    `ctorch\n${storage}\n`,
    ...text('0'),
    ...text('cpu'),
    'J',
    u32(size),
    'tQ',
    'J',
    u32(offset),
    ...integers(shape),
    ...integers(strides),
    [0x89],
    'ccollections\nOrderedDict\n)RtRu}',
    ...text('_metadata'),
    'Nsb.',
  ] as (string | readonly number[])[]);
}

const floats = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
const stateDict = (described?: Described, data = floats) =>
  storedZip({ 'model/data.pkl': pickle(described), 'model/data/0': data });

describe('PyTorch state dictionaries', () => {
  test('give their tensors, transposed views and views into a larger storage too', () => {
    expect(readStateDict(stateDict()).get('w')).toEqual({ shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
    const turned = readStateDict(stateDict({ shape: [3, 2], strides: [1, 3] })).get('w')!;
    expect([...turned.data]).toEqual([1, 4, 2, 5, 3, 6]);
    const part = readStateDict(stateDict({ offset: 4, shape: [2], strides: [1] })).get('w')!;
    expect([...part.data]).toEqual([5, 6]);
    expect(readStateDict(stateDict({ shape: [0, 3] })).get('w')!.data).toHaveLength(0);
  });

  test.each<[string, Uint8Array, string]>([
    ['that are no archive', encoder.encode('PK, but no more'), 'no zip archive'],
    ['cut short', stateDict().subarray(0, -1), 'no zip archive, or truncated'],
    ['with compressed files', storedZip({ 'model/data.pkl': pickle(), 'model/data/0': floats }, 8), 'is compressed'],
    ['without a pickle', storedZip({ 'model/version': encoder.encode('3') }), "no 'data.pkl'"],
    ['whose storage is missing', storedZip({ 'model/data.pkl': pickle() }), "the storage '0', which is not there"],
    ['whose storage has another size', stateDict({}, floats.subarray(4)), 'must have 24 bytes, it has 20'],
    ['with an unknown element type', stateDict({ storage: 'QInt8Storage' }), "names 'torch.QInt8Storage'"],
    ['that reach beyond the storage', stateDict({ offset: 1 }), 'reaches beyond its storage of 6'],
    ['with strides beyond the storage', stateDict({ strides: [6, 1] }), 'reaches beyond its storage of 6'],
    ['with a shape that would fill the memory', stateDict({ shape: [1 << 30], strides: [0] }), 'many more elements'],
    ['with another number of strides', stateDict({ strides: [1] }), 'no proper shape and strides'],
    [
      'in big-endian order',
      storedZip({ 'm/data.pkl': pickle(), 'm/byteorder': encoder.encode('big') }),
      'not little-endian',
    ],
  ])('%s are refused', (_, file, message) => {
    expect(() => readStateDict(file)).toThrow(
      expect.objectContaining({ code: 'bad-checkpoint', message: expect.stringContaining(message) }),
    );
  });

  test('that would run something are refused, and nothing runs', () => {
    const attacks = [
      'cos\nsystem\n(Vecho\ntR.',
      'cbuiltins\neval\n(',
      'c__main__\nModel\n)R.',
      'cbuiltins\ngetattr\n(',
    ];
    for (const attack of attacks) {
      const file = storedZip({ 'model/data.pkl': joined([[0x80, 2], attack]), 'model/data/0': floats });
      expect(() => readStateDict(file)).toThrow(/it names '.*', which is not among the allowed/);
    }
    expect(() => unpickle(joined([[0x80, 2], 'Vtext\n.']), 'pickle')).toThrow('the instruction 0x56');
    expect(() => unpickle(joined([[0x80, 2], 'i']), 'pickle')).toThrow('the instruction 0x69');
  });

  test('whose archive overlaps itself are refused', () => {
    const file = stateDict();
    const second = file.lastIndexOf(0x50); // the end record's P; the directory stands before it
    const view = new DataView(file.buffer);
    const directory = view.getUint32(second + 16, true);
    const entry = directory + 46 + 'model/data.pkl'.length;
    view.setUint32(entry + 42, 0, true);
    expect(() => readStoredZip(file, 'archive')).toThrow(/overlaps|there twice|does not fit/);
  });

  test('no damage of a byte or of the length does more than a clear error', () => {
    const good = stateDict();
    fc.assert(
      fc.property(
        fc.nat(good.length - 1),
        fc.nat(255),
        fc.integer({ min: 1, max: good.length }),
        (at, byte, length) => {
          const damaged = Uint8Array.from(length % 3 === 0 ? good.subarray(0, length) : good);
          if (at < damaged.length) damaged[at] = byte;
          try {
            readStateDict(damaged);
          } catch (error) {
            expect(error).toBeInstanceOf(ModelError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
