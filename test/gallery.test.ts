/**
 * The gallery, built once into a folder of its own: every figure of the notes is there, its picture is
 * well-formed XML with the marks it should have, its numbers lie within what they are allowed, and the
 * page needs nothing from elsewhere.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildGallery, type Gallery } from '../gallery/build.js';
import { held, holds } from '../gallery/figure.js';
import { pageOf, printed } from '../gallery/page.js';
import { dark, light } from '../src/plot/palette.js';

const folder = mkdtempSync(join(tmpdir(), 'credence-gallery-'));
let gallery: Gallery;
let page: string;

beforeAll(async () => {
  gallery = await buildGallery(folder);
  page = readFileSync(join(folder, 'index.html'), 'utf8');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const ids = ['1.1', '1.2', '1.3', '1.4', '1.5', '2.1', '2.2', '2.3', '3.1', '3.2', '3.3', '3.4', '3.5', '3.6'];
const svgOf = (id: string): string => readFileSync(join(folder, 'figures', `figure-${id.replace('.', '-')}.svg`), 'utf8');

/** What keeps a text from being well-formed XML (elements, attributes, character data), or null. */
function malformed(xml: string): string | null {
  const open: string[] = [];
  const token = /<(\/?)([A-Za-z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)|</g;
  for (const [whole, closing, name, attributes = '', empty, text] of xml.matchAll(token)) {
    if (whole === '<') return 'a < that opens no tag';
    if (/&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)/i.test(text ?? attributes)) return `a bare & in ${whole}`;
    if (text !== undefined) {
      if (open.length === 0 && text.trim() !== '') return `text outside: ${text}`;
      continue;
    }
    const names = [...attributes.matchAll(/([\w:-]+)=/g)].map((match) => match[1]);
    if (new Set(names).size < names.length) return `an attribute twice in ${whole}`;
    if (closing === '/') {
      if (open.pop() !== name) return `${whole} closes another element`;
    } else if (empty !== '/') open.push(name!);
  }
  return open.length === 0 ? null : `${open.join(', ')} never closed`;
}

/** Marks of the charts without the legend: points, outlines, bars. */
function marksOf(id: string): { readonly circles: number; readonly lines: number; readonly bars: number } {
  const charts = svgOf(id).replace(/<g class="legend">.*?<\/g>/s, '');
  const count = (pattern: RegExp): number => [...charts.matchAll(pattern)].length;
  const grouped = (label: string, element: string): number =>
    [...charts.matchAll(new RegExp(`<g [^>]*data-mark="${label}"[^>]*>(.*?)</g>`, 'gs'))].reduce(
      (sum, [, inside]) => sum + [...inside!.matchAll(new RegExp(`<${element}[ >]`, 'g'))].length,
      0,
    );
  return { circles: count(/<circle /g), lines: grouped('line', 'path'), bars: grouped('(?:bar|rect)', 'rect') };
}

describe('the gallery', () => {
  it('has every figure of the notes, in order', () => {
    expect(gallery.figures.map(({ id }) => id)).toEqual(ids);
    for (const id of ids) {
      expect(page).toContain(`<h2 id="figure-${id.replace('.', '-')}-heading">Figure ${id}: `);
      expect(existsSync(join(folder, 'figures', `figure-${id.replace('.', '-')}.svg`))).toBe(true);
    }
  });

  it('shows the program of each figure as it stands in its file', () => {
    for (const { programs } of gallery.figures) {
      expect(programs.length).toBeGreaterThan(0);
      for (const { path, text } of programs) {
        expect(page).toContain(`<code>${path}</code>`);
        const first = text.split('\n').find((line) => !/[&<>"]/.test(line) && line.length > 20)!;
        expect(page).toContain(first);
        if (path.endsWith('.cred')) expect(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).toBe(text);
      }
    }
  });

  it('holds every number to its reference', () => {
    expect(gallery.failed).toEqual([]);
    for (const { id, numbers } of gallery.figures) {
      expect(numbers.length, id).toBeGreaterThan(1);
      expect(
        numbers.some(({ reference }) => reference !== undefined),
        id,
      ).toBe(true);
    }
    expect(holds(held('', 1.1, 1, 0.05))).toBe(false);
    expect(holds(held('', Number.NaN, 1, 0.05))).toBe(false);
    const [figure] = gallery.figures;
    expect(pageOf([{ ...figure!, numbers: [held('a', 2, 1, 0.5), held('b', 1, 1, 0)] }])).toMatch(
      /1 of 2 lie.*<tr class="fails"><th scope="row">a<\/th>.*NO/s,
    );
  });

  it.each(ids)('draws figure %s as well-formed SVG that explains itself', (id) => {
    const svg = svgOf(id);
    expect(malformed(svg)).toBeNull();
    expect(svg).not.toMatch(/NaN|undefined|Infinity|\[object/);
    expect(svg).not.toMatch(/<script|<foreignObject|<image|\son\w+=/);
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/https?:|href=|url\((?!#)|@import/);
    const name = `figure-${id.replace('.', '-')}`;
    expect(svg).toMatch(new RegExp(`role="img" aria-labelledby="${name}-title ${name}-description"`));
    expect(svg).toMatch(new RegExp(`<title id="${name}-title">[^<]{10,}</title>\n<desc id="${name}-description">[^<]{60,}</desc>`));
    for (const [, d] of svg.matchAll(/\sd="([^"]*)"/g)) expect(d).toMatch(/^M[-\d.,eE MLHVCSQTAZmlhvcsqtaz]+$/);
  });

  // Counted from what each figure shows: one circle a datum, one line an outline, one bar a bin or mass.
  const least = {
    '1.1': { circles: 0, lines: 0, bars: 5 },
    '1.2': { circles: 0, lines: 8, bars: 160 },
    '1.3': { circles: 1, lines: 1, bars: 0 },
    '1.4': { circles: 0, lines: 2, bars: 0 },
    '1.5': { circles: 17, lines: 10, bars: 0 },
    '2.1': { circles: 800, lines: 12, bars: 0 },
    '2.2': { circles: 800, lines: 24, bars: 0 },
    '2.3': { circles: 0, lines: 4, bars: 0 },
    '3.1': { circles: 404, lines: 0, bars: 0 },
    '3.2': { circles: 400, lines: 2, bars: 0 },
    '3.3': { circles: 400, lines: 3, bars: 0 },
    '3.5': { circles: 2000, lines: 4, bars: 0 },
    '3.6': { circles: 0, lines: 12, bars: 0 },
  };
  it.each(Object.entries(least))('figure %s has a mark for each datum', (id, marks) => {
    expect(marksOf(id)).toEqual(marks);
  });
  it('figure 3.4 has a mark for each state the chain visited, and contours of both components', () => {
    const { circles, lines } = marksOf('3.4');
    const accepted = gallery.figures
      .find(({ id }) => id === '3.4')!
      .numbers.find(({ quantity }) => quantity.startsWith('accepted moves'))!.value;
    expect(circles).toBe(Math.round(accepted * 9999) + 1);
    expect(lines).toBe(1);
    expect(svgOf('3.4')).toMatch(/data-mark="contour"/);
  });

  it('is one page with local pictures, alternative texts and headings of tables', () => {
    const pictures = [...page.matchAll(/<img src="([^"]+)" width="\d+" height="\d+" alt="([^"]*)">/g)];
    expect(pictures.map(([, source]) => source)).toEqual(ids.map((id) => `figures/figure-${id.replace('.', '-')}.svg`));
    for (const [, , alt] of pictures) expect(alt!.length).toBeGreaterThan(60);
    expect(page).not.toMatch(/https?:|<script|<link|url\(|@import|NaN|undefined/);
    expect(page).toMatch(/<html lang="en">/);
    expect([...page.matchAll(/<table>\n<caption>/g)]).toHaveLength(ids.length);
    const anchors = [...page.matchAll(/href="#([^"]+)"/g)].map(([, anchor]) => anchor!);
    expect(anchors).toHaveLength(ids.length);
    for (const anchor of anchors) expect(page).toContain(`<section id="${anchor}"`);
    expect(
      malformed(
        page
          .replace(/^<!doctype html>\n/, '')
          .replace(/<(meta|img)([^>]*)>/g, '<$1$2/>')
          .replaceAll(/&[lr]dquo;/g, ''),
      ),
    ).toBeNull();
  });
});

describe('what the gallery is made of', () => {
  it('has colours with a contrast of 4.5 on both backgrounds', () => {
    // Relative luminance and contrast as WCAG 2.2 defines them.
    const luminance = (hex: string): number =>
      [1, 3, 5].reduce((sum, at, channel) => {
        const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
        return sum + [0.2126, 0.7152, 0.0722][channel]! * (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
      }, 0);
    for (const inks of [light, dark]) {
      for (const ink of ['ink', 'muted', 'blue', 'orange', 'green', 'purple'] as const) {
        const [low, high] = [luminance(inks[ink]), luminance(inks.background)].toSorted((a, b) => a - b);
        expect((high! + 0.05) / (low! + 0.05), ink).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  it('prints numbers with six digits', () => {
    expect([0, -0, 0.1 + 0.2, -1361.7489034752896, 1e-12, -9.11e-12, 40].map(printed)).toEqual([
      '0',
      '0',
      '0.3',
      '−1361.75',
      '1.00e-12',
      '−9.11e-12',
      '40',
    ]);
  });

  it('finds what is malformed', () => {
    expect(malformed('<a b="1"><c/>x &amp; y</a>')).toBeNull();
    for (const wrong of ['<a><b></a></b>', '<a>', '<a b="1" b="2"/>', '<a>x & y</a>', '<a>x < y</a>', '<a b=1/>'])
      expect(malformed(wrong)).not.toBeNull();
  });
});
