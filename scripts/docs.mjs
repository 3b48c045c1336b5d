/**
 * Writes docs/distributions.md from the registry of families (src/distributions/registry.ts), so that
 * the page cannot disagree with the compiler. test/docs.test.ts fails where the page is out of date.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root, setUp } from './setup.mjs';

/** What a parameter must be, in words of the language. */
const domains = {
  real: 'real', positive: 'positive', nonnegative: 'at least 0', unit: 'between 0 and 1', int: 'int', count: 'int, at least 0', positiveInt: 'int, at least 1',
  simplex: 'simplex', positiveVector: 'vector, positive', orderedVector: 'vector, increasing', vector: 'vector', cov: 'matrix, positive definite', precision: 'matrix, positive definite', choleskyFactor: 'matrix, lower triangular with positive diagonal',
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
      case 'interval': return range(found.low, found.high, 'real');
      case 'integers': return range(found.low, found.high, 'int');
      case 'vector': return `vector of ${bound(found.dimension)}`;
      case 'simplex': return `simplex of ${bound(found.dimension)}`;
      case 'counts': return `vector of ${bound(found.dimension)} ints of at least 0 with sum ${bound(found.total)}`;
      case 'cov': return `matrix ${bound(found.dimension)} by ${bound(found.dimension)}, symmetric positive definite`;
      case 'corr': return `matrix ${bound(found.dimension)} by ${bound(found.dimension)}, correlations`;
      case 'point': return `${bound(found.value)} alone`;
      default: throw new Error(`no words for the support ${found.kind}`);
    }
  };
  const code = (text) => `\`${text}\``;
  const signature = (family) => code(`${family.name}(${family.parameters.map((parameter) => `${parameter.name}${parameter.absent === undefined ? '' : '?'}`).join(', ')})`);
  const alternatives = (family) => family.alternatives
    .map(({ parameters, replaces }) => `${parameters.map((parameter) => code(`${parameter.name}:`)).join(' and ')} for ${replaces.map(code).join(', ')}`).join('; ');
  const list = [...families.values()];
  const methods = (family) => [
    ...(family.cdf === undefined ? [] : ['cdf']),
    ...(family.quantile === undefined ? [] : ['quantile']),
    ...(family.exponential === undefined ? [] : ['conjugacy']),
  ].join(', ');
  const entry = (family) => [
    `### ${family.name}`, '',
    `${signature(family)}: ${family.doc}.`,
    ...(family.parameters.length === 0 ? [] : ['']),
    ...family.parameters.map((parameter) => `- ${code(parameter.name)} (${domains[parameter.domain]}): ${parameter.doc}`),
    ...family.alternatives.map(({ parameters, replaces }) => `- instead of ${replaces.map(code).join(', ')}: ${parameters.map((parameter) => `${code(`${parameter.name}:`)} (${domains[parameter.domain]}), ${parameter.doc}`).join('; ')}`),
    '',
  ];
  return [
    '# Distributions', '',
    '<!-- Written by scripts/docs.mjs from src/distributions/; do not edit. -->', '',
    'Arguments are given in the order of the table, or by name; an alternative is always named and takes the',
    'place of the argument it stands for: `Normal(m, precision: tau)`; one with a `?` may be left out. [language.md](language.md#distributions) has',
    'the rules, and the functions that make new distributions of these. `credence distributions` prints the same list.', '',
    'The last column says what is known beyond density and draws: `cdf` and `quantile` are what `truncated` and the',
    'functions of these names need; families marked `conjugacy` are recognised as conditionals by `gibbs` and as factors by `cavi`.', '',
    '| family | alternatives | values | known |',
    '| --- | --- | --- | --- |',
    ...list.map((family) => `| ${signature(family)} | ${alternatives(family)} | ${support(family)} | ${methods(family)} |`), '',
    ...list.flatMap(entry),
  ].join('\n').trimEnd().concat('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setUp();
  const load = (path) => import(join(root, 'dist', ...path));
  const { families } = await load(['distributions', 'registry.js']);
  const { index, ref, size } = await load(['expr', 'expr.js']);
  const { printText } = await load(['expr', 'print.js']);
  writeFileSync(join(root, 'docs', 'distributions.md'), distributionsPage(families, { index, ref, size, printText }));
}
