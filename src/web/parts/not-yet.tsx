import type { JSX } from 'preact';
import type { Resource } from '../state/resource.ts';

/** A page that waits for what it is about; where that cannot be had, why, and the way to try again. */
export function NotYet({ of }: { readonly of: Pick<Resource<unknown>, 'error' | 'refresh'> }): JSX.Element {
  const trouble = of.error.value;
  return (
    <main class="read empty" id="main" aria-busy={trouble === null}>
      {trouble && (
        <div class="stage-empty">
          <p class="trouble" role="alert">
            {trouble.message}
          </p>
          <button type="button" class="button" onClick={of.refresh}>
            Try again
          </button>
        </div>
      )}
    </main>
  );
}
