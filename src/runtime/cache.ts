import { createHash } from 'node:crypto';
import type { Host, RunRequest } from './host.ts';
import type { Lowered } from './lower.ts';
import type { SessionSettings } from './session.ts';
import type { TensorData } from './tensor.ts';

/** A compiled program that has a session, or gets one again when it runs. */
export interface Cached {
  readonly key: string;
  readonly lowered: Lowered;
  readonly settings: SessionSettings;
  /** Executables that use it. */
  users: number;
  /** Whether its session stays while it is used, however many hold the same weights. */
  stays: boolean;
  createMs: number;
  /** Sessions made for it so far: more than one means that it was evicted in between. */
  created: number;
}

interface Live {
  readonly id: number;
  readonly loaded: Promise<number>;
}

// What a node of a session costs in memory beside weights.
const BYTES_PER_NODE = 16_384;
const SESSIONS_WITH_THE_SAME_WEIGHTS = 2;
const UNUSED_SESSIONS = 4;

/** What makes two compiled programs the same: the model itself, the files it reads, and how it is run. */
export function keyOf({ bytes, folder, read }: Lowered, settings: SessionSettings): string {
  return createHash('sha256')
    .update(bytes)
    .update(JSON.stringify([folder, read, settings]))
    .digest('hex');
}

/**
 * Sessions by program, the least recently used released when they take more than `limitBytes`, or when more than two would hold the same private
 * copy of weights and are not to stay. Mapped weights are shared by the system and count nothing. A released program that runs again gets a new session.
 */
export function createCache(host: Host, limitBytes: number) {
  const entries = new Map<string, Cached>(); // least recently used first
  const live = new Map<string, Live>();
  let ids = 0;

  const sizeOf = ({ lowered, settings }: Cached): number =>
    lowered.privateBytes + (settings.prepack ? lowered.mappedBytes : 0) + lowered.nodes * BYTES_PER_NODE;
  const weightsOf = ({ lowered, settings }: Cached): readonly string[] => (settings.prepack ? [...lowered.weights, ...lowered.packed] : lowered.weights);
  const touch = (entry: Cached): void => {
    entries.delete(entry.key);
    entries.set(entry.key, entry);
  };
  const evict = (entry: Cached): void => {
    const session = live.get(entry.key);
    live.delete(entry.key);
    if (session) void host.unload(session.id).catch(() => {});
    if (entry.users === 0) entries.delete(entry.key);
  };
  const others = (entry: Cached): Cached[] => [...entries.values()].filter((other) => other !== entry && live.has(other.key));

  const makeRoom = (entry: Cached): void => {
    const weights = new Set(weightsOf(entry));
    const sharing = others(entry).filter((other) => !(other.stays && other.users > 0) && weightsOf(other).some((weight) => weights.has(weight)));
    for (const other of sharing.slice(0, Math.max(0, sharing.length - SESSIONS_WITH_THE_SAME_WEIGHTS + 1))) evict(other);
    let total = sizeOf(entry) + others(entry).reduce((sum, other) => sum + sizeOf(other), 0);
    for (const other of others(entry)) {
      if (total <= limitBytes) break;
      total -= sizeOf(other);
      evict(other);
    }
    const unused = others(entry).filter(({ users }) => users === 0);
    for (const other of unused.slice(0, Math.max(0, unused.length - UNUSED_SESSIONS))) evict(other);
  };

  // Everything is handed to the host in one go: it works in order, so no other call can slip between making a session and using it.
  const session = (entry: Cached): Live => {
    touch(entry);
    const known = live.get(entry.key);
    if (known) return known;
    makeRoom(entry);
    const { name, bytes, folder, read } = entry.lowered;
    const id = ids++;
    const loaded = host.load(id, { name, bytes, folder, read, settings: entry.settings });
    const made = { id, loaded };
    live.set(entry.key, made);
    loaded.then(
      (createMs) => {
        entry.createMs = createMs;
        entry.created++;
      },
      () => {
        if (live.get(entry.key) === made) live.delete(entry.key);
      },
    );
    return made;
  };

  return {
    /** The entry of a program, with a session made for it. */
    async open(lowered: Lowered, settings: SessionSettings, { stays = false } = {}): Promise<Cached> {
      const key = keyOf(lowered, settings);
      let entry = entries.get(key);
      if (!entry) {
        entry = { key, lowered, settings, users: 0, stays, createMs: 0, created: 0 };
        entries.set(key, entry);
      }
      entry.stays ||= stays;
      entry.users++;
      try {
        await session(entry).loaded;
      } catch (error) {
        if (--entry.users === 0) entries.delete(key);
        throw error;
      }
      return entry;
    },
    async run(entry: Cached, request: RunRequest): Promise<Record<string, TensorData>> {
      const { id, loaded } = session(entry);
      const [made, result] = await Promise.allSettled([loaded, host.run(id, request)]);
      if (made.status === 'rejected') throw made.reason;
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    },
    release(entry: Cached): void {
      entry.users--;
      if (entry.users === 0 && !live.has(entry.key)) entries.delete(entry.key);
    },
    /** Programs with a session, least recently used first. */
    live: (): { name: string; bytes: number; createMs: number }[] =>
      [...entries.values()].filter(({ key }) => live.has(key)).map((entry) => ({ name: entry.lowered.name, bytes: sizeOf(entry), createMs: entry.createMs })),
  };
}

export type Cache = ReturnType<typeof createCache>;
