/**
 * The record of what `credence check` was seen to say: kept in docs/calibration.json by scripts/checks.mjs and
 * scripts/power.mjs, shown as docs/calibration.md. node scripts/calibration.mjs writes the page anew;
 * test/6-check/calibration.test.ts fails where it is out of date.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './setup.mjs';

const record = join(root, 'docs', 'calibration.json'),
  page = join(root, 'docs', 'calibration.md');

/** A program of an example with its data, in words. */
export function programName({ example, model, variant }) {
  const data = Object.entries(variant)
    .map(([name, value]) => (typeof value === 'number' || isShort(value) ? `${name} = ${JSON.stringify(value)}` : name))
    .join(', ');
  return `${example}${model === 'model.cred' ? '' : `/${model}`}${data === '' ? '' : `, ${data} given`}`;
}
/** Variants of a program that differ in short lists only have names of their own by them. */
function isShort(value) {
  return Array.isArray(value) && JSON.stringify(value).length <= 20;
}
export function backendName({ backend, options }) {
  return [backend, ...Object.entries(options).map(([name, value]) => `${name}=${value}`)].join(' ');
}

// --- the record --------------------------------------------------------------------------------

export function readRecord() {
  return existsSync(record)
    ? JSON.parse(readFileSync(record, 'utf8'))
    : { checks: [], power: { effort: {}, rows: [] }, falseAlarms: { effort: {}, rows: [] } };
}

/** Rows in place of those that say the same of something else; one line each, so that changes can be read. */
function merged(before, rows, key) {
  return [...new Map([...before, ...rows].map((row) => [key(row), row])).values()].sort((a, b) => key(a).localeCompare(key(b)));
}
function write(content) {
  const lines = (rows) => (rows.length === 0 ? '[]' : `[\n${rows.map((row) => `    ${JSON.stringify(row)}`).join(',\n')}\n  ]`);
  const part = ({ effort, rows }) => `{ "effort": ${JSON.stringify(effort)}, "rows": ${lines(rows)} }`;
  writeFileSync(
    record,
    `{\n  "checks": ${lines(content.checks)},\n  "power": ${part(content.power)},\n  "falseAlarms": ${part(content.falseAlarms)}\n}\n`,
  );
  writeFileSync(page, calibrationPage(content));
}

/** What each method said of a backend on a program of an example. */
export function keepChecks(results) {
  const rows = results
    .filter((r) => r.verdict !== 'refused')
    .map((r) => {
      const row = { program: programName(r), backend: backendName(r), method: r.method, verdict: r.verdict, seed: r.seed };
      // Nothing was done where it does not apply, did not finish, or the process died.
      if (r.verdict !== 'passed' && r.verdict !== 'failed') return row;
      return {
        ...row,
        did: r.did,
        tests: r.tests,
        p: r.p === null ? null : Number(r.p.toPrecision(2)),
        cpuSeconds: Number(r.cpuSeconds.toPrecision(2)),
        ...(r.failed.length > 0 ? { failed: r.failed.slice(0, 3) } : {}),
      };
    });
  const content = readRecord();
  // What did not finish this time may have finished before.
  const known = new Set(content.checks.filter((row) => row.verdict !== 'unfinished').map(checkKey));
  write({
    ...content,
    checks: merged(
      content.checks,
      rows.filter((row) => row.verdict !== 'unfinished' || !known.has(checkKey(row))),
      checkKey,
    ),
  });
}
/** What a row is about: the rows of one key say the same of one thing. */
export function checkKey({ program, backend, method }) {
  return [program, backend, method].join(' | ');
}

/** Which checks catch which planted errors. */
export function keepPower(rows, effort) {
  const content = readRecord();
  write({
    ...content,
    power: { effort, rows: merged(content.power.rows, rows, ({ program, backend, error }) => [program, backend, error].join(' | ')) },
  });
}

/** p-values of checks of right backends. */
export function keepFalseAlarms(rows, effort) {
  const content = readRecord();
  write({
    ...content,
    falseAlarms: {
      effort,
      rows: merged(content.falseAlarms.rows, rows, ({ program, backend, seed }) =>
        [program, backend, String(seed).padStart(4)].join(' | '),
      ),
    },
  });
}

// --- the page ----------------------------------------------------------------------------------

const methods = ['ratio', 'laws', 'exact', 'rank', 'geweke', 'agreement', 'sbc'],
  statistical = methods.slice(1);
const words = { passed: 'ok', failed: 'FAILED', inapplicable: '-', unfinished: '?' };
/** Backends that approximate: what sbc says of them is a finding, not a failure. */
export const approximations = ['cavi', 'laplace'];

/** What sbc finds of an approximation is what it is. */
function approximates({ backend, method }) {
  return method === 'sbc' && approximations.includes(backend.split(' ')[0]);
}

function table(header, rows) {
  return [`| ${header.join(' | ')} |`, `|${' --- |'.repeat(header.length)}`, ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');
}
function distinct(list) {
  return [...new Set(list)];
}
function code(text) {
  return text.includes(' ') ? `${text.split(' ')[0]} \`${text.split(' ').slice(1).join(' ')}\`` : text;
}
function grouped(rows, key) {
  const groups = new Map();
  for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return [...groups.values()];
}

function examplesTable(checks) {
  const applying = grouped(checks, ({ program, backend }) => `${program} | ${backend}`).filter((rows) =>
    rows.some((r) => r.verdict !== 'inapplicable'),
  );
  return table(
    ['program', 'backend', ...methods],
    applying.map((rows) => [
      rows[0].program,
      code(rows[0].backend),
      ...methods.map((method) => {
        const row = rows.find((r) => r.method === method);
        return row === undefined ? '' : row.verdict === 'failed' && approximates(row) ? 'seen' : (words[row.verdict] ?? row.verdict);
      }),
    ]),
  );
}

function sbcTable(checks) {
  const rows = checks.filter((r) => r.method === 'sbc' && (r.verdict === 'passed' || r.verdict === 'failed'));
  return table(
    [
      'program',
      'backend',
      'data sets',
      'draws each',
      'one sweep in',
      'left out',
      'quantities',
      'p of all',
      'inside the envelope',
      'CPU seconds',
    ],
    rows.map((r) => {
      const [, simulations, draws] = /^(\d+) data sets from the prior, (\d+) posterior draws/.exec(r.did),
        thin = /one sweep in (\d+)/.exec(r.did)?.[1] ?? '1',
        left = /(\d+) runs left out/.exec(r.did)?.[1] ?? '0';
      return [
        r.program,
        code(r.backend),
        simulations,
        draws,
        thin,
        left,
        r.tests,
        r.p,
        r.verdict === 'passed' ? 'yes' : approximates(r) ? 'no: it approximates' : 'NO',
        r.cpuSeconds,
      ];
    }),
  );
}

function powerTables({ rows }) {
  const cell = (group, method) => {
    const able = group.filter((r) => r.applying.includes(method));
    return able.length === 0 ? '' : `${able.filter((r) => method in r.caught).length}/${able.length}`;
  };
  const line = (group, head) => [
    ...head,
    ...methods.map((m) => cell(group, m)),
    `${group.filter((r) => Object.keys(r.caught).length > 0).length}/${group.length}`,
  ];
  const byKind = grouped(
    [...rows].sort((a, b) => a.backend.localeCompare(b.backend)),
    ({ backend, kind }) => `${backend} | ${kind}`,
  );
  const whole = grouped(rows, ({ kind }) => kind);
  return table(
    ['backend', 'planted error', ...methods, 'any check'],
    [
      ...byKind.map((g) => line(g, [g[0].backend, g[0].kind])),
      ...whole.map((g) => line(g, ['all', g[0].kind])),
      line(rows, ['all', 'all']),
    ],
  );
}

/** Failures at a rate: of a whole check where one of its methods fails at its share, of a method at the rate itself. */
export function falseAlarmCounts(rows, rate) {
  const share = rate / statistical.length;
  return {
    checks: { runs: rows.length, failed: rows.filter(({ p }) => Object.values(p).some((x) => x <= share)).length },
    methods: Object.fromEntries(
      statistical.map((method) => {
        const own = rows.filter(({ p }) => method in p);
        return [method, { runs: own.length, failed: own.filter(({ p }) => p[method] <= rate).length }];
      }),
    ),
  };
}
function falseAlarmTable({ rows }) {
  const told = ({ failed, runs }) => (runs === 0 ? '' : `${failed} of ${runs}`);
  return table(
    ['stated rate', 'whole checks', ...statistical],
    [0.001, 0.01, 0.05, 0.1].map((rate) => {
      const { checks, methods: by } = falseAlarmCounts(rows, rate);
      return [rate, told(checks), ...statistical.map((m) => told(by[m]))];
    }),
  );
}

function effortInWords({ draws, simulations, ranks, steps, repetitions }) {
  return `${draws} draws of four chains, ${simulations} data sets of ${ranks} draws, ${steps} steps of \`geweke\`, ${repetitions} chains of \`rank\``;
}

/** docs/calibration.md. */
export function calibrationPage({ checks, power, falseAlarms }) {
  const failed = checks.filter((r) => r.verdict === 'failed' && !approximates(r));
  const judged = checks.filter((r) => r.p !== null && r.p !== undefined).length;
  const seeds = distinct(falseAlarms.rows.map((r) => r.seed)),
    programs = distinct(falseAlarms.rows.map((r) => r.program));
  return `${`# Calibration

<!-- Written by scripts/calibration.mjs from docs/calibration.json; do not edit. -->

What [\`credence check\`](testing.md) says of the backends on the examples, how good the checks are at finding errors, and how often they fail where nothing is
wrong. \`node scripts/checks.mjs --save\`, \`node scripts/power.mjs --save\` and \`node scripts/power.mjs --false-alarms --save\` make the tables again, row by row; all of it takes hours.

## Every example with every backend

\`ok\` passed, \`-\` does not apply (\`check\` says why), \`?\` did not finish in the time it was given, empty: not run, \`seen\`: \`sbc\` sees that
\`cavi\` or \`laplace\` approximates. Backends that refuse a program are left out. Options
are those of the example's own runs. ${judged} of the cells are tests at a false-alarm rate of at most 0.001 each; ${failed.length === 0 ? 'none of them failed' : `${failed.length} failed`}.

${examplesTable(checks)}

## Simulation-based calibration

Parameters are drawn from the prior, data from the program, and the true values ranked among posterior draws of a whole run. "p of all" is the smallest rate at which
the family of all quantities would fail (Holm): at 0.001 the ranks of some quantity leave the simultaneous envelope. Draws of chains are thinned to about half their
effective size, so that ranks are uniform up to what correlation is left; runs whose two chains are in different places are left out and counted. Each row is a test at a
false-alarm rate of 0.001. \`cavi\` and \`laplace\` approximate, and where their posteriors are too narrow this says so.

${sbcTable(checks)}

## Power

Errors planted one at a time into what the backend runs, on ${distinct(power.rows.map((r) => r.program)).length} programs of a few data each: caught / planted, where the check applies and passes without an error. The effort is small
(${effortInWords(power.effort)}), and many errors are too (a prior that is 10 % too wide where the data speak): checks with chance find more with more work, \`ratio\` needs none.

${powerTables(power)}

## False alarms

${falseAlarms.rows.length} checks of right backends: ${programs.length} programs, ${seeds.length} seeds, every sampler that applies (${effortInWords(falseAlarms.effort)}). A method at its rate, and a whole
check whose methods share the rate, may fail as often as it says, and no oftener.

${falseAlarmTable(falseAlarms)}
`.trimEnd()}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) write(readRecord());
