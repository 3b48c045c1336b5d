/**
 * The table of systems (examples/systems.json): each is stated by an example whose claim names it, and each backend that the
 * table asks for and that exists is claimed by one of its examples. test/examples.test.ts holds the claims themselves.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { backends, laterBackends } from '../src/index.js';
import { backendsOf, claimOf, type Claim, exampleNames, readJson, type System } from './claims.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const systems = readJson<readonly System[]>(join(root, 'examples', 'systems.json'));
const claims = new Map<string, Claim>(exampleNames().map((name) => [name, claimOf(name)]));

/** What an example may claim beside the backends: ancestral draws, densities at points, programs over the distributions. */
const readings = ['sample', 'density', 'distributions'];

describe('the systems', () => {
  it('are S01 to S32, each once', () => {
    expect(systems.map(({ id }) => id)).toEqual(Array.from({ length: 32 }, (_, k) => `S${String(k + 1).padStart(2, '0')}`));
  });

  it.each(systems.map((system) => ({ name: `${system.id} ${system.system}`, system })))(
    '$name: an example claims every backend there is',
    ({ system }) => {
      const own = [...claims.values()].filter((claim) => claim.systems.includes(system.id));
      const claimed = new Set(own.flatMap((claim) => claim.runs.flatMap(backendsOf)));
      const due = system.later ? [] : system.backends.filter((name) => !laterBackends.includes(name));
      expect(due.filter((name) => !claimed.has(name))).toEqual([]);
      // A system that is marked as one of later versions has no example, so that the mark goes when the example comes.
      if (system.later) expect(own).toEqual([]);
    },
  );

  it('know no backend that is neither there nor announced', () => {
    const known = [...backends.keys(), ...laterBackends, ...readings];
    expect(systems.flatMap((system) => system.backends).filter((name) => !known.includes(name))).toEqual([]);
    expect(
      [...claims].flatMap(([name, claim]) =>
        claim.runs
          .flatMap(backendsOf)
          .filter((backend) => !known.includes(backend))
          .map((backend) => `${name}: ${backend}`),
      ),
    ).toEqual([]);
  });

  it('are the only ones that examples name', () => {
    const known = new Set(systems.map(({ id }) => id));
    expect([...claims].flatMap(([name, claim]) => claim.systems.filter((id) => !known.has(id)).map((id) => `${name}: ${id}`))).toEqual([]);
  });

  it('have a page that names the examples and backends there are: `npm run systems -- --write` writes it', () => {
    const page = readFileSync(join(root, 'docs', 'systems.md'), 'utf8').split('\n');
    const missing = [...claims]
      .filter(([, claim]) => claim.systems.length > 0)
      .flatMap(([name, claim]) => {
        const rows = page.filter((line) => line.includes(`[${name}]`));
        const due = [...new Set(claim.runs.flatMap(backendsOf))].filter((backend) => !laterBackends.includes(backend));
        return rows.length === claim.systems.length
          ? due.filter((backend) => !rows.every((row) => row.includes(`${backend} `))).map((backend) => `${name}: ${backend}`)
          : [name];
      });
    expect(missing).toEqual([]);
  });

  it('are printed with the differences that a run finds', () => {
    const printed = spawnSync(process.execPath, [join(root, 'scripts', 'systems.mjs'), 'S25'], { encoding: 'utf8' });
    expect(printed.status, printed.stderr).toBe(0);
    expect(printed.stdout).toMatch(/^\| S25 \| .*07-mean-field-gaussian.*\| cavi \d\.\de-1\d \| variances/m);
    expect(printed.stdout).not.toMatch(/^\| S24/m);
  });
});
