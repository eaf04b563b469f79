import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { defineConfig } from '@playwright/test';

/*
 * Stories in a real browser against a running Claimbench: API, queue, worker and database are the real ones.
 * CLAIMBENCH_E2E_URL names the dashboard (the repository's `npm test` starts one), CHROMIUM_PATH the browser where it is not
 * on PATH.
 */
const baseURL = process.env.CLAIMBENCH_E2E_URL;
if (!baseURL)
  throw new Error('Set CLAIMBENCH_E2E_URL to a running dashboard, e.g. http://localhost:3000 after `npm start`.');

function browserPath(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).find((file) => existsSync(file));
  const path = process.env.CHROMIUM_PATH ?? found;
  if (!path)
    throw new Error('No Chromium found on PATH (Debian: apt-get install -y chromium). CHROMIUM_PATH names one.');
  return path;
}

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results/e2e',
  // one machine computes for all stories: they take turns
  workers: 1,
  fullyParallel: false,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list'], ['json', { outputFile: 'test-results/playwright.json' }]],
  use: {
    baseURL,
    viewport: { width: 1440, height: 900 },
    // Pictures of every frame would cost the core that the runs compute on; the last one is kept on a failure.
    trace: { mode: 'retain-on-failure', screenshots: false, snapshots: true },
    contextOptions: { reducedMotion: 'reduce' },
    screenshot: 'only-on-failure',
    launchOptions: { executablePath: browserPath(), args: ['--no-sandbox', '--disable-dev-shm-usage'] },
  },
});
