import { numbersOf, readSafetensors, type StoredTensor } from '@claimbench/models';
import { z } from 'zod';

/** An array of a golden file: its data inside the file, or the name of a tensor beside it. */
const Values = z.union([
  z.object({ shape: z.array(z.number()), data: z.array(z.number()) }),
  z.object({ shape: z.array(z.number()), tensor: z.string() }),
]);

const Case = z.looseObject({
  id: z.string(),
  params: z.record(z.string(), z.unknown()).default({}),
  inputs: z.record(z.string(), z.unknown()),
  outputs: z.record(z.string(), z.unknown()),
});

const Manifest = z.looseObject({ slug: z.string(), cases: z.array(Case) });

export interface GoldenArray {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** One case of a golden file; every read names what is missing. */
export class GoldenCase {
  readonly id: string;
  readonly #file: string;
  readonly #case: z.infer<typeof Case>;
  readonly #tensors: ReadonlyMap<string, StoredTensor>;

  constructor(file: string, given: z.infer<typeof Case>, tensors: ReadonlyMap<string, StoredTensor>) {
    this.id = given.id;
    this.#file = file;
    this.#case = given;
    this.#tensors = tensors;
  }

  number(part: 'params' | 'outputs', name: string): number {
    const value = this.#case[part][name];
    if (typeof value === 'number') return value;
    throw this.#malformed(part, name, 'a number');
  }

  text(name: string): string {
    const value = this.#case.params[name];
    if (typeof value === 'string') return value;
    throw this.#malformed('params', name, 'text');
  }

  flag(name: string): boolean {
    const value = this.#case.params[name];
    if (typeof value === 'boolean') return value;
    throw this.#malformed('params', name, 'true or false');
  }

  has(part: 'inputs' | 'outputs' | 'params', name: string): boolean {
    return this.#case[part][name] != null;
  }

  array(part: 'inputs' | 'outputs' | 'params', name: string): GoldenArray {
    const values = Values.safeParse(this.#case[part][name]);
    if (!values.success) throw this.#malformed(part, name, 'an array');
    if ('data' in values.data) return values.data;
    const tensor = this.#tensors.get(values.data.tensor);
    if (!tensor) throw this.#malformed(part, name, `the tensor ${values.data.tensor} beside it`);
    return { shape: values.data.shape, data: [...numbersOf(tensor)] };
  }

  floats(part: 'inputs' | 'outputs', name: string): Float32Array {
    return Float32Array.from(this.array(part, name).data);
  }

  #malformed(part: string, name: string, expected: string): Error {
    return new TypeError(`${this.#file}, case ${this.id}: ${part}.${name} should be ${expected}`);
  }
}

/** The cases of a golden file and the safetensors file that belongs to it. Throws TypeError where they are not what they should be. */
export function goldenCases(manifest: unknown, tensors: Uint8Array | undefined): { slug: string; cases: GoldenCase[] } {
  const parsed = Manifest.safeParse(manifest);
  if (!parsed.success) throw new TypeError(`a golden file of techniques: ${z.prettifyError(parsed.error)}`);
  const { slug, cases } = parsed.data;
  const stored = tensors === undefined ? new Map<string, StoredTensor>() : readSafetensors(tensors, slug).tensors;
  return { slug, cases: cases.map((one) => new GoldenCase(slug, one, stored)) };
}
