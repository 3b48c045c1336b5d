/**
 * The playground in a real browser, opened as a file from a disk: what a student does in the first minutes, by mouse and by
 * keyboard, on light and dark, wide and narrow; what a stranger may put into a link or a file. Nothing waits for a time.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityProblems, browserPath, launch } from '../browser.js';

const folder = mkdtempSync(join(tmpdir(), 'credence-playground-'));
const address = pathToFileURL(join(folder, 'index.html')).href;
/** What would be seen of it if it were ever read as markup or run. */
const payload = '</script><script>globalThis.hostile = 1</script><img src=x onerror="globalThis.hostile = 2">';

/** A page, and what it said where it should be silent. */
interface Visit {
  readonly page: Page;
  readonly heard: readonly string[];
  readonly requested: readonly string[];
}

interface Shown {
  readonly width?: number;
  readonly colorScheme?: 'light' | 'dark';
  readonly hash?: string;
}

/** The fragment of a link, made without the playground's own code. */
function fragmentOf(fields: unknown): string {
  return `#p=${deflateRawSync(Buffer.from(typeof fields === 'string' ? fields : JSON.stringify(fields))).toString('base64url')}`;
}

const coin = 'data y: int[N]\nsample share ~ Beta(1, 1)\nobserve y ~ Bernoulli(share)\n';

describe.skipIf(browserPath === null)('the playground in Chromium (skipped where there is none)', () => {
  let browser: Browser;
  const visits: Visit[] = [];

  async function visit({ width = 1300, colorScheme = 'light', hash = '' }: Shown = {}): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    page.setDefaultTimeout(90_000);
    const heard: string[] = [],
      requested: string[] = [];
    page.on('console', (message) => {
      heard.push(message.text());
    });
    page.on('pageerror', (error) => {
      heard.push(error.message);
    });
    page.on('dialog', (dialog) => {
      heard.push(dialog.message());
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (!/^(?:blob|data):/.test(request.url())) requested.push(request.url().replace(/#.*/, ''));
    });
    visits.push({ page, heard, requested });
    await page.goto(`${address}${hash}`);
    await page.locator('html[data-ready]').waitFor({ state: 'attached' });
    return page;
  }

  /** Another program and other data in place of those there are. */
  async function write(page: Page, program: string, data: { readonly values?: string; readonly table?: string } = {}): Promise<void> {
    await page.locator('.cm-content').click();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.insertText(program);
    for (const name of ['values', 'table'] as const) {
      if (!(await page.locator(`#${name}`).isVisible())) await page.locator(`summary:has(+ #${name})`).click();
      await page.locator(`#${name}`).fill(data[name] ?? '');
    }
  }

  const inOrder = (page: Page): Promise<void> => page.getByText('The program and its data are in order.').waitFor();

  /** Presses Run, and waits for the whole report. */
  async function run(page: Page): Promise<void> {
    await page.locator('#start').click();
    await page.getByRole('button', { name: 'Save the report' }).waitFor();
  }

  /** A row of the summary, by the name of an element. */
  const rowOf = (page: Page, name: string): Promise<readonly string[]> =>
    page
      .locator('#panel-summary tr', { has: page.locator('th[scope=row]', { hasText: new RegExp(`^${name}$`) }) })
      .locator('td')
      .allTextContents();

  beforeAll(async () => {
    const { buildPlayground } = (await import(new URL('../../scripts/playground.mjs', import.meta.url).href)) as {
      buildPlayground(file: string): Promise<number>;
    };
    [browser] = await Promise.all([launch(), buildPlayground(join(folder, 'index.html'))]);
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('runs an example to its report: summary, figures, graph and derivation', async () => {
    const page = await visit();
    await page.locator('#examples').selectOption('02-linear-regression');
    await inOrder(page);
    await page.locator('#choice', { hasText: 'auto runs exact: the posterior has a closed form' }).waitFor();
    await run(page);
    // The reference of the example: the conjugate posterior in closed form.
    const [mean, sd] = await rowOf(page, 'w\\[0\\]');
    expect(Number(mean)).toBeCloseTo(0.5487, 3);
    expect(Number(sd)).toBeCloseTo(0.03967, 3);
    // The verdict is read out, and seen once.
    expect(await page.locator('#state.unseen').textContent()).toBe('No warnings.');
    await page.locator('#tab-figures').click();
    expect(await page.locator('#panel-figures h2').allTextContents()).toEqual(expect.arrayContaining(['Intervals', 'Replicated data']));
    expect(await page.locator('#panel-figures svg').count()).toBeGreaterThan(3);
    await page.locator('#tab-graph').click();
    expect(await page.locator('#panel-graph svg text').allTextContents()).toEqual(expect.arrayContaining(['w', 'X']));
    await page.locator('#tab-derivation').click();
    expect(await page.locator('#panel-derivation math').count()).toBeGreaterThan(0);
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page
        .locator('#tab-summary')
        .click()
        .then(() => page.getByRole('button', { name: 'Save the report' }).click()),
    ]);
    expect(saved.suggestedFilename()).toBe('report.html');
  });

  it('says all that is wrong at once, at its place', async () => {
    const page = await visit();
    await write(page, 'data y: real[N]\nsample m ~ Norml(0, 1)\nobserve y ~ Normal(m, spread)\n', { values: '{ "y": [1, "two"] }' });
    await page.getByText('2 errors').waitFor();
    expect(await page.locator('#problems li').allInnerTexts()).toEqual([
      expect.stringMatching(/Line 2\s+There is no distribution Norml\.\s+Hint: did you mean Normal\?/),
      expect.stringMatching(/Line 3\s+spread is not defined/),
    ]);
    expect(await page.locator('.cm-lintRange-error').allTextContents()).toEqual(['Norml', 'spread']);
    await page.getByRole('button', { name: 'Line 3' }).click();
    await page.keyboard.insertText('2');
    await page.getByRole('button', { name: 'Line 2' }).click();
    await page.keyboard.insertText('Normal');
    await page.getByText('y[1] is the text "two", not a number.').waitFor();
    expect(await page.locator('.cm-lintRange-error').allTextContents()).toEqual(['y']);
    await page.locator('#values').fill('{ "y": [1, 2');
    await page.getByText(/line 1, column 13/).waitFor();
    // Run says why not, and leads to the places.
    await page.locator('#start').click();
    expect(await page.locator('#state').textContent()).toContain('Before it can run: ');
    await page.locator('#values').fill('{ "y": [1, 2] }');
    await inOrder(page);
    expect(await page.locator('#problems li').count()).toBe(0);
  });

  it('binds columns of a table that is opened or dropped, and conditions on them', async () => {
    const page = await visit();
    await write(page, coin);
    await page.getByText('No value is given for y: int[N].').waitFor();
    await page
      .locator('#file')
      .setInputFiles({ name: 'tosses.csv', mimeType: 'text/csv', buffer: Buffer.from('toss,heads\n1,1\n2,0\n3,1\n4,1\n') });
    await page.getByLabel('y: int[N]').fill('heads');
    await inOrder(page);
    await run(page);
    // Three of four under a uniform prior: Beta(4, 2), mean 4/6.
    expect(Number((await rowOf(page, 'share'))[0])).toBeCloseTo(4 / 6, 3);
    const dropped = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(['{ "y": [1, 1, 1, 1, 1, 1, 0, 1] }'], 'more.json'));
      return data;
    });
    expect(await page.locator('#outdated').isVisible()).toBe(false);
    await page.locator('.cm-content').dispatchEvent('drop', { dataTransfer: dropped });
    await page.getByText('more.json is open.').waitFor();
    expect(await page.locator('#outdated').isVisible()).toBe(true);
    await inOrder(page);
    await run(page);
    expect(Number((await rowOf(page, 'share'))[0])).toBeCloseTo(8 / 10, 3);
  });

  it('takes a table that is pasted where JSON belongs, and one too long for a field', async () => {
    const page = await visit({ hash: fragmentOf({ program: coin }) });
    await page.getByText('No value is given for y: int[N].').waitFor();
    await page.locator('#values').evaluate((field) => {
      const data = new DataTransfer();
      data.setData('text/plain', 'y\tplace\n1\there\n0\tthere\n');
      field.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
    });
    expect([await page.locator('#values').inputValue(), await page.locator('#table').inputValue()]).toEqual([
      '',
      'y\tplace\n1\there\n0\tthere\n',
    ]);
    await inOrder(page);
    // 60,000 ones and 40,000 zeros under a uniform prior: Beta(60001, 40001).
    await page.locator('#file').setInputFiles({
      name: 'long.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(`y\n${'1\n1\n1\n0\n0\n'.repeat(20_000)}${'\n'.repeat(10)}`),
    });
    await page.getByText('200,012 characters: too many to be edited here.').waitFor();
    await page.getByText('· 100,000 rows, 1 column').waitFor();
    await page.locator('#start').click();
    await page.locator('#panel-summary').getByRole('table', { name: 'Summary of 1 variable' }).waitFor();
    expect(Number((await rowOf(page, 'share'))[0])).toBeCloseTo(60_001 / 100_002, 4);
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByText('No value is given for y: int[N].').waitFor();
  });

  it('offers every backend, auto first, and says why one does not apply', async () => {
    const page = await visit({ hash: fragmentOf({ program: coin, values: '{ "y": [1, 0, 1] }' }) });
    await page.locator('#backend option:disabled').first().waitFor({ state: 'attached' });
    const options = await page.locator('#backend option').allTextContents();
    expect(options[0]).toBe('auto');
    expect(options).toContain('gibbs');
    expect(await page.locator('#backend option:disabled').allTextContents()).toEqual([
      'em (does not apply: em estimates params, and this program has none that is not given)',
    ]);
    await page.locator('#refused summary').click();
    expect(await page.locator('#refused').innerText()).toContain('em estimates params');
    await page.locator('#backend').selectOption('cavi');
    await page.locator('#panel-derivation', { hasText: 'backend cavi' }).waitFor({ state: 'attached' });
    await page.locator('#more > summary').click();
    await page.locator('#options').fill('iterations=many');
    await page.locator('#start').click();
    await page.getByText('The option iterations is "many"').first().waitFor();
  });

  it('shows draws while workers make them, and stops with those there are', async () => {
    const page = await visit();
    let workers = 0;
    page.on('worker', () => {
      workers++;
    });
    const table = Array.from({ length: 600 }, (_, i) => `${((i % 21) - 10) / 5},${(i * 7) % 21 > 10 - (i % 21) / 3 ? 1 : 0}`);
    await write(
      page,
      'data x: real[N]\ndata y: int[N]\nsample a ~ Normal(0, 2)\nsample b ~ Normal(0, 2)\nobserve y ~ Bernoulli(logit: a + b * x)\n',
      { table: `x,y\n${table.join('\n')}` },
    );
    await inOrder(page);
    await page.locator('#chains').fill('2');
    await page.locator('#draws').fill('200000000');
    await page.locator('#start').click();
    await page.getByText('The run would keep 800,000,000 numbers; a page keeps up to 100,000,000.').first().waitFor();
    await page.locator('#draws').fill('10000000');
    await page.locator('#start').click();
    await page.locator('.live svg').waitFor();
    // One that runs, and one at least with chains: a quick one may take both.
    expect(workers).toBeGreaterThanOrEqual(2);
    expect(await page.locator('.live svg').textContent()).toContain('Trace of a, b');
    expect(await page.locator('progress').count()).toBeGreaterThanOrEqual(1);
    await page.locator('#stop').click();
    await page.getByText(/The run ended with \d+ of 10000000 draws/).waitFor();
    expect((await rowOf(page, 'b')).length).toBeGreaterThan(5);
    // A run that is asked to end twice ends at once, and another one can begin.
    await page.locator('#start').click();
    await page.locator('.live svg').waitFor();
    await page.evaluate(() => {
      const stop = document.getElementById('stop')!;
      stop.click();
      stop.click();
    });
    expect(await page.locator('#panel-summary').innerText()).toContain('The run was ended before there was anything to show.');
    await page.locator('#draws').fill('20');
    await page.locator('#start').click();
    await page.getByText(/2 chains of 20 draws/).waitFor();
  });

  it('ends a search that would go on for days with the best so far', async () => {
    const page = await visit({
      hash: fragmentOf({
        program:
          'data x: real[N]\nfor k in 0..<2 { sample m[k] ~ Normal(0, 5) }\nfor n in 0..<N { sample z[n] ~ Categorical([0.5, 0.5]) observe x[n] ~ Normal(m[z[n]], 1) }\n',
        values: '{ "x": [-2, -3, -2.5, 2, 3, 2.4] }',
        backend: 'cavi',
        options: 'restarts=1000000000',
      }),
    });
    await inOrder(page);
    await page.locator('#start').click();
    await page.getByText(/[1-9][\d,]* of 1,000,000,000, at -/).waitFor();
    await page.locator('#stop').click();
    await page
      .getByText(/stopped before all of 1000000000 starts were tried: this is the best of those that were/)
      .first()
      .waitFor();
    // Two groups of three about -2.5 and 2.47, shrunk a little.
    const means = await Promise.all(
      ['m\\[0\\]', 'm\\[1\\]'].map(async (name) => Number((await rowOf(page, name))[0]?.replace('\u2212', '-'))),
    );
    expect(Math.min(...means)).toBeCloseTo(-2.5, 1);
    expect(Math.max(...means)).toBeCloseTo(2.47, 1);
  });

  it('takes start values, thinning, an end by effective draws and one by the clock', async () => {
    const page = await visit({
      hash: fragmentOf({
        program: coin,
        values: '{ "y": [1, 0, 1] }',
        backend: 'gibbs',
        chains: '2',
        draws: '400',
        seed: '1',
        init: '{ "share": 2 }',
        until: '150',
        thin: '2',
        maxSeconds: '-1',
      }),
    });
    await inOrder(page);
    await page.locator('#start').click();
    const refused = page.locator('#panel-summary .warnings');
    await refused.getByText('maxSeconds is -1; it must be a number above 0.').waitFor();
    expect(await refused.innerText()).toMatch(/share/);
    await page.locator('#init').fill('{ "share": ');
    await page.locator('#start').click();
    await refused.getByText(/^Start values: .*column/).waitFor();
    await page.locator('#init').fill('{ "share": 0.4 }');
    await page.locator('#maxSeconds').fill('600');
    await run(page);
    expect(await page.locator('#panel-summary').innerText()).toMatch(/2 chains of \d+ draws/);
    await page.locator('#panel-summary summary', { hasText: 'Options and versions' }).click();
    const options = await page.locator('#panel-summary dl').last().innerText();
    for (const line of [/thin\s+2\b/, /maxSeconds\s+600\b/, /until\s+(?:150|\{"ess":150\})/, /init\s+.*share/])
      expect(options).toMatch(line);
  });

  it('calls a program yours once its text or data are changed, not for another backend, and keeps it', async () => {
    const page = await visit();
    const shown = (): Promise<string> =>
      page.locator('#examples').evaluate((menu) => (menu as HTMLSelectElement).selectedOptions[0]!.textContent ?? '');
    await inOrder(page);
    const example = await shown();
    await page.locator('#backend option[value=mh]').waitFor({ state: 'attached' });
    await page.locator('#backend').selectOption('mh');
    await page.locator('#draws').fill('30');
    expect(await shown()).toBe(example);
    await page.locator('.cm-content').click();
    await page.keyboard.press('ControlOrMeta+Home');
    await page.keyboard.insertText('// mine\n');
    expect(await shown()).toBe('What you wrote');
    const first = (): Promise<string | null> => page.locator('.cm-line').first().textContent();
    // Another link, and back again.
    await page.evaluate(
      (hash) => {
        location.hash = hash;
      },
      fragmentOf({ program: '// linked' }),
    );
    await page.locator('.cm-line', { hasText: '// linked' }).waitFor();
    await page.goBack();
    await page.locator('.cm-line', { hasText: '// mine' }).waitFor();
    await page.reload();
    await page.locator('html[data-ready]').waitFor({ state: 'attached' });
    expect([await first(), await shown(), await page.locator('#draws').inputValue(), await page.locator('#backend').inputValue()]).toEqual([
      '// mine',
      'What you wrote',
      '30',
      'mh',
    ]);
    // No other tab knows of it.
    const other = await visit();
    expect(await other.locator('#examples option').first().isHidden()).toBe(true);
    expect(await other.locator('.cm-line').first().textContent()).not.toBe('// mine');
  });

  it('says at once that a link cannot be read, and shows an example instead', async () => {
    const page = await visit({ hash: '#p=damaged' });
    await page.getByText('The link cannot be read: it is damaged, perhaps cut off.').waitFor();
    await inOrder(page);
    expect(await page.locator('#notice').textContent()).toContain('cannot be read');
  });

  it('carries program, data and settings in a link, and runs nothing by itself', async () => {
    const page = await visit();
    await write(page, `// shared: μ, 日本, 😀\n${coin}`, { table: 'toss,heads\n1,1\n2,0\n' });
    await page.getByLabel('y: int[N]').fill('heads');
    await page.locator('#seed').fill('monday');
    await page.locator('#share').click();
    await page.getByText(/The link carries program, data and settings/).waitFor();
    const other = await visit({ hash: new URL(page.url()).hash });
    await inOrder(other);
    expect(await other.locator('.cm-line').allTextContents()).toEqual([...`// shared: μ, 日本, 😀\n${coin}`.split('\n')]);
    expect([
      await other.locator('#table').inputValue(),
      await other.getByLabel('y: int[N]').inputValue(),
      await other.locator('#seed').inputValue(),
    ]).toEqual(['toss,heads\n1,1\n2,0\n', 'heads', 'monday']);
    expect(await other.locator('#panel-summary').innerText()).toContain('Run the program');
  });

  it('keeps text of links and files text', async () => {
    const program = `// ${payload}\ndata y: int[N]\nsample share ~ Beta(1, 1)\nobserve y ~ Bernoulli(share)\nlet z = ${payload}`;
    const page = await visit({
      hash: fragmentOf(`{ "program": ${JSON.stringify(program)}, "values": ${JSON.stringify(JSON.stringify({ [payload]: 1, y: [payload] }))}, "table": ${JSON.stringify(`y,"${payload.replaceAll('"', '""')}",__proto__\n1,2,3\n`)},
      "columns": [["y", ${JSON.stringify(payload)}], ["__proto__", "y"], 7], "backend": ${JSON.stringify(payload)}, "chains": ${JSON.stringify(payload)}, "__proto__": { "hostile": 3 }, "constructor": { "prototype": { "hostile": 4 } } }`),
    });
    await page.locator('#problems li').first().waitFor();
    expect(await page.locator('.cm-line').first().textContent()).toBe(`// ${payload}`);
    await write(page, coin, {
      values: `{ "__proto__": 1, ${JSON.stringify(payload)}: 2, "y": [1, 0] }`,
      table: `"${payload.replaceAll('"', '""')}",__proto__\n1,2\n`,
    });
    await page.getByText(/The program does not name/).waitFor();
    await page.getByLabel('y: int[N]').fill(`${payload}?`);
    await page.locator('#problems .error', { hasText: '<script>' }).waitFor();
    await page.locator('#start').click();
    expect(await page.locator('#state').textContent()).toContain('<script>');
    await page.getByLabel('y: int[N]').fill('');
    await page.locator('#problems .error').waitFor({ state: 'detached' });
    // The backend of the link is none.
    await page.locator('#start').click();
    await page.locator('#panel-summary .warnings', { hasText: '<script>' }).waitFor();
    await page.locator('#backend').selectOption('auto');
    await page.locator('#chains').fill('2');
    await page.locator('#seed').fill(payload);
    await run(page);
    expect(await page.locator('#panel-summary').innerText()).toContain(`seed ${payload}`);
    expect(await page.locator('main script, img, iframe, object').count()).toBe(0);
    expect(await page.evaluate(() => [Reflect.get(globalThis, 'hostile'), Reflect.get({}, 'hostile')])).toEqual([undefined, undefined]);
    await page.evaluate(
      (hash) => {
        location.hash = hash;
      },
      fragmentOf('"'.padEnd(5_000_000, ' ')),
    );
    await page.getByText('The link cannot be read: it unpacks to more than any program.').waitFor();
    await page.evaluate(() => {
      location.hash = '#p=damaged';
    });
    await page.getByText('The link cannot be read: it is damaged, perhaps cut off.').waitFor();
  });

  it('is used by keyboard alone', async () => {
    const page = await visit({ hash: fragmentOf({ program: coin, values: '{ "y": [1, 0, 1, 1] }', seed: '1' }) });
    await inOrder(page);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the program');
    const reached: string[] = [];
    for (let stop = 0; stop < 20; stop++) {
      await page.keyboard.press('Tab');
      reached.push(
        await page.evaluate(
          () => document.activeElement?.id || document.activeElement?.getAttribute('aria-label') || document.activeElement?.tagName || '',
        ),
      );
      if (reached.at(-1) === 'Program') await page.keyboard.press('Control+Enter');
    }
    expect(reached).toEqual(
      expect.arrayContaining([
        'examples',
        'share',
        'Program',
        'open',
        'values',
        'backend',
        'chains',
        'draws',
        'seed',
        'tab-summary',
        'panel-summary',
      ]),
    );
    await page.getByRole('button', { name: 'Save the report' }).waitFor();
    await page.locator('#tab-summary').focus();
    for (const [key, tab] of [
      ['ArrowRight', 'figures'],
      ['End', 'derivation'],
      ['ArrowRight', 'summary'],
      ['ArrowLeft', 'derivation'],
      ['Home', 'summary'],
    ]) {
      await page.keyboard.press(key!);
      expect(await page.evaluate(() => document.activeElement?.id)).toBe(`tab-${tab}`);
      expect(await page.locator(`#panel-${tab}`).isVisible()).toBe(true);
    }
  });

  it.each([
    { width: 1300, colorScheme: 'light' },
    { width: 360, colorScheme: 'dark' },
  ] as const)('is accessible and fits at $width pixels, $colorScheme', async (shown) => {
    const page = await visit({
      ...shown,
      hash: fragmentOf({
        program: 'data y: real[N]\nsample m ~ Normal(0, 10)\nsample s ~ HalfNormal(5)\nobserve y ~ Normal(m, s)\n',
        table: 'y\n1\n2\n4\n3\n',
        draws: '50',
        chains: '2',
        backend: 'gibbs',
      }),
    });
    await inOrder(page);
    await run(page);
    await page.locator('#refused summary').click();
    await page.locator('#more > summary').click();
    await page.locator('#more details summary').click();
    const fits = (): Promise<boolean> => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
    for (const tab of ['figures', 'graph', 'derivation', 'summary']) {
      await page.locator(`#tab-${tab}`).click();
      expect(await fits(), tab).toBe(true);
    }
    await write(page, 'sample x ~ Norml(0, 1)\nlet z = y', { values: '{' });
    await page.getByText(/^\d errors$/).waitFor();
    expect(await fits()).toBe(true);
    // All panels at once: what is hidden is not looked at.
    await page.evaluate(() => {
      for (const panel of document.querySelectorAll('[role=tabpanel]')) panel.removeAttribute('hidden');
    });
    expect(await page.locator('#panel-figures svg').count()).toBeGreaterThan(2);
    expect(await accessibilityProblems(page)).toEqual([]);
  });

  it('was silent all the time, and asked nobody for anything', () => {
    expect(visits.length).toBeGreaterThan(0);
    expect(visits.flatMap(({ heard }) => heard)).toEqual([]);
    expect(new Set(visits.flatMap(({ requested }) => requested))).toEqual(new Set([address]));
  });

  it('is refused nothing from a server either', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end(readFileSync(join(folder, 'index.html')));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    try {
      const page = await browser.newPage(),
        heard: string[] = [],
        at = server.address();
      page.on('console', (message) => {
        heard.push(message.text());
      });
      await page.goto(
        `http://127.0.0.1:${typeof at === 'object' && at !== null ? at.port : ''}/${fragmentOf({ program: coin, values: '{ "y": [1, 0, 1] }', backend: 'gibbs', draws: '30' })}`,
      );
      await inOrder(page);
      await run(page);
      expect(heard).toEqual([]);
      await page.close();
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    }
  });
});
