import type { GuardSettings } from '../../guard/index.ts';

/** A guard that can be chosen. */
export interface LocalGuard {
  readonly name: string;
  /** Null where its file cannot be used. */
  readonly settings: GuardSettings | null;
  /** Why it cannot. */
  readonly trouble: string | null;
}

/** The guards of a workspace: a page names one and never a path. */
export interface LocalGuards {
  /** The one that ships with Lyceum first. */
  list(): Promise<readonly LocalGuard[]>;
  /** @throws NotFoundError for a name that is not listed · FormatError where its file cannot be used */
  settings(name: string): Promise<GuardSettings>;
}
