import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { save } from '../parts/save.ts';
import { getText, token } from '../state/api.ts';
import { complain } from '../state/toasts.ts';

/** A report in a frame that runs nothing. Where the server wants a token a frame cannot carry it, so the report is saved instead. */
export function ReportFrame({ address, title, file }: { address: string; title: string; file: string }): JSX.Element {
  const isLoaded = useSignal(false);
  const keep = () => getText(address).then((html) => save(`${file}.html`, 'text/html', html), complain);
  if (token() !== null)
    return (
      <div class="stage-empty">
        <p class="quiet">This server wants its token with every request, which a page within this page cannot send.</p>
        <button type="button" class="button first" onClick={keep}>
          Save the report
        </button>
      </div>
    );
  return (
    <div class="report" aria-busy={!isLoaded.value}>
      <iframe
        src={address}
        title={title}
        sandbox="allow-downloads"
        onLoad={() => {
          isLoaded.value = true;
        }}
      />
      <div class="report-foot">
        <a class="button plain" href={address} target="_blank" rel="noreferrer">
          Open in a tab of its own
        </a>
        <button type="button" class="button plain" onClick={keep}>
          Save it
        </button>
      </div>
    </div>
  );
}
