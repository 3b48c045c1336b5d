/**
 * `credence check` of every example with every backend that applies: a table of verdicts on standard output.
 * node scripts/checks.mjs [--method names] [--backend names] [--only 01,02] [--seconds 60] [flags of check, such as --simulations 200]
 * Cells: ok, FAILED, - (does not apply), and ? where the time was not enough: the rest is for the night.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled, root } from './setup.mjs';

ensureInstalled();
const own = { '--method': 'ratio,laws,exact,rank,geweke,agreement,sbc', '--backend': 'gibbs,mh,exact,cavi,laplace', '--only': '', '--seconds': '60' };
const passed = [];
for (let k = 2; k < process.argv.length; k++) {
  const flag = process.argv[k];
  if (flag in own) own[flag] = process.argv[++k];
  else passed.push(flag);
}
const methods = own['--method'].split(','), backends = own['--backend'].split(',');
const examples = join(root, 'examples'), folder = mkdtempSync(join(tmpdir(), 'credence-checks-'));

function columns(path, names) {
  const [header = [], ...rows] = readFileSync(path, 'utf8').trim().split(/\r?\n/).map((line) => line.split(','));
  return names.map((name) => rows.map((row) => { const cell = row[header.indexOf(name)]; return cell === '' || cell === 'NA' ? null : Number(cell); }));
}
/** The data of an example as its claim names them. */
function dataOf(name) {
  const json = (file) => JSON.parse(readFileSync(join(examples, name, file), 'utf8'));
  const claim = json('claim.json'), run = claim.runs.find((r) => r.model === undefined && r.backend !== 'sample' && r.data !== undefined);
  const data = {};
  for (const [key, value] of Object.entries({ ...run?.data, ...claim.data })) {
    if (typeof value !== 'string') data[key] = value;
    else if (value.endsWith('.json')) Object.assign(data, json(value));
    else {
      const [file = '', names = ''] = value.split(':'), read = columns(join(examples, name, file), names.split(','));
      data[key] = read.length === 1 ? read[0] : read[0].map((_, row) => read.map((column) => column[row]));
    }
  }
  return data;
}

const words = { passed: 'ok', failed: 'FAILED', inapplicable: '-' };
console.log(`| example | backend | ${methods.join(' | ')} |\n|${' --- |'.repeat(methods.length + 2)}`);
for (const name of readdirSync(examples).filter((n) => existsSync(join(examples, n, 'model.cred'))).sort()) {
  if (own['--only'] !== '' && !own['--only'].split(',').some((n) => name.startsWith(n))) continue;
  const data = join(folder, `${name}.json`);
  writeFileSync(data, JSON.stringify(dataOf(name)));
  for (const backend of backends) {
    const cells = methods.map((method) => {
      const { status, stdout } = spawnSync(process.execPath, [join(root, 'dist', 'cli', 'main.js'), 'check', join(examples, name, 'model.cred'), '--data', data, '--backend', backend, '--method', method, '--json', '--quiet', ...passed],
        { encoding: 'utf8', timeout: Number(own['--seconds']) * 1000, maxBuffer: 2 ** 30 });
      if (status === null) return '?';
      try { return words[JSON.parse(stdout).verdict]; } catch { return status === 2 ? '-' : `status ${status}`; }
    });
    if (cells.some((cell) => cell !== '-')) console.log(`| ${name} | ${backend} | ${cells.join(' | ')} |`);
  }
}
rmSync(folder, { recursive: true, force: true });
