import type { JSX } from 'preact';
import { workspace } from '../state/data.ts';
import { type Theme, theme } from '../state/theme.ts';
import { counted } from '../state/words.ts';

const themes: readonly { readonly value: Theme; readonly label: string }[] = [
  { value: 'system', label: 'As the system' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];

export function SettingsPage(): JSX.Element {
  const known = workspace.data.value;
  return (
    <main class="single" id="main">
      <h1>Settings</h1>
      <div class="settings">
        <fieldset>
          <legend>
            <h2>Look</h2>
          </legend>
          <div class="choice">
            {themes.map(({ value, label }) => (
              <label key={value}>
                <input
                  type="radio"
                  name="theme"
                  value={value}
                  checked={theme.value === value}
                  onChange={() => {
                    theme.value = value;
                  }}
                />
                {label}
              </label>
            ))}
          </div>
        </fieldset>
        {known && (
          <section>
            <h2>Workspace</h2>
            <dl class="keys">
              <dt class="quiet">name</dt>
              <dd>{known.name}</dd>
              <dt class="quiet">holds</dt>
              <dd>
                {counted(known.counts.documents, 'document')}, {counted(known.counts.sentences, 'sentence')},{' '}
                {counted(known.counts.entities, 'entity', 'entities')}, {counted(known.counts.facts, 'fact')}
              </dd>
              <dt class="quiet">decisions</dt>
              <dd>{counted(known.counts.decisions, 'decision')}, kept apart from the documents</dd>
              <dt class="quiet">open for</dt>
              <dd>{known.readOnly ? 'reading only' : 'reading and writing'}</dd>
              <dt class="quiet">Lyceum</dt>
              <dd>{known.version}</dd>
            </dl>
          </section>
        )}
        <section>
          <h2>For programs</h2>
          <p>
            Everything this page shows comes from an open interface of this server: <a href="/api/openapi.json">its description</a>.
          </p>
        </section>
      </div>
    </main>
  );
}
