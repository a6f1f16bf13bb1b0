import { batch, computed, signal } from '@preact/signals';

/** The address holds page, selection and filters, so a link and the back button work. */
export type Page = 'read' | 'adapt' | 'inspect' | 'guard' | 'chat' | 'runs' | 'settings';
export type View = 'graph' | 'document' | 'trends' | 'merges';
/** `token` is one place of an answer on the Chat page, the others are things of the workspace. */
export type Selection = { readonly kind: 'entity' | 'fact' | 'document' | 'token'; readonly id: string };

const readAddress = () => ({ path: location.pathname, query: location.search });
const address = signal(readAddress());
const parameters = computed(() => new URLSearchParams(address.value.query));
const parameter = (name: string) => computed(() => parameters.value.get(name) ?? '');
const list = (name: string) => {
  const raw = parameter(name);
  return computed(() => (raw.value ? raw.value.split(',') : []));
};

const pages: Readonly<Record<string, Page>> = {
  '/adapt': 'adapt',
  '/inspect': 'inspect',
  '/guard': 'guard',
  '/chat': 'chat',
  '/runs': 'runs',
  '/settings': 'settings',
};
export const page = computed<Page>(() => pages[address.value.path] ?? 'read');
const viewName = parameter('view');
export const view = computed<View>(() =>
  viewName.value === 'document' || viewName.value === 'trends' || viewName.value === 'merges' ? viewName.value : 'graph',
);
const selected = parameter('sel');
export const selection = computed<Selection | null>(() => {
  const match = /^(entity|fact|document|token):(.+)$/.exec(selected.value);
  // Each page shows its own: the address keeps the other for the way back.
  return match && (match[1] === 'token') === (page.value === 'chat') ? { kind: match[1] as Selection['kind'], id: match[2]! } : null;
});
export const openDocument = parameter('doc');
const place = parameter('at');
/** The place to show in the open document, in characters. */
export const openSpan = computed(() => {
  const match = /^(\d+)-(\d+)$/.exec(place.value);
  return match ? { start: Number(match[1]), end: Number(match[2]) } : null;
});
const layoutName = parameter('as');
export const documentLayout = computed<'text' | 'page'>(() => (layoutName.value === 'page' ? 'page' : 'text'));
export const typeFilter = list('types');
export const relationFilter = list('relations');
const minimum = parameter('min');
export const minimumSupport = computed(() => Math.max(1, Number(minimum.value) || 1));
const bound = parameter('limit');
export const nodeLimit = computed(() => Math.min(10_000, Math.max(50, Number(bound.value) || 1000)));
export const near = parameter('near');
const panelName = parameter('list');
export const listPanel = computed<'documents' | 'entities'>(() => (panelName.value === 'entities' ? 'entities' : 'documents'));
export const trendRelation = parameter('trend');
export const trendSubject = parameter('of');
export const trendKind = parameter('kind');
/** Whether trends follow one entity or two kinds; of kinds, which stand at the ends, and the one relation that is asked about. */
const trendsOf = parameter('trends');
export const trendMode = computed<'entity' | 'kinds'>(() => (trendsOf.value === 'kinds' ? 'kinds' : 'entity'));
const subjectName = parameter('subject');
const objectName = parameter('object');
export const subjectKind = computed(() => subjectName.value || 'Method');
export const objectKind = computed(() => objectName.value || 'Task');
export const kindRelation = parameter('relation');

/** On the Adapt page: the run that is shown, what of it, and the runs that are compared. */
export const openRun = parameter('run');
const runTab = parameter('tab');
export const openTab = computed<'training' | 'report' | 'talk' | 'stages' | null>(() =>
  runTab.value === 'training' || runTab.value === 'report' || runTab.value === 'talk' || runTab.value === 'stages' ? runTab.value : null,
);
export const comparedRuns = list('compare');

/** On the Inspect page: the model, the two prompts of a pair, and the layer that is shown. */
export const inspectedModel = parameter('model');
export const inspectedSource = parameter('source');
export const inspectedTarget = parameter('target');
/** There: which picture; the text that is read, the cell of a grid or the token that is chosen, and the head. */
const lookName = parameter('look');
const looks = ['pair', 'lens', 'attention', 'attribution', 'heads'] as const;
export const inspectedLook = computed<(typeof looks)[number]>(() => looks.find((look) => look === lookName.value) ?? 'pair');
export const inspectedPrompt = parameter('prompt');
export const inspectedCell = parameter('cell');
export const inspectedHead = parameter('head');
/** What components speak for and against, prompts that replace the text's (one a line), what alone reads the replaced, the component that is told of, and what of it is drawn. */
export const inspectedAnswer = parameter('answer');
export const inspectedAgainst = parameter('against');
export const inspectedBaseline = parameter('baseline');
export const inspectedReceiver = parameter('to');
export const inspectedPart = parameter('part');
export const inspectedMeasure = parameter('by');
const seedName = parameter('seed');
/** Of the texts that heads are tried on; null where none was asked for. */
export const inspectedSeed = computed(() => (/^\d{1,10}$/.test(seedName.value) ? Number(seedName.value) : null));
const layerName = parameter('layer');
export const inspectedLayer = computed(() => (/^\d{1,4}$/.test(layerName.value) ? Number(layerName.value) : null));

/** On the Guard page, beside the model: the guard, what it does, and the sentence that is told of. */
export const namedGuard = parameter('guard');
export const namedPolicy = parameter('policy');
const sentenceName = parameter('sentence');
export const namedSentence = computed(() => (/^\d{1,5}$/.test(sentenceName.value) ? Number(sentenceName.value) : null));

type Change = Partial<
  Record<
    | 'view'
    | 'sel'
    | 'doc'
    | 'at'
    | 'as'
    | 'types'
    | 'relations'
    | 'min'
    | 'limit'
    | 'near'
    | 'list'
    | 'trend'
    | 'of'
    | 'kind'
    | 'trends'
    | 'subject'
    | 'object'
    | 'relation'
    | 'run'
    | 'tab'
    | 'compare'
    | 'model'
    | 'source'
    | 'target'
    | 'layer'
    | 'look'
    | 'prompt'
    | 'cell'
    | 'head'
    | 'answer'
    | 'against'
    | 'baseline'
    | 'to'
    | 'part'
    | 'by'
    | 'seed'
    | 'guard'
    | 'policy'
    | 'sentence',
    string | null
  >
>;

/** Changes the address: a page, parameters, or both; null or '' takes a parameter away. `replace` leaves no step for the back button. */
export function go(change: Change, options: { page?: Page; replace?: boolean } = {}): void {
  const next = new URLSearchParams(parameters.peek());
  for (const [name, value] of Object.entries(change)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  const path = options.page ? (options.page === 'read' ? '/' : `/${options.page}`) : address.peek().path;
  const query = next.size > 0 ? `?${next.toString().replaceAll('%3A', ':').replaceAll('%2C', ',')}` : '';
  if (path === address.peek().path && query === address.peek().query) return;
  if (options.replace) history.replaceState(null, '', path + query);
  else history.pushState(null, '', path + query);
  batch(() => {
    address.value = { path, query };
  });
}

/** The address of a page with the filters of now, for real links. */
export const pageLink = (target: Page): string => (target === 'read' ? '/' : `/${target}`) + address.value.query;

export const select = (target: Selection | null, options: { replace?: boolean } = {}): void => go({ sel: target && `${target.kind}:${target.id}` }, options);

/** Opens a document at a place, keeping what is selected. */
export const openAt = (doc: string, span?: { start: number; end: number }): void =>
  go({ view: 'document', doc, at: span ? `${span.start}-${span.end}` : null }, { page: 'read' });

addEventListener('popstate', () => {
  address.value = readAddress();
});
