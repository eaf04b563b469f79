import { spawn, spawnSync } from 'node:child_process';
import { chownSync } from 'node:fs';
import { join } from 'node:path';

/** The unprivileged user "nobody" of Debian, macOS and most others. */
const NOBODY = 65_534;

type Disguise = { wrap: string[]; uid?: number };

/**
 * PostgreSQL refuses to run as root. A user namespace makes root look like user 1000 and leaves the files root's, so that it
 * works in folders that only root can enter; where namespaces are not allowed, the server runs as nobody.
 */
function disguise(): Disguise {
  if (process.getuid?.() !== 0) return { wrap: [] };
  const wrap = ['unshare', '--user', '--map-user=1000', '--map-group=1000'];
  const possible = spawnSync(wrap[0] ?? '', [...wrap.slice(1), 'true'], { stdio: 'ignore' }).status === 0;
  return possible ? { wrap } : { wrap: [], uid: NOBODY };
}

/** Runs one of PostgreSQL's own programs; throws its message when it fails. */
export class PostgresCommands {
  readonly #binaries: string;
  readonly #disguise = disguise();

  constructor(binaries: string) {
    this.#binaries = binaries;
  }

  /** Gives a folder to the user that the server runs as. */
  own(folder: string): void {
    if (this.#disguise.uid !== undefined) chownSync(folder, this.#disguise.uid, this.#disguise.uid);
  }

  async run(program: 'initdb' | 'pg_ctl', parameters: readonly string[]): Promise<{ status: number; output: string }> {
    const words = [...this.#disguise.wrap, join(this.#binaries, program), ...parameters];
    const identity = this.#disguise.uid === undefined ? {} : { uid: this.#disguise.uid, gid: this.#disguise.uid };
    // pg_ctl's server would keep a pipe open for its whole life, so it inherits none: its words go to its log file.
    const starts = parameters.includes('start');
    const child = spawn(words[0] ?? program, words.slice(1), {
      ...identity,
      stdio: ['ignore', starts ? 'ignore' : 'pipe', starts ? 'ignore' : 'pipe'],
      env: { ...process.env, LC_ALL: 'C.UTF-8', PGTZ: 'UTC' },
    });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const status = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code ?? 1));
    });
    return { status, output };
  }
}
