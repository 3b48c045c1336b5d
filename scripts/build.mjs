/**
 * Builds dist/: TypeScript by tsc, everything in src/ that is not TypeScript by copying, the worker of chains
 * as one file with its dependencies in it.
 */
import { appendFileSync, chmodSync, cpSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { licencesOf } from './licences.mjs';
import { ensureInstalled, installed, root, run } from './setup.mjs';

ensureInstalled();

const status = run(installed('tsc'), ['-p', '.']);
if (status !== 0) process.exit(status);

function copyOthers(folder) {
  for (const entry of readdirSync(folder)) {
    const path = join(folder, entry);
    if (statSync(path).isDirectory()) copyOthers(path);
    else if (!/\.tsx?$/.test(entry) || /\.d\.ts$/.test(entry)) {
      const target = join(root, 'dist', relative(join(root, 'src'), path));
      mkdirSync(dirname(target), { recursive: true });
      cpSync(path, target);
    }
  }
}
copyOthers(join(root, 'src'));

/**
 * Browsers give workers no import map, and bundlers copy a file named by `new URL(..., import.meta.url)` as it is: so the
 * worker names no package. Node's part stays outside, because a browser could not even load it.
 */
async function bundleWorker() {
  // Not before it is sure to be installed.
  const { build } = await import('esbuild');
  const worker = join(root, 'dist', '4-infer', 'worker.js');
  const nodePart = { name: 'node-part', setup: ({ onResolve }) => { onResolve({ filter: /\/node\.js$/ }, () => ({ path: '../platform/node.js', external: true })); } };
  const { metafile } = await build({
    entryPoints: [worker], outfile: worker, allowOverwrite: true, bundle: true, format: 'esm', platform: 'browser', target: 'es2022',
    absWorkingDir: root, plugins: [nodePart], logLevel: 'warning', metafile: true,
  });
  for (const [name, terms] of licencesOf(Object.keys(metafile.inputs))) appendFileSync(worker, `\n/* ${name}:\n${terms}\n*/\n`);
}
await bundleWorker();

const command = join(root, 'dist', 'cli', 'main.js');
if (existsSync(command)) chmodSync(command, 0o755);
writeFileSync(join(root, 'dist', '.built'), '');
