/** The workbench's colours, each for light and for dark. A saved picture takes the light ones. */
export const colours: Readonly<Record<string, readonly [light: string, dark: string]>> = {
  paper: ['#ffffff', '#15181d'],
  'paper-2': ['#f6f7f9', '#1b1f25'],
  ink: ['#1a1e26', '#e7eaf0'],
  'ink-2': ['#586171', '#a3acba'],
  line: ['#e1e4ea', '#2d333d'],
  'line-2': ['#868e9c', '#6f7a8a'],
  accent: ['#2456b3', '#8fb4ff'],
  warn: ['#a33a1d', '#ff9d7a'],
  good: ['#1c7a4d', '#6fd3a0'],
  'hue-1': ['#2b6cb8', '#6aa9f2'],
  'hue-2': ['#c25a06', '#f2964a'],
  'hue-3': ['#14866a', '#4cc5a2'],
  'hue-4': ['#a3459a', '#dc8ad2'],
  'hue-5': ['#8a6d00', '#d6b83a'],
  'hue-6': ['#1b87ad', '#67c8ea'],
  'hue-7': ['#c23a4c', '#f4838f'],
  'hue-8': ['#6c7280', '#a2a9b6'],
};

const font = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif';
const variables = Object.entries(colours)
  .map(([name, [light, dark]]) => `--${name}:light-dark(${light},${dark})`)
  .join(';');

/** The style of every report: one column, light or dark as the reader's system is, black on white on paper. */
export const style = `
:root{color-scheme:light dark;${variables}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:14px/1.5 ${font};-webkit-font-smoothing:antialiased}
main{max-width:768px;margin:0 auto;padding:48px 24px 64px}
h1,h2,h3,p,figure,dl,dd,ul{margin:0;padding:0}
ul{list-style:none}
h1{font-size:28px;font-weight:600;line-height:1.2;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:20px;font-weight:600;line-height:1.3}
h3,figcaption b{font-size:14px;font-weight:600;display:block}
a{color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:2px}
.quiet,.kicker,.caption,caption,dt,.foot{color:var(--ink-2)}
.kicker{font-size:12px;margin-bottom:8px}
.lead{font-size:20px;line-height:1.45;margin-top:20px;text-wrap:pretty}
.warn{margin-top:16px;padding-left:12px;border-left:3px solid var(--warn)}
.user{overflow-wrap:anywhere;unicode-bidi:plaintext;white-space:pre-wrap}
.facts{display:grid;grid-template-columns:repeat(3,1fr);gap:0 24px;margin-top:36px}
.facts>div{border-top:1px solid var(--line);padding:12px 0 20px}
.facts dt{font-size:12px}
.facts .value{font-size:20px;line-height:1.35;font-variant-numeric:tabular-nums}
.facts .sub{font-size:12px;color:var(--ink-2);font-variant-numeric:tabular-nums}
section{margin-top:56px}
section>*+*{margin-top:16px}
section>h2+p{margin-top:8px}
figure{margin-top:28px!important}
section>h2+figure{margin-top:16px!important}
section>h3{margin-top:32px}
figure svg{display:block;width:100%;height:auto;overflow:visible;font:12px ${font};font-variant-numeric:tabular-nums;--plot-background:var(--paper)}
figcaption{margin-bottom:12px;text-wrap:pretty}
.narrow{display:none}
.key{display:flex;flex-wrap:wrap;gap:4px 16px;margin-top:8px;font-size:12px;color:var(--ink-2)}
.key span{display:inline-flex;align-items:center;gap:6px}
.key i{width:12px;height:12px;border-radius:2px;flex:none}
.key .ramp{gap:0}
.key .ramp i{border-radius:0;width:20px;box-shadow:inset 0 1px var(--line),inset 0 -1px var(--line)}
.tools{font-size:12px;margin-top:8px;display:flex;flex-wrap:wrap;gap:4px 16px;align-items:baseline}
.tools details[open]{flex-basis:100%;order:1}
summary{cursor:pointer;color:var(--accent);width:fit-content}
.scroll{overflow-x:auto}
details .scroll{margin-top:8px;max-height:420px;overflow:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
caption{text-align:left;padding-bottom:8px;text-wrap:pretty}
th,td{text-align:left;vertical-align:baseline;padding:6px 16px 6px 0;border-top:1px solid var(--line);font-weight:400}
thead th{border-top:0;font-size:12px;color:var(--ink-2);vertical-align:bottom}
tr>:last-child{padding-right:0}
.number{text-align:right;white-space:nowrap}
tbody th{overflow-wrap:break-word;min-width:104px;max-width:280px}
.swatch{display:inline-block;width:8px;height:8px;border-radius:50%;margin-right:8px}
.tools table{font-size:12px}
.gained{color:var(--good)}
.lost{color:var(--warn)}
.verdicts b{font-weight:600;overflow-wrap:anywhere}
.verdicts>li{border-top:1px solid var(--line);padding:12px 0}
.examples>li{border-top:1px solid var(--line);padding:12px 0}
.examples .user{max-height:15em;overflow:auto}
.examples dl{display:grid;grid-template-columns:72px 1fr;gap:2px 12px;margin-top:4px}
.foot{margin-top:64px;border-top:1px solid var(--line);padding-top:16px;font-size:12px}
@media (max-width:640px){
main{padding:28px 24px 48px}
h1{font-size:24px}
.lead{font-size:16px}
.facts .value{font-size:17px}
.facts{grid-template-columns:1fr 1fr;gap:0 16px;margin-top:28px}
section{margin-top:44px}
.wide{display:none}
.narrow{display:block}
}
@media print{
:root{color-scheme:light}
@page{margin:18mm 16mm}
body{font-size:10pt}
main{max-width:none;padding:0}
h2,h3,figcaption,caption{break-after:avoid}
figure,.examples>li,.verdicts>li,tr,.facts>div{break-inside:avoid}
.tools,summary{display:none}
.scroll{overflow:visible;max-height:none!important}
table{font-size:8.5pt}
th,td{padding-right:8px}
thead .number{white-space:normal}
tbody th{min-width:0}
.examples .user{max-height:none}
.wide{display:block}
.narrow{display:none}
i,svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}
details::details-content{content-visibility:visible;height:auto}
section{margin-top:32pt}
}
`;

/** Font of the pictures. */
export const pictureFont = font;
