import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@claimbench/postgres';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The whole product, started as `npm start` starts it, in a folder of its own. The build must exist. */
export class Stack {
  readonly home: string;
  readonly apiUrl: string;
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | null>;

  private constructor(home: string, apiUrl: string, url: string, child: ChildProcess) {
    this.home = home;
    this.apiUrl = apiUrl;
    this.url = url;
    this.#child = child;
    this.#exit = new Promise((done) => child.once('exit', (code) => done(code)));
  }

  static async start(env: Record<string, string> = {}): Promise<Stack> {
    const home = await mkdtemp(join(tmpdir(), 'claimbench-stack-'));
    const [web, api] = [await freePort(), await freePort()];
    const child = spawn(process.execPath, [join(root, 'scripts/launch.mjs')], {
      cwd: root,
      env: {
        ...process.env,
        NODE_ENV: 'production',
        CLAIMBENCH_HOME: home,
        CLAIMBENCH_PORT: String(web),
        CLAIMBENCH_API_PORT: String(api),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const stack = new Stack(home, `http://127.0.0.1:${api}`, `http://localhost:${web}`, child);
    let output = '';
    child.stderr?.on('data', (chunk) => {
      output += chunk;
    });
    const ready = new Promise<boolean>((done) => {
      child.stdout?.on('data', (chunk) => {
        output += chunk;
        if (output.includes('Claimbench is ready')) done(true);
      });
      void stack.#exit.then(() => done(false));
    });
    if (!(await ready)) throw new Error(`the stack did not start:\n${output}`);
    return stack;
  }

  /** Process id of a part as it runs now. */
  async pid(part: 'api' | 'worker' | 'web'): Promise<number> {
    const { processes } = JSON.parse(await readFile(join(this.home, 'launcher.json'), 'utf8'));
    return processes[part];
  }

  async databasePid(): Promise<number> {
    return Number((await readFile(join(this.home, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[0]);
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.apiUrl}${path}`);
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    const response = await fetch(`${this.apiUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Stops everything as Ctrl-C does; the launcher's exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGINT');
    const code = await this.#exit;
    await rm(this.home, { recursive: true, force: true });
    return code;
  }
}
