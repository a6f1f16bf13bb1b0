// Entry point of the engine process: a host behind the channel of its parent.
import { createHost } from './host.ts';
import { serveParent } from './serve-parent.ts';

serveParent(createHost());
