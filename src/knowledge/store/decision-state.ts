import { FormatError } from '../errors.ts';
import { normaliseName } from '../names/normalise.ts';
import type { Decision, LoggedDecision } from './contract.ts';
import { DEFAULT_SETTINGS, type Settings } from './settings.ts';

/** What the decision log amounts to: a pure function of it. Names are normalised. */
export interface DecisionState {
  readonly settings: Settings;
  /** Whether rules may join two names; a user's link joins them whatever rules say. */
  verdict(a: string, b: string): 'linked' | 'free' | 'cut';
  /** Names that a name was merged into, and with. */
  linksFrom(name: string): readonly string[];
  linkPartners(name: string): readonly string[];
  readonly kinds: ReadonlyMap<string, string>;
  readonly renames: ReadonlyMap<string, string>;
  readonly hidden: readonly { readonly subject: string; readonly relation: string; readonly object: string }[];
  /** Every name on which the log has any bearing. */
  readonly names: ReadonlySet<string>;
}

/** Replays a decision log. */
export function decisionState(log: readonly LoggedDecision[]): DecisionState {
  const verdicts = new Map<string, 'linked' | 'cut'>();
  const from = new Map<string, string[]>();
  const partners = new Map<string, string[]>();
  const islands = new Map<string, number>();
  const kinds = new Map<string, string>();
  const renames = new Map<string, string>();
  const hidden: { subject: string; relation: string; object: string }[] = [];
  const names = new Set<string>();
  let settings = DEFAULT_SETTINGS;
  const link = (a: string, b: string): void => {
    if (a === b) return;
    verdicts.set(pairOf(a, b), 'linked');
    push(from, a, b);
    push(partners, a, b);
    push(partners, b, a);
  };
  for (const { number, decision, undone } of log) {
    if (undone || decision.type === 'undo') continue;
    for (const name of namesOf(decision)) names.add(name);
    switch (decision.type) {
      case 'merge':
        for (const name of decision.names.slice(1)) link(name, decision.names[0]!);
        break;
      case 'split': {
        for (const name of decision.names) islands.set(name, number);
        for (const name of decision.names) for (const other of decision.rest ?? []) verdicts.set(pairOf(name, other), 'cut');
        for (const group of [decision.names, decision.rest ?? []]) for (const name of group.slice(1)) link(name, group[0]!);
        break;
      }
      case 'reject':
        verdicts.set(pairOf(...decision.names), 'cut');
        break;
      case 'kind':
        kinds.set(decision.name, decision.kind);
        break;
      case 'rename':
        renames.set(decision.name, decision.to);
        break;
      case 'hide':
        hidden.push(decision);
        break;
      case 'setting':
        settings = { ...settings, [decision.name]: decision.value };
        break;
    }
  }
  return {
    settings,
    verdict: (a, b) => verdicts.get(pairOf(a, b)) ?? (islands.get(a) === islands.get(b) ? 'free' : 'cut'),
    linksFrom: (name) => (from.get(name) ?? []).filter((other) => verdicts.get(pairOf(name, other)) === 'linked'),
    linkPartners: (name) => partners.get(name) ?? [],
    kinds,
    renames,
    hidden,
    names,
  };
}

/** A decision with its names normalised; throws FormatError when it makes no sense. */
export function normaliseDecision(decision: Decision): Decision {
  const name = (text: string): string => {
    const key = normaliseName(text);
    if (key === null) throw new FormatError(`decision ${decision.type}: expected a name, got ${JSON.stringify(text)}; give a name of the graph [FORMAT]`);
    return key;
  };
  switch (decision.type) {
    case 'merge': {
      const names = [...new Set(decision.names.map(name))];
      if (names.length < 2)
        throw new FormatError(`decision merge: expected two different names, got ${JSON.stringify(decision.names)}; give another name [FORMAT]`);
      return { type: 'merge', names };
    }
    case 'split':
      return { type: 'split', names: [...new Set(decision.names.map(name))], rest: [...new Set((decision.rest ?? []).map(name))] };
    case 'reject': {
      const [a, b] = [name(decision.names[0]), name(decision.names[1])];
      if (a === b) throw new FormatError(`decision reject: expected two different names, got "${a}" twice; give another name [FORMAT]`);
      return { type: 'reject', names: [a, b] };
    }
    case 'kind':
      if (decision.kind.trim() === '') throw new FormatError('decision kind: expected a kind, got nothing; name one [FORMAT]');
      return { type: 'kind', name: name(decision.name), kind: decision.kind.trim().slice(0, 100) };
    case 'rename':
      name(decision.to);
      return { type: 'rename', name: name(decision.name), to: decision.to.trim().slice(0, 200) };
    case 'hide':
      return { type: 'hide', subject: name(decision.subject), relation: decision.relation, object: name(decision.object) };
    case 'setting': {
      const right =
        decision.name === 'contains'
          ? ['careful', 'paper', 'off'].includes(String(decision.value))
          : Number.isInteger(decision.value) && Number(decision.value) >= 1 && Number(decision.value) <= 1_000_000;
      if (!right) {
        const expected = decision.name === 'contains' ? 'careful, paper or off' : 'a whole number from 1';
        throw new FormatError(`setting ${decision.name}: expected ${expected}, got ${JSON.stringify(decision.value)}; give another value [FORMAT]`);
      }
      return { type: 'setting', name: decision.name, value: decision.value };
    }
    case 'undo':
      return { type: 'undo', number: decision.number };
  }
}

function namesOf(decision: Decision): readonly string[] {
  switch (decision.type) {
    case 'merge':
    case 'reject':
      return decision.names;
    case 'split':
      return [...decision.names, ...(decision.rest ?? [])];
    case 'kind':
    case 'rename':
      return [decision.name];
    case 'hide':
      return [decision.subject, decision.object];
    default:
      return [];
  }
}

function pairOf(a: string, b: string): string {
  return a < b ? `${a}\n${b}` : `${b}\n${a}`;
}

function push(map: Map<string, string[]>, name: string, other: string): void {
  const list = map.get(name);
  if (!list) map.set(name, [other]);
  else if (!list.includes(other)) list.push(other);
}
