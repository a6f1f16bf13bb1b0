import { NotFoundError, sameShape } from '../core/index.ts';
import { CancelledError } from './errors.ts';
import { createSession, type Session, type SessionRequest } from './session.ts';
import { dtypes, lengthOfShape, type TensorData } from './tensor.ts';

export interface RunRequest {
  readonly feeds: Readonly<Record<string, TensorData>>;
  /** Program input → name of a tensor the host holds. */
  readonly resident: Readonly<Record<string, string>>;
  /** Output → name under which the host keeps it, instead of handing it back. */
  readonly keep: Readonly<Record<string, string>>;
  /** Outputs handed back. */
  readonly fetch: readonly string[];
  /** Arrays that all outputs are written into. */
  readonly into?: Readonly<Record<string, TensorData>>;
}

/** What holds sessions and tensors: this process, or one behind a channel. Calls are done one after another, in the order given. */
export interface Host {
  /** @returns milliseconds it took */
  load(id: number, request: SessionRequest): Promise<number>;
  unload(id: number): Promise<void>;
  run(id: number, request: RunRequest): Promise<Record<string, TensorData>>;
  put(tensors: Readonly<Record<string, TensorData>>): Promise<void>;
  get(names: readonly string[]): Promise<Record<string, TensorData>>;
  drop(names: readonly string[]): Promise<void>;
  /** Rejects every call that has not begun with CancelledError; resolves when none is running. */
  cancel(): Promise<void>;
  /** Calls without an answer reject with the reason where their process ends; here they are finished first. */
  close(reason: Error): Promise<void>;
}

/** Sessions and tensors in this process. A call blocks the event loop while onnxruntime works. */
export function createHost(): Host {
  const sessions = new Map<number, Session>();
  const tensors = new Map<string, TensorData>();
  // A tensor that a run replaces is what the next run writes into, as long as nobody else may have its array: made here, never handed out.
  const spare = new Map<string, TensorData>();
  const own = new WeakSet<TensorData>();
  let last: Promise<unknown> = Promise.resolve();
  let epoch = 0;

  const inTurn = <T>(task: () => Promise<T> | T): Promise<T> => {
    const asked = epoch;
    const turn = last.then(async () => {
      await new Promise(setImmediate); // between calls a cancel, or whatever else waits, gets in
      if (asked !== epoch) throw new CancelledError('engine: this call was cancelled before it began');
      return task();
    });
    last = turn.catch(() => {});
    return turn;
  };
  const held = (name: string): TensorData => {
    const tensor = tensors.get(name);
    if (!tensor) throw new NotFoundError(`engine: expected a resident tensor ${name}, got none of that name among ${tensors.size}; put it first`);
    return tensor;
  };
  /** Where to write an output of this type that is to be held under this name. */
  const roomFor = ({ dtype, shape }: Pick<TensorData, 'dtype' | 'shape'>, name: string | undefined): TensorData => {
    const before = name === undefined ? undefined : spare.get(name);
    if (name !== undefined) spare.delete(name);
    if (before && before.dtype === dtype && sameShape(before.shape, shape)) return before;
    const made: TensorData = { dtype, shape, data: dtypes[dtype].make(lengthOfShape(shape)) };
    if (name !== undefined) own.add(made);
    return made;
  };
  const compute = async (session: Session, feeds: Readonly<Record<string, TensorData>>, keep: RunRequest['keep'], fetch: readonly string[]) => {
    const wanted = [...fetch, ...Object.keys(keep)];
    if (!wanted.every((output) => session.fixed.has(output))) return session.run(feeds, wanted);
    const into = Object.fromEntries(wanted.map((output) => [output, roomFor(session.fixed.get(output)!, keep[output])]));
    await session.write(feeds, into);
    return into;
  };

  return {
    load: (id, request) =>
      inTurn(async () => {
        const session = await createSession(request);
        sessions.set(id, session);
        return session.createMs;
      }),
    unload: (id) =>
      inTurn(async () => {
        await sessions.get(id)?.release();
        sessions.delete(id);
      }),
    run: (id, { feeds, resident, keep, fetch, into }) =>
      inTurn(async () => {
        const session = sessions.get(id);
        if (!session) throw new Error(`internal: no session ${id}`);
        const ours = Object.entries(resident);
        const all = ours.length === 0 ? feeds : { ...feeds, ...Object.fromEntries(ours.map(([input, name]) => [input, held(name)])) };
        if (into) await session.write(all, into);
        const results = into ?? (await compute(session, all, keep, fetch));
        for (const [output, name] of Object.entries(keep)) {
          const before = tensors.get(name);
          if (before && own.has(before)) spare.set(name, before);
          tensors.set(name, results[output]!);
        }
        return Object.fromEntries(fetch.map((name) => [name, results[name]!]));
      }),
    put: (given) =>
      inTurn(() => {
        for (const [name, tensor] of Object.entries(given)) tensors.set(name, tensor);
      }),
    get: (names) =>
      inTurn(() => {
        for (const name of names) own.delete(held(name));
        return Object.fromEntries(names.map((name) => [name, held(name)]));
      }),
    drop: (names) =>
      inTurn(() => {
        for (const name of names) {
          tensors.delete(name);
          spare.delete(name);
        }
      }),
    async cancel() {
      epoch++;
      await last;
    },
    async close() {
      epoch++;
      await last;
      for (const session of sessions.values()) await session.release();
      sessions.clear();
      tensors.clear();
      spare.clear();
    },
  };
}
