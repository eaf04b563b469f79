import { z } from 'zod';

export interface ConvertedSchema {
  schema: unknown;
  components: Record<string, unknown>;
}

/** Names of schemas whose accepted form differs from their answered form (defaults, coercion) end in this word in requests. */
const INPUT_SUFFIX = 'Input';
/** zod's own name for a recursive schema without an id; the contracts have one: any JSON value. */
const UNNAMED = /^__schema\d+$/;

/**
 * Turns a zod schema into JSON Schema 2020-12 with one component for each schema that carries an id. A schema is one
 * component in requests and answers where both forms agree, else two: `X` as answered and `XInput` as accepted.
 */
export function toComponents(schema: z.ZodType, direction: 'input' | 'output'): ConvertedSchema {
  const answered = convert(schema, 'output');
  if (direction === 'output') return answered;
  const accepted = convert(schema, 'input');
  const renamed = new Map<string, string>();
  for (const name of differing(accepted.components, answered.components)) renamed.set(name, `${name}${INPUT_SUFFIX}`);
  return {
    schema: renameRefs(accepted.schema, renamed),
    components: Object.fromEntries(
      Object.entries(accepted.components).map(([name, value]) => [
        renamed.get(name) ?? name,
        // A component that both directions share is always written in its answered form.
        renamed.has(name) ? renameRefs(value, renamed) : answered.components[name],
      ]),
    ),
  };
}

function convert(schema: z.ZodType, io: 'input' | 'output'): ConvertedSchema {
  const json = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    override: ({ jsonSchema }) => {
      // The pattern of a date-time repeats what `format` says, and the bounds of a safe integer say nothing.
      if (jsonSchema.format === 'date-time' || jsonSchema.format === 'uri') delete jsonSchema.pattern;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      // Answers may grow fields without breaking a reader.
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  const { $defs = {}, $schema: _dialect, ...root } = json;
  const names = new Map<string, string>();
  for (const [name, definition] of Object.entries($defs)) names.set(name, nameOf(name, definition));
  const named = (value: unknown) => renameRefs(value, names, '#/$defs/');
  return {
    schema: named(root),
    components: Object.fromEntries(
      Object.entries($defs).map(([name, definition]) => [names.get(name) ?? name, withoutId(named(definition))]),
    ),
  };
}

function nameOf(name: string, definition: unknown): string {
  if (!UNNAMED.test(name)) return name;
  const isJson = typeof definition === 'object' && definition !== null && 'anyOf' in definition;
  if (!isJson) throw new Error(`A recursive schema needs an id in its meta: ${JSON.stringify(definition)}`);
  return 'Json';
}

function withoutId(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { $id: _id, id: _name, ...rest } = value as Record<string, unknown>;
  return rest;
}

/** Names that differ between the two forms, directly or through what they refer to. */
function differing(a: Record<string, unknown>, b: Record<string, unknown>): Set<string> {
  const found = new Set(Object.keys(a).filter((name) => JSON.stringify(a[name]) !== JSON.stringify(b[name])));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const name of Object.keys(a)) if (refsOf(a[name]).some((ref) => found.has(ref))) found.add(name);
  }
  return found;
}

const COMPONENTS = '#/components/schemas/';

function refsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' && inner.startsWith(COMPONENTS)
      ? [inner.slice(COMPONENTS.length)]
      : refsOf(inner),
  );
}

function renameRefs(value: unknown, names: ReadonlyMap<string, string>, prefix = COMPONENTS): unknown {
  if (Array.isArray(value)) return value.map((item) => renameRefs(item, names, prefix));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key !== '$ref' || typeof inner !== 'string' || !inner.startsWith(prefix))
        return [key, renameRefs(inner, names, prefix)];
      const name = inner.slice(prefix.length);
      return [key, `${COMPONENTS}${names.get(name) ?? name}`];
    }),
  );
}
