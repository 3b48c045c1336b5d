/**
 * sbc, geweke and rank for samplers of a user's own: a normal mean and variance with closed-form conditionals.
 * Right samplers pass at the stated rate over many repetitions; each of several wrong ones is caught.
 */
import { describe, expect, it } from 'vitest';
import {
  geweke,
  type GewekeProblem,
  type Quantities,
  type Random,
  rank,
  type RankProblem,
  sbc,
  type SbcProblem,
} from '../../src/testing-api.js';
import { gamma } from '../../src/random/variates/gamma.js';

/** y ~ Normal(mu, 1 / tau), mu ~ Normal(0, 1), tau ~ Gamma(3, 2); five data. */
interface State {
  readonly mu: number;
  readonly tau: number;
  readonly y: readonly number[];
}
const N = 5;
function replicate(s: State, random: Random): State {
  return { ...s, y: Array.from({ length: N }, () => s.mu + random.normal() / Math.sqrt(s.tau)) };
}
function draw(random: Random): State {
  return replicate({ mu: random.normal(), tau: gamma(random, 3, 2), y: [] }, random);
}
function quantities({ mu, tau }: State): Quantities {
  return { mu, tau };
}

interface Errors {
  readonly variance?: number;
  readonly dropped?: number;
  readonly shape?: number;
}
/** mu | tau, y ~ Normal(tau sum y / P, 1 / P), P = 1 + N tau; errors scale its variance or forget data. */
function drawMean(s: State, random: Random, { variance = 1, dropped = 0 }: Errors): State {
  const y = s.y.slice(dropped),
    precision = 1 + y.length * s.tau;
  return { ...s, mu: (s.tau * y.reduce((a, b) => a + b, 0)) / precision + random.normal() * Math.sqrt(variance / precision) };
}
/** tau | mu, y ~ Gamma(3 + N / 2, 2 + sum (y - mu)^2 / 2). */
function drawPrecision(s: State, random: Random, { shape = 0 }: Errors): State {
  return { ...s, tau: gamma(random, 3 + N / 2 + shape, 2 + s.y.reduce((a, y) => a + (y - s.mu) ** 2, 0) / 2) };
}

function joint(errors: Errors): GewekeProblem<State> & RankProblem<State> {
  return {
    draw,
    replicate,
    quantities,
    transition: (s, random) => drawPrecision(drawMean(s, random, errors), random, errors),
    forward: (s, random) => drawPrecision(drawMean(s, random, errors), random, errors),
    backward: (s, random) => drawMean(drawPrecision(s, random, errors), random, errors),
  };
}
function calibration(errors: Errors): SbcProblem<State> {
  return {
    simulate: (random) => {
      const s = draw(random);
      return { truth: quantities(s), data: s };
    },
    posterior: (data, count, random) => {
      let s: State = { ...data, mu: 0, tau: 1 };
      const out: Quantities[] = [];
      for (let k = 0; k < 20 + 4 * count; k++) {
        s = drawPrecision(drawMean(s, random, errors), random, errors);
        if (k >= 20 && k % 4 === 0) out.push(quantities(s));
      }
      return out;
    },
  };
}

describe('a right sampler passes at the stated rate', () => {
  const repetitions = 60,
    rate = 0.1,
    most = rate + 4 * Math.sqrt((rate * (1 - rate)) / repetitions);
  it('geweke', async () => {
    let failed = 0;
    for (let seed = 0; seed < repetitions; seed++)
      if ((await geweke(joint({}), { seed, falseAlarm: rate, steps: 400, references: 500 })).verdict === 'failed') failed++;
    expect(failed / repetitions).toBeLessThan(most);
  });
  it('rank', async () => {
    let failed = 0;
    for (let seed = 0; seed < repetitions; seed++)
      if ((await rank(joint({}), { seed, falseAlarm: rate, repetitions: 60, length: 10 })).verdict === 'failed') failed++;
    expect(failed / repetitions).toBeLessThan(most);
    // Exact and discrete, not idle.
    expect(failed).toBeGreaterThan(0);
  });
  it('sbc', async () => {
    let failed = 0;
    for (let seed = 0; seed < repetitions; seed++)
      if ((await sbc(calibration({}), { seed, falseAlarm: rate, simulations: 40, draws: 19 })).verdict === 'failed') failed++;
    expect(failed / repetitions).toBeLessThan(most);
  });
});

describe('a wrong sampler fails at the default rate', () => {
  const wrong: readonly (readonly [string, Errors])[] = [
    ['a variance 20 % too large', { variance: 1.2 }],
    ['one datum of five dropped', { dropped: 1 }],
    ['a shape off by a half', { shape: 0.5 }],
  ];
  it.each(wrong)('geweke: %s', async (_, errors) => {
    const report = await geweke(joint(errors), { steps: 40_000 });
    expect(report).toMatchObject({ verdict: 'failed', falseAlarm: 1e-3 });
    expect(report.tests.filter((t) => t.failed)[0]!.pointsTo).toMatch(/too (low|high|narrow|wide)/);
  });
  it.each(wrong)('rank: %s', async (_, errors) => {
    expect(await rank(joint(errors), { repetitions: 3000, length: 20 })).toMatchObject({ verdict: 'failed' });
  });
  it('sbc: a variance halved', async () => {
    const report = await sbc(calibration({ variance: 0.5 }), { simulations: 400, draws: 49 });
    expect(report.verdict).toBe('failed');
    expect(report.tests.find((t) => t.quantity === 'mu')!.pointsTo).toMatch(/too narrow/);
    // The bands and the verdict say the same: the counts of mu leave them, those of tau do not.
    const { points, low, high } = report.envelope!;
    const leaves = report.ranks!.map(
      ({ quantity, values, ranks }) =>
        [
          quantity,
          points.some((z, i) => {
            const below = ranks.filter((r) => r < z * values - 1e-9).length;
            return below < low[i]! || below > high[i]!;
          }),
        ] as const,
    );
    expect(leaves).toEqual(report.tests.map((t) => [t.quantity, t.p! <= report.falseAlarm / 2]));
  });
});

describe('rank on a chain of three states', () => {
  // A ring: one step on with probability 0.7, else it stays. Its stationary law is uniform; its reversal goes round the other way.
  const on = 0.7;
  const step = (x: number, direction: number, random: Random): number => (random.uniform() < on ? (x + direction + 3) % 3 : x);
  const ring = (backward: number): RankProblem<number> => ({
    draw: (random) => random.integer(3),
    forward: (x, random) => step(x, 1, random),
    backward: (x, random) => step(x, backward, random),
    quantities: (x) => ({ low: x === 0 ? 0 : 1 }),
  });
  /** The law of the rank among three states, every path with its probability, ties by lot. */
  function law(backward: number): readonly number[] {
    const out = [0, 0, 0];
    const move = (x: number, direction: number): readonly (readonly [number, number])[] => [
      [(x + direction + 3) % 3, on],
      [x, 1 - on],
    ];
    const value = (x: number): number => (x === 0 ? 0 : 1);
    for (let start = 0; start < 3; start++)
      for (let place = 0; place < 3; place++) {
        let paths: readonly (readonly [readonly number[], number, number])[] = [[[], start, 1 / 9]];
        const extend = (direction: number): void => {
          paths = paths.flatMap(([seen, x, p]) => move(x, direction).map(([y, q]) => [[...seen, y], y, p * q] as const));
        };
        for (let k = place + 1; k < 3; k++) extend(1);
        paths = paths.map(([seen, , p]) => [seen, start, p] as const);
        for (let k = place; k > 0; k--) extend(backward);
        for (const [seen, , p] of paths) {
          const below = seen.filter((x) => value(x) < value(start)).length,
            equal = seen.filter((x) => value(x) === value(start)).length;
          for (let tie = 0; tie <= equal; tie++) out[below + tie]! += p / (equal + 1);
        }
      }
    return out;
  }
  it('is uniform with the reversal, and not with the kernel in its place', () => {
    law(-1).forEach((p) => {
      expect(p).toBeCloseTo(1 / 3, 12);
    });
    expect(Math.max(...law(1).map((p) => Math.abs(p - 1 / 3)))).toBeGreaterThan(0.01);
  });
  it.each([-1, 1])('has the law of all paths (backwards %d)', async (backward) => {
    const repetitions = 6000,
      report = await rank(ring(backward), { repetitions, length: 3, seed: 5 });
    const { ranks } = report.ranks![0]!;
    law(backward).forEach((p, k) => {
      expect(Math.abs(ranks.filter((r) => r === k).length / repetitions - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / repetitions));
    });
  });
});

describe('what makes no sense is refused before anything is drawn', () => {
  const still: GewekeProblem<number> & RankProblem<number> = {
    draw: (r) => r.normal(),
    replicate: (x) => x,
    transition: (x) => x,
    forward: (x) => x,
    quantities: (x) => ({ x }),
  };
  const problem = (draws: readonly Quantities[]): SbcProblem<null> => ({
    simulate: (random) => ({ truth: { x: random.normal() }, data: null }),
    posterior: () => draws,
  });
  it.each([
    ['counts', () => geweke(still, { steps: 100, chains: 200 }), /geweke: steps is 100; it must be a whole number of at least 200/],
    ['chains', () => geweke(still, { chains: 1 }), /chains is 1/],
    ['lengths', () => rank(still, { length: 1 }), /rank: length is 1/],
    ['rates', () => rank(still, { falseAlarm: 1 }), /falseAlarm is 1; it must lie between 0 and 1/],
    ['simulations', () => sbc(problem([]), { simulations: 0.5 }), /sbc: simulations is 0.5/],
    ['fewer draws than asked for', () => sbc(problem([{ x: 1 }]), { draws: 2 }), /gave 1 draws and was asked for 2/],
    [
      'a quantity that is no number',
      () => sbc(problem([{ x: '1' as never }]), { draws: 1 }),
      /quantity "x" is of type string in some states/,
    ],
    ['draws without a quantity', () => sbc(problem([{ y: 1 }]), { draws: 1 }), /quantity "x" is missing in some states; those have "y"/],
    [
      'states without a quantity',
      () => rank({ ...still, forward: (x) => -x, quantities: (x): Quantities => (x > 0 ? { x } : {}) }, { repetitions: 50 }),
      /rank: the quantity "x" is missing in some states/,
    ],
  ] as const)('%s', async (_, run, message) => {
    await expect(run()).rejects.toThrow(message);
  });
});

describe('what says nothing is not passed', () => {
  // Draws that are independent of each other: right for rank (a kernel that forgets its state) and for sbc (data that tell nothing).
  const independent = (quantities: (x: number) => Quantities): RankProblem<number> & SbcProblem<null> => ({
    draw: (r) => r.normal(),
    forward: (_, r) => r.normal(),
    quantities,
    simulate: (r) => ({ truth: quantities(r.normal()), data: null }),
    posterior: (_, count, r) => Array.from({ length: count }, () => quantities(r.normal())),
  });
  const silent: readonly (readonly [string, Quantities])[] = [
    ['NaN', { m: Number.NaN }],
    ['a constant', { m: 3 }],
  ];
  it.each(silent)('%s everywhere', async (_, quantities) => {
    const problem = independent(() => quantities);
    for (const report of [await rank(problem, { repetitions: 50 }), await sbc(problem, { simulations: 50, draws: 19 })]) {
      expect(report).toMatchObject({ verdict: 'inapplicable', ranks: [{ quantity: 'm', byLot: true }] });
      expect(report.reason).toMatch(/^m: the exact value equals all that it is ranked among/);
    }
  });
  it('is left out beside what says something, and takes no share of the rate', async () => {
    const alone = await rank(
      independent((x) => ({ x })),
      { repetitions: 50 },
    );
    const beside = await rank(
      independent((x) => ({ x, m: Number.NaN })),
      { repetitions: 50 },
    );
    expect(alone.verdict).toBe('passed');
    expect(beside).toMatchObject({ verdict: 'passed', tests: [{ quantity: 'x' }, { quantity: 'm', p: Number.NaN }] });
  });
  it('a kernel that stands still', async () => {
    expect(await rank<number>({ ...independent((x) => ({ x })), forward: (x) => x }, { repetitions: 50 })).toMatchObject({
      verdict: 'inapplicable',
    });
  });
  it('NaN on one side fails', async () => {
    const problem = independent((x) => ({ x }));
    const wrong = { ...problem, simulate: () => ({ truth: { x: Number.NaN }, data: null }) };
    expect((await sbc(wrong, { simulations: 50, draws: 19 })).verdict).toBe('failed');
  });
  // The least likely outcomes of n ranks among V values, looked at in k cells: all in the first or all in the last, 2 / k^n. With
  // V = 20 there are 5 cells for 5 ranks (1/1562) and 4 for 4 (1/128); with V = 4 it takes 2 / 4^6 = 1/2048.
  it.each([
    [20, 4, 5],
    [4, 5, 6],
  ])('fewer ranks of %d values than can fail', async (values, few, enough) => {
    const problem = independent((x) => ({ x })),
      stuck = { ...problem, simulate: () => ({ truth: { x: -100 }, data: null }) };
    expect(await sbc(stuck, { simulations: few, draws: values - 1 })).toMatchObject({
      verdict: 'inapplicable',
      reason: `x: too few ranks: ${few} of ${values} values cannot fail at a false-alarm rate of 0.001, ${enough} can`,
    });
    expect((await sbc(stuck, { simulations: enough, draws: values - 1 })).verdict).toBe('failed');
    expect((await rank(problem, { repetitions: few, length: values })).verdict).toBe('inapplicable');
    expect((await rank(problem, { repetitions: enough, length: values })).verdict).not.toBe('inapplicable');
  });
  it('two quantities take half the rate each, and more ranks', async () => {
    // 2 / 5^5 = 1/1562 is above 1/2000; 6 ranks are looked at in 5 cells: 2 / 5^6 = 1/7812.
    const problem = independent((x) => ({ x, square: x ** 2 }));
    expect(await rank(problem, { repetitions: 5 })).toMatchObject({ verdict: 'inapplicable' });
    expect((await rank(problem, { repetitions: 6 })).verdict).not.toBe('inapplicable');
  });
});

describe('runs that say themselves that they failed', () => {
  // Exact draws of x given nothing, but a run in so many gives none; those that are left are as uniform as ever.
  const failing = (share: number): SbcProblem<null> => ({
    simulate: (random) => ({ truth: { x: random.normal() }, data: null }),
    posterior: (_, count, random) => (random.uniform() < share ? null : Array.from({ length: count }, () => ({ x: random.normal() }))),
  });
  it('are left out of sbc, and counted', async () => {
    const report = await sbc(failing(0.2), { simulations: 200, draws: 19 });
    const left = Number(/(\d+) runs left out/.exec(report.did)![1]);
    // Binomial(200, 0.2): mean 40, standard deviation 5.7.
    expect(Math.abs(left - 40)).toBeLessThan(4 * 5.7);
    expect(report.ranks![0]!.ranks).toHaveLength(200 - left);
    expect(report.verdict).toBe('passed');
  });
  it('leave nothing to say where they are most', async () => {
    const report = await sbc(failing(0.8), { simulations: 50, draws: 19 });
    expect(report).toMatchObject({ verdict: 'inapplicable' });
    expect(report.reason).toMatch(/of 50 runs say themselves that they are not to be trusted/);
  });
});
