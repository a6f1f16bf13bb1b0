import type { GuardSettings } from '../../guard/index.ts';
import type { Embedder } from '../embed.ts';
import { openEmbedderApart } from '../open-embedder-apart.ts';
import { type ScannedDocument, scanDocument } from './scan-document.ts';

/** Judges documents for who must not wait for a computation: in a process of its own, begun with the first document. */
export interface Guarding extends AsyncDisposable {
  /** By the guard that ships with Lyceum where none is given. */
  scan(document: string, instruction?: string, guard?: GuardSettings): Promise<ScannedDocument>;
}

export const localGuarding = ({ threads }: { readonly threads: number }): Guarding => {
  let opened: Promise<Embedder> | undefined;
  return {
    async scan(document, instruction, guard) {
      opened ??= openEmbedderApart({ threads }).catch((error: unknown) => {
        opened = undefined; // the next document tries again
        throw error;
      });
      return await scanDocument(await opened, { document, instruction, guard });
    },
    async [Symbol.asyncDispose]() {
      await (await opened?.catch(() => undefined))?.[Symbol.asyncDispose]();
    },
  };
};
