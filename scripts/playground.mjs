/**
 * Builds the playground: one HTML file, playground/index.html (or the file named), with scripts, styles, workers and examples in it,
 * that opens from a disk as well as from any server. Its policy lets it run the script it came with, workers made of its own
 * text and the code Credence generates, and lets it ask no host for anything.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { licencesOf } from './licences.mjs';
import { ensureInstalled, root } from './setup.mjs';

const source = join(root, 'playground', 'source');
const read = (...path) => readFileSync(join(root, ...path), 'utf8');

/** Backends that `auto` chooses among: an example run by another one says so. */
const chosenByAuto = ['exact', 'em', 'map', 'gibbs', 'mh'];

/** The examples of the repository that are one program, each with the data and the backend of its first claim that a page can run. */
export function examplesOf(backends) {
  return readdirSync(join(root, 'examples'))
    .sort()
    .flatMap((id) => {
      if (!existsSync(join(root, 'examples', id, 'model.cred'))) return [];
      const claim = JSON.parse(read('examples', id, 'claim.json'));
      const run = claim.runs.find(
        ({ backend, model, program }) => backends.includes(backend) && model === undefined && program === undefined,
      );
      const backend = run === undefined || (chosenByAuto.includes(run.backend) && run.options === undefined) ? 'auto' : run.backend;
      // A walk that is asked for by name needs as many draws as its claim, as far as a page should wait for them.
      const draws = backend === 'auto' || run.draws === undefined ? {} : { draws: String(Math.min(run.draws, 10_000)) };
      const options =
        backend === 'auto'
          ? ''
          : Object.entries(run.options ?? {})
              .map(([name, value]) => `${name}=${value}`)
              .join(' ');
      return [
        {
          id,
          title: `${Number(id.slice(0, 2))}. ${claim.title}`,
          about: aboutOf(id),
          project: { program: read('examples', id, 'model.cred'), ...dataOf(id, { ...claim.data, ...run?.data }) },
          settings: { backend, options, ...draws },
        },
      ];
    });
}

/** The first paragraph of an example's page, as text. */
function aboutOf(id) {
  const [, paragraph = ''] = read('examples', id, 'README.md').split(/\n\n+/);
  return paragraph
    .replaceAll('`', '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Data of a claim (test/claims.ts reads them too) as the two texts that a page has. */
function dataOf(id, sources) {
  const tables = new Map(),
    columns = [],
    texts = [],
    values = {};
  for (const [name, value] of Object.entries(sources)) {
    if (value === null) continue;
    if (typeof value !== 'string') values[name] = value;
    else if (value.endsWith('.json')) texts.push(read('examples', id, value));
    else {
      const [file, wanted] = value.split(':');
      tables.set(file, read('examples', id, file));
      if (wanted !== name) columns.push([name, wanted.replaceAll(',', ', ')]);
    }
  }
  if (tables.size > 1) throw new Error(`examples/${id} takes its data from several tables`);
  const merged = Object.assign({}, ...texts.map((text) => JSON.parse(text)), values);
  const alone = texts.length === 1 && Object.keys(values).length === 0;
  return {
    values: alone ? texts[0] : Object.keys(merged).length === 0 ? '' : inLines(merged),
    table: [...tables.values()][0] ?? '',
    columns,
  };
}

/** JSON with a line for each name. */
function inLines(values) {
  return `{\n${Object.entries(values)
    .map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
    .join(',\n')}\n}\n`;
}

/** A module that the sources import by a name of ours. */
function virtual(modules) {
  return {
    name: 'playground',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^playground:/ }, ({ path }) => ({ path, namespace: 'playground' }));
      onLoad({ filter: /.*/, namespace: 'playground' }, ({ path }) => ({
        contents: `export const content = ${JSON.stringify(modules[path])};`,
        loader: 'js',
      }));
    },
  };
}

/** What a browser has no use for: Node's part of the platform. linkedom stands in for the document that workers lack. */
const inBrowser = {
  name: 'in-browser',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/node\.js$/ }, ({ path, importer }) =>
      importer.endsWith('platform.ts') ? { path, namespace: 'empty' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'export {};' }));
    // linkedom looks for a canvas and for Node's clock.
    onResolve({ filter: /\/canvas\.cjs$/ }, ({ importer }) =>
      importer.includes('linkedom') ? { path: join(root, 'node_modules', 'linkedom', 'commonjs', 'canvas-shim.cjs') } : undefined,
    );
    onResolve({ filter: /^perf_hooks$/ }, ({ path }) => ({ path, namespace: 'empty' }));
  },
};

/**
 * The worker of chains becomes text in the engine, because a page on a disk may load no second file, and a classic script, because
 * Chromium starts no module workers there.
 */
const chainWorkerInside = {
  name: 'chain-worker-inside',
  setup({ onLoad }) {
    onLoad({ filter: /4-infer[\\/]threads\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8'),
        address = "new URL('./worker.js', import.meta.url), { type: 'module' }";
      if (!text.includes(address)) throw new Error(`${path} no longer names its worker as ${address}`);
      return {
        contents: `import { content as chainWorker } from 'playground:chain-worker';\nconst chainWorkerAddress = URL.createObjectURL(new Blob([chainWorker], { type: 'text/javascript' }));\n${text.replace(address, "new URL(chainWorkerAddress), { type: 'classic' }")}`,
        loader: 'ts',
      };
    });
  },
};

/** A module with all that it imports. @returns its text, and the files that it was made of. */
async function bundle(entry, plugins) {
  // Not before it is sure to be installed.
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    write: false,
    metafile: true,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'warning',
    absWorkingDir: root,
    plugins,
  });
  return { text: outputFiles[0].text, inputs: Object.keys(metafile.inputs) };
}

/** A module as a classic script: in a function of its own, which may wait. */
async function classicScript(entry, plugins) {
  const { text, inputs } = await bundle(entry, plugins);
  return { text: `(async()=>{"use strict";${text}})();`, inputs };
}

/** Runs a module of the sources in this process. */
async function moduleOf(entry) {
  return import(`data:text/javascript;base64,${Buffer.from((await bundle(entry, [inBrowser])).text).toString('base64')}`);
}

/** Text of a script as content of an element: nothing in it may end the element or open a comment. */
function inScript(text) {
  return text.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
}

/** Writes the page. @returns how many bytes it has. */
export async function buildPlayground(file) {
  const chainWorker = await classicScript(join(root, 'src', '4-infer', 'worker.ts'), [inBrowser]);
  const engine = await classicScript(join(source, 'engine', 'main.ts'), [
    inBrowser,
    chainWorkerInside,
    virtual({ 'playground:chain-worker': chainWorker.text }),
  ]);
  const { backends } = await moduleOf(join(root, 'src', '4-infer', 'registry.ts'));
  const { style } = await moduleOf(join(root, 'src', 'page', 'style.ts'));
  const page = await bundle(join(source, 'page', 'main.ts'), [
    inBrowser,
    virtual({
      'playground:engine': engine.text,
      'playground:grammar': read('editor', 'credence.tmLanguage.json'),
      'playground:examples': examplesOf([...backends.keys()]),
    }),
  ]);
  const script = inScript(page.text),
    licences = licencesOf([...chainWorker.inputs, ...engine.inputs, ...page.inputs]);
  const policy = `default-src 'none'; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}' 'unsafe-eval' blob:; worker-src blob:; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`;
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>Credence playground</title>
<link rel="icon" href="data:,">
<style>${style}
${read('playground', 'source', 'style.css')}</style>
</head>
<body>
${read('playground', 'source', 'page.html')}<script type="module">${script}</script>
</body>
</html>
${[...licences]
  .map(
    ([name, terms]) => `<!-- ${name}:\n${terms.replaceAll('--', '- -')}
-->
`,
  )
  .join('')}`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, html);
  return Buffer.byteLength(html);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  ensureInstalled();
  const file = process.argv[2] ?? join(root, 'playground', 'index.html');
  const bytes = await buildPlayground(file);
  process.stdout.write(`Written ${file} (${(bytes / 1e6).toFixed(1)} MB). Open it in a browser.\n`);
}
