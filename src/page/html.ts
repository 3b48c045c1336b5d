/**
 * HTML as text. Whatever comes from a program or from data passes through `escaped`; what is put together
 * here is markup of ours only.
 */
import { escaped } from '../plot/drawing.js';

export { escaped };

/** Markup, as opposed to text that is still to be escaped. */
export type Html = string;

/** A part of the page with its heading; folded parts open on a click or a key. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: Html;
  readonly folded: boolean;
}

/** Sentences in which what stands between backticks is code. */
export function prose(text: string): Html {
  return escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

/** A paragraph of sentences. */
export function paragraph(text: string, className: string = ''): Html {
  return `<p${className === '' ? '' : ` class="${className}"`}>${prose(text)}</p>`;
}

/** A wide table, scrolled sideways where the screen is narrow; `rows` are cells of text, the first of each its heading. */
export function table(caption: string, titles: readonly string[], rows: readonly (readonly string[])[]): Html {
  const head = titles.map((title) => `<th scope="col">${escaped(title)}</th>`).join('');
  const body = rows
    .map(([name = '', ...cells]) =>
      cells.length === 0 && titles.length > 1
        ? `<tr><th scope="row" colspan="${titles.length}" class="more">${escaped(name)}</th></tr>`
        : `<tr><th scope="row">${escaped(name)}</th>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`,
    )
    .join('\n');
  return `<div class="scroll" role="region" aria-label="${escaped(caption)}" tabindex="0"><table><caption>${escaped(caption)}</caption><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

/** Terms with their descriptions. */
export function descriptions(entries: readonly (readonly [string, string])[]): Html {
  return `<dl>${entries.map(([term, text]) => `<div><dt>${escaped(term)}</dt><dd>${escaped(text)}</dd></div>`).join('')}</dl>`;
}

/** A program or other text as it stands. */
export function preformatted(label: string, content: Html): Html {
  return `<pre tabindex="0" role="region" aria-label="${escaped(label)}"><code>${content}</code></pre>`;
}

/** A drawing with a caption of text. */
export function figure(svg: string, caption: string): Html {
  return `<figure>${svg}${caption === '' ? '' : `<figcaption>${escaped(caption)}</figcaption>`}</figure>`;
}
