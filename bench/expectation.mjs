/**
 * Iterations of expectation maximisation by Credence, in a process of its own:
 * node bench/expectation.mjs MODEL.cred DATA.json ITERATIONS. Starts where the file says (equal weights), as every
 * peer does; prints seconds an iteration (the fastest of five rounds) and the log-likelihood after the last.
 */
import { readFileSync } from 'node:fs';
import { parse } from '../dist/1-parse/parse.js';
import { bind } from '../dist/2-graph/bind.js';
import { lower } from '../dist/2-graph/lower.js';
import { EmProgram } from '../dist/4-infer/em/program.js';

const [model, file, count] = process.argv.slice(2);
const iterations = Number(count);
const { N, d, K, x, init_mu: mu, init_cov: Sigma } = JSON.parse(readFileSync(file, 'utf8'));
const started = performance.now();
const { graph } = lower(parse(readFileSync(model, 'utf8')).program, []);
const { model: bound } = bind(
  graph,
  { x: Array.isArray(x[0]) ? x : Array.from({ length: N }, (_, n) => x.slice(n * d, (n + 1) * d)), K },
  { mode: 'infer' },
);
const program = new EmProgram(bound, '1', new Map(), { maximised: new Set(), damping: 0, inflate: 0, gradient: true }, false);
program.initialise();
const compileSeconds = (performance.now() - started) / 1000;
const start = new Map([
  ['pi', new Float64Array(K).fill(1 / K)],
  ['mu', Float64Array.from(mu.flat(2))],
  ['Sigma', Float64Array.from(Sigma.flat(2))],
]);
let best = Infinity;
for (let round = 0; round < 5; round++) {
  program.setEstimates(start);
  const begun = performance.now();
  for (let i = 0; i < iterations; i++) {
    program.expectation();
    program.maximisation();
  }
  best = Math.min(best, (performance.now() - begun) / 1000 / iterations);
}
program.expectation();
process.stdout.write(`${JSON.stringify({ seconds: best, compileSeconds, logLikelihood: program.objective() })}\n`);
