/**
 * npm run bench: Credence, hand-written C and JAGS on the same models and data, in one run on one
 * machine. Times drift between machines, ratios less, so the table is of ratios; everything goes to
 * bench/results.json. Effective sample sizes come from the same code for every system, and their
 * means must agree, since a fast sampler of something else is worth nothing.
 * Options: --quick (a fifth of the sweeps), --only=CASE,CASE.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, setUp } from '../scripts/setup.mjs';

setUp();
const { efficiency } = await import('./efficiency.mjs');

const quick = process.argv.includes('--quick');
const only = process.argv
  .find((argument) => argument.startsWith('--only='))
  ?.slice(7)
  .split(',');
const bench = join(root, 'bench');
const scratch = join(root, '.scratch', 'bench');
mkdirSync(scratch, { recursive: true });
/** Which Python has scikit-learn is for the environment to say. */
const python = process.env.PYTHON ?? 'python3';
const scale = (count) => (quick ? Math.ceil(count / 5) : count);

function execute(command, argumentsList) {
  const started = process.hrtime.bigint();
  const result = spawnSync(command, argumentsList, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  const wall = Number(process.hrtime.bigint() - started) / 1e9;
  if (result.error) throw result.error;
  return { status: result.status, text: result.stdout, error: result.stderr, wall };
}
function must(command, argumentsList) {
  const result = execute(command, argumentsList);
  if (result.status !== 0)
    throw new Error(`${command} ${argumentsList.join(' ')} ended with ${result.status}:\n${result.error}${result.text}`);
  return result;
}
function works(command, argumentsList) {
  try {
    return execute(command, argumentsList).status === 0;
  } catch {
    return false;
  }
}
const say = (text = '') => process.stdout.write(`${text}\n`);
const sum = (values) => values.reduce((total, x) => total + x, 0);

const has = {
  c: works('gcc', ['--version']),
  jags: works('Rscript', ['-e', 'library(rjags); library(jsonlite); library(data.table)']),
  scikit: works(python, ['-c', 'import sklearn']),
  mclust: works('Rscript', ['-e', 'library(mclust); library(jsonlite)']),
};
if (!has.c) say('gcc is not installed: no C column.');
if (!has.jags) say('JAGS with R packages rjags, jsonlite and data.table is not installed: no JAGS column.');

// --- one run of each system ---------------------------------------------------------------------

/** Milliseconds a sweep, effective samples a second, means; `sampling` counts storing the draws in every system. */
function measured(csv, chains, components, extra = {}) {
  const found = efficiency(csv, components);
  const sampling = sum(chains.map((chain) => chain.sampling));
  const sweeps = sum(chains.map((chain) => chain.sweeps));
  return {
    ...extra,
    millisecondsPerSweep: (1000 * sampling) / sweeps,
    essPerSecond: found.essMinimum / sampling,
    essPerSweep: found.essMinimum / sweeps,
    warmup: sum(chains.map((chain) => chain.warmup)),
    ...found,
  };
}

function compileC(name, fast, defines = []) {
  const target = join(scratch, `${name}${fast ? '-fast' : ''}`);
  const { wall } = must('gcc', [
    '-O3',
    '-march=native',
    ...(fast ? ['-ffast-math'] : []),
    ...defines,
    '-w',
    '-o',
    target,
    join(bench, 'c', `${name}.c`),
    '-lm',
  ]);
  return { target, wall };
}
function runC(study, fast) {
  const { target, wall } = compileC(study.c.program, fast);
  const csv = `${target}-${study.name}.csv`;
  const sweeps = scale(study.c.sweeps);
  const result = must(target, [join(bench, 'data', study.data), csv, '4', String(sweeps), String(study.c.burn), '1', study.c.mode ?? '-']);
  const chains = JSON.parse(result.text).chains.map((chain) => ({ warmup: chain.warmup_s, sampling: chain.sample_s, sweeps: chain.iters }));
  return measured(csv, chains, study.components, { compileSeconds: wall });
}
function runJags(study, kind) {
  const out = join(scratch, `jags-${kind}`);
  const { wall } = must('Rscript', [join(bench, 'jags', 'run.R'), kind, join(bench, 'data', study.data), out, quick ? '1' : '4']);
  const record = JSON.parse(readFileSync(`${out}.json`, 'utf8'));
  const total = sum(record.chains.map((chain) => chain.setup + chain.warmup + chain.sampling));
  return measured(`${out}.csv`, record.chains, study.components, {
    version: record.version,
    setup: record.chains[0].setup,
    startSeconds: Math.max(0, wall - total),
  });
}
let requestCount = 0;
function runCredence(request) {
  const path = join(scratch, `request-${requestCount++}.json`);
  writeFileSync(
    path,
    JSON.stringify({ ...request, model: join(bench, 'models', request.model), data: request.data && join(bench, 'data', request.data) }),
  );
  const { text, wall } = must(process.execPath, [join(bench, 'credence.mjs'), path]);
  return { ...JSON.parse(text), wall };
}
function runCredenceStudy(study) {
  const csv = join(scratch, `credence-${study.name}.csv`);
  const { sweeps, warmup, ...request } = study.credence;
  const draws = scale(sweeps);
  const result = runCredence({
    ...request,
    data: study.data,
    out: csv,
    options: { backend: 'gibbs', chains: 4, draws, warmup, seed: 1, workers: 0, keep: request.keep, ...request.options },
  });
  // Four chains one after the other on one thread: seconds are totals.
  const chains = [{ warmup: result.seconds.warmup, sampling: result.seconds.sampling, sweeps: 4 * draws }];
  return measured(csv, chains, study.components, { compileSeconds: result.seconds.compile, peakMegabytes: result.peakMegabytes });
}

/** Largest difference of means in standard errors (each at its worst ESS). */
function disagreement(a, b) {
  return Math.max(
    ...a.means.map(
      (mean, i) =>
        Math.abs(mean - b.means[i]) /
        Math.hypot(a.standardDeviations[i] / Math.sqrt(a.essMinimum), b.standardDeviations[i] / Math.sqrt(b.essMinimum)),
    ),
  );
}

// --- the studies ---------------------------------------------------------------------------------

const mixtureRename = Object.fromEntries(
  [0, 1, 2, 3].flatMap((k) => [
    [`pi[${k}]`, `pi${k + 1}`],
    [`mu[${2 * k}]`, `mu${k + 1}x`],
    [`mu[${2 * k + 1}]`, `mu${k + 1}y`],
  ]),
);
const regressionRename = { s2: 's2', ...Object.fromEntries(Array.from({ length: 10 }, (_, j) => [`w[${j}]`, `w${j + 1}`])) };

function mixtureStudy(size, sweeps, burn) {
  const data = `hgmm_${size}.json`;
  const start = JSON.parse(readFileSync(join(bench, 'data', data), 'utf8')).init_mu;
  return {
    name: `mixture-${size}`,
    title: `B1 mixture, N = ${size}`,
    data,
    components: 4,
    jags: `mixture-${size}`,
    c: { program: 'hgmm', sweeps: sweeps * 2, burn },
    credence: {
      model: 'hierarchical-mixture.cred',
      names: ['x', 'K'],
      keep: ['pi', 'mu'],
      rename: mixtureRename,
      sweeps,
      warmup: burn,
      options: { init: { mu: start } },
    },
  };
}
/** Models of several unknown scales, where single coordinates mix slowly: JAGS with and without its glm module, the better one counts. */
function hierarchyStudy(name, title, names, keep, sweeps) {
  const rename = Object.fromEntries(
    Object.entries(keep).flatMap(([variable, size]) =>
      size === 1 ? [[variable, variable]] : Array.from({ length: size }, (_, k) => [`${variable}[${k}]`, `${variable}${k + 1}`]),
    ),
  );
  return {
    name,
    title,
    data: `${name}.json`,
    components: 0,
    jags: [name, `${name}-glm`],
    credence: { model: `${name}.cred`, names, keep: Object.keys(keep), rename, sweeps, warmup: 1000 },
  };
}
const studies = [
  mixtureStudy(400, 5000, 500),
  mixtureStudy(10000, 1000, 100),
  {
    name: 'regression',
    title: 'B2 regression, unknown variance',
    data: 'blr.json',
    components: 0,
    jags: 'regression',
    c: { program: 'blr', sweeps: 20000, burn: 1000, mode: 'unknown' },
    credence: { model: 'regression.cred', names: ['X', 'y'], keep: ['w', 's2'], rename: regressionRename, sweeps: 20000, warmup: 1000 },
  },
  hierarchyStudy('eight-schools', 'Eight schools', ['J', 'y', 's'], { mu: 1, tau: 1, theta: 8 }, 20000),
  hierarchyStudy('local-level', 'Local level, T = 100', ['y'], { drift: 1, noise: 1 }, 5000),
  hierarchyStudy('growth-curves', 'Growth curves, 30 x 5', ['J', 'g', 't', 'y'], { ma: 1, mb: 1, ta: 1, tb: 1, sigma: 1 }, 10000),
  hierarchyStudy('logistic-regression', 'Logistic regression, N = 300', ['X', 'y'], { b0: 1, b: 5 }, 3000),
  hierarchyStudy('nested-effects', 'Pupils in classes in schools', ['S', 'school', 'class', 'y'], { b0: 1, ss: 1, sv: 1 }, 5000),
  hierarchyStudy('crossed-effects', 'Counts with crossed effects', ['J', 'K', 'g', 'h', 'x', 'y'], { b0: 1, b1: 1, sa: 1, sc: 1 }, 3000),
];

const results = { node: process.version, quick, studies: {}, others: {} };
if (has.c) results.gcc = must('gcc', ['-dumpfullversion']).text.trim();

const wanted = (name) => !only || only.includes(name);
for (const study of studies.filter((candidate) => wanted(candidate.name))) {
  say(`${study.title} ...`);
  const systems = { credence: runCredenceStudy(study) };
  if (has.c && study.c) {
    systems.c = runC(study, false);
    systems['c -ffast-math'] = runC(study, true);
  }
  if (has.jags) {
    const runs = [study.jags].flat().map((kind) => runJags(study, kind));
    systems.jags = runs.reduce((best, run) => (run.essPerSecond > best.essPerSecond ? run : best));
  }
  for (const [name, system] of Object.entries(systems)) {
    if (name !== 'credence') system.disagreement = disagreement(systems.credence, system);
    if (system.disagreement > 5)
      say(`  WARNING: means of credence and ${name} differ by ${system.disagreement.toFixed(1)} standard errors`);
  }
  results.studies[study.name] = { title: study.title, systems };
}

// --- single figures of Credence --------------------------------------------------------------------

const mixture = { model: 'hierarchical-mixture.cred' };
if (wanted('tenfold')) {
  say('B2 with ten times the data ...');
  const options = { backend: 'gibbs', chains: 1, draws: scale(50000), warmup: 1000, seed: 1, workers: 0, keep: ['s2'] };
  const base = { model: 'regression.cred', data: 'blr.json', names: ['X', 'y'], options };
  const one = runCredence(base).seconds.sampling;
  const ten = runCredence({ ...base, repeat: { names: ['X', 'y'], times: 10 } }).seconds.sampling;
  results.others.tenfold = { what: 'sweep at N = 10,000 over sweep at N = 1,000 (regression)', ratio: ten / one };
}
if (wanted('cold-start')) {
  say('Cold start ...');
  // As many draws as give 100 effective ones of the slowest quantity, found from the study above.
  const data = JSON.parse(readFileSync(join(bench, 'data', 'hgmm_400.json'), 'utf8'));
  const input = join(scratch, 'points.json');
  const start = join(scratch, 'start.json');
  writeFileSync(input, JSON.stringify({ x: data.x, K: 4 }));
  writeFileSync(start, JSON.stringify({ mu: data.init_mu }));
  const perSweep = results.studies['mixture-400']?.systems.credence.essPerSweep ?? 0.05;
  const draws = Math.ceil(150 / perSweep);
  const out = join(scratch, 'cold');
  const walls = [0, 1, 2]
    .map((seed) => {
      rmSync(out, { recursive: true, force: true });
      return execute(process.execPath, [
        join(root, 'dist', 'cli', 'main.js'),
        'infer',
        join(bench, 'models', mixture.model),
        '--data',
        input,
        '--init',
        start,
        '--backend',
        'gibbs',
        '--chains',
        '1',
        '--workers',
        '0',
        '--warmup',
        '100',
        '--draws',
        String(draws),
        '--seed',
        String(seed),
        '--keep',
        'pi,mu',
        '--out',
        out,
        '--quiet',
      ]).wall;
    })
    .sort((a, b) => a - b);
  const bareNode = [0, 1, 2].map(() => must(process.execPath, ['-e', '0']).wall).sort((a, b) => a - b)[1];
  results.others.coldStart = {
    what: 'seconds from process start to 100 effective draws (400-point mixture, command line)',
    seconds: walls[1],
    bareNode,
    draws,
  };
  const jags = results.studies['mixture-400']?.systems.jags;
  if (jags) results.others.coldStart.jags = jags.startSeconds + jags.setup + jags.warmup / 4 + 100 / jags.essPerSecond;
  const c = results.studies['mixture-400']?.systems.c;
  if (c) results.others.coldStart.c = c.compileSeconds + c.warmup / 4 + 100 / c.essPerSecond;
}
if (wanted('million')) {
  say('Binding a million points ...');
  const options = { backend: 'gibbs', chains: 1, draws: 2, warmup: 0, seed: 1, workers: 0, keep: ['pi', 'mu'] };
  const large = runCredence({ ...mixture, simulate: 1_000_000, options });
  const small = runCredence({ ...mixture, simulate: 400, options });
  results.others.million = {
    what: 'N = 1,000,000 (data in memory): seconds to bind, derive and compile, the same at N = 400, peak memory',
    seconds: large.seconds.compile,
    secondsAt400: small.seconds.compile,
    peakMegabytes: large.peakMegabytes,
    peakMegabytesAt400: small.peakMegabytes,
    dataMegabytes: 16,
  };
}
if (wanted('cores')) {
  say('Two chains on two cores ...');
  const base = { ...mixture, data: 'hgmm_10000.json', names: ['x', 'K'] };
  const options = (chains) => ({ backend: 'gibbs', chains, draws: scale(8000), warmup: 10, seed: 1, workers: chains, keep: ['pi', 'mu'] });
  // By turns, and the fastest of each: other work on the second core would count as ours.
  const rounds = [0, 1, 2].map(() => [1, 2].map((chains) => runCredence({ ...base, options: options(chains) }).infer));
  const [one, two] = [0, 1].map((k) => Math.min(...rounds.map((round) => round[k])));
  results.others.cores = { what: 'throughput of two chains on two workers over one chain on one', ratio: (2 * one) / two };
}

if (wanted('smoother')) {
  say('B3 smoother of a linear-Gaussian chain, T = 1,000 and 1,000,000 ...');
  const data = join(bench, 'data', 'lgssm.json');
  const found = [1, 1000].map((repeats) => {
    const own = JSON.parse(
      must(process.execPath, [join(bench, 'smoother.mjs'), join(bench, 'models', 'level-and-autoregression.cred'), data, String(repeats)])
        .text,
    );
    if (!has.c) return { own };
    const { target } = compileC('lgssm', false, ['-DMT=1000000']);
    const c = JSON.parse(must(target, [data, '-', String(repeats), '1', '1', '1', 'kalman']).text);
    const difference = Math.max(
      ...Object.entries(c.post).flatMap(([name, [mean, deviation]]) => [
        Math.abs(mean - own.post[name][0]),
        Math.abs(deviation - own.post[name][1]),
      ]),
      Math.abs(c.logZ - own.logZ) / Math.abs(c.logZ),
    );
    if (difference > 1e-6) say(`  WARNING: Credence and C differ by ${difference}`);
    const pass = Math.min(...c.pass_s);
    return { own, c: pass, ratio: own.pass / pass, difference };
  });
  found.forEach(({ own, c, ratio, difference }, k) => {
    results.others[`smoother${k}`] = {
      what: `B3 smoother, T = ${k === 0 ? '1,000' : '1,000,000'}: milliseconds a pass, the same in C, ratio, largest difference of moments and relative log evidence`,
      milliseconds: 1000 * own.pass,
      c: c && 1000 * c,
      ratio,
      difference,
      drawMilliseconds: 1000 * own.draw,
      compileSeconds: own.compileSeconds,
    };
  });
  results.others.smootherGrowth = {
    what: 'B3 smoother: time for a thousand times the steps over a thousand times the time (1 is linear)',
    ratio: found[1].own.pass / found[0].own.pass / 1000,
  };
}

if (wanted('forward-backward')) {
  say('B12 forward and backward over a hidden Markov chain, K = 5, T = 2,000; a network of 37 nodes ...');
  const own = (model, data) => JSON.parse(must(process.execPath, [join(bench, 'forwardBackward.mjs'), model, data]).text);
  const data = join(bench, 'data', 'hmm.json');
  // Systems by turns: what disturbs one disturbs the others.
  const rounds = [0, 1, 2].map(() => ({
    credence: own(join(bench, 'models', 'hidden-markov.cred'), data),
    c: has.c && JSON.parse(must(compileC('hmm', false).target, [data, '-', '1', '1', '1', '1', 'fb']).text),
  }));
  const { credence } = rounds[0];
  const pass = Math.min(...rounds.map((round) => round.credence.pass)),
    draw = Math.min(...rounds.map((round) => round.credence.draw));
  const c = has.c ? Math.min(...rounds.flatMap((round) => round.c.pass_s)) : undefined;
  const difference = has.c
    ? Math.max(
        Math.abs(rounds[0].c.logZ - credence.logZ),
        ...Object.entries(rounds[0].c.post).map(([name, [mean]]) => Math.abs(mean - credence.post[name])),
      )
    : undefined;
  if (difference > 1e-5) say(`  WARNING: Credence and C differ by ${difference}`);
  results.others.forwardBackward = {
    what: 'B12 forward-backward: milliseconds a pass, the same in C, ratio, largest difference of expected visits, means and log evidence',
    milliseconds: 1000 * pass,
    c: c && 1000 * c,
    ratio: c && pass / c,
    difference,
    drawMilliseconds: 1000 * draw,
    compileSeconds: credence.compileSeconds,
  };
  const alarm = own(join(root, 'test', 'programs', 'bn_alarm.cred'), join(root, 'test', 'programs', 'bn_alarm.json'));
  results.others.network = {
    what: 'all marginals and the evidence of the 37-node ALARM network: milliseconds for the first time after compilation, and again',
    first: 1000 * alarm.first,
    milliseconds: 1000 * alarm.pass,
    drawMilliseconds: 1000 * alarm.draw,
    compileSeconds: alarm.compileSeconds,
  };
}

if (wanted('expectation')) {
  say('B8 expectation maximisation of mixtures with full covariances ...');
  for (const [size, iterations] of [
    ['small', 200],
    ['large', 20],
  ]) {
    const data = join(bench, 'data', `em_${size}.json`),
      count = String(iterations);
    // Systems by turns: what disturbs one disturbs the others.
    const rounds = [0, 1, 2].map(() => ({
      credence: JSON.parse(
        must(process.execPath, [join(bench, 'expectation.mjs'), join(bench, 'models', 'mixture-by-maximum-likelihood.cred'), data, count])
          .text,
      ),
      c: has.c && JSON.parse(must(compileC('em', false).target, [data, '-', count, '3']).text),
      scikit: has.scikit && JSON.parse(must(python, [join(bench, 'peers', 'em.py'), data, count]).text),
      mclust: has.mclust && JSON.parse(must('Rscript', [join(bench, 'peers', 'em.R'), data, count]).text),
    }));
    const best = (read) => Math.min(...rounds.map(read));
    const own = best((round) => round.credence.seconds);
    const c = has.c ? best((round) => Math.min(...round.c.iter_s)) : undefined;
    const scikit = has.scikit ? best((round) => round.scikit.seconds) : undefined,
      mclust = has.mclust ? best((round) => round.mclust.seconds) : undefined;
    const reached = rounds[0].credence.logLikelihood;
    const difference = Math.max(
      ...['c', 'scikit', 'mclust'].flatMap((name) =>
        rounds[0][name] ? [Math.abs((rounds[0][name].logLikelihood ?? rounds[0][name].loglik) / reached - 1)] : [],
      ),
    );
    if (difference > 1e-8) say(`  WARNING: log-likelihoods differ by ${difference} (relative)`);
    results.others[`expectation-${size}`] = {
      what: `B8 EM, ${size}: milliseconds an iteration, the same in C, over scikit-learn, over mclust, largest relative difference of log-likelihoods`,
      milliseconds: 1000 * own,
      c: c && 1000 * c,
      overC: c && own / c,
      overScikit: scikit && own / scikit,
      overMclust: mclust && own / mclust,
      difference,
    };
  }
}

// --- the table -------------------------------------------------------------------------------------

const number = (x) => (x === undefined || Number.isNaN(x) ? '-' : x >= 1000 ? Math.round(x).toLocaleString('en') : x.toPrecision(3));
say();
const rows = [['case', 'system', 'ms/sweep', 'ratio', 'ESS/s', 'ratio', 'means agree (z)']];
for (const { title, systems } of Object.values(results.studies)) {
  for (const [name, system] of Object.entries(systems)) {
    rows.push([
      title,
      name,
      number(system.millisecondsPerSweep),
      name === 'credence' ? '' : number(systems.credence.millisecondsPerSweep / system.millisecondsPerSweep),
      number(system.essPerSecond),
      name === 'credence' ? '' : number(systems.credence.essPerSecond / system.essPerSecond),
      system.disagreement === undefined ? '' : number(system.disagreement),
    ]);
  }
}
const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
for (const row of rows)
  say(row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  '));
say('\nRatios are Credence over the other system: time a sweep (below 1 is faster), ESS a second (above 1 is faster).\n');
for (const { what, ...figures } of Object.values(results.others))
  say(
    `${what}: ${Object.entries(figures)
      .map(([name, value]) => `${name} ${number(value)}`)
      .join(', ')}`,
  );

writeFileSync(
  join(bench, 'results.json'),
  `${JSON.stringify(results, (key, value) => (key === 'means' || key === 'standardDeviations' ? undefined : typeof value === 'number' ? Number(value.toPrecision(5)) : value), 1)}\n`,
);
say('\nWritten: bench/results.json');
