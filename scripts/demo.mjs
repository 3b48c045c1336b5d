/**
 * The demonstration on a fresh clone: sets up, fits the hierarchical Gaussian mixture to the Old
 * Faithful data by Gibbs sampling and by coordinate ascent variational inference through the command
 * line, and says how far the two agree. Results lie in out/demo/.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, setUp } from './setup.mjs';

setUp();

const out = join('out', 'demo');
const model = join('examples', '10-old-faithful', 'model.cred');
const data = join('examples', '10-old-faithful', 'faithful.csv');
rmSync(join(root, out), { recursive: true, force: true });

const say = (text = '') => process.stdout.write(`${text}\n`);
const reported = ['pi', 'mu', 'shortEruption', 'longEruption', 'shortWait', 'longWait'];

function infer(backend, options) {
  const folder = join(out, backend);
  const argumentsList = [
    'infer',
    model,
    '--data',
    `x=${data}:eruptions,waiting`,
    '--set',
    'K=2',
    '--backend',
    backend,
    '--seed',
    '1',
    '--keep',
    [...reported, 'Sigma'].join(','),
    '--out',
    folder,
    ...options,
  ];
  say(`\n$ credence ${argumentsList.join(' ')}`);
  const status = run(process.execPath, [join(root, 'dist', 'cli', 'main.js'), ...argumentsList]);
  // Status 1 with results is a run that must not be trusted; without results nothing ran.
  if (status > 1 || !existsSync(join(root, folder, 'summary.json'))) process.exit(status || 1);
  return { status, summary: JSON.parse(readFileSync(join(root, folder, 'summary.json'), 'utf8')) };
}

say('Old Faithful: durations and waiting times of 272 eruptions, as a mixture of two Gaussians');
say('with unknown weights, means and covariances. The program:\n');
say(readFileSync(join(root, model), 'utf8').trimEnd());

const gibbs = infer('gibbs', ['--chains', '4', '--draws', '2000', '--warmup', '500']);
const cavi = infer('cavi', []);

say('\nAgreement of the two (minutes; sd is the posterior standard deviation by Gibbs):\n');
const column = (text, width) => String(text).padStart(width);
say(`${'quantity'.padEnd(16)}${column('gibbs', 10)}${column('cavi', 10)}${column('sd', 9)}${column('difference/sd', 16)}`);
let worst = 0;
for (const name of reported.slice(2)) {
  const sampled = gibbs.summary.variables[name];
  const variational = cavi.summary.variables[name];
  const distance = (variational.mean - sampled.mean) / sampled.sd;
  worst = Math.max(worst, Math.abs(distance));
  say(
    `${name.padEnd(16)}${column(sampled.mean.toFixed(3), 10)}${column(variational.mean.toFixed(3), 10)}${column(sampled.sd.toFixed(3), 9)}${column(distance.toFixed(2).replace('-0.00', '0.00'), 16)}`,
  );
}
// Mean field gets means right up to a fraction of a standard deviation and sets spreads too small.
const agreed = worst < 0.5 && gibbs.status === 0 && cavi.status === 0;
say(
  `\n${agreed ? 'The two agree' : 'The two DISAGREE, or a run must not be trusted'}: largest difference ${worst.toFixed(2)} posterior standard deviations.`,
);
say(`Draws, summaries and the record of each run: ${join(out, 'gibbs')}, ${join(out, 'cavi')}`);
say('Next: change --backend, or `npx credence explain examples/10-old-faithful/model.cred --backend cavi`.');
process.exit(agreed ? 0 : 1);
