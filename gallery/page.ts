/**
 * The page of the gallery: for each figure its program, the picture and its numbers side by side. Static, without scripts and links to
 * elsewhere.
 */
import { escaped } from '../src/plot/drawing.js';
import { type Figure, holds, type Row } from './figure.js';
import { paletteStyle } from '../src/plot/palette.js';

/** Six digits, and no sign of zero. */
export function printed(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e9) return value.toExponential(2).replace('-', '−').replace('e−', 'e-');
  return String(Number(value.toPrecision(6))).replace('-', '−');
}

/** The file of a figure, relative to the page. */
export function fileOf({ id }: Figure): string {
  return `figures/figure-${id.replace('.', '-')}.svg`;
}

function rowOf(row: Row): string {
  const { quantity, value, reference, within } = row;
  const verdict = reference === undefined ? '' : holds(row) ? 'yes' : 'NO';
  return `<tr${holds(row) ? '' : ' class="fails"'}><th scope="row">${escaped(quantity)}</th><td>${printed(value)}</td><td>${reference === undefined ? '' : printed(reference)}</td><td>${within === undefined ? '' : within === 0 ? 'equal' : `± ${printed(Number(within.toPrecision(3)))}`}</td><td>${verdict}</td></tr>`;
}

function sectionOf(figure: Figure): string {
  const { id, title, caption, programs, run, description, numbers } = figure;
  const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(figure.svg)!;
  const anchor = `figure-${id.replace('.', '-')}`;
  return `<section id="${anchor}" aria-labelledby="${anchor}-heading">
<h2 id="${anchor}-heading">Figure ${id}: ${escaped(title)}</h2>
<p>${escaped(caption)}</p>
<div class="sides">
<div class="program">
${programs.map(({ path, text }) => `<h3><code>${escaped(path)}</code></h3>\n<pre tabindex="0"><code>${escaped(text.trimEnd())}</code></pre>`).join('\n')}
<p class="run">Run: ${escaped(run)}.</p>
</div>
<figure><img src="${fileOf(figure)}" width="${width}" height="${height}" alt="${escaped(description)}"></figure>
<div class="numbers" role="region" aria-label="Numbers of figure ${id}" tabindex="0"><table>
<caption>Numbers of figure ${id}</caption>
<thead><tr><th scope="col">quantity</th><th scope="col">value</th><th scope="col">reference</th><th scope="col">allowed</th><th scope="col">holds</th></tr></thead>
<tbody>
${numbers.map(rowOf).join('\n')}
</tbody>
</table></div>
</div>
</section>`;
}

const style = `${paletteStyle(':root')}
:root{color-scheme:light dark}
body{margin:0 auto;max-width:1680px;padding:1rem 1.5rem 4rem;background:var(--background);color:var(--ink);font:16px/1.5 system-ui,'Segoe UI','DejaVu Sans',sans-serif}
a{color:var(--blue)}
nav ul{columns:18rem;column-gap:2.5rem;padding-left:1.2rem}
section{border-top:1px solid var(--grid);margin-top:2rem;padding-top:.5rem}
.sides{display:grid;gap:1rem 1.5rem;grid-template-columns:minmax(0,1fr);align-items:start}
figure{margin:0}
img{max-width:100%;height:auto}
h3{font-size:.9rem;font-weight:600;margin:.6rem 0 .2rem}
pre{margin:0;padding:.7rem;overflow-x:auto;white-space:pre-wrap;border:1px solid var(--grid);border-radius:4px;font:12.5px/1.45 ui-monospace,'DejaVu Sans Mono',monospace}
.run{color:var(--muted);font-size:.85rem;margin:.5rem 0}
.numbers{overflow-x:auto}
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--muted)}
th,td{padding:.15rem .6rem .15rem 0;text-align:right;border-bottom:1px solid var(--grid);white-space:nowrap}
th[scope=row],th:first-child{text-align:left;font-weight:400;white-space:normal;min-width:9rem}
.fails{font-weight:700;color:var(--orange)}
@media (min-width:1200px){.sides{grid-template:'program figure' auto 'numbers figure' 1fr / minmax(0,5fr) minmax(0,7fr);row-gap:0}.program{grid-area:program}figure{grid-area:figure}.numbers{grid-area:numbers}}`;

/** The whole page. */
export function pageOf(figures: readonly Figure[]): string {
  const rows = figures.flatMap(({ numbers }) => numbers).filter(({ reference }) => reference !== undefined);
  const failed = rows.filter((row) => !holds(row)).length;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The figures of the notes, by Credence</title>
<style>
${style}
</style>
</head>
<body>
<header>
<h1>The figures of the notes, by Credence</h1>
<p>Each figure is drawn from the output of the program beside it. A number with a reference is held to it:
${rows.length - failed} of ${rows.length} lie as close to their reference as the column &ldquo;allowed&rdquo; says.</p>
<nav aria-label="Figures"><ul>
${figures.map(({ id, title }) => `<li><a href="#figure-${id.replace('.', '-')}">${id} ${escaped(title)}</a></li>`).join('\n')}
</ul></nav>
</header>
<main>
${figures.map(sectionOf).join('\n')}
</main>
</body>
</html>
`;
}
