import { render } from 'preact';
import { App } from './app.tsx';
import { takeToken } from './state/api.ts';
import { follow } from './state/live.ts';

takeToken();
follow();
render(<App />, document.getElementById('page')!);
