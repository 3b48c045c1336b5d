/**
 * The WebPPL programs of docs/coming-from.md on small data, ten chains each (the HMM by enumeration), and
 * WebPPL's own densities for its table. WebPPL 0.9.15 is no dependency: install it anywhere and name its command.
 * node test/reference/comingFromWebppl.mjs docs/coming-from.md .../node_modules/.bin/webppl > test/reference/comingFromWebppl.json
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [, , page, command] = process.argv;
const folder = mkdtempSync(join(tmpdir(), 'webppl-'));
function run(source, seed) {
  const path = join(folder, 'program.wppl');
  writeFileSync(path, source);
  const printed = execFileSync(command, [path, '--random-seed', String(seed)], { encoding: 'utf8' });
  return JSON.parse(printed.split('\n').find((line) => line.startsWith('{') || line.startsWith('[')));
}
const programOf = (name) =>
  new RegExp(`\`\`\`javascript name=webppl-${name}\\n([\\s\\S]*?)\`\`\``).exec(readFileSync(page, 'utf8'))[1].trimEnd();

const reference = JSON.parse(readFileSync(new URL('comingFrom.json', import.meta.url), 'utf8')).programs;
const line = { xs: [-2, -1, 0, 1, 2, 3], ys: [-3.1, -1.2, 0.4, 2.9, 4.6, 7.2] };
const cases = {
  linear: { data: line, mine: { x: line.xs, y: line.ys }, keys: ['a', 'b', 's'] },
  logistic: { data: { xs: reference.logistic.data.x, ys: reference.logistic.data.y }, mine: reference.logistic.data, keys: ['a', 'b'] },
  mixture: { data: { ys: reference.mixture.data.y }, mine: { y: reference.mixture.data.y }, keys: ['low', 'high'] },
};
const programs = {};
for (const [name, { data, mine, keys }] of Object.entries(cases)) {
  const prelude = Object.entries(data)
    .map(([key, value]) => `var ${key} = ${JSON.stringify(value)}`)
    .join('\n');
  const moments = keys
    .map((key) => `${key}: [expectation(d, function(v) { return v.${key} }), expectation(d, function(v) { return v.${key} * v.${key} })]`)
    .join(', ');
  const source = `${prelude}\n${programOf(name)}\nvar d = Infer({method: 'MCMC', samples: 20000, burn: 4000, model: model})\nconsole.log(JSON.stringify({${moments}}))\n`;
  const chains = Array.from({ length: 10 }, (_, seed) => run(source, seed + 1));
  const quantities = Object.fromEntries(
    keys.map((key) => {
      const means = chains.map((chain) => chain[key][0]);
      const mean = means.reduce((a, b) => a + b) / means.length;
      const second = chains.reduce((sum, chain) => sum + chain[key][1], 0) / chains.length;
      // The error of the mean from the spread of the chains' means.
      const mcse = Math.sqrt(means.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (means.length - 1) / means.length);
      return [key, { mean, sd: Math.sqrt(second - mean ** 2), mcse }];
    }),
  );
  programs[name] = { data: mine, program: programOf(name), quantities };
}
const ys = [0, 0, 1, 1, 0, 1];
const exact = run(
  `var ys = ${JSON.stringify(ys)}\n${programOf('hmm')}\nvar d = Infer({method: 'enumerate', model: model})\nconsole.log(JSON.stringify(mapIndexed(function(t, y) { return expectation(d, function(zs) { return zs[t] }) }, ys)))\n`,
  1,
);
programs.hmm = {
  data: { y: ys },
  program: programOf('hmm'),
  quantities: Object.fromEntries(exact.map((mean, t) => [`z[${t}]`, { mean, sd: Math.sqrt(mean * (1 - mean)), mcse: 0 }])),
};

const laws = [
  ['Gamma({shape: 2, scale: 0.5})', 1.3, 'Gamma(2, scale: 0.5)'],
  ['Gaussian({mu: 1, sigma: 2})', 1.3, 'Normal(1, 2)'],
  ['Exponential({a: 2})', 1.3, 'Exponential(2)'],
  ['Poisson({mu: 2})', 3, 'Poisson(2)'],
  ['Binomial({p: 0.3, n: 5})', 2, 'Binomial(5, 0.3)'],
  ['Discrete({ps: [0.2, 0.3, 0.5]})', 2, 'Categorical([0.2, 0.3, 0.5])'],
  ['RandomInteger({n: 4})', 3, 'DiscreteUniform(0, 4 - 1)'],
  ['Laplace({location: 1, scale: 2})', 0.3, 'Laplace(1, 2)'],
  ['Cauchy({location: 1, scale: 2})', 0.3, 'Cauchy(1, 2)'],
];
const scores = run(`console.log(JSON.stringify([${laws.map(([law, at]) => `Math.exp(${law}.score(${at}))`).join(', ')}]))`, 1);
const densities = laws.map(([webppl, at, law], k) => ({ webppl, at, law, value: scores[k] }));
process.stdout.write(`${JSON.stringify({ versions: 'WebPPL 0.9.15', programs, densities })}\n`);
