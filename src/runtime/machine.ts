import { readFileSync } from 'node:fs';
import os from 'node:os';

export interface Machine {
  /** `linux-x64` */
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** What decides the speed of integer products: `avx512-vnni`, `avx-vnni`, `avx512`, `avx2`, `neon-i8mm`, `neon-dot`, `neon`, `baseline` or `unknown`. */
  readonly instructionSet: string;
}

/** The machine this process runs on. Instruction sets are read where the system tells them (Linux); elsewhere `unknown`, or `neon` on ARM. */
export function describeMachine(): Machine {
  return {
    platform: `${process.platform}-${process.arch}`,
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    instructionSet: instructionSet(),
  };
}

function instructionSet(): string {
  let text = '';
  try {
    text = readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return process.arch === 'arm64' ? 'neon' : 'unknown'; // no such file outside Linux
  }
  const flags = new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(text)?.[1]?.split(/\s+/) ?? []);
  const known: readonly (readonly [string, string])[] =
    process.arch === 'arm64'
      ? [
          ['i8mm', 'neon-i8mm'],
          ['asimddp', 'neon-dot'],
          ['asimd', 'neon'],
        ]
      : [
          ['avx512_vnni', 'avx512-vnni'],
          ['avx_vnni', 'avx-vnni'],
          ['avx512f', 'avx512'],
          ['avx2', 'avx2'],
        ];
  return known.find(([flag]) => flags.has(flag))?.[1] ?? 'baseline';
}
