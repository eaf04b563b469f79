import { readFileSync } from 'node:fs';
import { readSettings } from '@claimbench/contracts';
import { describe, expect, it } from 'vitest';
import { createApplication } from '../application.ts';
import { openApiDocument } from './document.ts';

describe('openapi.json', () => {
  it('is what the routes say: run `pnpm --filter @claimbench/api openapi` after a change', async () => {
    const settings = readSettings({
      DATABASE_URL: 'postgresql://nobody@127.0.0.1/nothing',
      CLAIMBENCH_LOG_LEVEL: 'silent',
    });
    const app = await createApplication({ settings, reconcileEveryMs: null });
    const document = openApiDocument(app);
    const committed = readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8');
    expect(`${JSON.stringify(document, null, 2)}\n`).toBe(committed);

    // Every reference leads somewhere.
    const names = new Set(Object.keys(document.components?.schemas ?? {}));
    const references = [...committed.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(references.filter((name) => !names.has(name))).toEqual([]);
    const operations = Object.values(document.paths).flatMap((item) =>
      [item.get, item.put, item.post].filter((o) => !!o),
    );
    const ids = operations.map((operation) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
