/**
 * One measurement of Credence in a process of its own: node bench/credence.mjs REQUEST.json.
 * Goes through the public API; prints one JSON object. With `out` the draws are written as
 * chain,draw,NAME... for the same effective sample sizes as every other system.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { compile, tensor } from '../dist/index.js';

const request = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const source = readFileSync(request.model, 'utf8');

/** Points of the four-component mixture, for sizes no file should hold. Park-Miller, Box-Muller. */
function simulatedMixture(count) {
  const centres = [4.4, 0.7, 0.4, 1.5, -1.8, 0.8, -3.1, -2.1];
  const x = new Float64Array(2 * count);
  let state = 1;
  const uniform = () => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let n = 0; n < count; n++) {
    const k = Math.floor(uniform() * 4);
    const radius = Math.sqrt(-0.8 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    x[2 * n] = centres[2 * k] + radius * Math.cos(angle);
    x[2 * n + 1] = centres[2 * k + 1] + radius * Math.sin(angle);
  }
  return tensor(x, [count, 2]);
}

let data;
if (request.simulate) data = { x: simulatedMixture(request.simulate), K: 4 };
else {
  const file = JSON.parse(readFileSync(request.data, 'utf8'));
  data = Object.fromEntries(request.names.map((name) => [name, file[name]]));
  // The same rows several times over: more data, the same kind of posterior.
  if (request.repeat)
    for (const name of request.repeat.names) data[name] = Array.from({ length: request.repeat.times }, () => file[name]).flat();
}

const started = performance.now();
const model = compile(source);
const compiled = performance.now();
const posterior = await model.infer(data, request.options);
const ended = performance.now();

const summary = JSON.parse(posterior.files()['summary.json']);
if (request.out) {
  const columns = request.keep.map((name) => ({ name, draws: posterior.draws(name) }));
  const [chains, count] = columns[0].draws.shape;
  const scalars = columns.flatMap(({ name, draws }) => {
    const shape = draws.shape.slice(2);
    const size = shape.reduce((product, length) => product * length, 1);
    return Array.from({ length: size }, (_, element) => ({
      name: request.rename[shape.length === 0 ? name : `${name}[${element}]`],
      at: (chain, draw) => draws[(chain * count + draw) * size + element],
    }));
  });
  const rows = [`chain,draw,${scalars.map((scalar) => scalar.name).join(',')}`];
  for (let chain = 0; chain < chains; chain++) {
    for (let draw = 0; draw < count; draw++)
      rows.push(`${chain + 1},${draw + 1},${scalars.map((scalar) => scalar.at(chain, draw)).join(',')}`);
  }
  writeFileSync(request.out, `${rows.join('\n')}\n`);
}
process.stdout.write(
  `${JSON.stringify({
    parse: (compiled - started) / 1000,
    infer: (ended - compiled) / 1000,
    seconds: summary.seconds,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
  })}\n`,
);
