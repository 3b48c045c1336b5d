/**
 * Runs that a page must withstand: text of programs and data that looks like markup, very many elements, draws and
 * chains, files changed by hand. The page stays text, small and whole.
 */
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Posterior } from '../../src/5-report/posterior.js';
import { compile, ModelError, parseCsv, tableValue } from '../../src/index.js';
import { reportPage } from '../../src/report.js';
import { context, drawn, normals, result } from '../5-report/results.js';
import { browserPath, launch } from '../browser.js';

const payload = '</code></pre></title></style><script>alert(1)</script><img src=x onerror="alert(2)">&lt;b&gt;\'"${7*7}';

function pageOf(name: string, files: Readonly<Record<string, string>>): string {
  return reportPage(name, {
    summary: files['summary.json']!,
    run: files['run.json']!,
    draws: files['draws.csv'] === undefined ? null : [files['draws.csv']],
    data: files['data.json'] ?? null,
    pointwise: files['pointwise.csv'] ?? null,
  });
}
/** Whether a page has tags or attributes that ours never have; what stands in quotes is a value. */
const isForeign = (page: string): boolean =>
  /<(?:script|img|iframe|object|embed|link|base|form)\b|<[^>]*\son\w+\s*=/i.test(page.replaceAll(/="[^"<>]*"/g, ''));

async function hostilePage(): Promise<string> {
  const program = `// ${payload}\n/* ${payload} */ data g: int[N]  data y: real[N]\nsample b ~ iid(Normal(0, 1), 2) for n in 0..<N { observe y[n] ~ Normal(b[g[n]], 1) }`;
  const table = parseCsv(`g,y\n"${payload.replaceAll('"', '""')}",1\nplain,2\n"${payload.replaceAll('"', '""')}",3\n`);
  const posterior = await compile(program, payload).infer(
    { g: tableValue(table, ['g']), y: tableValue(table, ['y']) },
    { backend: 'gibbs', seed: payload, chains: 2, draws: 50, warmup: 20, workers: 0 },
  );
  return pageOf(payload, posterior.files());
}

describe('text that looks like markup', () => {
  it('stays text: comments, levels, seeds, names of directories', async () => {
    const page = await hostilePage();
    expect(isForeign(page)).toBe(false);
    expect(page.split('&lt;script&gt;alert(1)&lt;/script&gt;').length).toBeGreaterThan(5);
    expect(page).toContain('<table><caption>Codes of g</caption>');
  });

  it('stays text in every field of changed files', () => {
    const files = new Posterior(
      result(
        [
          drawn(
            'mu',
            [],
            2,
            normals(2, 40, 1, (_c, _d, _e, z) => z),
          ),
        ],
        {
          warnings: [{ code: payload, severity: 'warning', message: payload, hint: payload }],
          plan: [{ block: payload, kernel: payload, reason: payload }],
          traces: { acceptance: { [payload]: [0.5, 0.5] } },
        },
      ),
      {
        ...context,
        program: payload,
        seed: payload,
        options: { [payload]: payload, options: { [payload]: payload } },
        versions: { [payload]: payload },
        notes: [{ code: payload, severity: 'note', message: payload }],
        levels: { [payload]: [payload] },
      },
    ).files();
    const page = pageOf(payload, { ...files, 'data.json': JSON.stringify({ [payload]: payload }) });
    expect(isForeign(page)).toBe(false);
    expect(page).toContain('Done, with 1 warning');
    // The program is none: what it would give is left out, the numbers are shown.
    expect(page).toContain('What the program gives is not shown: ');
    expect(page).toContain('<th scope="row">mu</th>');
  });

  it.skipIf(browserPath === null)('runs nothing in a browser (skipped where there is no Chromium)', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'credence-hostile-')),
      browser = await launch();
    try {
      writeFileSync(join(folder, 'report.html'), await hostilePage());
      const tab = await browser.newPage();
      const heard: string[] = [];
      tab.on('dialog', (dialog) => {
        heard.push(dialog.message());
        void dialog.dismiss();
      });
      tab.on('console', (message) => {
        heard.push(message.text());
      });
      await tab.goto(pathToFileURL(join(folder, 'report.html')).href);
      expect(await tab.locator('script, img, iframe, object').count()).toBe(0);
      expect(await tab.title()).toContain('<script>alert(1)</script>');
      expect(await tab.locator('h1').textContent()).toBe(payload);
      expect(heard).toEqual([]);
    } finally {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('large runs', () => {
  const bytes = 4_000_000;

  it('of 10,000 elements are a page of some hundred kilobytes that says what it leaves out', () => {
    const page = pageOf(
      'many',
      new Posterior(
        result([
          drawn(
            'a',
            [10_000],
            2,
            normals(2, 20, 10_000, (_c, _d, e, z) => e / 1000 + z),
            { insidePlate: true },
          ),
        ]),
        context,
      ).files(),
    );
    expect(page.length).toBeLessThan(bytes);
    expect(page).toMatch(/a: 9990 more/);
    expect(page).toMatch(/9,967 more are not drawn here; draws\.csv holds all of them\./);
    expect(page).toMatch(/Medians and 90 % intervals of 10000 elements in order, 700 of them drawn\./);
  });

  it('of 100,000 draws or 50 chains are not larger', () => {
    const long = pageOf(
      'long',
      new Posterior(
        result([
          drawn(
            'm',
            [],
            2,
            normals(2, 50_000, 1, (_c, _d, _e, z) => z),
          ),
        ]),
        context,
      ).files(),
    );
    const wide = pageOf(
      'wide',
      new Posterior(
        result([
          drawn(
            'm',
            [4],
            50,
            normals(50, 400, 4, (_c, _d, _e, z) => z),
          ),
        ]),
        context,
      ).files(),
    );
    expect(long.length).toBeLessThan(bytes / 8);
    expect(wide.length).toBeLessThan(bytes / 4);
  });

  it('of many variables show some of them', () => {
    const page = pageOf(
      'variables',
      new Posterior(
        result(
          Array.from({ length: 300 }, (_, i) =>
            drawn(
              `v${i}`,
              [2],
              2,
              normals(2, 40, 2, (_c, _d, _e, z) => z),
            ),
          ),
        ),
        context,
      ).files(),
    );
    expect(page.length).toBeLessThan(bytes);
    expect(page).toMatch(/288 more variables are not drawn here; the summary has all of them\./);
  });
});

describe('odd runs', () => {
  const page = (variables: Parameters<typeof result>[0], changes: Parameters<typeof result>[1] = {}): string =>
    pageOf('odd', new Posterior(result(variables, changes), context).files());
  it.each<[string, string, RegExp]>([
    ['no unknowns', page([]), /The program has no unknowns/],
    ['draws that are not numbers', page([drawn('m', [], 2, new Float64Array(20).fill(Number.NaN))]), /<th scope="row">m<\/th>/],
    [
      'infinite draws',
      page([
        drawn(
          'm',
          [2],
          2,
          normals(2, 20, 2, (_c, d, _e, z) => (d === 3 ? Number.POSITIVE_INFINITY : z)),
        ),
      ]),
      /m\[1\]/,
    ],
    ['constant draws', page([drawn('m', [], 2, new Float64Array(20).fill(3))]), /<td>3<\/td>/],
    ['a single draw', page([drawn('m', [], 1, Float64Array.of(3))]), /too few draws/],
    [
      'huge and tiny numbers',
      page([
        drawn(
          'm',
          [],
          2,
          normals(2, 20, 1, (_c, _d, _e, z) => z * 1e300),
        ),
        drawn(
          't',
          [],
          2,
          normals(2, 20, 1, (_c, _d, _e, z) => z * 1e-300),
        ),
      ]),
      /e\+?300/,
    ],
    [
      'a trace that is not finite',
      page(
        [
          drawn(
            'm',
            [],
            1,
            normals(1, 20, 1, (_c, _d, _e, z) => z),
          ),
        ],
        { traces: { elbo: [Number.NEGATIVE_INFINITY, -3, -2, -1] } },
      ),
      /evidence lower bound/,
    ],
    [
      'names of the host',
      page([
        drawn(
          '__proto__',
          [],
          2,
          normals(2, 20, 1, (_c, _d, _e, z) => z),
        ),
        drawn(
          'constructor',
          [],
          2,
          normals(2, 20, 1, (_c, _d, _e, z) => z),
        ),
      ]),
      /__proto__/,
    ],
  ])('with %s make a page', (_, html, shown) => {
    expect(shown.test(html)).toBe(true);
    expect(/>NaN<|undefined|="NaN|NaN,|Infinity/.test(html)).toBe(false);
  });

  it('have the reason of an empty row beside it, a name without a capital', async () => {
    const posterior = await compile(
      'data y: real[N] sample m ~ Normal(0, 1) report odd = 1 / (m - m) for n in 0..<N { observe y[n] ~ Normal(m, 1) }',
    ).infer({ y: [1] }, { backend: 'gibbs', draws: 20, warmup: 10, workers: 0 });
    const summary = /<section id="summary".*?<\/section>/s.exec(pageOf('odd', posterior.files()))![0];
    expect(summary).toMatch(/<th scope="row">odd<\/th>(?:<td><\/td>)+/);
    expect(summary).toContain('<p>odd is Infinity in draw 0 of chain 0.</p>');
  });

  it('of templates with host values say what their text does not hold', async () => {
    const { model } = await import('../../src/index.js');
    const posterior = await model`sample m ~ Normal(0, ${3})`.infer({}, { backend: 'gibbs', draws: 20, warmup: 10, workers: 0 });
    const html = pageOf('template', posterior.files());
    expect(
      html.includes(
        'The program has values of its host (${...}), which its text does not hold: graph, derivation and replicated data are not shown.',
      ),
    ).toBe(true);
    expect(html.includes('id="draws"')).toBe(true);
    expect(html.includes('id="graph"')).toBe(false);
  });

  it('are refused with diagnostics, never a fault of ours', () => {
    const files = new Posterior(
      result([
        drawn(
          'm',
          [],
          2,
          normals(2, 20, 1, (_c, _d, _e, z) => z),
        ),
      ]),
      context,
    ).files();
    for (const name of ['summary.json', 'run.json', 'draws.csv']) {
      for (const cut of [0, 1, 17, 0.5, 0.99]) {
        const length = cut < 1 && cut > 0 ? Math.floor(files[name]!.length * cut) : cut;
        expect(() => pageOf('cut', { ...files, [name]: files[name]!.slice(0, length) }), `${name} cut at ${length}`).toThrow(ModelError);
      }
    }
  });
});
