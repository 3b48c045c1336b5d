/**
 * `check` of every example with every backend that applies, in a process that is ended where a method takes too long: a row
 * for each program, data and backend, with default options and with those of the example's own runs.
 * node scripts/checks.mjs [--method names] [--backend names] [--only 01,02] [--seconds 60] [--seed 1] [--save] [--missing] [--draws N]
 * [--warmup N]
 *   [--simulations N] [--ranks N] [--steps N] [--repetitions N] [--length N]
 * Cells: ok, FAILED, - (does not apply), and ? where the time was not enough: give more seconds, at night. `--save` keeps the
 * results in docs/calibration.json and writes docs/calibration.md anew; `--missing` leaves out what is there and finished.
 */
import { fork } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { backendName, checkKey, keepChecks, programName, readRecord } from './calibration.mjs';
import { root, setUp } from './setup.mjs';

const examples = join(root, 'examples');

function columns(path, names) {
  const [header = [], ...rows] = readFileSync(path, 'utf8')
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','));
  return names.map((name) =>
    rows.map((row) => {
      const cell = row[header.indexOf(name)];
      return cell === '' || cell === 'NA' ? null : Number(cell);
    }),
  );
}
/** Data as a claim names them: files, columns of files, and values. */
export function dataOf(example, entries) {
  const data = {};
  for (const [key, value] of Object.entries(entries)) {
    if (value === null) continue;
    const [file = '', names = ''] = typeof value === 'string' ? value.split(':') : [];
    if (typeof value !== 'string') data[key] = value;
    else if (value.endsWith('.json')) Object.assign(data, JSON.parse(readFileSync(join(examples, example, file), 'utf8')));
    else {
      const read = columns(join(examples, example, file), names.split(','));
      data[key] = read.length === 1 ? read[0] : read[0].map((_, row) => read.map((column) => column[row]));
    }
  }
  return data;
}

/** Options that change how long an algorithm runs and where it starts, not what it is. */
const ofNoConcern = ['tolerance', 'iterations', 'restarts', 'start'];
/** What an example's claim runs that is no backend with a posterior or an estimate, or is not in this version. */
const backendNames = ['gibbs', 'mh', 'exact', 'cavi', 'em', 'map', 'laplace'];

/** Every program of every example with its data, and the backends and options to check it with. */
export function casesOf(wanted = backendNames) {
  const cases = new Map();
  for (const example of readdirSync(examples)
    .filter((name) => existsSync(join(examples, name, 'model.cred')))
    .sort()) {
    const claim = JSON.parse(readFileSync(join(examples, example, 'claim.json'), 'utf8'));
    const runs = claim.runs.filter((run) => backendNames.includes(run.backend) && run.program === undefined);
    for (const model of readdirSync(join(examples, example))
      .filter((name) => name.endsWith('.cred'))
      .sort((a, b) => (b === 'model.cred') - (a === 'model.cred'))) {
      const own = runs.filter((run) => (run.model ?? 'model.cred') === model),
        first = own.find((run) => run.data === undefined) ?? own[0];
      const add = (backend, data, options) => {
        const kept = Object.fromEntries(Object.entries(options ?? {}).filter(([name]) => !ofNoConcern.includes(name)));
        const values = { ...claim.data, ...data };
        if (wanted.includes(backend))
          cases.set(JSON.stringify([example, model, values, backend, kept]), {
            example,
            model,
            backend,
            options: kept,
            variant: data ?? {},
            entries: values,
          });
      };
      for (const backend of backendNames) add(backend, first?.data, {});
      for (const run of own) add(run.backend, run.data, run.options);
    }
  }
  return [...cases.values()];
}

/** Answers questions one after the other: a case and a method in, what the check says out. */
async function answer() {
  const { compile, ModelError } = await import('../dist/index.js');
  const { check } = await import('../dist/testing-api.js');
  process.on('message', async ({ example, model, backend, options, data, method, seed, effort }) => {
    const used = process.cpuUsage();
    try {
      const program = compile(readFileSync(join(examples, example, model), 'utf8'));
      const [report] = (await check(program, data, { backend, options, methods: [method], seed, effort })).methods;
      const failed = report.tests
        .filter((t) => t.failed)
        .map((t) => `${t.quantity}: ${t.detail}${t.p === null ? '' : `, p = ${t.p.toPrecision(2)}`}`);
      process.send({
        verdict: report.verdict,
        reason: report.reason,
        did: report.did,
        p: report.p,
        tests: report.tests.length,
        failed,
        cpuSeconds: (({ user, system }) => (user + system) / 1e6)(process.cpuUsage(used)),
      });
    } catch (thrown) {
      if (!(thrown instanceof ModelError)) throw thrown;
      process.send({
        verdict: 'refused',
        reason: thrown.diagnostics.find((d) => d.severity === 'error')?.message ?? thrown.message,
        failed: [],
      });
    }
  });
}

/** A process that answers; it is ended and begun again where an answer takes too long. */
class Checker {
  #child = null;
  ask(question, seconds) {
    this.#child ??= fork(fileURLToPath(import.meta.url), ['--answer']);
    const child = this.#child;
    return new Promise((resolve) => {
      const settle = (answer) => {
        clearTimeout(limit);
        child.removeAllListeners();
        resolve(answer);
      };
      const limit = setTimeout(() => {
        this.end();
        settle({ verdict: 'unfinished', failed: [] });
      }, seconds * 1000);
      child.once('message', settle);
      child.once('exit', (status) => {
        this.#child = null;
        settle({ verdict: `status ${status}`, failed: [] });
      });
      child.send(question);
    });
  }
  end() {
    this.#child?.kill('SIGKILL');
    this.#child = null;
  }
}

const words = { passed: 'ok', failed: 'FAILED', inapplicable: '-', refused: '-', unfinished: '?' };

/** Flags of this script, and what is passed to the checks. */
const effortFlags = ['draws', 'warmup', 'simulations', 'ranks', 'steps', 'repetitions', 'length'];

async function main() {
  setUp();
  const own = {
    '--method': 'ratio,laws,exact,rank,geweke,agreement,sbc',
    '--backend': backendNames.join(','),
    '--only': '',
    '--seconds': '60',
    '--seed': '1',
    ...Object.fromEntries(effortFlags.map((name) => [`--${name}`, ''])),
  };
  let save = false,
    missing = false;
  for (let k = 2; k < process.argv.length; k++) {
    const flag = process.argv[k];
    if (flag === '--save') save = true;
    else if (flag === '--missing') missing = true;
    else if (flag in own) own[flag] = process.argv[++k];
    else {
      process.stderr.write(`There is no flag ${flag}; there are ${[...Object.keys(own), '--save', '--missing'].join(', ')}.\n`);
      process.exit(2);
    }
  }
  const effort = Object.fromEntries(effortFlags.flatMap((name) => (own[`--${name}`] === '' ? [] : [[name, Number(own[`--${name}`])]])));
  const known = new Set(
    missing
      ? readRecord()
          .checks.filter((row) => row.verdict !== 'unfinished')
          .map(checkKey)
      : [],
  );
  const methods = own['--method'].split(','),
    checker = new Checker();
  console.log(`| program | backend | ${methods.join(' | ')} |\n|${' --- |'.repeat(methods.length + 2)}`);
  for (const entry of casesOf(own['--backend'].split(','))) {
    const { example, model, backend, options, variant } = entry;
    if (own['--only'] !== '' && !own['--only'].split(',').some((name) => example.startsWith(name))) continue;
    const data = dataOf(example, entry.entries),
      results = [];
    for (const method of methods.filter(
      (name) => !known.has(checkKey({ program: programName(entry), backend: backendName(entry), method: name })),
    )) {
      const found = await checker.ask(
        { example, model, backend, options, data, method, seed: own['--seed'], effort },
        Number(own['--seconds']),
      );
      results.push({ example, model, backend, options, variant, method, seed: own['--seed'], effort, ...found });
      // What the backend refuses, it refuses to every method.
      if (found.verdict === 'refused') break;
    }
    if (save) keepChecks(results);
    if (results.every((r) => r.verdict === 'inapplicable' || r.verdict === 'refused')) continue;
    console.log(
      `| ${programName(entry)} | ${backendName(entry)} | ${methods
        .map((name) => {
          const r = results.find(({ method }) => method === name);
          return r === undefined ? '' : (words[r.verdict] ?? r.verdict);
        })
        .join(' | ')} |`,
    );
    for (const r of results) for (const line of r.failed.slice(0, 3)) console.log(`  ${r.method}: ${line}`);
  }
  checker.end();
}
if (process.argv[2] === '--answer') await answer();
else if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
