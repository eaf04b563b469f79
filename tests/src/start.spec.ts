import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Runs `npm start`'s script until it ends; these cases all end before anything is installed or built. */
async function start(
  env: Record<string, string>,
  node: string[] = [process.execPath],
): Promise<{ code: number | null; output: string }> {
  const child = spawn(node[0] ?? '', [...node.slice(1), join(root, 'scripts/start.mjs')], {
    cwd: root,
    env: { ...process.env, CXX: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, output };
}

/** One sentence, no stack trace. */
function expectSentence({ code, output }: { code: number | null; output: string }, pattern: RegExp): void {
  expect(code).toBe(1);
  expect(output).toMatch(pattern);
  expect(output).not.toMatch(/^\s+at /m);
}

describe('npm start on a machine that is not ready', { timeout: 30_000 }, () => {
  let folder: string;
  let taken: Server;
  let port: number;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'claimbench-start-'));
    taken = createServer();
    port = await new Promise<number>((done) =>
      taken.listen(0, '127.0.0.1', () => done((taken.address() as { port: number }).port)),
    );
  });
  afterAll(async () => {
    taken.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('names a taken port and the setting that moves it', async () => {
    expectSentence(
      await start({ CLAIMBENCH_HOME: join(folder, 'home'), CLAIMBENCH_PORT: String(port) }),
      new RegExp(`Port ${port} is taken.*CLAIMBENCH_PORT`),
    );
    expectSentence(
      await start({ CLAIMBENCH_HOME: join(folder, 'home'), CLAIMBENCH_PORT: '0', CLAIMBENCH_API_PORT: String(port) }),
      new RegExp(`Port ${port} is taken.*CLAIMBENCH_API_PORT`),
    );
  });

  it('names a missing compiler and how to get one', async () => {
    const bin = join(folder, 'bin');
    await mkdir(bin, { recursive: true });
    await symlink(process.execPath, join(bin, 'node'));
    expectSentence(
      await start({ CLAIMBENCH_HOME: join(folder, 'home'), PATH: bin }),
      /No C\+\+ compiler found.*apt-get install -y g\+\+/,
    );
  });

  it('names a Node that is too old', async () => {
    const old = join(folder, 'old.mjs');
    await writeFile(old, `Object.defineProperty(process.versions, 'node', { value: '18.19.0' });\n`);
    expectSentence(
      await start({ CLAIMBENCH_HOME: join(folder, 'home') }, [process.execPath, '--import', old]),
      /Node 18\.19\.0 is too old.*Node 20\.11 or newer/,
    );
  });

  it('names a folder that it cannot write to', async () => {
    // A file where a folder should be: refused for every user, root too.
    const blocked = join(folder, 'blocked');
    await writeFile(blocked, '');
    expectSentence(
      await start({ CLAIMBENCH_HOME: join(blocked, 'home') }),
      /Cannot write to .*blocked.*CLAIMBENCH_HOME/,
    );
  });
});
