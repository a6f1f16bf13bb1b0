import { storeSuite } from '../../testing/store-suite.ts';
import { openStore } from './store.ts';

storeSuite('SQLite', () => openStore(':memory:'));
