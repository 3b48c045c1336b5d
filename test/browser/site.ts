/**
 * A static site for tests: the built package as it is, its dependencies as ES modules (what servers of npm packages for browsers
 * and bundlers make of them), a page with an import map that runs cases of `cases.mjs` and shows what they returned.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Entries of the package, and what each dependency exports to it. */
const entries: Readonly<Record<string, string>> = {
  credence: 'index.js',
  'credence/distributions': 'distributions-api.js',
  'credence/plot': 'plot-api.js',
};
const dependencies: Readonly<Record<string, string>> = {
  '@dagrejs/dagre': 'export *',
  'ml-matrix': 'export *',
  'ohm-js': 'export *',
  papaparse: 'export { default }',
  seedrandom: 'export { default }',
};

export interface SiteOptions {
  /** Headers that cut the page off from others, so that it may share memory with its workers. */
  readonly isolated?: boolean;
  /** The Content-Security-Policy of the page; `NONCE` stands for that of its import map. */
  readonly policy?: string;
  /** The same of the worker's file. */
  readonly workerPolicy?: string;
  /** Where the package comes from: another site. */
  readonly packages?: string;
}

export interface Site {
  readonly origin: string;
  close(): Promise<void>;
}

/** Serves on a free port of this machine. */
export async function serveSite(bundles: ReadonlyMap<string, string>, options: SiteOptions = {}): Promise<Site> {
  const server = createServer((request, response) => {
    answer(new URL(request.url!, 'http://site').pathname, response, bundles, options);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => closed(server) };
}

/** The dependencies as ES modules by name. */
export async function bundleDependencies(): Promise<ReadonlyMap<string, string>> {
  const made = Object.entries(dependencies).map(async ([name, exported]): Promise<[string, string]> => {
    const { outputFiles } = await build({
      stdin: { contents: `${exported} from '${name}';`, resolveDir: root },
      bundle: true,
      format: 'esm',
      platform: 'browser',
      write: false,
      logLevel: 'error',
    });
    return [name, outputFiles[0]!.text];
  });
  return new Map(await Promise.all(made));
}

function answer(path: string, response: ServerResponse, bundles: ReadonlyMap<string, string>, options: SiteOptions): void {
  const headers: Record<string, string> = { 'access-control-allow-origin': '*' };
  if (options.isolated === true)
    Object.assign(headers, { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' });
  const send = (type: string, text: string): void => {
    response.writeHead(200, { ...headers, 'content-type': type }).end(text);
  };
  const script = (text: string): void => send('text/javascript', text);
  try {
    if (path === '/') {
      if (options.policy !== undefined) headers['content-security-policy'] = options.policy.replace('NONCE', "'nonce-map'");
      send('text/html', page(options.packages ?? ''));
    } else if (path === '/start.js') script(start);
    else if (path === '/cases.mjs') script(readFileSync(new URL('cases.mjs', import.meta.url), 'utf8'));
    else if (path.startsWith('/npm/')) script(bundles.get(path.slice('/npm/'.length, -'.js'.length))!);
    else if (path.startsWith('/dist/') && !normalize(path).includes('..')) {
      if (options.workerPolicy !== undefined && path.endsWith('/worker.js')) headers['content-security-policy'] = options.workerPolicy;
      script(readFileSync(join(root, path), 'utf8'));
    } else throw new Error('no such file');
  } catch {
    response.writeHead(404).end();
  }
}

function page(packages: string): string {
  const imports = {
    ...mapped(entries, (name) => `${packages}/dist/${entries[name]!}`),
    ...mapped(dependencies, (name) => `${packages}/npm/${name}.js`),
  };
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Credence</title><link rel="icon" href="data:,">
<script type="importmap" nonce="map">${JSON.stringify({ imports })}</script></head><body><output></output><script type="module" src="/start.js"></script></body></html>`;
}

/** Runs the cases that the address names; the page shows what they returned, so that nothing has to be evaluated in it. */
const start = `
const output = document.querySelector('output');
let shown;
try {
  const { cases } = await import('/cases.mjs');
  shown = { isolated: crossOriginIsolated, results: {} };
  for (const name of new URL(location.href).searchParams.get('cases').split(',')) shown.results[name] = await cases[name]();
} catch (error) {
  shown = { thrown: String(error?.stack ?? error) };
}
output.textContent = JSON.stringify(shown);
output.dataset.done = '';
`;

function mapped(table: Readonly<Record<string, string>>, value: (name: string) => string): Record<string, string> {
  return Object.fromEntries(Object.keys(table).map((name) => [name, value(name)]));
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
