/** What is installed is enough: dist/ names no package that `npm install credence` would not bring. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..'),
  dist = join(root, 'dist');
const declared = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>;
};

function scripts(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? scripts(join(folder, entry.name)) : entry.name.endsWith('.js') ? [join(folder, entry.name)] : [],
  );
}

/** Packages that a module imports, at once or on demand. */
function packagesOf(file: string): readonly string[] {
  const imports = [
    ...readFileSync(file, 'utf8').matchAll(
      /(?:^|[;}\s])(?:import|export)\b[^;'"`()]*?\bfrom\s*["']([^"']+)["']|\bimport\s*\(\s*["']([^"']+)["']\s*\)|^import\s*["']([^"']+)["']/gm,
    ),
  ].map(([, a, b, c]) => a ?? b ?? c ?? '');
  return imports.filter((name) => !/^(?:\.|node:|credence)/.test(name)).map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)![0]);
}

describe('the package as it is built', () => {
  it('imports declared packages, and all of them', () => {
    expect(existsSync(dist), 'dist/ is missing: node scripts/build.mjs').toBe(true);
    // Files whose packages are in them may name parts of Node in the older way.
    const own = scripts(dist).filter((file) => !file.startsWith(join(dist, 'vendor')) && !file.startsWith(join(dist, 'cli')));
    const imported = new Set(own.flatMap(packagesOf));
    imported.delete('fast-check');
    expect([...imported].sort()).toEqual(Object.keys(declared.dependencies).sort());
  });

  it('the command line and the files of pictures need none', () => {
    for (const file of [...scripts(join(dist, 'vendor')), ...scripts(join(dist, 'cli'))]) {
      const named = packagesOf(file).filter(
        (name) =>
          Object.hasOwn(declared.dependencies, name) ||
          ['commander', 'linkedom', 'temml', '@observablehq'].some((word) => name.startsWith(word)),
      );
      expect(named, file).toEqual([]);
    }
    // The terms of what is in them are there too.
    expect(readFileSync(join(dist, 'cli', 'chunks', 'licences.js'), 'utf8')).toMatch(/commander[\s\S]*MIT/);
    expect(readFileSync(join(dist, 'vendor', 'plot.js'), 'utf8')).toMatch(/@observablehq\/plot:/);
  });

  it('brings the documents that the documents in it point to', () => {
    const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly files: readonly string[] };
    // README.md always goes along; the patterns are folders, files, and `docs/**/*.md`.
    const isPacked = (path: string): boolean =>
      path === 'README.md' ||
      files.some((pattern) =>
        pattern.endsWith('/**/*.md')
          ? path.startsWith(pattern.slice(0, -7)) && path.endsWith('.md')
          : path === pattern || path.startsWith(`${pattern}/`),
      );
    const documents = (folder: string): readonly string[] =>
      readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? documents(`${folder}/${entry.name}`) : entry.name.endsWith('.md') ? [`${folder}/${entry.name}`] : [],
      );
    const packed = ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', ...['docs', 'editor', 'examples'].flatMap(documents)].filter(isPacked);
    const lost = packed.flatMap((page) =>
      [
        ...readFileSync(join(root, page), 'utf8')
          .replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, '')
          .matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g),
      ]
        .map(([, target]) => posix.join(posix.dirname(page), target!).replace(/\/$/, ''))
        .filter((target) => !isPacked(target) || !existsSync(join(root, target)))
        .map((target) => `${page}: ${target}`),
    );
    expect(packed).toContain('docs/language.md');
    expect(lost).toEqual([]);
  });

  it('is told to bundlers for browsers without what is of Node', () => {
    const { browser } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      readonly browser: Readonly<Record<string, false>>;
    };
    const ofNode = scripts(dist)
      .filter((file) => !file.startsWith(join(dist, 'cli')) && /\bfrom\s*["']node:|\bimport\(["']node:/.test(readFileSync(file, 'utf8')))
      .map((file) => `.${file.slice(root.length)}`);
    expect(Object.keys(browser)).toEqual(ofNode);
  });
});
