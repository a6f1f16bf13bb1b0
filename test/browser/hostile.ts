import type { Reading } from '../../src/knowledge/index.ts';
import { idOf } from './readings.ts';

/** Text that would run, load or break out if it were ever taken for anything but text. */
export const payloads: readonly string[] = [
  '<script>pwned=1</script>',
  '<img src=x onerror=pwned=1>',
  '<svg onload=pwned=1>',
  '<svg><script>pwned=1</script></svg>',
  '"><script>pwned=1</script>',
  "'><img src=x onerror=pwned=1>",
  '</title><script>pwned=1</script>',
  '</textarea><script>pwned=1</script>',
  '</style><script>pwned=1</script>',
  '<iframe src="javascript:pwned=1"></iframe>',
  '<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>',
  '<a href="javascript:pwned=1">go</a>',
  'javascript:pwned=1',
  'JaVaScRiPt:pwned=1',
  'data:text/html,<script>pwned=1</script>',
  '<body onload=pwned=1>',
  '<input autofocus onfocus=pwned=1>',
  '<select autofocus onfocus=pwned=1>',
  '<details open ontoggle=pwned=1>',
  '<video><source onerror=pwned=1></video>',
  '<audio src=x onerror=pwned=1>',
  '<object data="javascript:pwned=1">',
  '<embed src="javascript:pwned=1">',
  '<link rel=stylesheet href=//evil.example/x.css>',
  '<meta http-equiv=refresh content="0;url=//evil.example">',
  '<base href=//evil.example/>',
  '<form action=//evil.example><button autofocus>go</button></form>',
  '<math><mtext><table><mglyph><style><img src=x onerror=pwned=1>',
  '<noscript><p title="</noscript><img src=x onerror=pwned=1>">',
  '<template><script>pwned=1</script></template>',
  '<style>@import "//evil.example/x.css";</style>',
  '<div style="background:url(//evil.example/x.png)">',
  '<img src="//evil.example/pixel.png">',
  '<marquee onstart=pwned=1>',
  '<img src=`x` onerror=`pwned=1`>',
  '<img/src="x"/onerror=pwned=1>',
  '<<script>pwned=1//<</script>',
  '<scr<script>ipt>pwned=1</scr</script>ipt>',
  '&lt;script&gt;pwned=1&lt;/script&gt;',
  '&#60;script&#62;pwned=1&#60;/script&#62;',
  '\\u003cscript\\u003epwned=1\\u003c/script\\u003e',
  '{{constructor.constructor("pwned=1")()}}',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a template is the attack
  '${pwned=1}',
  '#{pwned=1}',
  '<%= pwned=1 %>',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '"onmouseover="pwned=1',
  "' autofocus onfocus='pwned=1",
  ']]><script>pwned=1</script>',
  '<!--<img src="--><img src=x onerror=pwned=1>//">',
  '\u202e<script>pwned=1</script>\u202c',
  '<script\u00a0>pwned=1</script>',
  '<xss id=x tabindex=1 onfocus=pwned=1 autofocus></xss>',
  'x'.repeat(1500),
];

const documentCount = 8;

/** Documents whose title, names, venue, text, kinds and relations are hostile; together they hold every payload in the text and as a mention. */
export function hostileReadings(): Reading[] {
  return Array.from({ length: documentCount }, (_, index) => {
    const own = payloads.filter((_payload, place) => place % documentCount === index);
    const payload = own[0]!;
    let text = `${payload}\n\n`;
    const sentences: { start: number; end: number }[] = [];
    const mentions: Reading['mentions'][number][] = [];
    const relations: Reading['relations'][number][] = [];
    own.forEach((name, place) => {
      const other = own[(place + 1) % own.length]!;
      const start = text.length;
      const kind = place === 0 ? payload.slice(0, 90) : 'Method';
      mentions.push({ start: start + 7, end: start + 7 + name.length, kind, score: 0.9 });
      mentions.push({ start: start + 12 + name.length, end: start + 12 + name.length + other.length, kind: 'Task', score: 0.9 });
      relations.push({ subject: 2 * place, object: 2 * place + 1, label: place === 1 ? payload.slice(0, 90) : 'USED-FOR', score: 0.9, sentence: place });
      text += `We use ${name} for ${other}.`;
      sentences.push({ start, end: text.length });
      text += '\n\n';
    });
    return {
      id: idOf(text),
      names: own.map((name) => `${name}.pdf`),
      loader: 'pdf/1',
      reader: 'made/1',
      mediaType: payload.slice(0, 90),
      title: payload,
      year: 2000 + index,
      venue: payload.slice(0, 90),
      text,
      sentences,
      pages: sentences.map(({ start, end }, line) => ({ start, end, page: 1, box: [72, 72 + 18 * line, 400, 11] as const })),
      mentions,
      relations,
      clusters: [],
    };
  });
}
