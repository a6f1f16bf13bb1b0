import type { CommandModule } from './command-module.ts';

interface Verb {
  readonly name: string;
  readonly group: string;
  readonly summary: string;
  load(): Promise<CommandModule>;
}

/** The verbs in the order in which a person meets them. Each is loaded only when it is called. */
export const verbs: readonly Verb[] = [
  { name: 'read', group: 'From documents to knowledge', summary: 'read papers into a knowledge graph with exact sources', load: () => import('./read.ts') },
  { name: 'graph', group: 'From documents to knowledge', summary: 'look at the knowledge graph, correct it, export it', load: () => import('./graph.ts') },
  { name: 'open', group: 'From documents to knowledge', summary: 'open the workbench in a browser', load: () => import('./open.ts') },
  { name: 'adapt', group: 'Teaching models', summary: 'teach a model from your samples, and see what it gained and forgot', load: () => import('./adapt.ts') },
  {
    name: 'inspect',
    group: 'Looking inside models',
    summary: 'see how a model retrieves: patch what one prompt holds into another',
    load: () => import('./inspect.ts'),
  },
  { name: 'guard', group: 'Looking inside models', summary: 'keep injected instructions in documents from steering a model', load: () => import('./guard.ts') },
  { name: 'models', group: 'Models', summary: 'fetch models into the shared cache, list, show, convert and remove them', load: () => import('./models.ts') },
  { name: 'chat', group: 'Models', summary: 'talk with a language model', load: () => import('./chat.ts') },
  { name: 'complete', group: 'Models', summary: 'continue texts with a language model', load: () => import('./complete.ts') },
  { name: 'score', group: 'Models', summary: 'how probable a language model finds texts', load: () => import('./score.ts') },
  { name: 'embed', group: 'Models', summary: 'turn texts into sentence vectors', load: () => import('./embed.ts') },
  { name: 'serve', group: 'Models', summary: 'serve a language model over HTTP, as OpenAI’s API', load: () => import('./serve.ts') },
  { name: 'eval', group: 'Measuring', summary: 'score predictions against gold files, ask a model what it knows', load: () => import('./eval.ts') },
  { name: 'doctor', group: 'Measuring', summary: 'check this machine, the caches and the workspace', load: () => import('./doctor.ts') },
];

/** What `lyceum` alone prints. */
export function printVerbs(): string {
  const width = Math.max(...verbs.map(({ name }) => name.length));
  const groups = [...new Set(verbs.map(({ group }) => group))].map((group) => {
    const lines = verbs.filter((verb) => verb.group === group).map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
    return `${group}\n${lines.join('\n')}\n`;
  });
  return `Usage: lyceum <verb> [options]\n\n${groups.join('\n')}\n\`lyceum <verb> --help\` shows a verb with examples; \`lyceum --version\` the version.\n`;
}
