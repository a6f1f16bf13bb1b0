export { exportGraphml } from './graphml.ts';
export { exportDecisions, exportJsonl } from './jsonl.ts';
export { exportTurtle } from './turtle.ts';
