/**
 * The page of a run, from files that runs have written: it says what the run says, needs nothing from
 * elsewhere, holds no text of a program or of data as markup, and is usable by everybody (in a real browser).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { compile, type InferOptions, parseCsv, tableValue } from '../../src/index.js';
import { reportPage } from '../../src/report.js';
import { accessibilityProblems, browserPath, launch } from '../browser.js';

const example = (path: string): string => readFileSync(new URL(`../../examples/${path}`, import.meta.url), 'utf8');
const json = (path: string): Readonly<Record<string, unknown>> => JSON.parse(example(path)) as Readonly<Record<string, unknown>>;
const columns = (path: string, names: readonly string[]): unknown => tableValue(parseCsv(example(path)), names);

/** The page of a run of a program. */
async function pageOf(name: string, program: string, data: Readonly<Record<string, unknown>>, options: InferOptions): Promise<string> {
  const posterior = await compile(program, `${name}.cred`).infer(data, { seed: 1, workers: 0, draws: 200, warmup: 200, ...options });
  const files = posterior.files();
  return reportPage(name, {
    summary: files['summary.json']!,
    run: files['run.json']!,
    draws: files['draws.csv'] === undefined ? null : [files['draws.csv']],
    data: files['data.json'] ?? null,
    pointwise: files['pointwise.csv'] ?? null,
  });
}

const faithful = { x: columns('10-old-faithful/faithful.csv', ['eruptions', 'waiting']), K: 2 };
const nile = { y: columns('11-nile/nile.csv', ['flow']) };
const pages = new Map<string, string>();

beforeAll(async () => {
  const made: readonly (readonly [string, Promise<string>])[] = [
    ['faithful-gibbs', pageOf('faithful', example('10-old-faithful/model.cred'), faithful, { backend: 'gibbs' })],
    ['faithful-cavi', pageOf('faithful', example('10-old-faithful/model.cred'), faithful, { backend: 'cavi' })],
    ['nile', pageOf('nile', example('11-nile/model.cred'), nile, { backend: 'gibbs' })],
    ['nile-em', pageOf('nile', example('11-nile/likelihood.cred'), nile, { backend: 'em' })],
    [
      'regression',
      pageOf('regression', example('02-linear-regression/model.cred'), json('02-linear-regression/data.json'), { backend: 'exact' }),
    ],
    [
      'outlier',
      pageOf(
        'outlier',
        'data y: real[N]  sample m ~ Normal(0, 1)  for n in 0..<N { observe y[n] ~ Normal(m, 1) }',
        { y: [...Array.from({ length: 40 }, (_, n) => Math.sin(n)), 40] },
        { backend: 'exact' },
      ),
    ],
    [
      'failing',
      pageOf(
        'failing',
        'sample mu ~ Normal(0, 1)  sample s ~ HalfCauchy(1)  for k in 0..<8 { sample a[k] ~ Normal(mu, s) }',
        {},
        { backend: 'mh', draws: 60, warmup: 0 },
      ),
    ],
  ];
  for (const [name, page] of made) pages.set(name, await page);
});
const page = (name: string): string => pages.get(name)!;
/** Whether a pattern is found: a page is too long to be printed where it is not. */
const has = (html: string, pattern: RegExp): boolean => pattern.test(html);
const titles = (html: string): readonly string[] => [...html.matchAll(/<h2[^>]*>([^<]*)<\/h2>/g)].map(([, title]) => title!);

describe('the page of a run', () => {
  it.each(['faithful-gibbs', 'faithful-cavi', 'nile', 'nile-em', 'regression', 'failing'])(
    '%s needs nothing from elsewhere and holds no script',
    (name) => {
      const html = page(name);
      expect(
        html
          .replaceAll(/xmlns="http:\/\/www\.w3\.org\/\d+\/(?:svg|Math\/MathML)"/g, '')
          .replaceAll('http://www.w3.org/1998/Math/MathML', ''),
      ).not.toMatch(/https?:|<script|<link|@import|url\((?!#)|<iframe|<img|\son\w+=/i);
      expect(html).not.toMatch(/>NaN<|undefined|\[object|="NaN|NaN,|,NaN/);
      expect(html.length).toBeLessThan(3_000_000);
      const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const [, anchor] of html.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(anchor);
    },
  );

  it('says what the run found, in the digits of the terminal', async () => {
    const posterior = await compile(example('02-linear-regression/model.cred')).infer(json('02-linear-regression/data.json'), {
      backend: 'exact',
      seed: 1,
      workers: 0,
      draws: 200,
      warmup: 200,
    });
    const { renderSummary } = await import('../../src/index.js');
    const [head = '', ...rows] = renderSummary(posterior, 200).trimEnd().split('\n');
    const html = page('regression');
    for (const title of head.trim().split(/ {2,}/)) expect(html).toContain(`<th scope="col">${title}</th>`);
    for (const row of rows) {
      const [name, ...cells] = row.split(/ {2,}/);
      expect(html).toContain(`<tr><th scope="row">${name}</th>${cells.map((cell) => `<td>${cell.replace('-', '−')}</td>`).join('')}`);
    }
    expect(html).toContain(`<dt>log evidence</dt><dd>${String(Number(posterior.logEvidence!.toPrecision(7))).replace('-', '−')}</dd>`);
  });

  it('begins with what everybody wants and folds the rest', () => {
    const folded = ['Plated graph', 'Derivation', 'Program', 'Options and versions'];
    expect(titles(page('faithful-gibbs'))).toEqual([
      'Warnings',
      'Summary',
      'Components over the data',
      'Draws and densities',
      'Intervals',
      'Replicated data',
      'Leave-one-out by datum',
      'Pairs of the quantities that mix worst',
      'Autocorrelation',
      ...folded,
    ]);
    expect(titles(page('nile')).slice(0, 3)).toEqual(['Summary', 'States along t', 'Draws and densities']);
    expect(titles(page('nile-em'))).toEqual([
      'Summary',
      'The log likelihood by iteration',
      'States along t',
      'Densities',
      'Estimates',
      'Replicated data',
      'Leave-one-out by datum',
      'Pairs',
      ...folded,
    ]);
    expect(titles(page('regression'))).toEqual([
      'Summary',
      'Densities',
      'Intervals',
      'Replicated data',
      'Leave-one-out by datum',
      'Pairs',
      ...folded,
    ]);
    expect(titles(page('faithful-cavi'))).toContain('The evidence lower bound by iteration');
    expect(has(page('faithful-gibbs'), /<details id="derivation">.*<math.*<\/details>/s)).toBe(true);
    expect(has(page('nile'), /<span class="keyword">sample<\/span> noise ~ <span class="family">InverseGamma<\/span>/)).toBe(true);
    expect(has(page('nile'), /<span class="keyword">data<\/span> <span class="data">y<\/span>/)).toBe(true);
  });

  it('draws a mark for each datum: points of a mixture, data along a chain', () => {
    const section = (name: string, id: string): string => new RegExp(`<section id="${id}".*?</section>`, 's').exec(page(name))![0];
    const circles = (html: string): number => [...html.matchAll(/<circle /g)].length;
    expect(circles(section('faithful-gibbs', 'components'))).toBe(272);
    // Of each of 24 draws one ellipse for each of two components, over the axis lines of the grid.
    expect([...section('faithful-gibbs', 'components').matchAll(/stroke-opacity="0.45"[^>]*data-mark="line"/g)]).toHaveLength(48);
    // One more in the legend.
    expect(circles(section('nile', 'states'))).toBe(101);
  });

  it('holds the data against what the model would have made', () => {
    // The mean of replicates of a regression is that of the data; a normal law does not make an outlier of 40 sd.
    const shares = [
      ...page('regression').matchAll(/<tr><th scope="row">(mean|sd|median)<\/th>(?:<td>[^<]*<\/td>){3}<td>([\d.]+)<\/td>/g),
    ].map(([, , share]) => Number(share));
    expect(shares).toHaveLength(3);
    for (const share of shares) expect(Math.abs(share - 0.5)).toBeLessThan(0.49);
    expect(has(page('outlier'), /The model hardly ever makes the [^<]*largest of these data\./)).toBe(true);
  });

  it('says that a run must not be trusted, why, and what to do', () => {
    expect(has(page('failing'), /<p class="verdict bad">This run must not be trusted<\/p>/)).toBe(true);
    // What to do about several of a kind is said once.
    expect(has(page('failing'), /<li>(?:<p>R-hat of [^<]+<\/p>)+<p><strong>What to do:<\/strong> Run longer/)).toBe(true);
    expect([...page('failing').matchAll(/What to do:<\/strong> Run longer/g)]).toHaveLength(1);
    expect(has(page('faithful-gibbs'), /order the components \(e\.g\. <code>ordered<\/code>\)/)).toBe(true);
    expect(
      has(page('faithful-gibbs'), /<ul class="chains"[^>]*>(?:<li><span style="background:var\(--\w+\)"><\/span>chain \d<\/li>){4}<\/ul>/),
    ).toBe(true);
    expect(has(page('nile'), /level: 90 more; the largest R-hat of all is \d\.\d{3}, of level\[\d+\]/)).toBe(true);
    expect(has(page('regression'), /verdict bad/)).toBe(false);
  });
});

describe.skipIf(browserPath === null)('in a browser (skipped where there is no Chromium)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'credence-report-'));
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['faithful-gibbs', 'light', 1240],
    ['nile', 'dark', 360],
    ['nile-em', 'light', 360],
    ['regression', 'dark', 800],
  ] as const)('%s is quiet, accessible and fits (%s, %i pixels)', async (name, colorScheme, width) => {
    const file = join(folder, `${name}.html`);
    writeFileSync(file, page(name));
    const tab = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    const heard: string[] = [];
    tab.on('console', (message) => {
      heard.push(message.text());
    });
    tab.on('pageerror', (error) => {
      heard.push(error.message);
    });
    tab.on('request', (request) => {
      if (request.url() !== pathToFileURL(file).href) heard.push(request.url());
    });
    await tab.goto(pathToFileURL(file).href);
    // Folded parts open by the keyboard.
    for (const summary of await tab.locator('details > summary').all()) {
      await summary.focus();
      await tab.keyboard.press('Enter');
    }
    expect(await tab.locator('details:not([open])').count()).toBe(0);
    expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    expect(await accessibilityProblems(tab)).toEqual([]);
    expect(heard).toEqual([]);
    await tab.close();
  });
});

describe('a run that kept a part of its variables', () => {
  it.each([
    ['gibbs', ['pi', 'mu'], 'Sigma'],
    ['gibbs', ['Sigma'], 'mu'],
    ['gibbs', ['z'], 'mu, Sigma'],
    ['gibbs', ['shortEruption'], 'mu, Sigma'],
    ['gibbs', ['mu', 'Sigma'], null],
    ['cavi', ['pi', 'mu'], 'Sigma'],
    ['cavi', ['mu', 'Sigma'], null],
    ['cavi', ['mu', 'Sigma', 'z'], null],
  ] as const)('%s, %j', async (backend, keep, lacking) => {
    const html = await pageOf('part', example('10-old-faithful/model.cred'), faithful, { backend, keep: [...keep], draws: 50, warmup: 20 });
    expect(html.includes('Not shown: the run kept nothing of')).toBe(lacking !== null);
    if (lacking !== null) expect(html.includes(`the run kept nothing of ${lacking}. Leave out <code>--keep</code>`)).toBe(true);
    // Nothing is said of colours that nobody sees.
    const labelled = (keep as readonly string[]).includes('z');
    expect([html.includes('colour of their most probable label'), html.includes('points have no colour')]).toEqual(
      lacking === null ? [labelled, !labelled] : [false, false],
    );
  });

  it.each([
    ['level', true],
    ['noise', false],
    ['drift', false],
  ] as const)('has states along time where they were kept: %s', async (keep, shown) => {
    expect(
      has(
        await pageOf('part', example('11-nile/model.cred'), nile, { backend: 'gibbs', keep: [keep], draws: 50, warmup: 20 }),
        /<h2[^>]*>States along/,
      ),
    ).toBe(shown);
  });
});
