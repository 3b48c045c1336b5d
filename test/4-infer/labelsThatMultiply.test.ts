/**
 * Labels of 0 or 1 that multiply a probability, as sites that may be empty are written (`Bernoulli(z[i] * p)`): given the labels
 * the probabilities are conjugate. Truth by enumeration of the labels, with Beta integrals in closed form.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';
import { erfc } from '../../src/numeric/special/errorFunction.js';
import { lgamma } from '../../src/numeric/special/gamma.js';

const logBeta = (a: number, b: number): number => lgamma(a) + lgamma(b) - lgamma(a + b);
const y = [
  [0, 0, 0],
  [1, 0, 1],
  [0, 0, 0],
  [0, 1, 1],
];

/** How many of p, of 1 - p, of q and of 1 - q a datum brings where the label is 1, and where it is 0; null for what cannot be. */
type Powers = readonly [p: number, notP: number, q: number, notQ: number];
interface Form {
  readonly law: string;
  readonly full: (v: number) => Powers;
  readonly empty: (v: number) => Powers | null;
}
const seen = (v: number): Powers => [v, 1 - v, 0, 0],
  byOther = (v: number): Powers => [0, 0, v, 1 - v],
  never = (v: number): Powers | null => (v === 1 ? null : [0, 0, 0, 0]);
const forms: readonly Form[] = [
  { law: 'Bernoulli(z[i] * p)', full: seen, empty: never },
  { law: 'Binomial(1, z[i] * p)', full: seen, empty: never },
  { law: 'Categorical([1 - z[i] * p, z[i] * p])', full: seen, empty: never },
  { law: 'Bernoulli(z[i] * p + (1 - z[i]) * q)', full: seen, empty: byOther },
];
/** Laws and how a choice writes them; the last two are no powers of p and q. */
const choices: readonly (readonly [law: string, choice: string])[] = [
  ['Bernoulli(z[i] * p)', 'Bernoulli(z[i] == 1 ? p : 0)'],
  ['Binomial(1, z[i] * p)', 'Binomial(1, z[i] == 1 ? p : 0)'],
  ['Categorical([1 - z[i] * p, z[i] * p])', 'Bernoulli(z[i] == 1 ? p : 0)'],
  ['Bernoulli(z[i] * p + (1 - z[i]) * q)', 'Bernoulli(z[i] == 1 ? p : q)'],
  ['Bernoulli(p * q * z[i])', 'Bernoulli(z[i] == 1 ? p * q : 0)'],
  ['Bernoulli(1 - (1 - q) * (1 - z[i] * p))', 'Bernoulli(z[i] == 1 ? 1 - (1 - q) * (1 - p) : q)'],
];

function truth({ full, empty }: Form): { readonly logEvidence: number; readonly p: number; readonly first: number } {
  let total = 0,
    p = 0,
    first = 0;
  for (let code = 0; code < 2 ** y.length; code++) {
    const z = y.map((_, i) => (code >> i) & 1);
    const powers = y.flatMap((visits, i) => visits.map((v) => (z[i] === 1 ? full(v) : empty(v))));
    if (powers.includes(null)) continue;
    const [a, b, c, d] = powers.reduce<number[]>((sum, one) => sum.map((s, k) => s + one![k]!), [0, 0, 0, 0]) as [
      number,
      number,
      number,
      number,
    ];
    const occupied = z.reduce((sum, v) => sum + v, 0);
    const weight = Math.exp(
      logBeta(1 + occupied, 1 + y.length - occupied) + logBeta(2 + a, 3 + b) - logBeta(2, 3) + logBeta(1 + c, 4 + d) - logBeta(1, 4),
    );
    total += weight;
    p += (weight * (2 + a)) / (5 + a + b);
    first += weight * z[0]!;
  }
  return { logEvidence: Math.log(total), p: p / total, first: first / total };
}
const program = (law: string): string => `data y: int[I, J]
  sample psi ~ Beta(1, 1)  sample p ~ Beta(2, 3)  sample q ~ Beta(1, 4)
  for i in 0..<I { sample z[i] ~ Bernoulli(psi)  for j in 0..<J { observe y[i, j] ~ ${law} } }`;
const run = async (law: string, backend: string) =>
  (await compile(program(law)).infer({ y }, { backend, seed: 3, workers: 0, draws: 8000, warmup: 500, chains: 2 })).summary();

describe.each(forms.map((form) => ({ form, law: form.law })))('$law', ({ form }) => {
  const expected = truth(form);

  it('exact has the evidence and the means', async () => {
    const { logEvidence, variables } = await run(form.law, 'exact');
    expect(logEvidence).toBeCloseTo(expected.logEvidence, 9);
    expect(variables['p']!.mean).toBeCloseTo(expected.p, 9);
    expect(variables['z[0]']!.mean).toBeCloseTo(expected.first, 9);
  });

  it('gibbs draws the probabilities from their conditionals', async () => {
    const fit = await compile(program(form.law)).infer(
      { y },
      { backend: 'gibbs', seed: 4, workers: 0, draws: 8000, warmup: 500, chains: 2 },
    );
    expect(fit.plan.find(({ block }) => block === 'p')?.kernel).toBe('conjugate');
    const { variables } = fit.summary();
    // 4.5 standard errors: with the rest of this file 13 numbers of draws, a false alarm in one of 11,000 seeds.
    for (const [name, value] of [
      ['p', expected.p],
      ['z[0]', expected.first],
    ] as const)
      expect(Math.abs(variables[name]!.mean! - value)).toBeLessThan(4.5 * variables[name]!.mcse!);
  });
});

describe.each(choices)('%s as %s', (law, choice) => {
  it.each(['cavi', 'map', 'laplace'])('%s is what it is for a choice', async (backend) => {
    const refusal = (error: unknown): string => (error as Error).name;
    const [own, chosen] = await Promise.all([law, choice].map((form) => run(form, backend).catch(refusal)));
    if (typeof own === 'string' || typeof chosen === 'string') {
      expect(own).toBe(chosen);
      return;
    }
    expect(own!.elbo ?? own!.logEvidence ?? own!.logJoint).toBeCloseTo((chosen!.elbo ?? chosen!.logEvidence ?? chosen!.logJoint)!, 6);
    expect(own!.variables['p']!.mean).toBeCloseTo(chosen!.variables['p']!.mean!, 5);
  });
});

describe('a bound that labels of a sum may break', () => {
  it('is kept, element by element', async () => {
    // p (z[0] + z[1]) <= 1: at z = (1, 1) only p up to 1/2. Evidence of y = 1: (E p + E p + integral of 2p to 1/2) / 4 under p ~ U(0, 1).
    const source = `data y: int  sample p ~ Beta(1, 1)  for i in 0..<2 { sample z[i] ~ Bernoulli(0.5) }
      observe y ~ Bernoulli(sum(p * z[i] for i in 0..<2))`;
    const total = (0.5 + 0.5 + 0.25) / 4,
      mean = (1 / 3 + 1 / 3 + 1 / 12) / 4 / total;
    const { variables } = (
      await compile(source).infer({ y: 1 }, { backend: 'mh', seed: 5, workers: 0, chains: 4, draws: 40_000, warmup: 1000 })
    ).summary();
    expect(Math.abs(variables['p']!.mean! - mean)).toBeLessThan(4.5 * variables['p']!.mcse!);
  });
});

describe('labels that choose among rates and variances as sums', () => {
  const pairs = [
    {
      name: 'three rates, by tests',
      data: { y: [0, 5, 3] },
      source: (rate: string) =>
        `data y: int[N]  sample l ~ Gamma(2, 1)  sample m ~ Gamma(5, 1)
         for n in 0..<N { sample z[n] ~ Categorical([0.2, 0.3, 0.5])  observe y[n] ~ Poisson(${rate}) }`,
      sum: '(z[n] == 0) * 1 + (z[n] == 1) * l + (z[n] == 2) * m',
      choice: 'z[n] == 0 ? 1 : z[n] == 1 ? l : m',
      conjugate: ['l', 'm'],
    },
    {
      name: 'two variances',
      data: { y: [0.1, 5, -3] },
      source: (variance: string) =>
        `data y: real[N]  sample v ~ InverseGamma(3, 2)  sample u ~ InverseGamma(2, 9)
         for n in 0..<N { sample z[n] ~ Bernoulli(0.4)  observe y[n] ~ Normal(0, variance: ${variance}) }`,
      sum: 'v * (1 - z[n]) + u * z[n]',
      choice: 'z[n] == 1 ? u : v',
      conjugate: ['u', 'v'],
    },
    {
      name: 'one cause or another',
      data: { y: [1, 0, 1] },
      source: (p: string) =>
        `data y: int[N]  sample q ~ Beta(1, 2)
         for n in 0..<N { sample a[n] ~ Bernoulli(0.3)  sample b[n] ~ Bernoulli(0.6)  observe y[n] ~ Bernoulli(${p}) }`,
      sum: '1 - (1 - q * a[n]) * (1 - b[n])',
      choice: 'a[n] == 1 ? (b[n] == 1 ? 1 : q) : (b[n] == 1 ? 1 : 0)',
      conjugate: ['q'],
    },
  ];
  it.each(pairs)('$name: as exact as a choice', async ({ source, data, sum, choice, conjugate }) => {
    for (const backend of ['exact', 'cavi']) {
      const [own, chosen] = await Promise.all(
        [sum, choice].map(async (form) => (await compile(source(form)).infer(data, { backend, seed: 1, workers: 0 })).summary()),
      );
      const value = own!.logEvidence ?? own!.elbo;
      expect(value).not.toBeNull();
      expect(value).toBeCloseTo((chosen!.logEvidence ?? chosen!.elbo)!, 8);
    }
    const { plan } = await compile(source(sum)).infer(data, { backend: 'gibbs', seed: 1, workers: 0, draws: 5, warmup: 5, chains: 1 });
    expect(conjugate.map((name) => plan.find(({ block }) => block === name)?.kernel)).toEqual(conjugate.map(() => 'conjugate'));
  });
});

describe('em of a param beside tests of a label', () => {
  const y = [0.3, 0.3, -0.5, 1];
  const logPhi = (u: number): number => Math.log(0.5 * erfc(-u / Math.SQRT2));
  /** Log likelihood of a: Normal(tanh a, s), s = 1 or 2, censored at 1. */
  const logLikelihood = (a: number): number => {
    const under = (s: number): number =>
      y.reduce(
        (sum, v) =>
          sum +
          (v >= 1 ? logPhi((Math.tanh(a) - 1) / s) : -0.5 * Math.log(2 * Math.PI) - Math.log(s) - 0.5 * ((v - Math.tanh(a)) / s) ** 2),
        0,
      );
    return Math.log(0.7 * Math.exp(under(1)) + 0.3 * Math.exp(under(2)));
  };
  it.each(['(k == 1) * 1 + (k == 0) * 2', '(k == 1 ? 1 : 0) + (k == 0 ? 2 : 0)', 'k + (k == 0) * 2', 'k == 1 ? 1 : 2'])(
    '%s: is the maximum',
    async (scale) => {
      const { variables, logLikelihood: own } = (
        await compile(
          `data y: real[N]  param a: real  sample k ~ Bernoulli(0.7)
           for n in 0..<N { observe y[n] ~ censored(Normal(tanh(a), ${scale}), -inf, 1) }`,
        ).infer({ y }, { backend: 'em', seed: 1, workers: 0 })
      ).summary();
      const a = variables['a']!.mean!;
      expect(own).toBeCloseTo(logLikelihood(a), 9);
      for (const step of [-0.01, 0.01]) expect(logLikelihood(a + step)).toBeLessThan(own!);
    },
  );
});

describe('chains of labels that begin with a number', () => {
  const y = [0, 1, 1, 0];
  const source = (start: number, scale: number): string => `data y: int[T]  sample p ~ Beta(1, 1)  let z[0] = ${start}
    for t in 1..<T { sample z[t] ~ Bernoulli(p * z[t-1] * ${scale})  observe y[t] ~ Bernoulli(0.2 + 0.5 * z[t]) }`;
  /** Sum over the labels, midpoints over p: a polynomial of degree 3, whose error is of order 1e-9. */
  function truth(start: number, scale: number): { readonly logEvidence: number; readonly p: number; readonly first: number } {
    const points = 20_000;
    let total = 0,
      p = 0,
      first = 0;
    for (let i = 0; i < points; i++) {
      const at = (i + 0.5) / points;
      for (let code = 0; code < 8; code++) {
        let before = start,
          weight = 1 / points;
        for (let t = 1; t < 4; t++) {
          const z = (code >> (t - 1)) & 1,
            alive = at * before * scale,
            seen = 0.2 + 0.5 * z;
          weight *= (z === 1 ? alive : 1 - alive) * (y[t] === 1 ? seen : 1 - seen);
          before = z;
        }
        total += weight;
        p += weight * at;
        first += weight * (code & 1);
      }
    }
    return { logEvidence: Math.log(total), p: p / total, first: first / total };
  }
  it('survival, as exact as it is', async () => {
    const { logEvidence, variables } = (await compile(source(1, 1)).infer({ y }, { backend: 'exact', workers: 0 })).summary(),
      expected = truth(1, 1);
    expect(logEvidence).toBeCloseTo(expected.logEvidence, 7);
    expect(variables['p']!.mean).toBeCloseTo(expected.p, 7);
    expect(variables['z[1]']!.mean).toBeCloseTo(expected.first, 7);
  });
  it.each([
    [1, 1],
    [3, 0.3],
  ])('from %i on, by gibbs', async (start, scale) => {
    const { variables } = (
        await compile(source(start, scale)).infer({ y }, { backend: 'gibbs', seed: 6, workers: 0, chains: 2, warmup: 500, draws: 40_000 })
      ).summary(),
      expected = truth(start, scale);
    expect(Math.abs(variables['p']!.mean! - expected.p)).toBeLessThan(4.5 * variables['p']!.mcse!);
    expect(Math.abs(variables['z[1]']!.mean! - expected.first)).toBeLessThan(4.5 * variables['z[1]']!.mcse!);
  });
});
