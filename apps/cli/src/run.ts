import { AppError } from '@claimbench/contracts';
import { KernelError } from '@claimbench/kernels';
import { ModelError } from '@claimbench/models';
import { CommanderError } from 'commander';
import type { CommandContext } from './command-context.ts';
import { DifferingDigestError } from './commands/verify.ts';
import { UnreachableError } from './platform/api-client.ts';
import { createProgram } from './program.ts';

/** What the command needs of a process. */
export interface ProcessIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  once(event: 'SIGINT', listener: () => void): unknown;
  removeListener(event: 'SIGINT', listener: () => void): unknown;
}

/** Exit codes, as --help tells them. */
export const EXIT = { done: 0, failed: 1, usage: 2, unusable: 3, differs: 4, cancelled: 130 } as const;

/** Runs the command line `arguments_` (without node and script) and gives its exit code. Never throws for what a user can do wrong. */
export async function run(arguments_: readonly string[], io: ProcessIo): Promise<number> {
  const controller = new AbortController();
  const interrupt = () => controller.abort();
  io.once('SIGINT', interrupt);
  const context: CommandContext = {
    out: (text) => void io.stdout.write(text),
    note: (text) => void io.stderr.write(text),
    signal: controller.signal,
  };
  try {
    await createProgram(context).parseAsync(arguments_, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    return report(error, arguments_.includes('--json'), context);
  } finally {
    io.removeListener('SIGINT', interrupt);
  }
}

function report(error: unknown, json: boolean, { note }: CommandContext): number {
  // commander has written its own message, and --help ends like an error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const { code, exit } = classify(error);
  const message = error instanceof Error ? error.message : String(error);
  note(json ? `${JSON.stringify({ error: { code, message } })}\n` : `claimbench: ${message} [${code}]\n`);
  if (exit === EXIT.failed && error instanceof Error && error.stack !== undefined) note(`${error.stack}\n`);
  return exit;
}

function classify(error: unknown): { readonly code: string; readonly exit: number } {
  if (error instanceof ModelError) {
    return { code: error.code, exit: error.code === 'cancelled' ? EXIT.cancelled : EXIT.unusable };
  }
  if (error instanceof AppError || error instanceof UnreachableError) return { code: error.code, exit: EXIT.unusable };
  if (error instanceof DifferingDigestError) return { code: error.code, exit: EXIT.differs };
  if (error instanceof DOMException && error.name === 'AbortError') return { code: 'cancelled', exit: EXIT.cancelled };
  if (error instanceof KernelError) return { code: error.code, exit: EXIT.unusable };
  return { code: 'internal', exit: EXIT.failed };
}
