import type { ComponentChildren, JSX } from 'preact';
import { models } from '../state/data.ts';
import { generating } from './model-choice.ts';

/** Chooses among the models of this machine that write text. @param children  further options */
export const ModelSelect = ({ value, onChoose, children }: { value: string; onChoose: (name: string) => void; children?: ComponentChildren }): JSX.Element => (
  <select class="field" aria-label="Model" value={value} onChange={(event) => onChoose(event.currentTarget.value)} onFocus={models.refresh}>
    {generating.value.map(({ name }) => (
      <option key={name} value={name}>
        {name}
      </option>
    ))}
    {children}
  </select>
);
