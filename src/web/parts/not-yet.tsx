import type { JSX } from 'preact';
import type { Resource } from '../state/resource.ts';

type Awaited = Pick<Resource<unknown>, 'error' | 'refresh'>;

/** Why something cannot be had, and the way to try again; nothing where it can. */
export function TryAgain({ of }: { readonly of: Awaited }): JSX.Element | null {
  const trouble = of.error.value;
  return (
    trouble && (
      <div class="stage-empty">
        <p class="trouble" role="alert">
          {trouble.message}
        </p>
        <button type="button" class="button" onClick={of.refresh}>
          Try again
        </button>
      </div>
    )
  );
}

/** A page that waits for what it is about. */
export function NotYet({ of }: { readonly of: Awaited }): JSX.Element {
  return (
    <main class="read empty" id="main" aria-busy={of.error.value === null}>
      <TryAgain of={of} />
    </main>
  );
}
