/**
 * Breaks runs of the built command line and lets them go on: each must end with the very bytes of the run that nothing befell.
 *
 *   node scripts/survival.mjs [--moments 20] [--seed 1] [--only NAME] [--ways kill,group,...]
 *
 * A run is cut off at random moments: while it starts, while chains run, while it goes on from where it was cut off, while its results are
 * written. What is compared at the end: draws.csv, pointwise.csv, data.json, and summary.json and run.json but for the seconds they tell
 * and the number of threads. Backends without chains keep nothing: for them a directory has whole results or none, and the run is begun
 * again.
 * Prints a table of how often each way was tried, and what came; status 1 where anything differs.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './setup.mjs';

const { values: asked } = parseArgs({
  options: {
    moments: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    ways: { type: 'string', default: 'kill,group,term,hangup,interrupt,pause' },
  },
});
const main = join(root, 'dist', 'cli', 'main.js');
if (!existsSync(main)) {
  process.stderr.write('dist/ is missing: npm run build\n');
  process.exit(2);
}
const moments = Number(asked.moments),
  folder = mkdtempSync(join(tmpdir(), 'credence-survival-'));

/** Lehmer's generator: moments and data are to be the same for a seed. */
let state = 1 + [...asked.seed].reduce((sum, letter) => (31 * sum + letter.charCodeAt(0)) % 2147483646, 0);
const uniform = () => {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
};
const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
const pause = (milliseconds) =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

const numbers = (count, of) => Array.from({ length: count }, (_, k) => of(k));
writeFileSync(
  join(folder, 'robust.cred'),
  'data y: real[N]\ndata g: int[N]\nsample nu ~ Gamma(2, 0.1)\nsample s ~ HalfNormal(5)\nfor j in 0..<3 { sample m[j] ~ Normal(0, 10) }\nfor n in 0..<N { observe y[n] ~ StudentT(nu, m[g[n]], s) }\n',
);
writeFileSync(join(folder, 'robust.csv'), `y,g\n${numbers(1500, (n) => `${normal() + (n % 3)},${'abc'[n % 3]}`).join('\n')}\n`);
writeFileSync(
  join(folder, 'mixture.cred'),
  'data x: real[N]\ndata K: int\nsample p ~ Dirichlet(ones(K))\nfor k in 0..<K { sample m[k] ~ Normal(0, 5)  sample v[k] ~ InverseGamma(2, 1) }\nfor n in 0..<N { sample z[n] ~ Categorical(p)  observe x[n] ~ Normal(m[z[n]], sqrt(v[z[n]])) }\n',
);
writeFileSync(join(folder, 'mixture.json'), JSON.stringify({ x: numbers(400, (n) => normal() + 4 * (n % 3)), K: 3 }));
writeFileSync(join(folder, 'large.cred'), 'data N: int\nsample m ~ Normal(0, 1)\nfor n in 0..<N { sample x[n] ~ Normal(m, 1) }\n');
writeFileSync(
  join(folder, 'wide.cred'),
  'data N: int\nfor n in 0..<N { sample x[n] ~ Normal(0, 1)  observe x[n] ~ Normal(0.5, 1) }\n'.replace(
    'observe x[n] ~ Normal(0.5, 1)',
    'sample y[n] ~ Normal(x[n], 1)',
  ),
);
writeFileSync(
  join(folder, 'params.cred'),
  'data x: real[N]\ndata K: int\nparam p: simplex[K]\nfor k in 0..<K { param m[k]: real }\nfor n in 0..<N { sample z[n] ~ Categorical(p)  observe x[n] ~ Normal(m[z[n]], 1) }\n',
);

const robust = ['robust.cred', '--data', 'robust.csv', '--backend', 'mh'],
  mixture = ['mixture.cred', '--data', 'mixture.json', '--backend', 'gibbs'];
/** `workers`: what a run begins with, and goes on with by turns. */
const cases = [
  { name: 'mh, 3 chains', args: [...robust, '--chains', '3', '--draws', '6000', '--warmup', '500'], workers: ['0', '2', '1'] },
  {
    name: 'mh, 1 chain, thin 5',
    args: [...robust, '--chains', '1', '--draws', '2000', '--thin', '5', '--warmup', '300'],
    workers: ['0', '1'],
  },
  { name: 'mh, until ess', args: [...robust, '--chains', '2', '--until', 'ess=400'], workers: ['2', '0'] },
  {
    name: 'mh, max-seconds',
    args: [...robust, '--chains', '2', '--draws', '6000', '--warmup', '500'],
    workers: ['2', '0'],
    resume: ['--max-seconds', '1.5'],
  },
  {
    name: 'gibbs, 4 chains, thin 3',
    args: [...mixture, '--chains', '4', '--draws', '1500', '--thin', '3', '--warmup', '300'],
    workers: ['2', '0', '4'],
  },
  {
    name: 'gibbs, 2 chains, moments',
    args: [
      'large.cred',
      '--set',
      'N=20000',
      '--backend',
      'gibbs',
      '--opt',
      'block=none',
      '--chains',
      '2',
      '--draws',
      '1500',
      '--warmup',
      '200',
    ],
    workers: ['2', '0'],
  },
  {
    name: 'gibbs, 2 chains, wide files',
    args: [
      'wide.cred',
      '--set',
      'N=500',
      '--backend',
      'gibbs',
      '--opt',
      'block=none',
      '--chains',
      '2',
      '--draws',
      '2000',
      '--warmup',
      '100',
    ],
    workers: ['2', '0'],
    whileWriting: 0.7,
  },
  ...['cavi', 'exact', 'laplace', 'map', 'em'].map((backend) => ({
    name: backend,
    withoutChains: true,
    whileWriting: 0.5,
    args:
      backend === 'em'
        ? ['params.cred', '--data', 'mixture.json', '--backend', 'em']
        : backend === 'exact'
          ? ['wide.cred', '--set', 'N=500', '--backend', 'exact']
          : [...(backend === 'cavi' ? mixture.slice(0, 3) : robust.slice(0, 3)), '--backend', backend],
  })),
].filter(({ name }) => asked.only === undefined || name.startsWith(asked.only));

function start(args) {
  const child = spawn(process.execPath, [main, 'infer', ...args, '--quiet'], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  return {
    child,
    begun: Date.now(),
    ended: new Promise((resolve) => {
      child.on('close', (status, signal) => resolve({ status, signal, said }));
    }),
  };
}

/** What may befall a process; each answers once the signal is sent. */
const ways = {
  kill: ({ pid }) => process.kill(pid, 'SIGKILL'),
  group: ({ pid }) => process.kill(-pid, 'SIGKILL'),
  term: ({ pid }) => process.kill(pid, 'SIGTERM'),
  hangup: ({ pid }) => process.kill(-pid, 'SIGHUP'),
  interrupt: ({ pid }) => process.kill(pid, 'SIGINT'),
  pause: async ({ pid }) => {
    process.kill(-pid, 'SIGSTOP');
    await pause(100);
    process.kill(-pid, 'SIGCONT');
    await pause(200 * uniform());
    process.kill(pid, 'SIGKILL');
  },
};

/** Statuses of a process that was asked to end: results, with a verdict, or none. */
const ends = [0, 1, 129, 130, 143];

const filesOf = (directory) => (existsSync(join(folder, directory)) ? readdirSync(join(folder, directory)) : []);
/** Without what is never the same. */
function told(directory, name) {
  const text = readFileSync(join(folder, directory, name), 'utf8');
  if (!name.endsWith('.json')) return text;
  const { seconds: _, ...rest } = JSON.parse(text);
  if (rest.summary !== undefined) delete rest.summary.seconds;
  if (rest.options !== undefined) {
    delete rest.options.workers;
    delete rest.options.maxSeconds;
  }
  return JSON.stringify(rest, (key, value) => (key === 'seconds' ? undefined : value));
}

function differences(directory, whole) {
  const [these, those] = [directory, whole].map((each) => filesOf(each).sort());
  if (these.join() !== those.join()) return `files ${these.join(' ')} in place of ${those.join(' ')}`;
  return those.filter((name) => told(directory, name) !== told(whole, name)).join(' ');
}

/** True where a result is being written, or was when its writer ended; what an earlier one has left there is older. */
function isWriting(directory, begun) {
  return filesOf(directory).some(
    (name) => name.endsWith('.partial') && (statSync(join(folder, directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0) > begun,
  );
}

/** Ends a process at a random moment of its life; answers false where it ended before. */
async function cutOff({ child, begun, ended }, directory, way, longest, whileWriting) {
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  const isWritten = () => isWriting(directory, begun);
  if (uniform() < whileWriting) {
    while (!isOver && !isWritten()) await pause(1);
    await pause(30 * uniform());
  } else {
    const until = performance.now() + longest * uniform() ** 2;
    while (!isOver && performance.now() < until) await pause(5);
  }
  if (isOver) return false;
  try {
    await ways[way](child);
  } catch {
    return false;
  }
  return true;
}

const table = [];
let failures = 0;
const fails = (text) => {
  failures++;
  process.stdout.write(`FAILED ${text}\n`);
};

async function survive({ name, args, workers = ['auto'], resume = [], whileWriting = 0.2, withoutChains = false }, way) {
  const row = { name, way, cut: 0, resumed: 0, writing: 0, whole: 0, same: 0 };
  const whole = `${name} whole`,
    begun = performance.now();
  if (!existsSync(join(folder, whole))) {
    const { status, said } = await start([...args, '--out', whole]).ended;
    if (![0, 1].includes(status)) return fails(`${name}: ${status} ${said}`);
    cases.find((each) => each.name === name).lasts = performance.now() - begun;
  }
  const lasts = cases.find((each) => each.name === name).lasts;
  let directory = `${name} ${way}`,
    k = 0;
  for (; row.cut < moments; ) {
    const goesOn = existsSync(join(folder, directory, 'unfinished', 'inputs')),
      count = workers[k++ % workers.length];
    // Moved now and then: a run knows nothing of where it lies.
    if (goesOn && k % 7 === 0) {
      renameSync(join(folder, directory), join(folder, `${directory} moved`));
      directory = `${directory} moved`;
    }
    const running = start(
      goesOn
        ? ['--resume', directory, '--workers', count, ...(k % 3 === 0 ? resume : [])]
        : [...args, '--workers', count, '--out', directory],
    );
    const isCut = await cutOff(running, directory, way, Math.max(600, 0.6 * lasts), whileWriting);
    const wasWriting = isCut && isWriting(directory, running.begun);
    const { status, signal, said } = await running.ended;
    if (isCut) {
      row.cut++;
      if (goesOn) row.resumed++;
    }
    if (wasWriting) row.writing++;
    if (signal === null && !ends.includes(status) && !(status === 2 && said.includes('stopped-early')))
      fails(`${name}, ${way}: status ${status}: ${said.slice(0, 500)}`);
    const isFinished = existsSync(join(folder, directory, 'summary.json')) && !existsSync(join(folder, directory, 'unfinished'));
    if (!isFinished && withoutChains && filesOf(directory).some((file) => !file.endsWith('.partial')))
      fails(`${name}, ${way}: ${filesOf(directory).join(' ')} are half of the results`);
    if (!isFinished || row.cut >= moments) continue;
    compare(row, directory, whole, withoutChains);
    rmSync(join(folder, directory), { recursive: true, force: true });
  }
  // To the end, undisturbed.
  const last = existsSync(join(folder, directory, 'unfinished', 'inputs'))
    ? start(['--resume', directory])
    : start([...args, '--out', directory]);
  const { status, said } = await last.ended;
  if (![0, 1].includes(status)) fails(`${name}, ${way}: the last one ended with ${status}: ${said.slice(0, 500)}`);
  else compare(row, directory, whole, withoutChains);
  rmSync(join(folder, directory), { recursive: true, force: true });
  table.push(row);
  process.stdout.write(
    `${name}, ${way}: ${row.cut} times cut off (${row.resumed} of runs that went on, ${row.writing} while results were written), ${row.same} of ${row.whole} runs the same, ${Math.round((performance.now() - begun) / 1000)} s\n`,
  );
}

function compare(row, directory, whole, withoutChains) {
  row.whole++;
  // Half a file of a writer that was killed is in nobody's way where nothing goes on.
  if (withoutChains) for (const file of filesOf(directory)) if (file.endsWith('.partial')) rmSync(join(folder, directory, file));
  const found = differences(directory, whole);
  if (found === '') row.same++;
  else {
    fails(`${row.name}, ${row.way}: differs in ${found}`);
    process.stdout.write(`  ${directory} is kept in ${folder}\n`);
    renameSync(join(folder, directory), join(folder, `${directory} differs ${row.whole}`));
  }
}

for (const each of cases) for (const way of asked.ways.split(',')) await survive(each, way);
const sum = (field) => table.reduce((total, row) => total + row[field], 0);
process.stdout.write(
  `\n| run | way | cut off | of runs that went on | while writing | ended | the same |\n| --- | --- | --: | --: | --: | --: | --: |\n${table.map((row) => `| ${Object.values(row).join(' | ')} |`).join('\n')}\n| all | | ${['cut', 'resumed', 'writing', 'whole', 'same'].map(sum).join(' | ')} |\n`,
);
if (failures === 0) rmSync(folder, { recursive: true, force: true });
process.exitCode = failures === 0 ? 0 : 1;
