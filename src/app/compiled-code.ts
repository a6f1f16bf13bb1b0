import { statfsSync } from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';
import { dataHome } from './data-home.ts';

const leastFreeBytes = 2 ** 28; // a disk with less has better uses

/**
 * Keeps what the engine makes of our code (some MB) beside the models, for this process and those it starts: a command that opens a model starts a seventh sooner the next time. Only where there are models
 * and room; where it cannot be written nothing is lost.
 */
export function keepCompiledCode(): void {
  if (process.env['NODE_COMPILE_CACHE'] === undefined) {
    try {
      const { bavail, bsize } = statfsSync(dataHome());
      if (bavail * bsize < leastFreeBytes) return;
    } catch {
      return; // no models yet
    }
    process.env['NODE_COMPILE_CACHE'] = join(dataHome(), 'compiled');
  }
  module.enableCompileCache(process.env['NODE_COMPILE_CACHE']);
}
