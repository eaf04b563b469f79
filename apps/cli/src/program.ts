import { Command } from 'commander';
import type { CommandContext } from './command-context.ts';
import { evalCommand } from './commands/eval.ts';
import { generateCommand } from './commands/generate.ts';
import { reproduceCommand } from './commands/reproduce.ts';
import { verifyCommand } from './commands/verify.ts';

/** Every subcommand: one file each in `commands/`, and its line here. */
const commands: readonly ((context: CommandContext) => Command)[] = [
  evalCommand,
  generateCommand,
  reproduceCommand,
  verifyCommand,
];

export function createProgram(context: CommandContext): Command {
  const program = new Command('claimbench')
    .description('Reproduces claims on a running Claimbench, and measures language models on its kernels.')
    .version('0.1.0')
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
Exit codes:
  0    done
  1    a fault of the program
  2    the command line is not understood
  3    a file, model or setting cannot be used; the message says why
  4    verify: a number did not come out again
  130  interrupted`,
    );
  for (const create of commands) program.addCommand(create(context));
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeOut: context.out, writeErr: context.note });
  }
  return program;
}
