import './state/entry.ts';

import { render } from 'preact';
import { App } from './app.tsx';
import { follow } from './state/live.ts';

follow();
render(<App />, document.getElementById('page')!);
