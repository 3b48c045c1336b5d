/**
 * Charts by Observable Plot, on the browser's document or one by linkedom, put together as one SVG with title and description.
 * A chart is the content of the plot's own SVG: nested as a group, because its style sheet would resize a nested SVG.
 * Invariant: text and numbers are the only things of a caller that reach the SVG, and text is escaped.
 */
import * as Plot from '@observablehq/plot';
import { colour, paletteStyle } from './palette.js';

/** A drawn chart: its marks as SVG text, and its size in pixels. */
export interface Chart {
  readonly heading: string;
  readonly content: string;
  readonly width: number;
  readonly height: number;
}

/** An entry of the legend below the heading. */
export interface LegendEntry {
  readonly label: string;
  readonly colour: string;
  readonly shape: 'point' | 'ring' | 'line' | 'dashed' | 'area' | 'cross';
}

export interface Picture {
  readonly title: string;
  /** What a reader who does not see the picture is told. */
  readonly description: string;
  readonly legend: readonly LegendEntry[];
  /** Charts from left to right in each row. */
  readonly rows: readonly (readonly Chart[])[];
}

/** Nothing is ever put into it: charts are drawn beside it and taken as text. A browser never loads linkedom. */
const surface: Document =
  typeof document === 'undefined'
    ? ((await import('linkedom')).parseHTML('<!doctype html><html><body></body></html>').document as unknown as Document)
    : document;

/** Width of a character of the font in pixels, on the safe side. */
const characterWidth = 6.6;
/** Letters at the end of a name that are kept. */
const indexLetters = 8;
/** The arrow beside the label of an axis, and the margin. */
const arrowWidth = 24;
const gap = 16;
const legendHeight = 24;

/** Text as content or attribute of XML. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Coordinates to a hundredth of a pixel; the numbers that an axis shows are text between tags, and stay. */
function rounded(svg: string): string {
  return svg.replace(/<[^>]*>/g, (tag) => tag.replace(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (number) => String(Number(Number(number).toFixed(2)))));
}

/** Width of a text in pixels, on the safe side; letters of East Asia are twice as wide. */
export function textWidth(text: string): number {
  return [...text].reduce((sum, letter) => sum + (letter >= '\u2e80' ? 2 : 1) * characterWidth, 0);
}

/** A name that fits into so many pixels: the middle of a longer one is left out, its end may be an index. */
export function shortened(name: string, pixels: number): string {
  if (textWidth(name) <= pixels) return name;
  const letters = [...name],
    end = letters.slice(-indexLetters).join('');
  let start = '';
  for (const letter of letters) {
    if (textWidth(`${start}${letter}…${end}`) > pixels) break;
    start += letter;
  }
  return `${start}…${end}`;
}

/** A scale with a label short enough for its axis. */
function labelled(scale: Plot.ScaleOptions, width: number): Plot.ScaleOptions {
  return typeof scale.label === 'string' ? { ...scale, label: shortened(scale.label, width - arrowWidth) } : scale;
}

/** Draws one chart. */
export function chart(heading: string, options: Plot.PlotOptions): Chart {
  const width = options.width ?? 420,
    height = options.height ?? 300;
  const svg = Plot.plot({
    document: surface,
    width,
    height,
    marginTop: 26,
    marginLeft: 48,
    marginBottom: 38,
    ...options,
    x: labelled(options.x ?? {}, width),
    y: labelled(options.y ?? {}, width),
  });
  for (const style of [...svg.querySelectorAll('style')]) style.remove();
  // A group of marks has no role that could carry a label; the picture as a whole is described.
  return { heading, content: rounded(svg.innerHTML).replaceAll(' aria-label="', ' data-mark="'), width, height };
}

function legendOf(entries: readonly LegendEntry[], width: number): { readonly content: string; readonly height: number } {
  let x = 8,
    row = 0;
  const drawn = entries.map(({ label, colour: fill, shape }) => {
    const needed = 30 + textWidth(label) + gap;
    if (x > 8 && x + needed > width) {
      x = 8;
      row += 1;
    }
    const y = row * legendHeight + 12;
    const symbol = {
      point: `<circle cx="${x + 10}" cy="${y}" r="4" fill="${fill}"/>`,
      ring: `<circle cx="${x + 10}" cy="${y}" r="6" fill="none" stroke="${fill}" stroke-width="2"/>`,
      line: `<path d="M${x},${y}H${x + 20}" stroke="${fill}" stroke-width="2.5"/>`,
      dashed: `<path d="M${x},${y}H${x + 20}" stroke="${fill}" stroke-width="2" stroke-dasharray="5 3"/>`,
      area: `<rect x="${x}" y="${y - 6}" width="20" height="12" fill="${fill}" fill-opacity="0.35"/>`,
      cross: `<path d="M${x + 5},${y - 5}l10,10m0,-10l-10,10" stroke="${fill}" stroke-width="2.5"/>`,
    }[shape];
    const text = `<text x="${x + 26}" y="${y}" dy="0.35em">${escaped(label)}</text>`;
    x += needed;
    return symbol + text;
  });
  return { content: drawn.join(''), height: entries.length === 0 ? 0 : (row + 1) * legendHeight };
}

/** One SVG of all charts, row by row, readable on light and dark backgrounds by itself. */
export function picture(id: string, { title, description, legend, rows }: Picture): string {
  const width = Math.max(...rows.map((row) => row.reduce((sum, { width: w }) => sum + w, (row.length - 1) * gap)));
  const key = legendOf(legend, width);
  let y = key.height;
  const placed = rows.map((row) => {
    let x = 0;
    const groups = row.map((c) => {
      const heading =
        c.heading === '' ? '' : `<text x="${x + 8}" y="${y + 14}" font-weight="600" font-size="12">${escaped(c.heading)}</text>`;
      const group = `${heading}<g transform="translate(${x},${y + (c.heading === '' ? 0 : 20)})" text-anchor="middle" font-size="11">${c.content}</g>`;
      x += c.width + gap;
      return group;
    });
    y += Math.max(...row.map((c) => c.height + (c.heading === '' ? 0 : 20)));
    return groups.join('\n');
  });
  const name = `figure-${id.replace('.', '-')}`;
  const style = `${paletteStyle(`#${name}`)}#${name}{background:${colour('background')};color:${colour('ink')}}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" id="${name}" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" fill="currentColor" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="11.5" role="img" aria-labelledby="${name}-title ${name}-description">`,
    `<title id="${name}-title">${escaped(title)}</title>`,
    `<desc id="${name}-description">${escaped(description)}</desc>`,
    `<style>${style}</style>`,
    `<g class="legend">${key.content}</g>`,
    ...placed,
    '</svg>',
    '',
  ].join('\n');
}

/** Points of the ellipse (x - mean)ᵀ covariance⁻¹ (x - mean) = radius², by the Cholesky factor of the covariance. */
export function ellipse(
  mean: readonly number[],
  covariance: readonly (readonly number[])[],
  radius: number,
): readonly (readonly [number, number])[] {
  const a = Math.sqrt(covariance[0]![0]!),
    b = covariance[1]![0]! / a,
    c = Math.sqrt(covariance[1]![1]! - b * b);
  return Array.from({ length: 91 }, (_, k) => {
    const u = radius * Math.cos((k * Math.PI) / 45),
      v = radius * Math.sin((k * Math.PI) / 45);
    return [mean[0]! + a * u, mean[1]! + b * u + c * v] as const;
  });
}

/** Two lists of numbers as points. */
export function points(x: readonly number[], y: readonly number[]): readonly (readonly [number, number])[] {
  return x.map((at, i) => [at, y[i]!] as const);
}

/** Equally spaced numbers from `low` to `high`, both included. */
export function grid(low: number, high: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, k) => low + ((high - low) * k) / (count - 1));
}

/**
 * Half the width of the bar of a whole number, in the units of the axis: bars of neighbours do not touch, and where the axis is long a bar
 * is still about two pixels wide.
 * @param width pixels of the chart.
 */
export function barHalfWidth(low: number, high: number, width: number): number {
  return Math.max(0.36, (high - low) / width);
}

/** A histogram with total area 1 over [low, high], counted among all values. */
export function histogram(
  values: readonly number[],
  low: number,
  high: number,
  bins: number,
): readonly { readonly x1: number; readonly x2: number; readonly y: number }[] {
  const counts = new Array<number>(bins).fill(0),
    width = (high - low) / bins;
  for (const value of values) {
    const bin = Math.floor((value - low) / width);
    if (bin >= 0 && bin < bins) counts[bin]! += 1;
  }
  return counts.map((count, k) => ({ x1: low + k * width, x2: low + (k + 1) * width, y: count / (values.length * width) }));
}
