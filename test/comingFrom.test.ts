/**
 * docs/coming-from.md: the programs of other systems and ours beside them have the same posterior, and the laws of
 * the tables the same densities. What JAGS, Stan and WebPPL gave is in test/reference/comingFrom*.json; their programs
 * stand there too, so that a changed page asks for new results.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compile } from '../src/index.js';
import jagsResults from './reference/comingFrom.json' with { type: 'json' };
import stanResults from './reference/comingFromStan.json' with { type: 'json' };
import webpplResults from './reference/comingFromWebppl.json' with { type: 'json' };

interface Quantity {
  readonly mean: number;
  readonly sd: number;
  readonly mcse: number;
  readonly mcseSd?: number;
}
interface Result {
  readonly data: Readonly<Record<string, readonly (number | null)[]>>;
  readonly program: string;
  readonly quantities: Readonly<Record<string, Quantity>>;
}

const page = readFileSync(join(dirname(fileURLToPath(import.meta.url)), '..', 'docs', 'coming-from.md'), 'utf8');
const block = (language: string, name: string): string =>
  new RegExp(`^\`\`\`${language} name=${name}\\n([\\s\\S]*?)\\n\`\`\`$`, 'm').exec(page)![1]!;

const systems = [
  {
    system: 'jags',
    language: 'jags',
    programs: jagsResults.programs as unknown as Readonly<Record<string, Result>>,
    densities: jagsResults.densities.map(({ jags, ...rest }) => ({ ...rest, at: String(rest.at), theirs: jags })),
  },
  {
    system: 'stan',
    language: 'stan',
    programs: stanResults.programs as unknown as Readonly<Record<string, Result>>,
    densities: stanResults.densities.map(({ stan, ...rest }) => ({ ...rest, theirs: stan })),
  },
  {
    system: 'webppl',
    language: 'javascript',
    programs: webpplResults.programs as unknown as Readonly<Record<string, Result>>,
    densities: webpplResults.densities.map(({ webppl, ...rest }) => ({ ...rest, at: String(rest.at), theirs: webppl })),
  },
];
const cases = systems.flatMap(({ system, language, programs }) =>
  Object.entries(programs).map(([name, result]) => ({ name: `${system}-${name}`, language, result })),
);

describe('programs side by side', () => {
  it('are all there', () => {
    const named = [...page.matchAll(/^```(?:jags|stan|javascript) name=(.*)$/gm)].map((match) => match[1]);
    expect(cases.map(({ name }) => name).sort()).toEqual(named.sort());
    expect([...page.matchAll(/^```(?:jags|stan|javascript)$/gm)]).toEqual([]);
  });

  it.each(cases)('$name is the program whose results are known', ({ name, language, result }) => {
    expect(block(language, name)).toBe(result.program);
  });

  it.each(cases)('$name has the posterior of ours', async ({ name, result }) => {
    const posterior = await compile(block('credence', name)).infer(result.data, {
      backend: 'gibbs',
      seed: 1,
      chains: 4,
      draws: 4000,
      workers: 1,
    });
    const { variables } = posterior.summary();
    const far = Object.entries(result.quantities).flatMap(([quantity, theirs]) => {
      // JAGS returns the data it was given as if they were unknowns; ours returns what is unknown.
      const row = variables[quantity]!;
      const z = (row.mean! - theirs.mean) / Math.hypot(row.mcse!, theirs.mcse);
      // Deviations within a tenth: no error in a parameterisation is smaller.
      return Math.abs(z) > 4.5 || Math.abs(Math.log(row.sd! / theirs.sd)) > 0.1
        ? [`${quantity}: ${row.mean} (sd ${row.sd}) against ${theirs.mean} (sd ${theirs.sd}), z = ${z}`]
        : [];
    });
    expect(far).toEqual([]);
  });
});

describe.each(systems)('densities of $system', ({ densities }) => {
  it.each(densities)('$theirs is $law', async ({ at, law, value }) => {
    const { variables } = (await compile(`report density = exp(logpdf(${law}, ${at}))`).infer({}, { backend: 'exact', seed: 1 })).summary();
    expect(variables['density']!.mean).toBeCloseTo(value, 8);
  });

  it('are those the table speaks of', () => {
    for (const { theirs } of densities) expect(page).toContain(`\`${theirs.slice(0, theirs.indexOf('('))}`);
  });
});
