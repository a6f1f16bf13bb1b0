import type { ErrorData } from './errors.ts';

/** What parent and child process say to each other: calls of a service's methods by number, and their answers. */
export interface CallMessage {
  readonly call: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

export type FromChild = { readonly call: number; readonly value: unknown } | { readonly call: number; readonly error: ErrorData } | { readonly ready: true };
