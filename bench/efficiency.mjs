/**
 * Effective sample sizes of a draws file, by the same code for every system: our own rank-normalised
 * bulk ESS (tested against the R package posterior). Mixtures are judged on quantities that do not
 * see labels: coordinates of the centres and weights in the order of the first coordinate.
 */
import { readFileSync } from 'node:fs';
import { ChainDraws } from '../dist/5-report/diagnostics/chainDraws.js';
import { essBulk } from '../dist/5-report/diagnostics/ess.js';
import { rhat } from '../dist/5-report/diagnostics/rhat.js';

/** Columns by name; chains by number, each an array of rows. */
function readDraws(path) {
  const [header, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const names = header.split(',').slice(2);
  const chains = new Map();
  for (const line of lines) {
    const cells = line.split(',');
    let rows = chains.get(cells[0]);
    if (!rows) chains.set(cells[0], (rows = []));
    rows.push(cells.slice(2).map(Number));
  }
  return { names, chains: [...chains.values()] };
}

/** mu1x, mu1y, pi1, ... of K components to the same, ordered by x. */
function sortComponents(names, components) {
  const at = (name) => {
    const position = names.indexOf(name);
    if (position < 0) throw new Error(`no column ${name}`);
    return position;
  };
  const columns = Array.from({ length: components }, (_, k) => [`mu${k + 1}x`, `mu${k + 1}y`, `pi${k + 1}`].map(at));
  return (row) =>
    columns
      .map((component) => component.map((position) => row[position]))
      .sort((a, b) => a[0] - b[0])
      .flat();
}

/** Smallest bulk ESS, largest R-hat, and means (to see that systems agree). */
export function efficiency(path, components) {
  const { names, chains } = readDraws(path);
  // In the order of the names, so that columns of different systems meet.
  const byName = names.map((_, position) => position).sort((a, b) => (names[a] < names[b] ? -1 : 1));
  const derive = components ? sortComponents(names, components) : (row) => byName.map((position) => row[position]);
  const length = Math.min(...chains.map((rows) => rows.length));
  const rows = chains.map((chain) => chain.slice(0, length).map(derive));
  const width = rows[0][0].length;
  const scalar = new ChainDraws(chains.length, length);
  let smallest = Number.POSITIVE_INFINITY;
  let largest = 0;
  const means = [];
  const standardDeviations = [];
  for (let column = 0; column < width; column++) {
    rows.forEach((chain, number) => {
      for (let draw = 0; draw < length; draw++) scalar.values[number * length + draw] = chain[draw][column];
    });
    scalar.changed();
    smallest = Math.min(smallest, essBulk(scalar));
    largest = Math.max(largest, rhat(scalar));
    const mean = scalar.values.reduce((total, x) => total + x, 0) / scalar.values.length;
    means.push(mean);
    standardDeviations.push(Math.sqrt(scalar.values.reduce((total, x) => total + (x - mean) ** 2, 0) / (scalar.values.length - 1)));
  }
  return { draws: chains.length * length, essMinimum: smallest, rhatMaximum: largest, means, standardDeviations };
}
