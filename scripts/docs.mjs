/**
 * Writes the parts of the documents that the program knows better: docs/distributions.md from the registry of families, tables of
 * docs/language.md from the reference of the language, options of docs/backends/ from the registry of backends, and
 * docs/api/ from the docstrings. test/docs.test.ts fails where one is out of date. `npm run docs`
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root, setUp } from './setup.mjs';

/** What a parameter must be, in words of the language. */
const domains = {
  real: 'real',
  positive: 'positive',
  nonnegative: 'at least 0',
  unit: 'between 0 and 1',
  int: 'int',
  count: 'int, at least 0',
  positiveInt: 'int, at least 1',
  simplex: 'simplex',
  positiveVector: 'vector, positive',
  orderedVector: 'vector, increasing',
  vector: 'vector',
  cov: 'matrix, positive definite',
  precision: 'matrix, positive definite',
  choleskyFactor: 'matrix, lower triangular with positive diagonal',
};

/**
 * The page.
 * @param families the registry
 * @param notation `index`, `ref`, `size` and `printText` of src/expr
 */
export function distributionsPage(families, notation) {
  const { index, ref, size, printText } = notation;
  const symbol = (parameter) => {
    const indices = ['i', 'j'].slice(0, parameter.rank).map((name) => index(name));
    return { indices, dims: indices.map(() => size('K')), body: ref(parameter.name, indices) };
  };
  const bound = (expression) => printText(expression);
  const infinite = (expression, sign) => expression.op === 'const' && expression.value === sign * Infinity;
  const range = (low, high, word) => {
    if (infinite(low, -1) && infinite(high, 1)) return word;
    if (infinite(high, 1)) return `${word}, at least ${bound(low)}`;
    if (infinite(low, -1)) return `${word}, at most ${bound(high)}`;
    return `${word}, ${bound(low)} to ${bound(high)}`;
  };
  const support = (family) => {
    const found = family.support(Object.fromEntries(family.parameters.map((parameter) => [parameter.name, symbol(parameter)])));
    switch (found.kind) {
      case 'interval':
        return range(found.low, found.high, 'real');
      case 'integers':
        return range(found.low, found.high, 'int');
      case 'vector':
        return `vector of ${bound(found.dimension)}`;
      case 'simplex':
        return `simplex of ${bound(found.dimension)}`;
      case 'counts':
        return `vector of ${bound(found.dimension)} ints of at least 0 with sum ${bound(found.total)}`;
      case 'cov':
        return `matrix ${bound(found.dimension)} by ${bound(found.dimension)}, symmetric positive definite`;
      case 'corr':
        return `matrix ${bound(found.dimension)} by ${bound(found.dimension)}, correlations`;
      case 'point':
        return `${bound(found.value)} alone`;
      default:
        throw new Error(`no words for the support ${found.kind}`);
    }
  };
  const code = (text) => `\`${text}\``;
  const signature = (family) =>
    code(
      `${family.name}(${family.parameters.map((parameter) => `${parameter.name}${parameter.absent === undefined ? '' : '?'}`).join(', ')})`,
    );
  const alternatives = (family) =>
    family.alternatives
      .map(
        ({ parameters, replaces }) =>
          `${parameters.map((parameter) => code(`${parameter.name}:`)).join(' and ')} for ${replaces.map(code).join(', ')}`,
      )
      .join('; ');
  const list = [...families.values()];
  const methods = (family) =>
    [
      ...(family.cdf === undefined ? [] : ['cdf']),
      ...(family.quantile === undefined ? [] : ['quantile']),
      ...(family.exponential === undefined ? [] : ['conjugacy']),
    ].join(', ');
  const entry = (family) => [
    `### ${family.name}`,
    '',
    `${signature(family)}: ${family.doc}.`,
    ...(family.parameters.length === 0 ? [] : ['']),
    ...family.parameters.map((parameter) => `- ${code(parameter.name)} (${domains[parameter.domain]}): ${parameter.doc}`),
    ...family.alternatives.map(
      ({ parameters, replaces }) =>
        `- instead of ${replaces.map(code).join(', ')}: ${parameters.map((parameter) => `${code(`${parameter.name}:`)} (${domains[parameter.domain]}), ${parameter.doc}`).join('; ')}`,
    ),
    '',
  ];
  return [
    '# Distributions',
    '',
    '<!-- Written by scripts/docs.mjs from src/distributions/; do not edit. -->',
    '',
    'Arguments are given in the order of the table, or by name; an alternative is always named and takes the',
    'place of the argument it stands for: `Normal(m, precision: tau)`; one with a `?` may be left out. [language.md](language.md#distributions) has',
    'the rules, and the functions that make new distributions of these. `credence distributions` prints the same list.',
    '',
    'The last column says what is known beyond density and draws: `cdf` and `quantile` are what `truncated` and the',
    'functions of these names need; families marked `conjugacy` are recognised as conditionals by `gibbs` and as factors by `cavi`.',
    '',
    '| family | alternatives | values | known |',
    '| --- | --- | --- | --- |',
    ...list.map((family) => `| ${signature(family)} | ${alternatives(family)} | ${support(family)} | ${methods(family)} |`),
    '',
    ...list.flatMap(entry),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}

/** Cells of a table must not end it. */
const cell = (text) => text.replaceAll('|', '\\|');

/** Two columns: how it is written, what it means. */
function formTable(head, entries) {
  return [`| ${head} | |`, '| --- | --- |', ...[...entries.values()].map(({ form, doc }) => `| \`${cell(form)}\` | ${cell(doc)} |`)].join(
    '\n',
  );
}

function optionTable(options) {
  if (options.length === 0) return 'None.';
  return [
    '| option | default | meaning |',
    '| --- | --- | --- |',
    ...options.map(({ name, default: usual, doc }) => `| \`${name}\` | ${usual === '' ? 'none' : cell(usual)} | ${cell(doc)} |`),
  ].join('\n');
}

/**
 * A page with what stands between its marks replaced: \`<!-- NAME: ... -->\` and \`<!-- end of NAME -->\`.
 * @throws Error where a part has no place in the page, or a place no part
 */
export function withParts(page, text, parts) {
  const marks = /<!-- ([a-z ]+): written by [^>]* -->\n[\s\S]*?<!-- end of ([a-z ]+) -->/g;
  const found = [...text.matchAll(marks)].map(([, name]) => name);
  if (found.join() !== Object.keys(parts).join())
    throw new Error(`${page} has places for ${found.join(', ') || 'nothing'}, and there are ${Object.keys(parts).join(', ')}`);
  return text.replace(marks, (_, name, end) => {
    if (name !== end) throw new Error(`${page}: ${name} ends as ${end}`);
    return `<!-- ${name}: written by scripts/docs.mjs; do not edit -->\n\n${parts[name]}\n\n<!-- end of ${name} -->`;
  });
}

/**
 * Pages of docs/ as they should be, by path.
 * @param registries families, notation (`distributionsPage`), backends, reference (src/2-graph/reference.ts)
 * @param read the text of a page as it is
 */
export function pagesOfRegistries({ families, notation, backends, reference }, read) {
  const pages = new Map([['docs/distributions.md', distributionsPage(families, notation)]]);
  const language = 'docs/language.md';
  pages.set(
    language,
    withParts(language, read(language), {
      statements: formTable('statement', reference.statements),
      types: formTable('type', reference.types),
      'elementwise functions': formTable('element by element', reference.elementwiseFunctions),
      'array functions': formTable('of arrays', reference.arrayFunctions),
      'law functions': formTable('of a distribution', reference.lawFunctions),
      combinators: formTable('distribution', reference.lawCombinators),
    }),
  );
  for (const { name, options } of backends.values()) {
    const page = `docs/backends/${name}.md`;
    pages.set(page, withParts(page, read(page), { options: optionTable(options) }));
  }
  return pages;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setUp();
  const load = (path) => import(join(root, 'dist', ...path));
  const { families } = await load(['distributions', 'registry.js']);
  const { backends } = await load(['4-infer', 'registry.js']);
  const reference = await load(['2-graph', 'reference.js']);
  const { index, ref, size } = await load(['expr', 'expr.js']);
  const { printText } = await load(['expr', 'print.js']);
  const pages = pagesOfRegistries({ families, notation: { index, ref, size, printText }, backends, reference }, (page) =>
    readFileSync(join(root, page), 'utf8'),
  );
  const { apiReference } = await import('./reference/api.mjs');
  const { pages: api, complaints } = await apiReference();
  for (const [page, text] of api) pages.set(`docs/api/${page}`, text);
  mkdirSync(join(root, 'docs', 'api'), { recursive: true });
  for (const [page, text] of pages) writeFileSync(join(root, page), text);
  process.stdout.write(complaints.map((line) => `${line}\n`).join(''));
}
