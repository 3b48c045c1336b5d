/**
 * The law of total probability, over the registry: where an unknown label chooses between two sets of parameters, the evidence of all
 * outcomes adds up to 1. What a family leaves unsaid about its support when its parameters are unknown makes the sum larger.
 * Parameters are those of `test/reference/families.py`; totals of count vectors are cut to 2 and 3.
 */
import { describe, expect, it } from 'vitest';
import { families } from '../../src/distributions/registry.js';
import { compile, ModelError } from '../../src/index.js';
import reference from '../reference/families.json' with { type: 'json' };

type Parameters = Readonly<Record<string, unknown>>;
const cases = [...reference.scalars, ...reference.arrays] as unknown as readonly {
  readonly family: string;
  readonly parameters: Parameters;
}[];
/** Families whose outcomes do not end within 40: what is beyond may be missing. */
const endless: ReadonlySet<string> = new Set(['Geometric', 'NegativeBinomial', 'Poisson']);
const shapeOf = (p: Parameters): string => JSON.stringify(Object.values(p).map((v) => (Array.isArray(v) ? v.length : 0)));
const isSmall = (p: Parameters): boolean =>
  Object.values(p).every((v) => typeof v !== 'number' || (Math.abs(v) <= 12 && Math.abs(v) >= 0.2) || v === 0);

/** Two different sets of parameters of one shape; of count vectors one, with two totals. */
function choices(name: string): readonly [Parameters, Parameters] | null {
  const own = cases.filter((c) => c.family === name && isSmall(c.parameters)).map((c) => c.parameters);
  const counts = own.find(() => families.get(name)!.eventRank === 1);
  if (counts !== undefined)
    return [
      { ...counts, n: 2 },
      { ...counts, n: 3 },
    ];
  for (const a of own) for (const b of own) if (shapeOf(a) === shapeOf(b) && JSON.stringify(a) !== JSON.stringify(b)) return [a, b];
  return null;
}
function outcomes(rank: number, dimension: number): readonly unknown[] {
  if (rank === 0) return Array.from({ length: 46 }, (_, k) => k - 5);
  return Array.from({ length: 4 ** dimension }, (_, code) =>
    Array.from({ length: dimension }, (_unused, d) => Math.floor(code / 4 ** d) % 4),
  );
}

describe.each(
  [...families.values()]
    .filter((f) => f.discrete)
    .flatMap((family) => {
      const chosen = choices(family.name);
      return chosen === null ? [] : [{ name: family.name, family, chosen }];
    }),
)('$name', ({ name, family, chosen }) => {
  it('the evidence of all outcomes adds up to 1', async () => {
    const [a, b] = chosen;
    const lets = Object.keys(a).map((p) => `let ${p} = ${JSON.stringify([a[p], b[p]])}\n`);
    const call = `${name}(${family.parameters.map((p) => `${p.name}[label]`).join(', ')})`;
    const dimension = Math.max(1, ...Object.values(a).map((v) => (Array.isArray(v) ? v.length : 0)));
    const source = `data outcome: int${family.eventRank === 1 ? `[${dimension}]` : ''}\nsample label ~ Categorical([0.3, 0.7])\n${lets.join('')}observe outcome ~ ${call}`;
    const model = compile(source);
    let total = 0;
    for (const outcome of outcomes(family.eventRank, dimension)) {
      try {
        const posterior = await model.infer({ outcome }, { backend: 'exact', chains: 1, draws: 1, seed: 1, workers: 0 });
        total += Math.exp(posterior.summary().logEvidence!);
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        expect(['impossible-evidence', 'outside-support']).toContain(error.diagnostics[0]!.code);
      }
    }
    if (endless.has(name)) expect(total).toBeGreaterThan(0.99);
    else expect(total).toBeGreaterThan(1 - 1e-9);
    expect(total).toBeLessThan(1 + 1e-9);
  });
});
