import type { ErrorData } from './errors.ts';
import type { Host } from './host.ts';

/** What parent and engine process say to each other: calls of a host's methods by number, and their answers. */
export interface CallMessage {
  readonly call: number;
  readonly method: keyof Host;
  readonly args: readonly unknown[];
}

export type FromChild =
  | { readonly call: number; readonly value: unknown }
  | { readonly call: number; readonly error: ErrorData }
  | { readonly ready: { readonly onnxruntime: string } };
