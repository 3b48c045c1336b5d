/**
 * Builds dist/: TypeScript by tsc, everything in src/ that is not TypeScript by copying, packages that only pictures and pages need as
 * files of dist/vendor (installing Credence does not install them), the worker of chains as one file with its dependencies in it, and the
 * command line in a few files: opening hundreds would take longer than most of what it is asked. Comments stay in the declarations alone,
 * where editors show them.
 */
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
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

/** What stands in dist/, by endings of names. */
function built(ending, folder = join(root, 'dist')) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? built(ending, join(folder, entry.name)) : entry.name.endsWith(ending) ? [join(folder, entry.name)] : [],
  );
}

/** The terms of the packages that a bundle holds, for a file of JavaScript. */
function addLicences(file, metafile) {
  for (const [name, terms] of licencesOf(Object.keys(metafile.inputs))) appendFileSync(file, `\n/* ${name}:\n${terms}\n*/\n`);
}

const common = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  absWorkingDir: root,
  logLevel: 'warning',
  metafile: true,
  allowOverwrite: true,
};

/** Packages of pictures and pages: what each is imported as, and what of it is used. */
const vendored = [
  {
    name: '@observablehq/plot',
    file: 'plot.js',
    contents: (texts) =>
      `export { ${[...new Set(texts.flatMap((text) => [...text.matchAll(/\bPlot\.([a-z]\w*)/g)].map(([, used]) => used)))].sort().join(', ')} } from '@observablehq/plot';`,
  },
  { name: 'linkedom', file: 'linkedom.js', contents: () => "export { parseHTML } from 'linkedom/worker';" },
  { name: 'temml', file: 'temml.js', contents: () => "export { default } from 'temml';" },
];

/** One file for each of these packages, and the files that import them pointed there. */
async function bundleVendored(build) {
  rmSync(join(root, 'dist', 'vendor'), { recursive: true, force: true });
  const importers = new Map(
    built('.js')
      .map((file) => [file, readFileSync(file, 'utf8')])
      .filter(([, text]) => vendored.some(({ name }) => text.includes(`'${name}'`))),
  );
  for (const { name, file, contents } of vendored) {
    const outfile = join(root, 'dist', 'vendor', file);
    const { metafile } = await build({
      ...common,
      stdin: { contents: contents([...importers.values()]), resolveDir: root },
      outfile,
      platform: 'browser',
      minify: true,
      legalComments: 'none',
    });
    addLicences(outfile, metafile);
    for (const [importer, text] of importers)
      importers.set(
        importer,
        text.replaceAll(
          `'${name}'`,
          `'${relative(dirname(importer), outfile)
            .replaceAll('\\', '/')
            .replace(/^(?!\.)/, './')}'`,
        ),
      );
  }
  for (const [importer, text] of importers) writeFileSync(importer, text);
}

/**
 * Browsers give workers no import map, and bundlers copy a file named by `new URL(..., import.meta.url)` as it is: so the
 * worker names no package. Node's part stays outside, because a browser could not even load it.
 */
async function bundleWorker(build) {
  const worker = join(root, 'dist', '4-infer', 'worker.js');
  const nodePart = {
    name: 'node-part',
    setup: ({ onResolve }) => {
      onResolve({ filter: /\/node\.js$/ }, () => ({ path: '../platform/node.js', external: true }));
    },
  };
  const { metafile } = await build({
    ...common,
    entryPoints: [worker],
    outfile: worker,
    platform: 'browser',
    minify: true,
    legalComments: 'none',
    plugins: [nodePart],
  });
  addLicences(worker, metafile);
}

/**
 * The command line with its packages: a file for each command beside what they share. The worker is found from where the code of threads
 * has come to stand.
 */
async function bundleCommandLine(build) {
  const folder = join(root, 'dist', 'cli');
  const threads = {
    name: 'threads',
    setup: ({ onLoad }) => {
      onLoad({ filter: /[\\/]4-infer[\\/]threads\.js$/ }, ({ path }) => ({
        contents: readFileSync(path, 'utf8').replace(
          "new URL('./worker.js', import.meta.url)",
          "new URL('../../4-infer/worker.js', import.meta.url)",
        ),
      }));
    },
  };
  // Files of dist/vendor have their terms with them, and stay what they are.
  const vendor = {
    name: 'vendor',
    setup: ({ onResolve }) => {
      onResolve({ filter: /[\\/]vendor[\\/]\w+\.js$/ }, ({ path }) => ({ path: `../../vendor/${path.split('/').pop()}`, external: true }));
    },
  };
  const { metafile } = await build({
    ...common,
    entryPoints: [join(folder, 'main.js')],
    outdir: folder,
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    platform: 'node',
    minify: true,
    legalComments: 'none',
    plugins: [threads, vendor],
    // Packages in the older form ask for parts of Node by this name.
    banner: { js: "import { createRequire as nodeRequire } from 'node:module'; const require = nodeRequire(import.meta.url);" },
  });
  // What is in the bundle now need not be there twice.
  for (const entry of readdirSync(folder)) if (entry !== 'main.js' && entry !== 'chunks') rmSync(join(folder, entry), { recursive: true });
  addLicences(join(folder, 'chunks', 'licences.js'), metafile);
}

/** Takes comments out of the modules that are not bundled: a fifth of their length. */
function stripComments(transform) {
  for (const file of built('.js').filter((path) => !/[\\/]dist[\\/](?:cli|vendor)[\\/]|[\\/]worker\.js$/.test(path))) {
    writeFileSync(
      file,
      transform(readFileSync(file, 'utf8'), { format: 'esm', target: 'es2022', charset: 'utf8', legalComments: 'none' }).code,
    );
  }
}

// Not before it is sure to be installed.
const { build, transformSync } = await import('esbuild');
await bundleVendored(build);
await bundleWorker(build);
rmSync(join(root, 'dist', 'cli', 'chunks'), { recursive: true, force: true });
await bundleCommandLine(build);
stripComments(transformSync);

const command = join(root, 'dist', 'cli', 'main.js');
if (existsSync(command)) chmodSync(command, 0o755);
writeFileSync(join(root, 'dist', '.built'), '');
