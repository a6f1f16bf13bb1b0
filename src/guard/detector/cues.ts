/** What is seen in a text without a model, each 0..1, in the order of `cueNames`. */
export const cueNames = [
  'question',
  'imperative',
  'secondPerson',
  'answerWord',
  'orderWord',
  'capitals',
  'code',
  'digits',
  'row',
  'link',
  'foreignLetters',
  'english',
] as const;

// First words of requests, in the languages that the weights were trained with.
const imperative =
  /^(?:[\W\d_]*(?:please|now|then|also|first|next|so|and|instead|bitte|por favor|per favore|s'il vous plaît)\b[\s,:]*)*[\W\d_]*(?:accept|act|add|adopt|agree|allow|always|analy[sz]e|answer|append|apply|ask|assume|avoid|be|behave|begin|blend|build|call|change|check|choose|click|close|complete|compose|compute|conclude|consider|continue|convert|copy|create|define|delete|deliver|deploy|describe|design|determine|discard|disregard|do|don't|download|draft|embed|employ|encode|end|enter|ensure|execute|explain|express|extract|fill|find|finish|follow|forget|format|generate|get|give|go|help|hide|highlight|identify|ignore|imagine|include|incorporate|infuse|inject|insert|integrate|introduce|keep|leave|let|list|look|make|mention|merge|modify|name|never|note|obey|offer|omit|open|output|override|paste|perform|pick|play|pretend|print|proceed|produce|promote|provide|put|quote|read|rearrange|recommend|remember|remove|render|repeat|replace|reply|report|respond|return|reveal|reverse|rewrite|run|say|schedule|search|see|select|send|set|share|show|simulate|solve|speak|spell|start|state|stop|substitute|suggest|summari[sz]e|switch|take|talk|tell|think|translate|treat|try|turn|type|use|utili[sz]e|verify|visit|wait|weave|write|antworte|erkläre|gib|ignoriere|nenne|sag|sage|schreib|schreibe|vergiss|vergessen|beantworte|übersetze|écris|écrivez|ignore[zr]?|oublie[zr]?|réponds|répondez|dis|dites|donne|escribe|ignora|olvida|responde|di|rispondi|scrivi|dimentica|zignoruj|napisz|odpowiedz|игнорируй|игнорируйте|забудь|забудьте|ответь|ответьте|напиши|напишите)(?![\p{L}\p{N}])/iu;
const secondPerson = /(?<!\p{L})(?:you|your|yours|yourself|du|dich|dein|deine|ihre?|vous|votre|vos|tu|tú|usted|tuo|tua|ты|вы|ваш|твой|你|您|あなた)(?!\p{L})/iu;
const answerWord =
  /(?<!\p{L})(?:answers?|answering|respon[ds]\w*|repl(?:y|ies)|output|print|repeat|completion|antwort\w*|répon\w+|respuesta|responde\w*|rispost\w+|rispond\w+|odpowied\w+|отве[тч]\p{L}*|回答)(?!\p{L})/iu;
const orderWord =
  /(?<!\p{L})(?:instructions?|prompts?|ignor(?:e|ed|ing)|disregard\w*|forget|override\w*|previous|above|commands?|directives?|orders?|tasks?|requests?|urgent\w*|immediate\w*|attention|anweisung\w*|befehl\w*|aufgaben?|vorherig\w*|ignorier\w*|vergiss|consignes?|instrucci\p{L}+|istruzion\p{L}+|instrukcj\p{L}+|инструкц\p{L}*|задани\p{L}*|指示|指令)(?!\p{L})/iu;
const codeLike = /```|~~~|[;{}]\s*$|^\s*(?:import|from|def|class|return|const|let|var)\s|\w\(.*\)\s*$|[=!<>]=|\w\s=\s/m;
const englishWords = new Set(
  'the of and to a in is it that for on with as was at by be this from are or an not have has had but they you we he she his her their its which who what when where how if can will would do does did there one all so than then into your my our'.split(
    ' ',
  ),
);

/** Letters of the script that most of a text's letters belong to; "none" where it has none. */
export const scriptOf = (text: string): string => {
  const counts = scripts.map(([name, pattern]) => [name, text.match(pattern)?.length ?? 0] as const);
  const [name, count] = counts.reduce((best, next) => (next[1] > best[1] ? next : best));
  return count === 0 ? 'none' : name;
};

const scripts = ['Latin', 'Cyrillic', 'Greek', 'Han', 'Arabic', 'Hebrew', 'Devanagari', 'Hangul', 'Hiragana', 'Katakana', 'Thai'].map(
  (name) => [name, new RegExp(`\\p{Script=${name}}`, 'gu')] as const,
);

/** The cues of one text, `[cueNames]`. */
export const cuesOf = (text: string): number[] => {
  const words = text.match(/[\p{L}\p{M}']+/gu) ?? [];
  const share = (pattern: RegExp): number => (text.match(pattern)?.length ?? 0) / Math.max(1, text.length);
  const has = (pattern: RegExp): number => (pattern.test(text) ? 1 : 0);
  return [
    has(/[?？؟]["'”’)\]]*\s*$/u),
    has(imperative),
    has(secondPerson),
    has(answerWord),
    has(orderWord),
    words.filter((word) => /^\p{Lu}{3,}$/u.test(word)).length / Math.max(1, words.length),
    has(codeLike),
    share(/\p{N}/gu),
    has(/\|.*\|/),
    has(/https?:|www\.|\w@\w|\w\.(?:com|org|net|io|xyz)\b/i),
    share(/[^\P{L}\p{Script=Latin}]/gu),
    words.filter((word) => englishWords.has(word.toLowerCase())).length / Math.max(4, words.length),
  ];
};
