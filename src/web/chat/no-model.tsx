import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Icon } from '../parts/icons.tsx';
import { models } from '../state/data.ts';
import { complain, say } from '../state/toasts.ts';
import { bytesOf } from './gauges.tsx';

const lookEveryMs = 3000;

const copy = (command: string): void => {
  navigator.clipboard.writeText(command).then(() => say('The command was copied.'), complain);
};

/** Where no language model is on this machine: how one comes, and the page goes on by itself once it is there. */
export function NoModel(): JSX.Element {
  useEffect(() => {
    const timer = setInterval(models.refresh, lookEveryMs);
    return () => clearInterval(timer);
  }, []);
  const available = models.data.value?.available ?? [];
  return (
    <div class="welcome no-model">
      <h1>No language model is here yet</h1>
      <p class="quiet">Run one of these in a terminal. The model is checked, nothing in it is executed, and this page goes on by itself once it is there.</p>
      <ul class="commands">
        {available.map(({ name, about, sizeBytes, licence }) => {
          const command = `lyceum models pull ${name}`;
          return (
            <li key={name}>
              <code>{command}</code>
              <button type="button" class="button plain icon" aria-label={`Copy: ${command}`} title="Copy" onClick={() => copy(command)}>
                <Icon name="copy" size={15} />
              </button>
              <span class="why">
                {about} · {bytesOf(sizeBytes)} · {licence}
              </span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
