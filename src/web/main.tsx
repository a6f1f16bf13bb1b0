import './state/entry.ts';

import { render } from 'preact';
import { App } from './app.tsx';
import { keepBetweenVisits } from './chat/between-visits.ts';
import { follow } from './state/live.ts';

follow();
keepBetweenVisits();
render(<App />, document.getElementById('page')!);
