import type { JSX } from 'preact';
import { activeRuns } from '../state/data.ts';
import { go, type Page, page, pageLink } from '../state/route.ts';
import { Icon, type IconName } from './icons.tsx';

const stations: readonly { readonly page: Page; readonly label: string; readonly icon: IconName }[] = [
  { page: 'read', label: 'Read', icon: 'read' },
  { page: 'adapt', label: 'Adapt', icon: 'adapt' },
  { page: 'inspect', label: 'Inspect', icon: 'inspect' },
  { page: 'guard', label: 'Guard', icon: 'guard' },
  { page: 'chat', label: 'Chat', icon: 'chat' },
  { page: 'runs', label: 'Runs', icon: 'runs' },
  { page: 'settings', label: 'Settings', icon: 'settings' },
];

/** The pages that exist, in the order of the work. */
export function Rail(): JSX.Element {
  return (
    <nav class="rail" aria-label="Pages">
      {stations.map((station) => [
        station.page === 'runs' && <div key="space" class="space" />,
        <a
          key={station.page}
          href={pageLink(station.page)}
          aria-current={page.value === station.page ? 'page' : undefined}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            go({}, { page: station.page });
          }}
        >
          <Icon name={station.icon} size={22} />
          {station.label}
          {station.page === 'runs' && activeRuns.value.length > 0 && <span class="hidden-text">, {activeRuns.value.length} under way</span>}
        </a>,
      ])}
    </nav>
  );
}
