import type { TechniqueDescriptor } from '@claimbench/contracts';
import { z } from 'zod';

export type Json = TechniqueDescriptor['grid'][string][number];

/** One parameter of a technique as the form shows it, read from the technique's own JSON Schema. */
export interface ParameterField {
  name: string;
  title: string;
  description: string | null;
  /** number: one number; choice: one of a few values; list: numbers; json: anything else, typed as JSON. */
  kind: 'number' | 'choice' | 'list' | 'json';
  integer: boolean;
  minimum: number | null;
  maximum: number | null;
  nullable: boolean;
  /** Values of a choice, in the schema's order. */
  options: Json[];
  /** undefined: the schema names no default. */
  default: Json | undefined;
  /** Values that the technique proposes for a grid; empty: none. */
  proposed: Json[];
  /** What is wrong with a value, in words; null when it is right. */
  check(value: Json): string | null;
}

interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: Json;
  enum?: Json[];
  const?: Json;
  anyOf?: Schema[];
  items?: Schema;
  minimum?: number;
  maximum?: number;
}

type Described = Pick<TechniqueDescriptor, 'parametersSchema' | 'grid'>;

/** A form reads its fields with every key that is pressed; schemas are compiled once. */
const known = new WeakMap<Described, ParameterField[]>();

/** Fields in the order in which the schema names them. */
export function parameterFields(technique: Described): ParameterField[] {
  const fields = known.get(technique) ?? readFields(technique);
  known.set(technique, fields);
  return fields;
}

function readFields(technique: Described): ParameterField[] {
  const { properties } = technique.parametersSchema;
  if (!isRecord(properties)) return [];
  return Object.entries(properties).map(([name, given]) => {
    const schema: Schema = isRecord(given) ? given : {};
    const form = formOf(schema);
    // bounds, steps and lengths are checked by the schema itself, not by a second reading of it
    const validator = z.fromJSONSchema(isRecord(given) ? given : {});
    return {
      name,
      title: schema.title ?? spacedOut(name),
      description: schema.description ?? null,
      default: schema.default,
      proposed: technique.grid[name] ?? [],
      ...form,
      check: (value) => {
        const result = validator.safeParse(value);
        return result.success ? null : issueWords(result.error);
      },
    };
  });
}

type Form = Pick<ParameterField, 'kind' | 'integer' | 'minimum' | 'maximum' | 'nullable' | 'options'>;

function formOf(schema: Schema): Form {
  const types = schema.type === undefined ? [] : [schema.type].flat();
  const nullable =
    types.includes('null') || (schema.anyOf ?? []).some((one) => one.type === 'null' || one.const === null);
  const form: Form = { kind: 'json', integer: false, minimum: null, maximum: null, nullable, options: [] };
  if (schema.enum) return { ...form, kind: 'choice', options: schema.enum };
  const alternatives = schema.anyOf?.filter((one) => one.type !== 'null');
  if (alternatives && alternatives.length > 0) {
    const constants = alternatives.flatMap((one) => (one.const === undefined ? (one.enum ?? []) : [one.const]));
    const allConstant = alternatives.every((one) => one.const !== undefined || one.enum !== undefined);
    if (allConstant) return { ...form, kind: 'choice', options: nullable ? [...constants, null] : constants };
    const [only] = alternatives;
    return alternatives.length === 1 && only ? { ...formOf(only), nullable } : form;
  }
  const type = types.find((one) => one !== 'null');
  if (type === 'boolean') return { ...form, kind: 'choice', options: [true, false] };
  if (type === 'integer' || type === 'number') {
    return {
      ...form,
      kind: 'number',
      integer: type === 'integer',
      minimum: bound(schema.minimum),
      maximum: bound(schema.maximum),
    };
  }
  const item = schema.items?.type;
  if (type === 'array' && (item === 'integer' || item === 'number')) {
    return { ...form, kind: 'list', integer: item === 'integer' };
  }
  return form;
}

/** JSON Schema prints "no bound" of integers as the largest safe one. */
function bound(value: number | undefined): number | null {
  return value === undefined || Math.abs(value) >= Number.MAX_SAFE_INTEGER ? null : value;
}

/** A value as a person types it. */
export function printValue(field: Pick<ParameterField, 'kind'>, value: Json): string {
  if (value === null && field.kind !== 'choice' && field.kind !== 'json') return '';
  switch (field.kind) {
    case 'number':
      return String(value);
    case 'list':
      return Array.isArray(value) ? value.join(', ') : JSON.stringify(value);
    case 'choice':
    case 'json':
      return JSON.stringify(value);
  }
}

/** How a choice's value reads: text bare, booleans as yes and no. */
export function choiceLabel(value: Json): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return value === null ? 'none' : JSON.stringify(value);
}

export type Read<T> = { value: T; error: null } | { value: null; error: string };
const good = <T>(value: T): Read<T> => ({ value, error: null });
const bad = (error: string): Read<never> => ({ value: null, error });

/** One value from its text; the error says what was expected. */
export function readValue(field: ParameterField, text: string): Read<Json> {
  const parsed = parse(field, text.trim());
  if (parsed.error !== null) return parsed;
  const problem = field.check(parsed.value);
  return problem === null ? parsed : bad(problem);
}

function parse(field: ParameterField, text: string): Read<Json> {
  switch (field.kind) {
    case 'number': {
      if (text === '') return field.nullable ? good(null) : bad(`Expected ${expected(field)}`);
      const value = Number(text);
      return Number.isFinite(value) ? good(value) : bad(`Expected ${expected(field)}, found “${text}”`);
    }
    case 'list': {
      const parts = text.split(/[\s,]+/).filter((part) => part !== '');
      const wrong = parts.find((part) => !Number.isFinite(Number(part)));
      return wrong === undefined ? good(parts.map(Number)) : bad(`Expected numbers, found “${wrong}”`);
    }
    case 'choice':
    case 'json':
      try {
        const value: Json = JSON.parse(text);
        return good(value);
      } catch {
        return bad('Expected JSON');
      }
  }
}

/**
 * The values of a grid. Numbers stand on one line, apart by commas or spaces; lists and JSON one a line; choices come as
 * texts of their own. A value named twice is an error: it would be one arm.
 */
export function readValues(field: ParameterField, text: string, chosen: readonly string[]): Read<Json[]> {
  const texts =
    field.kind === 'choice'
      ? [...chosen]
      : field.kind === 'number'
        ? text.split(/[\s,;]+/)
        : text.split('\n').map((line) => line.trim());
  const filled = texts.filter((one) => one !== '');
  if (filled.length === 0) {
    return bad(field.kind === 'choice' ? 'Choose at least one value' : 'Name at least one value');
  }
  const values: Json[] = [];
  for (const one of filled) {
    const read = readValue(field, one);
    if (read.error !== null) return bad(`${choiceText(field, one)}: ${read.error}`);
    values.push(read.value);
  }
  const twice = filled.find((one, i) => filled.indexOf(one) !== i);
  return twice === undefined ? good(values) : bad(`${choiceText(field, twice)} is named twice`);
}

function choiceText(field: ParameterField, text: string): string {
  const read = field.kind === 'choice' ? parse(field, text) : null;
  return read?.error === null ? choiceLabel(read.value) : text;
}

/** "a whole number from 2 to 8". */
export function expected(field: Pick<ParameterField, 'integer' | 'minimum' | 'maximum'>): string {
  const noun = field.integer ? 'a whole number' : 'a number';
  const { minimum, maximum } = field;
  if (minimum !== null && maximum !== null) return `${noun} from ${minimum} to ${maximum}`;
  if (minimum !== null) return `${noun} of at least ${minimum}`;
  if (maximum !== null) return `${noun} of at most ${maximum}`;
  return noun;
}

function issueWords(error: z.ZodError): string {
  return error.issues
    .map((issue) => (issue.path.length > 0 ? `${issue.path.join('.')}: ${issue.message}` : issue.message))
    .join('; ');
}

function isRecord(value: unknown): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function spacedOut(name: string): string {
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
