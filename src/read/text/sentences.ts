import type { Range } from './words.ts';

// After these a capital may follow inside the sentence, always …
const never =
  /(?:^|[\s([{,;–—])(?:e\.\s?g|i\.\s?e|cf|viz|vs|resp|approx|ca|[Ff]igs?|[Ee]qs?|Eqns?|[Ss]ecs?|Sects?|Chap|Tabs?|Thm|Lem|Prop|Def|Alg|App|[Rr]efs?|Nos?|[Vv]ols?|[Pp]p?|[Ee]ds?|Dr|Prof|Mr|Mrs|Ms|St|Proc|Conf|Trans|Univ|Dept|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.$/u;
// … and after these unless what follows looks like the start of a sentence.
const seldom = /(?:^|[\s([{,;–—])(?:et\s+al|al|etc|Inc|Ltd|Corp|Co|Jr|Sr|Ph\.\s?D|(?:\p{Lu}\.[\s-]?)*\p{Lu})\.$/u;
const starters =
  '(?:We|Our|The|This|That|These|Those|It|Its|They|Their|There|Here|In|On|For|From|At|As|By|With|To|However|Moreover|Furthermore|Finally|First|Second|Then|Thus|Hence|Therefore|While|When|Although|Both|Each|An?|Such|Some|Most|Experiments?|Results?|Unlike|Given|Using|Since|If|After|Before|Because|Another|One)\\s';
const starter = new RegExp(`^["'“‘(]*${starters}`, 'u');
// "… for this task.We propose …": a space was lost, as happens when text is copied.
const lostSpace = new RegExp(`(?<=[\\p{Ll}\\])]{2}[.!?])(?=${starters})`, 'gu');
const listNumber = /^\s*(?:\(?\d{1,3}|\(?[a-z]|\(?[ivx]{1,4})[.)]\s*$/u;
const citationTail = /^\s*\d+(?:\s*[,–-]\s*\d+)*\s*\]\s*/u;

const english = new Intl.Segmenter('en', { granularity: 'sentence' });

const openBracket = (text: string): boolean => {
  let depth = 0;
  for (const character of text) depth = character === '(' ? depth + 1 : character === ')' ? Math.max(0, depth - 1) : depth;
  return depth > 0;
};

const splitsHere = (left: string, right: string): boolean => {
  const before = left.trimEnd();
  if (listNumber.test(before)) return false;
  if (!/[.!?。！？…]["'”’)\]]*$/u.test(before) && !/[.!?]\s*(?:\[[^\]]{1,40}\])$/u.test(before)) return false;
  const tail = before.slice(-40);
  if (never.test(tail) || (/\bno\.$/.test(tail) && /^\d/.test(right))) return false;
  if (seldom.test(tail) && !starter.test(right)) return false;
  if (/^["'“‘([]*\p{Ll}/u.test(right) && !/[!?。！？]["'”’)\]]*$/u.test(before)) return false;
  // "(We tried two. The second won.)" is read on to its closing bracket when that is near.
  const closing = right.slice(0, 240).search(/[()]/);
  return !(openBracket(before.slice(-400)) && closing >= 0 && right[closing] === ')');
};

/**
 * The sentences of `text` between `start` and `end`, without the white space around them. `Intl.Segmenter` proposes; abbreviations, initials, list numbers, citations
 * and brackets decide. A line end is white space here: whoever knows paragraphs passes them one by one.
 */
export const sentences = (text: string, start = 0, end = text.length): Range[] => {
  // Same length, so positions stay: the segmenter would otherwise end a sentence at every line.
  const flat = text.slice(start, end).replace(/[\n\r\t\v\f\u0085\u2028\u2029]/g, ' ');
  const found: Range[] = [];
  let from = 0;
  const inside: number[] = [];
  const push = (end: number) => {
    for (const { index } of flat.slice(from, end).matchAll(lostSpace)) inside.push(from + index);
    for (const to of [...inside, end]) keep(to);
    inside.length = 0;
  };
  const keep = (to: number) => {
    const kept = flat.slice(from, to);
    const lead = kept.length - kept.trimStart().length;
    if (kept.trim() !== '') found.push({ start: start + from + lead, end: start + from + kept.trimEnd().length });
    from = to;
  };
  for (const { index, segment } of english.segment(flat)) {
    let to = index + segment.length;
    if (to <= from || to >= flat.length) continue;
    // "… as shown before.[12] Next" is proposed inside the citation.
    const citation = /\[\s*$/.test(segment) ? citationTail.exec(flat.slice(to, to + 60)) : null;
    if (citation) to += citation[0].length;
    if (splitsHere(flat.slice(Math.max(from, to - 2000), to), flat.slice(to, to + 260))) push(to);
  }
  push(flat.length);
  return found;
};
