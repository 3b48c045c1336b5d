/**
 * Sums over discrete unknowns by Credence's discrete blocks, pass by pass, in a process of its own:
 * node bench/forwardBackward.mjs MODEL.cred DATA.json. The hidden Markov chain has its means as unknowns at the
 * values of the file, so that each pass computes emissions, filter, smoother and log evidence anew, as the C
 * program does; a network is summed with all marginals. Prints one JSON object.
 */
import { readFileSync } from 'node:fs';
import { parse } from '../dist/1-parse/parse.js';
import { bind } from '../dist/2-graph/bind.js';
import { lower } from '../dist/2-graph/lower.js';
import { prepare, runFolds } from '../dist/4-infer/assemble.js';
import { discreteBlocks } from '../dist/4-infer/blocks/discrete.js';
import { FoldedTables } from '../dist/4-infer/contract.js';
import { derive } from '../dist/4-infer/derivation.js';
import { ProgramBuilder } from '../dist/4-infer/programBuilder.js';
import { allocate, instantiate, printModule } from '../dist/code/module.js';
import { createRuntime } from '../dist/code/runtime.js';
import { mul, num, ref, reduce, index, zero } from '../dist/expr/expr.js';
import { createRandom } from '../dist/random/generator.js';

const [model, file] = process.argv.slice(2);
const { mu, track_t: tracked, exact: _exact, z_true: _states, ...data } = JSON.parse(readFileSync(file, 'utf8'));
const chain = mu !== undefined;

const started = performance.now();
const { graph } = lower(parse(readFileSync(model, 'utf8')).program, []);
const known = Object.fromEntries(Object.entries(data).filter(([name]) => graph.variables.has(name)));
const builder = new ProgramBuilder(bind(graph, known, { mode: 'infer' }).model);
prepare(builder);
const derivation = derive(builder.model);
const [block] = discreteBlocks(
  builder,
  derivation,
  derivation.regions.filter((r) => r.region.variable.name !== 'mu'),
  new FoldedTables(),
);
builder.entry('pass', [...block.prepare, ...block.moments]);
builder.entry('draw', [...block.prepare, ...block.draw]);
builder.entry('logNormaliser', [{ do: 'return', value: block.logNormaliser }]);
const reads = [];
if (chain) {
  // Expected visits of each state, and means of the emission at some times.
  const t = index('t'),
    k = index('k');
  data.mu = mu;
  mu.forEach((_m, state) =>
    reads.push({
      key: `n${state + 1}`,
      value: reduce('sum', t, zero, num(data.x.length), block.probability([{ element: ref('z', [t]), value: num(state) }])),
    }),
  );
  for (const at of tracked)
    reads.push({
      key: `m${at}`,
      value: reduce(
        'sum',
        k,
        zero,
        num(mu.length),
        mul(ref('mu', [k]), block.probability([{ element: ref('z', [num(at - 1)]), value: k }])),
      ),
    });
}
for (const { key, value } of reads) builder.entry(key, [{ do: 'return', value }]);
const printed = printModule(builder.module());
const values = new Map(runFolds(builder));
if (chain) values.set('mu', Float64Array.from(mu));
for (const storage of printed.storages) {
  const initial = values.get(storage.name) ?? builder.initialValues(storage.name);
  if (initial !== undefined) values.set(storage.name, initial);
}
const entries = instantiate(printed.source, allocate(printed.storages, values), createRuntime(createRandom('1', 'bench')));
const compileSeconds = (performance.now() - started) / 1000;

const from = performance.now();
entries.pass();
const first = (performance.now() - from) / 1000;
/** The fastest of seven rounds, as for C. */
function fastest(entry) {
  let best = Infinity;
  for (let round = 0; round < 7; round++) {
    const begun = performance.now();
    for (let pass = 0; pass < 500; pass++) entry();
    best = Math.min(best, (performance.now() - begun) / 1000 / 500);
  }
  return best;
}
const draw = fastest(entries.draw);
const pass = fastest(entries.pass);
process.stdout.write(
  `${JSON.stringify({ structure: block.structure, compileSeconds, first, pass, draw, logZ: entries.logNormaliser(), post: Object.fromEntries(reads.map(({ key }) => [key, entries[key]()])) })}\n`,
);
