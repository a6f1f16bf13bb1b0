import type { Command } from 'commander';

/** One command of the command line: adds its arguments, options and action to `command`, and tells the exit code through `finish`. */
export interface CommandModule {
  define(command: Command, finish: (code: number) => void): void;
}
