// Writes src/api/schema.generated.ts from the API's OpenAPI document; with --check it writes nothing and fails when the file is stale.
import { readFile, writeFile } from 'node:fs/promises';
import openapiTypescript, { astToString } from 'openapi-typescript';
import ts from 'typescript';

const source = new URL('../../api/openapi.json', import.meta.url);
const target = new URL('../src/api/schema.generated.ts', import.meta.url);

/** Records with required keys (counts by state) come without `properties`; named, the generator types each key. */
function nameRequiredKeys(schema) {
  if (schema.required && !schema.properties && typeof schema.additionalProperties === 'object') {
    schema.properties = Object.fromEntries(schema.required.map((key) => [key, schema.additionalProperties]));
    delete schema.additionalProperties;
  }
}

const document = JSON.parse(await readFile(source, 'utf8'));
for (const schema of Object.values(document.components.schemas)) nameRequiredKeys(schema);
const types = astToString(
  await openapiTypescript(document, {
    // a schema that contains itself cannot be looked up while it is being declared: it gets a name of its own
    transform: (_schema, { path }) =>
      path === '#/components/schemas/Json' ? ts.factory.createTypeReferenceNode('JsonValue') : undefined,
  }),
);
const fresh = `// Generated from apps/api/openapi.json by \`pnpm --filter @claimbench/web client\`. Do not edit.
type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
${types}`;

if (process.argv.includes('--check')) {
  const present = await readFile(target, 'utf8').catch(() => '');
  if (present !== fresh) {
    console.error(
      'src/api/schema.generated.ts does not match apps/api/openapi.json. Run: pnpm --filter @claimbench/web client',
    );
    process.exit(1);
  }
} else {
  await writeFile(target, fresh);
  console.log('Wrote src/api/schema.generated.ts');
}
