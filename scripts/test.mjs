// `npm test`: everything that has a test, the browser too. Ends with the line `N passed, N failed, N skipped`.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, install, pnpm, Refusal, ROOT, requireCompiler, requireNode, step, stopWith } from './prerequisites.mjs';

const failures = [];

async function main() {
  requireNode();
  requireCompiler();
  // Texts and models of others are never part of the project: developers and CI have them beside it.
  const beside = join(ROOT, '..', 'shared', 'data');
  if (!process.env.CLAIMBENCH_DATA_PATH && existsSync(beside)) process.env.CLAIMBENCH_DATA_PATH = beside;

  await step('packages', install);
  await step('chromium and redis-server', requirePrograms);
  await step('build', () => build());
  await step('format and lint', () => {
    check('biome', ['exec', 'biome', 'check', '--error-on-warnings', '.']);
    check('import boundaries', ['exec', 'turbo', 'boundaries']);
  });

  forgetReports();
  console.log('  tests');
  const unit = pnpm([
    'exec',
    'turbo',
    'run',
    'test',
    '--continue',
    '--concurrency=2',
    '--output-logs=errors-only',
    '--log-order=grouped',
  ]);
  if (unit.status !== 0) failures.push('turbo run test');
  console.log('  browser tests');
  await browserTests();
  report();
}

function check(name, words) {
  const { status, stdout, stderr } = pnpm(words, { quiet: true });
  if (status === 0) return;
  failures.push(name);
  console.log(`\n${name} failed:\n${stdout}${stderr}`);
}

/** A Chromium and a Redis are needed for the real thing. They are taken from PATH, or installed where that is allowed. */
function requirePrograms() {
  const chromium = () =>
    process.env.CHROMIUM_PATH ||
    ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].map(onPath).find(Boolean);
  const missing = [...(chromium() ? [] : ['chromium']), ...(onPath('redis-server') ? [] : ['redis-server'])];
  if (missing.length > 0) {
    const asRoot = process.getuid?.() === 0 && onPath('apt-get');
    if (!asRoot)
      throw new Refusal(
        `The tests need ${missing.join(' and ')}: install them (Debian, Ubuntu: apt-get install -y ${missing.join(' ')}); for another Chromium, name it in CHROMIUM_PATH.`,
      );
    for (const words of [
      ['update', '-q'],
      ['install', '-y', '-q', '--no-install-recommends', ...missing],
    ]) {
      const { status, stderr } = spawnSync('apt-get', words, {
        encoding: 'utf8',
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
      if (status !== 0) throw new Refusal(`apt-get ${words[0]} failed: ${stderr.trim()}`);
    }
  }
  process.env.CHROMIUM_PATH = chromium();
}

/** The program's path; empty when it is not there. */
function onPath(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim();
}

/** Starts the whole product as `npm start` does, in a folder of its own, and drives the dashboard in Chromium. */
async function browserTests() {
  const home = mkdtempSync(join(tmpdir(), 'claimbench-e2e-'));
  const [web, api] = [await freePort(), await freePort()];
  const env = {
    ...process.env,
    CLAIMBENCH_HOME: home,
    CLAIMBENCH_PORT: String(web),
    CLAIMBENCH_API_PORT: String(api),
    CLAIMBENCH_E2E_URL: `http://localhost:${web}`,
  };
  const stack = spawn(process.execPath, [join(ROOT, 'scripts', 'start.mjs')], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const exited = new Promise((done) => stack.once('exit', done));
  try {
    const ready = await new Promise((done) => {
      let text = '';
      stack.stdout.on('data', (chunk) => {
        text += chunk;
        if (text.includes('Claimbench is ready')) done(true);
      });
      void exited.then(() => done(false));
    });
    if (!ready) {
      failures.push('npm start (for the browser tests)');
      return;
    }
    const { status } = pnpm(['--filter', '@claimbench/web', 'run', 'e2e'], { env });
    if (status !== 0) failures.push('browser tests');
  } finally {
    stack.kill('SIGTERM');
    await exited;
    rmSync(home, { recursive: true, force: true });
  }
}

function freePort() {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

function workspaces() {
  return ['apps', 'packages', '.']
    .flatMap((folder) => readdirSync(join(ROOT, folder)).map((name) => join(ROOT, folder, name)))
    .filter((folder) => existsSync(join(folder, 'package.json')));
}

/** Reports of an earlier run must not be counted in this one; turbo puts back those of cached tasks. */
function forgetReports() {
  for (const folder of workspaces()) rmSync(join(folder, 'test-results'), { recursive: true, force: true });
}

function report() {
  const total = { passed: 0, failed: 0, skipped: 0 };
  console.log('');
  for (const folder of workspaces()) {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const vitest = join(folder, 'test-results', 'vitest.json');
    const playwright = join(folder, 'test-results', 'playwright.json');
    const name = folder.slice(ROOT.length + 1);
    if (existsSync(vitest)) addVitest(JSON.parse(readFileSync(vitest, 'utf8')), counts, name);
    else if (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).scripts?.test)
      failures.push(`${name} left no test report`);
    if (existsSync(playwright)) addPlaywright(JSON.parse(readFileSync(playwright, 'utf8')), counts);
    console.log(`  ${name.padEnd(24)} ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    for (const key of Object.keys(total)) total[key] += counts[key];
  }
  // A step that failed without a failing test (lint, a crash, no report) counts as one failure: nothing fails silently.
  if (failures.length > 0 && total.failed === 0) total.failed += failures.length;
  if (failures.length > 0) console.log(`\n  failed: ${failures.join('; ')}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
}

function addVitest(results, counts, name) {
  counts.passed += results.numPassedTests;
  counts.failed += results.numFailedTests;
  counts.skipped += results.numPendingTests + results.numTodoTests;
  const broken = results.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  for (const file of broken)
    failures.push(`${name}: ${file.name.slice(ROOT.length + 1)}: ${file.message?.split('\n')[0]}`);
}

function addPlaywright({ stats }, counts) {
  counts.passed += stats.expected + stats.flaky;
  counts.failed += stats.unexpected;
  counts.skipped += stats.skipped;
}

main().catch(stopWith);
