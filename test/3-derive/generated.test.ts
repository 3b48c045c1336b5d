/**
 * The same natural parameters, bounds and densities as code: folded tables, gathers, scattered sums.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compareGenerated } from './generated.js';
import { compile, goodState } from './support.js';

const programs = join(dirname(fileURLToPath(import.meta.url)), '..', 'programs');

function agrees(text: string, data: Readonly<Record<string, unknown>>): void {
  const compiled = compile(text, data);
  for (const seed of [1, 2]) {
    const { failures, compared } = compareGenerated(compiled, goodState(compiled, seed));
    expect(failures).toEqual([]);
    expect(compared).toBeGreaterThan(0);
  }
}

describe('code of coefficients, bounds and densities agrees with the interpreter', () => {
  const skipped = new Set(['bugs_inhalers', 'bugs_mice', 'bugs_biops', 'exact_gp_women']);
  const names = readdirSync(programs).filter((n) => n.endsWith('.cred')).map((n) => n.slice(0, -'.cred'.length)).sort();
  it.each(names.filter((n) => existsSync(join(programs, `${n}.json`)) && !skipped.has(n)))('%s', (name) => {
    agrees(readFileSync(join(programs, `${name}.cred`), 'utf8'), JSON.parse(readFileSync(join(programs, `${name}.json`), 'utf8')) as Record<string, unknown>);
  });
});
