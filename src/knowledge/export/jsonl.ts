import type { Store } from '../store/contract.ts';

/** The graph as JSON Lines: entities by canonical name, then facts; the same bytes for the same readings and decisions. */
export async function* exportJsonl(store: Pick<Store, 'export'>): AsyncGenerator<string> {
  for await (const line of store.export()) yield `${JSON.stringify(line)}\n`;
}

/** The decision log as JSON Lines, in order; `Store.replay` takes it back. */
export async function* exportDecisions(store: Pick<Store, 'decisions'>): AsyncGenerator<string> {
  for (const decision of await store.decisions()) yield `${JSON.stringify(decision)}\n`;
}
