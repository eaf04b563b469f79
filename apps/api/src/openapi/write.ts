import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readSettings } from '@claimbench/contracts';
import { createApplication } from '../application.ts';
import { openApiDocument } from './document.ts';

/** Writes openapi.json from the routes; the typed client of the dashboard is made from that file. */
const settings = readSettings({ DATABASE_URL: 'postgresql://nobody@127.0.0.1/nothing', CLAIMBENCH_LOG_LEVEL: 'error' });
const app = await createApplication({ settings, reconcileEveryMs: null });
const file = fileURLToPath(new URL('../../openapi.json', import.meta.url));
writeFileSync(file, `${JSON.stringify(openApiDocument(app), null, 2)}\n`);
