/**
 * `credence/plot`: figures of posteriors and of plain arrays are well-formed SVG that says what it shows, with a mark for
 * each thing; names are text whatever they hold; and the same figures are drawn in a real browser.
 */
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compile, ModelError, type Posterior } from '../../src/index.js';
import {
  autocorrelationPlot,
  bandPlot,
  componentsPlot,
  densityPlot,
  forestPlot,
  objectivePlot,
  pairsPlot,
  predictivePlot,
  rankPlot,
  tracePlot,
} from '../../src/plot-api.js';
import { densitiesChart } from '../../src/plot/charts/components.js';
import { browserPath, launch } from '../browser.js';

const wave = (length: number, phase: number): readonly number[] =>
  Array.from({ length }, (_, i) => Math.sin(i * 1.7 + phase) + Math.cos(i * 0.61));
const draws = { mu: [wave(200, 0), wave(200, 1)], 'tau[0]': [wave(200, 2), wave(200, 3)] };

const figures: Readonly<Record<string, string>> = {
  trace: tracePlot(draws),
  rank: rankPlot(draws),
  density: densityPlot(draws),
  autocorrelation: autocorrelationPlot(draws),
  pairs: pairsPlot(draws),
  forest: forestPlot(draws),
  objective: objectivePlot([-9, -5, -3, -2.5, -2.4]),
  predictive: predictivePlot({ name: 'y', observed: wave(50, 0), replicated: [wave(50, 1), wave(50, 2)] }),
  components: componentsPlot({
    points: [
      [0, 0],
      [1, 2],
      [3, 1],
    ],
    labels: [0, 0, 1],
    components: [
      {
        mean: [0, 0],
        covariance: [
          [1, 0],
          [0, 1],
        ],
      },
      {
        mean: [3, 1],
        covariance: [
          [2, 0.5],
          [0.5, 1],
        ],
      },
    ],
  }),
  band: bandPlot({
    name: 'level',
    index: 't',
    centre: [1, 2, 3],
    low: [0, 1, 2],
    high: [2, 3, 4],
    data: { name: 'y', values: [1, Number.NaN, 4] },
  }),
};

/** Elements inside groups of marks of one kind. */
function marks(svg: string, kind: string, element: string): number {
  return [...svg.matchAll(new RegExp(`<g [^>]*data-mark="${kind}"[^>]*>(.*?)</g>`, 'gs'))].reduce(
    (sum, [, inside]) => sum + [...inside!.matchAll(new RegExp(`<${element}[ >]`, 'g'))].length,
    0,
  );
}
const textsOf = (svg: string): readonly string[] => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!);

describe('figures', () => {
  it.each(Object.entries(figures))('%s is one picture that is described and needs nothing else', (_, svg) => {
    expect(svg).toMatch(
      /^<svg xmlns="[^"]+" id="(figure-[\da-z]+)" width="\d+" height="\d+" viewBox="[^"]+" .* role="img" aria-labelledby="\1-title \1-description">\n<title id="\1-title">[^<]{5,}<\/title>\n<desc id="\1-description">[^<]{20,}<\/desc>/,
    );
    expect(svg).not.toMatch(/NaN|undefined|Infinity|\[object|<script|<style>.*<style>|https?:\/\/(?!www\.w3\.org\/2000\/svg)/s);
  });

  it('have a mark for everything they show', () => {
    expect(marks(figures['trace']!, 'line', 'path')).toBe(4);
    expect(marks(figures['rank']!, 'line', 'path')).toBe(4);
    // The density of all and of each chain, for two scalars.
    expect(marks(figures['density']!, 'line', 'path')).toBe(6);
    expect(marks(figures['autocorrelation']!, 'line', 'path')).toBe(4);
    expect(marks(figures['pairs']!, 'dot', 'circle')).toBe(400);
    expect(marks(figures['forest']!, 'dot', 'circle')).toBe(2);
    expect(marks(figures['objective']!, 'dot', 'circle')).toBe(5);
    expect(marks(figures['predictive']!, 'line', 'path')).toBe(3);
    expect([marks(figures['components']!, 'dot', 'circle'), marks(figures['components']!, 'line', 'path')]).toEqual([5, 2]);
    // A missing datum has no point.
    expect([marks(figures['band']!, 'dot', 'circle'), marks(figures['band']!, 'area', 'path')]).toEqual([2, 1]);
    expect(textsOf(figures['trace']!)).toEqual(expect.arrayContaining(['chain 0', 'chain 1', '↑ mu', '↑ tau[0]', 'draw →']));
  });

  it('place what they show where it is', () => {
    // Points at 0 and 10 fix the scale; 0, 1, ..., 10 have the quantiles 0.5, 5 and 9.5 (type 7).
    const svg = forestPlot({ a: Array.from({ length: 11 }, (_, i) => i), b: [0, 0], c: [10, 10] });
    const [a, zero, ten] = [...svg.matchAll(/<circle [^>]*cx="([\d.]+)"/g)].map(([, x]) => Number(x));
    const x = (value: number): number => zero! + ((ten! - zero!) * value) / 10;
    expect(a).toBeCloseTo(x(5), 1);
    const attribute = (tag: string, name: string): number => Number(new RegExp(` ${name}="([\\d.]+)"`).exec(tag)?.[1]);
    const lines = [...svg.matchAll(/<line [^>]*>/g)].map(([tag]) => [attribute(tag, 'x1'), attribute(tag, 'x2')]);
    expect(lines.some(([from, to]) => Math.abs(from! - x(0.5)) < 0.1 && Math.abs(to! - x(9.5)) < 0.1)).toBe(true);
  });

  it('show the numbers of an axis in all their digits', () => {
    // sin(k) / 10000 lies between -0.0001 and 0.0001: ticks are multiples of 0.00005 or 0.00002, never the same twice.
    const svg = densityPlot({ a: Array.from({ length: 200 }, (_, k) => Math.sin(k) / 1e4) });
    const ticks = textsOf(svg)
      .filter((text) => /^[−\d]/.test(text))
      .map((text) => Number(text.replace('−', '-')));
    expect(ticks.length).toBeGreaterThan(2);
    expect(new Set(ticks).size).toBe(ticks.length);
    expect(Math.max(...ticks.map(Math.abs))).toBeLessThanOrEqual(1e-4);
    expect(Math.max(...ticks.map(Math.abs))).toBeGreaterThan(0);
    const bound = textsOf(objectivePlot([-416.93507, -416.93506, -416.935055, -416.93505])).filter((text) => text.startsWith('−'));
    expect(new Set(bound).size).toBe(bound.length);
  });

  it('leave the middle out of names that no axis has room for', () => {
    const name = `a_name_that_goes_on_${'and_on_'.repeat(12)}to_its_end[12]`;
    for (const svg of [
      tracePlot({ [name]: wave(20, 0) }),
      densityPlot({ [name]: wave(20, 0) }),
      rankPlot({ [name]: [wave(40, 0), wave(40, 1)] }),
    ]) {
      const label = textsOf(svg).find((text) => text.includes('…'))!;
      // 340 pixels, of which no letter of this font takes more than 6.6.
      expect(label.length).toBeLessThan(340 / 6.6);
      expect(label).toMatch(/a_name_that.*…_end\[12\]/);
      expect(svg).toContain(`${name}</title>`);
    }
    expect(textsOf(forestPlot({ ['影'.repeat(30)]: [1, 2, 3] })).find((text) => text.includes('…'))).toMatch(/^影{3,9}…影{8}$/);
  });

  it('draw ellipses that hold 90 % of a normal component', () => {
    const svg = figures['components']!;
    const [first, , third] = [...svg.matchAll(/<circle [^>]*>/g)].map(([tag]) => Number(/ cx="([\d.]+)"/.exec(tag)![1]));
    const [outline] = [...svg.matchAll(/<path[^>]* d="M([^"]*)"/g)]
      .map(([, d]) => d!.split('L').map((point) => Number(point.split(',')[0])))
      .filter((points) => points.length === 91);
    // P(x'x <= r^2) = 1 - exp(-r^2 / 2) for the standard normal in the plane; the points lie at 0 and 3.
    const radius = Math.sqrt(-2 * Math.log(1 - 0.9)),
      scale = (third! - first!) / 3;
    expect((Math.max(...outline!) - Math.min(...outline!)) / scale / 2).toBeCloseTo(radius, 2);
    expect((Math.max(...outline!) + Math.min(...outline!)) / 2).toBeCloseTo(first!, 1);
  });

  it('are of the draws of a posterior, elements by name', async () => {
    const posterior: Posterior = await compile(
      'data y: real[N] sample m ~ Normal(0, 1) sample b ~ iid(Normal(m, 1), 3) for n in 0..<N { observe y[n] ~ Normal(b[0], 1) }',
    ).infer({ y: [1, 2] }, { backend: 'gibbs', chains: 2, draws: 50, warmup: 10, workers: 0 });
    expect(textsOf(tracePlot(posterior))).toEqual(expect.arrayContaining(['↑ m', '↑ b[0]', '↑ b[1]', '↑ b[2]']));
    expect(textsOf(tracePlot(posterior, { variables: ['b[1]'] })).filter((text) => text.startsWith('↑'))).toEqual(['↑ b[1]']);
    const own = posterior.draws('m');
    expect(tracePlot(posterior, { variables: ['m'], title: 'Ours' })).toBe(
      tracePlot({ m: [own.subarray(0, 50), own.subarray(50)] }, { title: 'Ours' }),
    );
    expect(() => densityPlot(posterior, { variables: ['mm'] })).toThrow(/no 'mm' among the draws\. There are m, b\./);
    expect(() => densityPlot(posterior, { variables: ['b[3]'] })).toThrow(/no 'b\[3\]' among the draws/);
    expect(() => objectivePlot(posterior)).toThrow(/no trace of an objective/);
    expect(() => pairsPlot(posterior, { variables: ['m'] })).toThrow(/two quantities/);
    const estimate = await compile('data y: real[N] param m: real for n in 0..<N { observe y[n] ~ Normal(m, 1) }').infer(
      { y: [1, 2] },
      { backend: 'map', workers: 0 },
    );
    expect(() => tracePlot(estimate)).toThrow(/no draws to show/);
  });

  it('refuse draws of different lengths', () => {
    expect(() => tracePlot({ a: [[1, 2], [3]] })).toThrow(/chains of 'a' have 2, 1 draws/);
    expect(() => tracePlot({ a: [] })).toThrow(/chains of 'a' have 0 draws/);
    expect(() => predictivePlot({ name: 'y', observed: [0.5, 0.5], replicated: [[0.5, 0.5]] })).toThrow(/do not vary/);
  });

  it('draw whole numbers far apart, wide enough to be seen', () => {
    for (const far of [2e12, 2e9, 2 ** 60, 1e308]) {
      const svg = densityPlot({ a: [1, far, 5] });
      // One bar for each different value, a pixel wide at least; a bar for each whole number between took all memory.
      const widths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"[^>]*>/g)]
        .map(([, width]) => Number(width))
        .filter((width) => width < 100);
      expect(widths).toHaveLength(3);
      expect(Math.min(...widths)).toBeGreaterThan(1);
    }
    expect(predictivePlot({ name: 'y', observed: [1, 2e9, 5], replicated: [[1, 5, 5]] })).toMatch(/^<svg/);
    expect(() => densityPlot({ a: [1e308, -1e308, 5] })).toThrow(
      /draws of 'a' reach from -1e\+308 to 1e\+308, further than a number can hold/,
    );
  });

  it('draw the masses of components as far as the data go', () => {
    const asked: number[] = [];
    const at = (x: number): number => {
      asked.push(x);
      return 0;
    };
    densitiesChart('y', Float64Array.of(3, 2e9), true, [{ component: 0, at }], 340, 190);
    expect([Math.min(...asked), Math.max(...asked)]).toEqual([3, 2e9]);
    expect(asked.every(Number.isInteger)).toBe(true);
    expect(asked.length).toBeLessThan(1000);
  });

  it.each<readonly [string, () => string, RegExp]>([
    ['options', () => densityPlot({ a: [1, 2] }, null as never), /options of a figure are null, and no object/],
    ['options of a band', () => bandPlot({ name: 'm', index: 't', centre: [], low: [], high: [] }, 3 as never), /are 3, and no object/],
    ['variables', () => tracePlot({ a: [1, 2] }, { variables: 'a' as never }), /variables is not a list of names/],
    ['a title', () => forestPlot({ a: [1, 2] }, { title: 3 as never }), /title is no text/],
    ['a source', () => rankPlot(null as never), /takes a posterior, or draws by name/],
    [
      'a band of another length',
      () => bandPlot({ name: 'm', index: 't', centre: [1, 2, 3], low: [0, 1], high: [2, 3, 4] }),
      /low has 2 elements, and centre has 3/,
    ],
    [
      'data of another length',
      () => bandPlot({ name: 'm', index: 't', centre: [1, 2], low: [0, 1], high: [2, 3], data: { name: 'y', values: [1] } }),
      /data.values has 1 elements, and centre has 2/,
    ],
    ['no replicates', () => predictivePlot({ name: 'y', observed: [1, 2], replicated: [] }), /there are no replicates of y/],
    [
      'a replicate of another length',
      () => predictivePlot({ name: 'y', observed: [1, 2], replicated: [[1, 2], [1]] }),
      /replicated\[1\] has 1 elements, and observed has 2/,
    ],
    ['labels', () => componentsPlot({ points: [[0, 0]], labels: [0, 1], components: [] }), /labels has 2 elements/],
  ])('refuse %s that make no sense', (_, draw, message) => {
    expect(draw).toThrow(message);
    expect(draw).toThrow(ModelError);
  });

  it('hold names as text', () => {
    const name = '</text><script>alert(1)</script>"\' &amp; ${x}';
    for (const svg of [
      tracePlot({ [name]: wave(20, 0) }),
      forestPlot({ [name]: wave(20, 0) }),
      bandPlot({ name, index: name, centre: [1, 2], low: [0, 1], high: [2, 3] }),
      predictivePlot({ name, observed: [1, 2, 2], replicated: [[1, 1, 2]] }),
    ]) {
      expect(svg).not.toContain('<script');
      expect(svg.replace(/&(?:amp|lt|gt|quot|#39|#x27|apos);/g, '')).not.toContain('&');
      expect(svg).toContain('&lt;script&gt;');
    }
  });

  it('keep to their size whatever the number of draws and chains', () => {
    const many = { a: Array.from({ length: 50 }, (_, chain) => wave(2000, chain)) },
      long = { a: [wave(100_000, 0), wave(100_000, 1)] };
    for (const svg of [tracePlot(many), tracePlot(long), densityPlot(many), densityPlot(long), rankPlot(many)])
      expect(svg.length).toBeLessThan(150_000);
  });
});

describe.skipIf(browserPath === null)('in a browser (skipped where there is no Chromium)', () => {
  it('the same figures are drawn, without a stand-in for the document', async () => {
    const bundle = await build({
      entryPoints: [fileURLToPath(new URL('../../src/plot-api.ts', import.meta.url))],
      bundle: true,
      format: 'esm',
      external: ['linkedom'],
      write: false,
      platform: 'browser',
      target: 'es2022',
    });
    const browser = await launch();
    try {
      const page = await browser.newPage();
      await page.route('http://figures.test/**', (route) =>
        route.request().url().endsWith('.js')
          ? route.fulfill({ contentType: 'text/javascript', body: bundle.outputFiles[0]!.text })
          : route.fulfill({
              contentType: 'text/html',
              body: '<!doctype html><title>figures</title><script type="module">import * as plot from "./plot.js"; globalThis.plot = plot;</script>',
            }),
      );
      await page.goto('http://figures.test/');
      await page.waitForFunction(() => 'plot' in globalThis);
      const drawn = await page.evaluate((given) => {
        const { plot } = globalThis as unknown as {
          readonly plot: { readonly tracePlot: (draws: unknown) => string; readonly densityPlot: (draws: unknown) => string };
        };
        return [plot.tracePlot(given), plot.densityPlot(given)];
      }, draws);
      for (const [i, svg] of drawn.entries()) {
        const ours = i === 0 ? figures['trace']! : figures['density']!;
        expect(textsOf(svg)).toEqual(textsOf(ours));
        expect([...svg.matchAll(/ d="([^"]*)"/g)].map(([, d]) => d)).toEqual([...ours.matchAll(/ d="([^"]*)"/g)].map(([, d]) => d));
      }
    } finally {
      await browser.close();
    }
  });
});
