import { BusyError, type Store } from '../knowledge/index.ts';
import { mayWrite, openWorkspace, type Workspace } from './workspace.ts';

/**
 * A workspace that is looked at for long and changed now and then: it takes the one writer's place only while it changes something.
 * Its store's reading calls see what any process has committed; its changing calls reject with BusyError while another process writes.
 */
export interface SharedWorkspace extends Workspace {
  /** Runs `act` as the writer; calls that overlap share the writer's place. Errors: BusyError, naming the other process; those of `act`. */
  write<T>(act: (workspace: Workspace) => Promise<T>): Promise<T>;
}

/** Opens the workspace in `dir`, and makes it where there is none. Where it may not be written, its store's mode is `read`. */
export async function openSharedWorkspace(dir: string): Promise<SharedWorkspace> {
  const looking = await openForLooking(dir);
  let writer: { readonly opened: Promise<Workspace>; users: number } | undefined;
  let closed: Promise<void> = Promise.resolve();

  const write = async <T>(act: (workspace: Workspace) => Promise<T>): Promise<T> => {
    writer ??= { opened: closed.then(() => openWorkspace({ dir, mode: 'write' })), users: 0 };
    const mine = writer;
    mine.users++;
    try {
      return await act(await mine.opened);
    } catch (error) {
      throw error instanceof BusyError ? busy(error.pid) : error;
    } finally {
      if (--mine.users === 0) {
        writer = undefined;
        closed = mine.opened.then(
          (workspace) => workspace[Symbol.asyncDispose](),
          () => {},
        );
        await closed;
      }
    }
  };
  const changing = <Given extends unknown[], T>(change: (store: Store, ...given: Given) => Promise<T>) => {
    return (...given: Given): Promise<T> => write(({ store }) => change(store, ...given));
  };
  const store: Store = (await mayWrite(dir))
    ? {
        ...looking.store,
        mode: 'write',
        addReading: changing((own, reading) => own.addReading(reading)),
        addReadings: changing((own, readings) => own.addReadings(readings)),
        removeDocuments: changing((own, ids) => own.removeDocuments(ids)),
        removeName: changing((own, name) => own.removeName(name)),
        decide: changing((own, decision) => own.decide(decision)),
        undo: changing((own) => own.undo()),
        replay: changing((own, log) => own.replay(log)),
        rebuild: changing((own) => own.rebuild()),
      }
    : looking.store;
  return { ...looking, store, write };
}

const busy = (pid: number | null) =>
  new BusyError(
    `workspace: expected to be the only writer, got ${pid === null ? 'another process' : `process ${pid}`} writing; let it finish, then try again [BUSY]`,
    pid,
  );

/** Opens for reading what is there; what is not there yet, or of an older version, is made or migrated first. */
async function openForLooking(dir: string): Promise<Workspace> {
  try {
    return await openWorkspace({ dir, mode: 'read' });
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code !== 'NOT_FOUND' && code !== 'UNSUPPORTED') throw error;
  }
  await using _made = await openWorkspace({ dir, mode: 'write' });
  return openWorkspace({ dir, mode: 'read' });
}
