import type { TensorData } from '../../runtime/index.ts';

type Feeds = Readonly<Record<string, TensorData>>;
/** A program with its weights. */
export type Call = (feeds: Feeds, options?: { resident?: Record<string, string>; keep?: Record<string, string> }) => Promise<Record<string, TensorData>>;

export interface Calls {
  readonly spans: Call;
  readonly pairs: Call;
  readonly links: Call;
  readonly drop: (names: string[]) => Promise<void>;
}
