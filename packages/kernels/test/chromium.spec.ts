import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { casesOfOps } from './all_cases.ts';
import type { ConformancePage } from './chromium/page.ts';

/**
 * The same cases on the same shaders, in a browser's own WebGPU. A short form by default; `pnpm run test:long` runs all of them.
 */
const largest = process.env.CLAIMBENCH_LONG === '1' ? Number.POSITIVE_INFINITY : 20_000;

function chromiumPath(): string {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  const onPath = folders.flatMap((folder) => names.map((name) => join(folder, name))).find((file) => existsSync(file));
  const path = process.env.CHROMIUM_PATH || onPath;
  if (!path) {
    throw new Error('no Chromium on PATH (Debian: apt-get install -y chromium); another is named in CHROMIUM_PATH');
  }
  return path;
}

let server: ViteDevServer;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  server = await createServer({
    root: join(import.meta.dirname, '..'),
    configFile: false,
    appType: 'mpa',
    logLevel: 'error',
    optimizeDeps: { noDiscovery: true },
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null },
  });
  await server.listen();
  browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--enable-unsafe-webgpu'],
  });
  page = await browser.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(new URL('test/chromium/index.html', server.resolvedUrls!.local[0]).href);
  await page.waitForFunction('window.conformance !== undefined', undefined, { timeout: 50_000 }).catch(() => {
    throw new Error(`the page has no WebGPU backend: ${complaints.join('; ') || 'it says nothing'}`);
  });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

type Window = { readonly conformance: ConformancePage };

describe('in Chromium', () => {
  test('the backend names adapter and browser, and the page has all cases', async () => {
    const { description, ops } = await page.evaluate(() => {
      const { conformance } = globalThis as unknown as Window;
      return { description: conformance.description, ops: conformance.ops };
    });
    expect(description).toMatchObject({ instructionSet: 'wgsl', build: expect.stringContaining('Chrome/') });
    expect(description.device).not.toBe('unnamed adapter');
    expect([...ops].sort()).toEqual([...casesOfOps.keys()].sort());
  });

  test.each([...casesOfOps].map(([op, cases]) => ({ op, count: cases.length })))('$op', async ({ op, count }) => {
    const report = await page.evaluate(
      ([name, elements]) => (globalThis as unknown as Window).conformance.run(name, elements),
      [op, largest] as const,
    );
    expect(report.failures).toEqual([]);
    expect(report.checked + report.tooLarge).toBe(count);
    expect(report.checked).toBeGreaterThan(0);
  });

  test('the page met no error of its own', () => {
    expect(complaints).toEqual([]);
  });
});
