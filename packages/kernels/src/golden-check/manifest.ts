import { KernelError } from '../errors.ts';
import { isRecord, parseSafetensors, type StoredTensor } from './safetensors.ts';

/** One case of a golden manifest, with its tensors by role (the part of their name after the case's id). */
export interface GoldenCase {
  readonly op: string;
  readonly id: string;
  readonly params: Params;
  readonly inputs: ReadonlyMap<string, StoredTensor>;
  readonly outputs: ReadonlyMap<string, StoredTensor>;
  /** By the role of the input. */
  readonly grads: ReadonlyMap<string, StoredTensor>;
  /** By the role of the output. */
  readonly cotangents: ReadonlyMap<string, StoredTensor>;
  /** The error of PyTorch's own float32 kernel: by output role, or `grad.` and input role. */
  readonly float32Error: ReadonlyMap<string, number>;
}

/** A case's parameters, read with the type that is expected. */
export class Params {
  readonly #values: Record<string, unknown>;

  constructor(values: Record<string, unknown>) {
    this.#values = values;
  }

  number(name: string): number {
    const value = this.#values[name];
    if (typeof value === 'number') return value;
    throw this.#fault(name, 'a number');
  }

  /** Undefined for null and for an absent parameter. */
  numberIfAny(name: string): number | undefined {
    return this.#values[name] === null || this.#values[name] === undefined ? undefined : this.number(name);
  }

  numbers(name: string): readonly number[] {
    const value = this.#values[name];
    if (Array.isArray(value) && value.every((item) => typeof item === 'number')) return value;
    throw this.#fault(name, 'a list of numbers');
  }

  numberOrNumbers(name: string): number | readonly number[] {
    return typeof this.#values[name] === 'number' ? this.number(name) : this.numbers(name);
  }

  flag(name: string): boolean {
    const value = this.#values[name];
    if (typeof value === 'boolean') return value;
    throw this.#fault(name, 'true or false');
  }

  text(name: string): string {
    const value = this.#values[name];
    if (typeof value === 'string') return value;
    throw this.#fault(name, 'a text');
  }

  #fault(name: string, expected: string): KernelError {
    return new KernelError('invalid-argument', `parameter ${name} is not ${expected}: ${JSON.stringify(this.#values)}`);
  }
}

/** The cases of one manifest and its tensors. */
export function readCases(manifest: Record<string, unknown>, tensorFile: Uint8Array): GoldenCase[] {
  const tensors = parseSafetensors(tensorFile);
  if (!Array.isArray(manifest.cases)) throw malformed('has no list of cases');
  return manifest.cases.map((entry: unknown) => readCase(entry, tensors));
}

function readCase(entry: unknown, tensors: ReadonlyMap<string, StoredTensor>): GoldenCase {
  if (!isRecord(entry) || typeof entry.op !== 'string' || typeof entry.id !== 'string') {
    throw malformed(`has a case without op and id: ${JSON.stringify(entry)}`);
  }
  const { op, id } = entry;
  const lookUp = (name: unknown): StoredTensor => {
    const tensor = typeof name === 'string' ? tensors.get(name) : undefined;
    if (tensor === undefined) throw malformed(`names a tensor that its file does not hold: ${String(name)} of ${id}`);
    return tensor;
  };
  const roleOf = (name: string) => name.slice(id.length + 1);
  const byRole = (names: unknown) =>
    new Map((Array.isArray(names) ? names : []).map((name: unknown) => [roleOf(String(name)), lookUp(name)]));
  const byOwner = (record: unknown) =>
    new Map(Object.entries(isRecord(record) ? record : {}).map(([owner, name]) => [roleOf(owner), lookUp(name)]));
  const errors = isRecord(entry.torch_f32_error) ? Object.entries(entry.torch_f32_error) : [];
  return {
    op,
    id,
    params: new Params(isRecord(entry.params) ? entry.params : {}),
    inputs: byRole(entry.inputs),
    outputs: byRole(entry.outputs),
    grads: byOwner(entry.grads),
    cotangents: byOwner(entry.cotangents),
    float32Error: new Map(errors.map(([role, error]) => [role, Number(error)])),
  };
}

function malformed(what: string): KernelError {
  return new KernelError('invalid-argument', `the golden manifest ${what}`);
}
