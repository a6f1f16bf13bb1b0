import type { ComponentChildren, JSX } from 'preact';
import type { RequestError } from '../state/api.ts';
import { select } from '../state/route.ts';
import { number } from '../state/words.ts';
import { Icon } from './icons.tsx';

/** The selection's kind and name; `children` may say the name in parts that can be opened. */
export function Head({ title, kind, hue, children }: { title: string; kind: string; hue: number; children?: ComponentChildren }): JSX.Element {
  return (
    <header>
      <p class="kind">
        <i class={`dot hue-${hue}`} />
        {kind}
      </p>
      <button type="button" class="button plain icon" aria-label="Close (Escape)" title="Close (Escape)" onClick={() => select(null)}>
        <Icon name="close" size={16} />
      </button>
      <h2 title={title}>{children ?? title}</h2>
    </header>
  );
}

export function Section({ title, count, children }: { title?: string; count?: number; children: ComponentChildren }): JSX.Element {
  return (
    <section class="section">
      {title && (
        <h3>
          {title}
          {count !== undefined && <span class="count">{number(count)}</span>}
        </h3>
      )}
      {children}
    </section>
  );
}

export function Numbers({ values }: { values: readonly (readonly [string, number])[] }): JSX.Element {
  return (
    <dl class="numbers">
      {values.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{number(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What is selected is not there (any more) or could not be fetched. */
export function Failure({ error, title }: { error: RequestError; title: string }): JSX.Element {
  return (
    <>
      <Head title={error.status === 404 ? 'Not in this workspace any more' : 'Could not be fetched'} kind={title} hue={8} />
      <div class="content">
        <Section>
          <p class="trouble" role="alert">
            {error.message}
          </p>
        </Section>
      </div>
    </>
  );
}
