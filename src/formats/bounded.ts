import { Script } from 'node:vm';
import { UnsupportedError } from '../core/index.ts';

const slot = Symbol.for('lyceum.bounded');
const script = new Script(`globalThis[Symbol.for('lyceum.bounded')]()`);

/**
 * Runs code that may hang in a regular expression from a stranger: V8 is told to stop it after the time given, inside a backtracking match too. Costs about half a millisecond a call.
 *
 * @throws UnsupportedError when the time is over
 */
export const bounded = <T>(work: () => T, timeoutMs: number, where: string): T => {
  let result: { value: T } | undefined;
  Reflect.set(globalThis, slot, () => {
    result = { value: work() };
  });
  try {
    script.runInThisContext({ timeout: timeoutMs });
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new UnsupportedError(`${where}: expected an answer within ${timeoutMs} ms, got none; its regular expression backtracks without end on this text`);
  } finally {
    Reflect.deleteProperty(globalThis, slot);
  }
  return result!.value;
};
