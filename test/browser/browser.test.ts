/**
 * The built package in a real browser, unchanged: chains in web workers, and the numbers that Node gives. The mathematical
 * functions of two engines differ in their last bits (those of Node 20 and of a new Chromium in nearly every one), so what is
 * asked is what interface says: the same random integers, and draws that are equal as far as rounding goes.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserPath, launch } from '../browser.js';
import { bundleDependencies, serveSite, type Site, type SiteOptions } from './site.js';

interface Mistake {
  readonly isModelError: boolean;
  readonly message: string;
  readonly codes?: readonly string[];
}
type Draws = Readonly<Record<'share' | 'm' | 's', readonly number[]>>;
interface Results {
  readonly gibbs: { readonly draws: Draws; readonly converged: boolean; readonly warnings: readonly string[]; readonly heard: number };
  readonly others: Readonly<Record<'cavi' | 'exact' | 'map', readonly number[]>> &
    Readonly<Record<'elbo' | 'logEvidence' | 'density', number>>;
  readonly integers: { readonly whole: readonly number[]; readonly uniform: readonly number[] };
  readonly surface: {
    readonly names: readonly string[];
    readonly rows: number;
    readonly summary: readonly string[];
    readonly trace: string;
    readonly graph: string;
  };
  readonly save: Mistake | null;
  readonly mistake: Mistake;
  readonly stopped: { readonly shape: readonly number[]; readonly finite: boolean };
  readonly refused: Mistake | null;
  readonly messages: readonly number[];
}
interface Visit {
  readonly isolated: boolean;
  readonly results: Results;
  /** Addresses of the workers that were started. */
  readonly workers: readonly string[];
  /** Messages of the console and errors. */
  readonly heard: readonly string[];
  /** Hosts that were asked for something. */
  readonly hosts: readonly string[];
}

/** What Node gives for the same cases, by the same build. */
async function inNode(names: readonly (keyof Results)[]): Promise<Results> {
  const file = new URL('cases.mjs', import.meta.url).href;
  const program = `import { cases } from ${JSON.stringify(file)}; const results = {}; for (const name of ${JSON.stringify(names)}) results[name] = await cases[name](); process.stdout.write(JSON.stringify(results));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { maxBuffer: 1 << 26 });
  return JSON.parse(stdout) as Results;
}

/** Equal up to a relative rounding error. */
function expectClose(ours: readonly number[], theirs: readonly number[], tolerance: number): void {
  expect(ours.length).toBe(theirs.length);
  const worst = Math.max(...ours.map((value, i) => Math.abs(value - theirs[i]!) / Math.max(1e-3, Math.abs(theirs[i]!))));
  expect(worst).toBeLessThan(tolerance);
}

/**
 * At least so many workers, one for each run (a quick one may take both chains), each of which said that it listens, how far it is, what it has, and
 * that it rests.
 */
function expectAtWork(messages: readonly number[], count: number): void {
  expect(messages.filter((sent) => sent > 3).length).toBeGreaterThanOrEqual(count);
}

describe.skipIf(browserPath === null)('the package in Chromium (skipped where there is none)', () => {
  let browser: Browser, bundles: ReadonlyMap<string, string>, node: Results;
  const sites: Site[] = [];
  const serve = async (options: SiteOptions): Promise<Site> => {
    const site = await serveSite(bundles, options);
    sites.push(site);
    return site;
  };

  /** Runs cases in a page of a site of its own. */
  async function visit(names: readonly (keyof Results)[], options: SiteOptions = {}): Promise<Visit> {
    const { origin } = await serve(options);
    const page = await browser.newPage();
    const workers: string[] = [],
      heard: string[] = [],
      hosts = new Set<string>();
    page.on('worker', (worker) => {
      workers.push(worker.url());
    });
    page.on('console', (message) => {
      heard.push(message.text());
    });
    page.on('pageerror', (error) => {
      heard.push(error.message);
    });
    page.on('request', (request) => {
      hosts.add(new URL(request.url()).origin.replace(origin, 'own'));
    });
    await page.goto(`${origin}/?cases=${names.join()}`);
    await page.locator('output[data-done]').waitFor({ state: 'attached' });
    const shown = JSON.parse((await page.locator('output').textContent())!) as {
      readonly thrown?: string;
      readonly isolated: boolean;
      readonly results: Results;
    };
    await page.close();
    expect(shown.thrown).toBeUndefined();
    return { ...shown, workers, heard, hosts: [...hosts] };
  }

  beforeAll(async () => {
    expect(existsSync(fileURLToPath(new URL('../../dist/index.js', import.meta.url))), 'dist/ is missing: node scripts/build.mjs').toBe(
      true,
    );
    [browser, bundles, node] = await Promise.all([
      launch(),
      bundleDependencies(),
      inNode(['gibbs', 'others', 'integers', 'surface', 'mistake']),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await Promise.all(sites.map((site) => site.close()));
  });

  it('runs every backend, chains in workers, with the numbers of Node and without a sound', async () => {
    const { results, workers, heard, hosts, isolated } = await visit([
      'gibbs',
      'others',
      'integers',
      'surface',
      'mistake',
      'save',
      'stopped',
      'messages',
    ]);
    expect(isolated).toBe(false);
    expect(heard).toEqual([]);
    expect(hosts).toEqual(['own']);
    // Two for each run of chains that is long: `gibbs` and `stopped`, and on a slow machine others.
    expect(workers.length).toBeGreaterThanOrEqual(4);
    expect(workers.every((url) => url.endsWith('/dist/4-infer/worker.js'))).toBe(true);
    expectAtWork(results.messages, 2);

    expect(results.integers).toEqual(node.integers);
    expect(results.mistake).toEqual(node.mistake);
    expect(results.mistake.message).toMatch(/^typo\.cred:1:12: error\[unknown-distribution\]/);
    for (const name of ['share', 'm', 's'] as const) expectClose(results.gibbs.draws[name], node.gibbs.draws[name], 1e-9);
    expect(results.gibbs.warnings).toEqual(node.gibbs.warnings);
    expect(results.gibbs.converged).toBe(node.gibbs.converged);
    expect(results.gibbs.heard).toBeGreaterThan(2);
    for (const name of ['cavi', 'exact', 'map'] as const) expectClose(results.others[name], node.others[name], 1e-9);
    for (const name of ['elbo', 'logEvidence', 'density'] as const) expectClose([results.others[name]], [node.others[name]], 1e-9);

    expect(results.surface.names).toEqual(['draws.csv', 'summary.json', 'pointwise.csv', 'run.json', 'data.json']);
    expect({ ...results.surface, trace: marksOf(results.surface.trace) }).toEqual({ ...node.surface, trace: marksOf(node.surface.trace) });
    expect(marksOf(results.surface.trace).length).toBeGreaterThan(10);
    expect(results.save).toEqual({
      isModelError: true,
      message: 'there is no file system here. Use files(): it returns names and contents.',
    });
    const { shape, finite } = results.stopped;
    // The chains that give most draws together: one, where the other had hardly begun.
    expect([shape.length, finite]).toEqual([2, true]);
    expect([1, 2]).toContain(shape[0]);
    expect(shape[1]).toBeGreaterThan(0);
    expect(shape[1]).toBeLessThan(400_000);
  });

  it('gives the same draws where memory may be shared with workers', async () => {
    const { results, heard, isolated } = await visit(['gibbs', 'stopped', 'messages'], { isolated: true });
    expect(isolated).toBe(true);
    expect(heard).toEqual([]);
    expectAtWork(results.messages, 2);
    for (const name of ['share', 'm', 's'] as const) expectClose(results.gibbs.draws[name], node.gibbs.draws[name], 1e-9);
    expect(results.stopped.shape[1]).toBeGreaterThan(0);
    expect(results.stopped.finite).toBe(true);
  });

  it('starts workers though the package comes from another host', async () => {
    const packages = (await serve({})).origin;
    const { results, heard, hosts } = await visit(['gibbs', 'messages'], { packages });
    expect(heard).toEqual([]);
    expect(hosts.filter((host) => host !== 'own' && host !== packages)).toEqual([]);
    // Of two that were started one may have both chains done before the other is there.
    expect(results.messages.length).toBe(2);
    expectAtWork(results.messages, 1);
    expectClose(results.gibbs.draws.m, node.gibbs.draws.m, 1e-9);
  });

  it('runs chains in the page where its workers may not generate code', async () => {
    const { results, heard } = await visit(['gibbs', 'messages'], { workerPolicy: "script-src 'self'" });
    expect(heard).toEqual([]);
    expect(results.messages).toEqual([0, 0]);
    expectClose(results.gibbs.draws.m, node.gibbs.draws.m, 1e-9);
  });

  it('refuses by name under a policy that forbids generated code, and still compiles programs', async () => {
    const { results, workers, heard } = await visit(['mistake', 'refused'], {
      policy: "default-src 'self'; script-src 'self' NONCE; img-src data:",
    });
    expect(heard).toEqual([]);
    expect(workers).toEqual([]);
    expect(results.mistake).toEqual(node.mistake);
    expect(results.refused?.isModelError).toBe(true);
    expect(results.refused?.codes).toEqual(['no-code-generation']);
    expect(results.refused?.message).toMatch(
      /code generation is forbidden here.*\n\s*hint: On a web page allow 'unsafe-eval' in the script-src of the Content-Security-Policy/,
    );
  });
});

/** Texts and marks of a figure in their order: a browser and linkedom write them with attributes in different orders. */
function marksOf(svg: string): readonly string[] {
  return [...svg.matchAll(/data-mark="([^"]*)"|<text[^>]*>([^<]*)</g)].map((match) => match[1] ?? match[2] ?? '');
}
