/**
 * The API reference (docs/api/, written from docstrings by `npm run docs`): everything that is exported has a docstring, what a type
 * mentions is exported, and the pages are those of today.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { families } from '../src/distributions/registry.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
interface Reference {
  readonly pages: ReadonlyMap<string, string>;
  readonly complaints: readonly string[];
}

describe('the API reference', () => {
  let reference: Reference;
  beforeAll(async () => {
    const { apiReference } = (await import(join(root, 'scripts', 'reference', 'api.mjs'))) as { apiReference(): Promise<Reference> };
    reference = await apiReference();
  }, 900_000);

  it('has a docstring for every export, and every type that one mentions', () => {
    expect(reference.complaints).toEqual([]);
  });

  it('is the committed one: else run `npm run docs`', () => {
    expect(
      [...reference.pages].filter(([page, text]) => readFileSync(join(root, 'docs', 'api', page), 'utf8') !== text).map(([page]) => page),
    ).toEqual([]);
  });

  it('has a page for each entry point of the package', () => {
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      readonly exports: Readonly<Record<string, unknown>>;
    };
    const titles = [...reference.pages.values()].map((text) => text.slice(2, text.indexOf('\n')));
    expect(titles.sort()).toEqual(
      Object.keys(exports)
        .map((path) => `credence${path.slice(1)}`)
        .sort(),
    );
  });

  it('says of every family what the registry says', () => {
    // Long docstrings are broken into lines.
    const oneLine = (comment: string): string =>
      comment
        .replace(/\/\*\*\n \* /, '/** ')
        .replace(/\n \*\//, ' */')
        .replace(/\n \* /g, ' ');
    const text = readFileSync(join(root, 'src', 'objects', 'factories.ts'), 'utf8').replace(/\/\*\*[\s\S]*?\*\//g, oneLine);
    const untold = [...families.values()].filter(({ name, parameters, doc }) => {
      const form = `${name}(${parameters.map((parameter) => `${parameter.name}${parameter.absent === undefined ? '' : '?'}`).join(', ')})`;
      return !text.includes(`/** ${form}: ${doc}. */\nexport const ${name}:`);
    });
    expect(untold.map(({ name }) => name)).toEqual([]);
  });

  it('begins every function with what it does', () => {
    const silent = [...reference.pages.values()].flatMap((page) =>
      [...page.matchAll(/\n#{3,5} (\w+)\(\)\n\n```ts\n(?:(?!```)[\s\S])*```\n\n(#+ (?:Parameters|Returns|Throws))/g)].map(
        ([, name]) => name!,
      ),
    );
    expect(silent).toEqual([]);
  });

  it('names what a function of the package throws', () => {
    // Public functions that read what a user wrote refuse it with a ModelError; the reference says so.
    const throwing = ['compile()', 'model()', 'compareRuns()', 'parseCsv()', 'parseDataJson()', 'tableValue()', 'tensor()'];
    const page = reference.pages.get('credence.md')!;
    const untold = throwing.filter((name) => {
      const from = page.indexOf(`\n### ${name}\n`);
      return (
        from < 0 ||
        !page.slice(from, page.indexOf('\n### ', from + 5) < 0 ? undefined : page.indexOf('\n### ', from + 5)).includes('#### Throws')
      );
    });
    expect(untold).toEqual([]);
  });
});
