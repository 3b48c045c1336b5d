/**
 * The smoother of a linear-Gaussian chain by Credence's Gaussian block, pass by pass, in a process of its
 * own: node bench/smoother.mjs MODEL.cred DATA.json REPEATS. One pass assembles the precision at the current
 * state, factors it and computes all means, variances and lag covariances (`prepare`, `moments`), as the
 * C program's filter and smoother do. Prints one JSON object; `logZ` and `post` are to agree with C's.
 */
import { readFileSync } from 'node:fs';
import { parse } from '../dist/1-parse/parse.js';
import { bind } from '../dist/2-graph/bind.js';
import { lower } from '../dist/2-graph/lower.js';
import { prepare, runFolds } from '../dist/4-infer/assemble.js';
import { gaussianBlocks } from '../dist/4-infer/blocks/gaussian.js';
import { FoldedTables } from '../dist/4-infer/contract.js';
import { derive } from '../dist/4-infer/derivation.js';
import { ProgramBuilder } from '../dist/4-infer/programBuilder.js';
import { allocate, instantiate, printModule } from '../dist/code/module.js';
import { createRuntime } from '../dist/code/runtime.js';
import { num, ref } from '../dist/expr/expr.js';
import { createRandom } from '../dist/random/generator.js';

const [model, data, repeats] = process.argv.slice(2);
const {
  y: once,
  track_t: tracked,
  exact: _,
  level_true: _level,
  ar_true: _ar,
  T: length,
  ...parameters
} = JSON.parse(readFileSync(data, 'utf8'));
const count = length * Number(repeats);
const y = Float64Array.from({ length: count }, (_value, t) => once[t % length] + 10 * Math.floor(t / length));

const started = performance.now();
const bound = bind(lower(parse(readFileSync(model, 'utf8')).program, []).graph, { y, ...parameters }, { mode: 'infer' }).model;
const builder = new ProgramBuilder(bound);
prepare(builder);
const derivation = derive(builder.model);
const [block] = gaussianBlocks(builder, derivation, derivation.regions, new FoldedTables());
builder.entry('pass', [...block.prepare, ...block.moments]);
builder.entry('draw', [...block.prepare, ...block.draw]);
builder.entry('logNormaliser', [{ do: 'return', value: block.logNormaliser }]);
const read = tracked.flatMap((t) =>
  ['level', 'ar'].map((name) => {
    const element = ref(name, [num(t - 1)]);
    builder.entry(`mean${name}${t}`, [{ do: 'return', value: block.mean(element) }]);
    builder.entry(`variance${name}${t}`, [{ do: 'return', value: block.covariance(element, element, []) }]);
    return { key: `${name === 'level' ? 'l' : 'a'}${t}`, entry: `${name}${t}` };
  }),
);
const printed = printModule(builder.module());
const values = new Map(runFolds(builder));
for (const storage of printed.storages) {
  const initial = values.get(storage.name) ?? builder.initialValues(storage.name);
  if (initial !== undefined) values.set(storage.name, initial);
}
const entries = instantiate(printed.source, allocate(printed.storages, values), createRuntime(createRandom('1', 'bench')));
const compileSeconds = (performance.now() - started) / 1000;

/** The fastest of seven rounds, as for C. */
function fastest(entry) {
  const passes = 1 + Math.floor(1e6 / count);
  let best = Infinity;
  for (let round = 0; round < 7; round++) {
    const from = performance.now();
    for (let pass = 0; pass < passes; pass++) entry();
    best = Math.min(best, (performance.now() - from) / 1000 / passes);
  }
  return best;
}
const draw = fastest(entries.draw);
const pass = fastest(entries.pass);
process.stdout.write(
  `${JSON.stringify({
    structure: block.structure,
    compileSeconds,
    pass,
    draw,
    logZ: entries.logNormaliser(),
    post: Object.fromEntries(read.map(({ key, entry }) => [key, [entries[`mean${entry}`](), Math.sqrt(entries[`variance${entry}`]())]])),
  })}\n`,
);
