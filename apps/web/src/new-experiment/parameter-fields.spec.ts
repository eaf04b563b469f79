import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  expected,
  type Json,
  type ParameterField,
  parameterFields,
  printValue,
  readValue,
  readValues,
} from './parameter-fields.ts';

/** A technique's parameters as the API describes them: zod's JSON Schema, input side. */
function fieldsOf(schema: z.ZodType, grid: Record<string, Json[]> = {}): Record<string, ParameterField> {
  const parametersSchema = JSON.parse(JSON.stringify(z.toJSONSchema(schema, { io: 'input' })));
  return Object.fromEntries(parameterFields({ parametersSchema, grid }).map((field) => [field.name, field]));
}

const fields = fieldsOf(
  z.strictObject({
    bits: z.number().int().min(2).max(8).default(4).meta({ title: 'Bits', description: 'Bits of a weight code' }),
    scheme: z.enum(['symmetric', 'affine']).default('symmetric'),
    groupSize: z.union([z.literal(16), z.literal(32)]).default(16),
    count: z.number().int().min(0).max(64).nullable().default(null),
    share: z.number().min(0).max(1).default(0.25),
    layers: z.array(z.number().int().min(0).max(63)).max(4).default([]),
    embeddingGain: z.boolean().default(true),
    schedule: z.record(z.string(), z.number()).default({}),
  }),
  { bits: [8, 6, 4, 3, 2] },
);
const field = (name: string): ParameterField => {
  const found = fields[name];
  if (!found) throw new Error(`no field ${name}`);
  return found;
};

describe('a form from a technique’s own schema', () => {
  it('has a control that fits each parameter', () => {
    expect(Object.values(fields).map((one) => [one.name, one.kind])).toEqual([
      ['bits', 'number'],
      ['scheme', 'choice'],
      ['groupSize', 'choice'],
      ['count', 'number'],
      ['share', 'number'],
      ['layers', 'list'],
      ['embeddingGain', 'choice'],
      ['schedule', 'json'],
    ]);
  });
  it('takes titles, bounds, defaults and proposed grids from it', () => {
    expect(field('bits')).toMatchObject({ title: 'Bits', minimum: 2, maximum: 8, integer: true, default: 4 });
    expect(field('bits').proposed).toEqual([8, 6, 4, 3, 2]);
    expect(expected(field('bits'))).toBe('a whole number from 2 to 8');
    expect(field('groupSize')).toMatchObject({ title: 'Group size', options: [16, 32] });
    expect(field('embeddingGain').options).toEqual([true, false]);
    expect(field('count')).toMatchObject({ nullable: true, default: null });
  });
  it('reads what a person types', () => {
    expect(readValue(field('bits'), ' 3 ').value).toBe(3);
    expect(readValue(field('count'), '').value).toBeNull();
    expect(readValue(field('layers'), '0, 3 5').value).toEqual([0, 3, 5]);
    expect(readValue(field('layers'), '').value).toEqual([]);
    expect(readValue(field('scheme'), '"affine"').value).toBe('affine');
    expect(readValue(field('schedule'), '{"a": 1}').value).toEqual({ a: 1 });
  });
  it('says what is wrong, by the schema’s own rules', () => {
    expect(readValue(field('bits'), '9').error).toContain('<=8');
    expect(readValue(field('bits'), '3.5').error).toMatch(/int/);
    expect(readValue(field('bits'), 'four').error).toBe('Expected a whole number from 2 to 8, found “four”');
    expect(readValue(field('bits'), '').error).toBe('Expected a whole number from 2 to 8');
    expect(readValue(field('layers'), '0, x').error).toContain('“x”');
    expect(readValue(field('layers'), '0 1 2 3 4').error).toContain('<=4');
    expect(readValue(field('schedule'), '{').error).toBe('Expected JSON');
  });
  it('reads grids: numbers on a line, lists one a line, choices as chosen', () => {
    expect(readValues(field('bits'), '8, 6,4 3; 2', []).value).toEqual([8, 6, 4, 3, 2]);
    expect(readValues(field('layers'), '0, 1\n\n2', []).value).toEqual([[0, 1], [2]]);
    expect(readValues(field('scheme'), '', ['"affine"', '"symmetric"']).value).toEqual(['affine', 'symmetric']);
    expect(readValues(field('scheme'), '', []).error).toBe('Choose at least one value');
    expect(readValues(field('bits'), '8, 1', []).error).toContain('1: ');
    expect(readValues(field('bits'), '8, 4, 8', []).error).toBe('8 is named twice');
  });
  it('prints every default so that it reads back as it was', () => {
    for (const one of Object.values(fields)) {
      if (one.default === undefined) continue;
      expect(readValue(one, printValue(one, one.default)).value).toEqual(one.default);
    }
  });
});
