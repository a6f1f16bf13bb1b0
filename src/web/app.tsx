import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { AdaptPage } from './adapt/adapt-page.tsx';
import { ChatPage } from './chat/chat-page.tsx';
import { GuardPage } from './guard/guard-page.tsx';
import { InspectPage } from './inspect/inspect-page.tsx';
import { commands } from './parts/commands.ts';
import { KeysDialog } from './parts/keys-dialog.tsx';
import { Rail } from './parts/rail.tsx';
import { DropAnywhere, ReadDialog } from './parts/read-dialog.tsx';
import { ReadPage } from './parts/read-page.tsx';
import { RunsPage } from './parts/runs-page.tsx';
import { SettingsPage } from './parts/settings-page.tsx';
import { Toasts } from './parts/toasts.tsx';
import { Top } from './parts/top.tsx';
import { workspace } from './state/data.ts';
import { bindKeys } from './state/keys.ts';
import { page } from './state/route.ts';

export function App(): JSX.Element {
  useEffect(() => bindKeys(commands.map(({ key, name, run }) => ({ key, does: name, run }))), []);
  useEffect(() => {
    document.title = workspace.data.value ? `${workspace.data.value.name} · Lyceum` : 'Lyceum';
  }, [workspace.data.value]);
  return (
    <div class="frame">
      <Top />
      <Rail />
      {page.value === 'read' && <ReadPage />}
      {page.value === 'adapt' && <AdaptPage />}
      {page.value === 'inspect' && <InspectPage />}
      {page.value === 'guard' && <GuardPage />}
      {page.value === 'chat' && <ChatPage />}
      {page.value === 'runs' && <RunsPage />}
      {page.value === 'settings' && <SettingsPage />}
      <ReadDialog />
      <KeysDialog />
      <Toasts />
      {workspace.data.value?.readOnly === false && page.value !== 'adapt' && page.value !== 'guard' && <DropAnywhere />}
    </div>
  );
}
