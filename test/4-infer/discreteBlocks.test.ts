/**
 * Discrete blocks against enumeration of every state by the program's own joint density: normaliser,
 * single and joint marginals and the most probable assignment to 1e-10, joint draws by chi-square.
 *
 * False alarms: each chi-square is compared with its 1 - 1e-6 quantile (Wilson and Hilferty 1931), 9
 * studies, below 1e-5 together. Power: 20,000 draws see a cell of probability 0.05 that is off by 20 %.
 */
import { describe, expect, test } from 'vitest';
import { compile } from './machine.js';
import { digits, DiscreteMachine, type Element, enumerate, type Unknown } from './discreteMachine.js';

interface Study {
  readonly title: string;
  readonly source: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly unknowns: readonly Unknown[];
  /** Elements of one factor, by number. */
  readonly joint: readonly (readonly number[])[];
  readonly structure: RegExp;
}

const vector = (name: string, n: number, count: number, low = 0, first = 0): Unknown[] =>
  Array.from({ length: n }, (_, t) => ({ name, at: [first + t], low, count }));
const single = (name: string, count: number, low = 0): Unknown => ({ name, at: [], low, count });

const A = [
  [0.6, 0.3, 0.1],
  [0.2, 0.5, 0.3],
  [0.25, 0.25, 0.5],
];
const emissions = 'for t in 0..<T { observe y[t] ~ Normal(mu[z[t]], 0.7) }';
const studies: readonly Study[] = [
  {
    title: 'a chain with one transition matrix',
    source: `data p: simplex[K]  data A: simplex[K, K]  data mu: real[K]  data y: real[T]
      sample z[0] ~ Categorical(p)
      for t in 1..<T { sample z[t] ~ Categorical(A[z[t-1]]) } ${emissions}`,
    data: { p: [0.5, 0.3, 0.2], A, mu: [-0.5, 0.1, 0.8], y: [0.2, -0.4, 0.9, 0.3] },
    unknowns: vector('z', 4, 3),
    joint: [
      [0, 1],
      [2, 1],
      [2, 3],
    ],
    structure: /^a chain of 4 elements with 3 values each$/,
  },
  {
    title: 'a chain with structural zeros and matrices that change with time',
    source: `data p: simplex[K]  data A: simplex[M, K, K]  data g: int[T]  data mu: real[K]  data y: real[T]
      sample z[0] ~ Categorical(p)
      for t in 1..<T { sample z[t] ~ Categorical(A[g[t], z[t-1]]) } ${emissions}`,
    data: {
      p: [1, 0, 0],
      A: [
        [
          [0.5, 0.5, 0],
          [0, 0.6, 0.4],
          [0, 0, 1],
        ],
        [
          [0.9, 0.1, 0],
          [0, 0.3, 0.7],
          [0.2, 0, 0.8],
        ],
      ],
      g: [0, 0, 1, 1, 0],
      mu: [-0.5, 0.1, 0.8],
      y: [0.2, -0.4, 0.9, 0.3, 1],
    },
    unknowns: vector('z', 5, 3),
    joint: [
      [0, 1],
      [3, 4],
    ],
    structure: /^a chain of 5/,
  },
  {
    title: 'several ragged chains side by side',
    source: `data N: int  data L: int[N]  data A: simplex[2, 2]  data y: real[N, 3]
      for n in 0..<N {
        sample z[n, 0] ~ Bernoulli(0.4)
        for t in 1..<L[n] { sample z[n, t] ~ Categorical(A[z[n, t-1]]) }
        for t in 0..<L[n] { observe y[n, t] ~ Normal(z[n, t], 0.8) }
      }`,
    data: {
      N: 3,
      L: [2, 1, 3],
      A: [
        [0.7, 0.3],
        [0.4, 0.6],
      ],
      y: [
        [0.3, 0.9, 0],
        [0.2, 0, 0],
        [0.8, 0.1, 1.4],
      ],
    },
    unknowns: [
      [0, 0],
      [0, 1],
      [1, 0],
      [2, 0],
      [2, 1],
      [2, 2],
    ].map((at) => ({ name: 'z', at, low: 0, count: 2 })),
    joint: [
      [0, 1],
      [3, 4],
      [5, 4],
    ],
    structure: /^3 chains of 6/,
  },
  {
    title: 'a gather through another unknown',
    source: `data y: real[2]
      for k in 0..<3 { sample w[k] ~ Bernoulli(0.2 + 0.2 * k) }
      for n in 0..<2 {
        sample z[n] ~ Categorical([0.5, 0.3, 0.2])
        observe y[n] ~ Normal(w[z[n]] + 0.3 * z[n], 0.8)
      }`,
    data: { y: [0.9, 0.2] },
    unknowns: [...vector('w', 3, 2), ...vector('z', 2, 3)],
    joint: [
      [0, 3],
      [4, 1],
    ],
    structure: /tree-width 2/,
  },
  {
    title: 'two lags and a fixed start',
    source: `data y: real[T]
      let z[0] = 1
      for t in 1..<2 { sample z[t] ~ Bernoulli(0.3 + 0.4 * z[t-1]) }
      for t in 2..<4 { sample z[t] ~ Bernoulli(0.2 + 0.3 * z[t-1] + 0.4 * z[t-2]) }
      for t in 0..<T { observe y[t] ~ Normal(z[t], 0.9) }`,
    data: { y: [0.3, 0.6, -0.2, 0.9] },
    unknowns: vector('z', 3, 2, 0, 1),
    joint: [
      [0, 1],
      [0, 2],
      [1, 2],
      [0, 1, 2],
    ],
    structure: /tree-width 2/,
  },
  {
    title: 'a gap of data with an unknown parent',
    source: 'data d: int[N]  data P: simplex[2, 3]  sample g ~ Bernoulli(0.45)  for n in 0..<N { observe d[n] ~ Categorical(P[g]) }',
    data: {
      d: [0, null, 2],
      P: [
        [0.5, 0.2, 0.3],
        [0.1, 0.3, 0.6],
      ],
    },
    unknowns: [single('g', 2), { name: 'd', at: [1], low: 0, count: 3 }],
    joint: [
      [0, 1],
      [1, 0],
    ],
    structure: /tree-width 1/,
  },
  {
    title: 'gaps in an observed chain of states',
    source: `data z: int[T]  data A: simplex[3, 3]
      observe z[0] ~ Categorical([0.2, 0.3, 0.5])
      for t in 1..<T { observe z[t] ~ Categorical(A[z[t-1]]) }`,
    data: { z: [0, null, null, 2, 1, null], A },
    unknowns: [1, 2, 5].map((t) => ({ name: 'z', at: [t], low: 0, count: 3 })),
    joint: [[0, 1]],
    structure: /^2 chains of 3/,
  },
  {
    title: 'a factor of counts and a comparison',
    source:
      'sample a ~ DiscreteUniform(-1, 2)  sample b ~ DiscreteUniform(0, 2)  factor (a < b ? 0.7 : -0.2) + 0.3 * a * b - 0.4 * (a == 0)',
    unknowns: [single('a', 4, -1), single('b', 3)],
    joint: [
      [0, 1],
      [1, 0],
    ],
    structure: /2 elements, tree-width 1/,
  },
  {
    title: 'a loop with an energy summed in one factor',
    source: `data J: real
      for i in 0..<5 { sample s[i] ~ Bernoulli(0.5) }
      factor J * sum((2 * s[i] - 1) * (2 * s[i + 1] - 1) for i in 0..<4) + J * (2 * s[4] - 1) * (2 * s[0] - 1) + 0.2 * s[2]`,
    data: { J: 0.7 },
    unknowns: vector('s', 5, 2),
    joint: [
      [0, 1],
      [4, 0],
    ],
    structure: /5 elements, tree-width 2/,
  },
  {
    title: 'a quadratic form with its diagonal: two slots that are one element',
    // Nine elements: shorter sums are written out when sizes are bound.
    source:
      'data w: real[N, N]  for i in 0..<N { sample s[i] ~ DiscreteUniform(1, 2) }  factor sum(w[i, j] * s[i] * s[j] for i in 0..<N, j in 0..<N)',
    data: { w: Array.from({ length: 9 }, (_, i) => Array.from({ length: 9 }, (_j, j) => 0.3 * Math.sin(3 * i + 5 * j + 1))) },
    unknowns: vector('s', 9, 2, 1),
    joint: [
      [0, 1],
      [2, 3],
      [8, 0],
    ],
    structure: /9 elements, tree-width 8/,
  },
  {
    title: 'a group of labels with data that choose whom they meet',
    source: `data from: int[M]  data to: int[M]  data w: real[M]
      for i in 0..<5 { sample s[i] ~ Categorical([0.3, 0.3, 0.4]) }
      for m in 0..<M { factor s[from[m]] == s[to[m]] ? w[m] : 0 }`,
    data: { from: [0, 1, 2, 3, 0, 2], to: [1, 2, 3, 4, 3, 2], w: [0.5, -0.8, 1.2, 0.4, 0.9, 0.3] },
    // Pairs are kept by factor instance m: readers know them as s[from[m]], s[to[m]] only.
    unknowns: vector('s', 5, 3),
    joint: [],
    structure: /5 elements, tree-width 2/,
  },
  {
    title: 'counts whose range depends on data',
    source: `data n: int[N]  data y: real[N]
      sample r ~ Bernoulli(0.3)
      for i in 0..<N { sample c[i] ~ Binomial(n[i], r ? 0.8 : 0.3)  observe y[i] ~ Normal(c[i], 1) }`,
    data: { n: [1, 3, 2], y: [0.7, 1.9, 0.4] },
    unknowns: [single('r', 2), ...vector('c', 3, 4)],
    joint: [
      [0, 2],
      [3, 0],
    ],
    structure: /4 elements, tree-width 1/,
  },
  {
    title: 'elements that do not meet',
    source: 'data y: real[N]  for n in 0..<N { sample z[n] ~ Categorical([0.2, 0.5, 0.3])  observe y[n] ~ Normal(z[n], 1.2) }',
    data: { y: [0.1, 2.2, 0.8] },
    unknowns: vector('z', 3, 3),
    joint: [],
    structure: /^3 independent elements of 3 values$/,
  },
];

/** Upper 1 - 1e-6 point of a chi-square (Wilson and Hilferty). */
function chiSquareLimit(df: number): number {
  return df * (1 - 2 / (9 * df) + 4.753424 * Math.sqrt(2 / (9 * df))) ** 3;
}

describe('discrete blocks by enumeration', () => {
  test.each(studies)('$title', ({ source, data, unknowns, joint, structure }) => {
    const asked: readonly (readonly Element[])[] = [...unknowns.map((u) => [u]), ...joint.map((p) => p.map((i) => unknowns[i]!))];
    const machine = new DiscreteMachine(source, data, asked);
    expect(machine.found.refused).toEqual([]);
    expect(machine.blocks.map((b) => b.structure).join('; ')).toMatch(structure);
    expect(machine.blocks.reduce((n, b) => n + b.size, 0)).toBe(unknowns.length);
    const exact = enumerate(machine, unknowns);
    machine.call('prepare');
    expect(machine.call('normaliser')).toBeCloseTo(exact.logTotal, 10);
    machine.call('moments');
    asked.forEach((list, k) => {
      const numbers = list.map((u) => unknowns.indexOf(u as Unknown));
      const marginal = new Map<string, number>();
      exact.probabilities.forEach((p, s) => {
        const d = digits(s, unknowns),
          key = numbers.map((i) => d[i]).join();
        marginal.set(key, (marginal.get(key) ?? 0) + p);
      });
      for (const [key, p] of marginal)
        expect(machine.call(`probability${k}`, ...key.split(',').map(Number)), `${numbers} = ${key}`).toBeCloseTo(p, 10);
    });
    machine.call('mode');
    expect(exact.logs[stateOf(machine, unknowns)]).toBeCloseTo(Math.max(...exact.logs), 10);

    const draws = 20_000,
      counts = new Float64Array(exact.logs.length);
    for (let i = 0; i < draws; i++) {
      machine.call('draw');
      counts[stateOf(machine, unknowns)]!++;
    }
    let statistic = 0,
      df = -1,
      rest = 0,
      restExpected = 0;
    exact.probabilities.forEach((p, s) => {
      if (p === 0) expect(counts[s]).toBe(0);
      if (p * draws < 10) {
        rest += counts[s]!;
        restExpected += p * draws;
        return;
      }
      statistic += (counts[s]! - p * draws) ** 2 / (p * draws);
      df++;
    });
    if (restExpected >= 10) {
      statistic += (rest - restExpected) ** 2 / restExpected;
      df++;
    }
    expect(statistic).toBeLessThan(chiSquareLimit(Math.max(1, df)));
    expect(machine.faults()).toBe(0);
  });
});

function stateOf(machine: DiscreteMachine, unknowns: readonly Unknown[]): number {
  return unknowns.reduce((s, u) => s * u.count + machine.value(u) - u.low, 0);
}

describe('chains by written-out code', () => {
  const source =
    'data p: simplex[K] data A: simplex[K, K] data e: real[T, K] sample z[0] ~ Categorical(p) for t in 1..<T { sample z[t] ~ Categorical(A[z[t-1]]) } for t in 0..<T { factor e[t, z[t]] }';
  test('give way to logarithms where a state that all but died comes back', () => {
    const e = [[0, -800], ...Array.from({ length: 100 }, () => [0, 10])];
    const machine = new DiscreteMachine(
      source,
      {
        p: [0.5, 0.5],
        A: [
          [1, 0],
          [0, 1],
        ],
        e,
      },
      [[{ name: 'z', at: [0] }], [{ name: 'z', at: [50] }]],
    );
    machine.call('prepare');
    expect(machine.call('normaliser')).toBeCloseTo(Math.log(0.5) + 200, 10);
    machine.call('moments');
    for (const entry of ['probability0', 'probability1']) expect(machine.call(entry, 1)).toBeCloseTo(1, 12);
    machine.call('draw');
    expect(machine.get('z').every((k) => k === 1)).toBe(true);
  });
  test('agree with scaled recursions over 20,000 steps, alone and where neighbours are asked for', () => {
    const T = 20_000,
      K = 3,
      p = [0.2, 0.5, 0.3];
    const e = Array.from({ length: T }, (_, t) => Array.from({ length: K }, (_k, k) => 3 * Math.sin(t * (k + 1)) - 20));
    let alpha = [...p],
      log = 0;
    const filtered: number[][] = [];
    for (let t = 0; t < T; t++) {
      const a = t === 0 ? alpha : A[0]!.map((_, k) => alpha.reduce((s, f, j) => s + f * A[j]![k]!, 0));
      const w = a.map((x, k) => x * Math.exp(e[t]![k]! + 20)),
        total = w.reduce((s, x) => s + x, 0);
      log += Math.log(total) - 20;
      alpha = w.map((x) => x / total);
      filtered.push(alpha);
    }
    let smooth = alpha;
    const at = T - 1000;
    for (let t = T - 2; t >= at; t--) {
      const f = filtered[t]!,
        predicted = A[0]!.map((_, k) => f.reduce((s, x, j) => s + x * A[j]![k]!, 0)),
        later = smooth;
      smooth = f.map((x, j) => later.reduce((s, g, k) => s + (g * x * A[j]![k]!) / predicted[k]!, 0));
    }
    const asked: readonly (readonly (readonly Element[])[])[] = [
      [[{ name: 'z', at: [at] }]],
      [
        [{ name: 'z', at: [at] }],
        [
          { name: 'z', at: [at] },
          { name: 'z', at: [at + 1] },
        ],
      ],
    ];
    for (const list of asked) {
      const machine = new DiscreteMachine(source, { p, A, e }, list);
      machine.call('prepare');
      machine.call('moments');
      expect(Math.abs(machine.call('normaliser') / log - 1)).toBeLessThan(1e-13);
      smooth.forEach((g, k) => expect(Math.abs(machine.call('probability0', k) - g)).toBeLessThan(1e-11));
      if (list.length > 1)
        smooth.forEach((g, k) =>
          expect(Math.abs([0, 1, 2].reduce((s, l) => s + machine.call('probability1', k, l), 0) - g)).toBeLessThan(1e-11),
        );
    }
  });
});

describe('what is no block', () => {
  const refusedOf = (source: string, data: Readonly<Record<string, unknown>> = {}): readonly string[] =>
    new DiscreteMachine(source, data).found.refused.map((r) => `${r.variable}: ${r.reason}`);
  test('everybody meets everybody', () => {
    const source =
      'data w: real[N, N] for i in 0..<N { sample s[i] ~ Bernoulli(0.5) } factor sum(w[i, j] * s[i] * s[j] for i in 0..<N, j in 0..<N)';
    expect(refusedOf(source, { w: Array.from({ length: 30 }, () => new Array<number>(30).fill(0.1)) })).toEqual([
      's: its elimination (tree-width 29 or more) needs a table of about 1e+9 states, more than 1048576',
    ]);
    expect(
      refusedOf(source, {
        w: [
          [0.1, 0.2],
          [0.3, 0],
        ],
      }),
    ).toEqual([]);
  });
  test('a function of many elements at once', () => {
    expect(
      refusedOf('for i in 0..<40 { sample s[i] ~ Bernoulli(0.5) } data y: int observe y ~ Poisson(1 + sum(s[i] for i in 0..<40))', {
        y: 3,
      })[0],
    ).toMatch(/^s: one term depends on 40 of its elements at once/);
    expect(
      refusedOf('for i in 0..<22 { sample s[i] ~ Bernoulli(0.5) } data y: int observe y ~ Poisson(1 + sum(s[i] for i in 0..<22))', {
        y: 3,
      })[0],
    ).toMatch(/^s: one term depends on 22 elements, more than 1048576/);
  });
  test('recursions that follow', () => {
    expect(
      refusedOf(
        'sample s ~ Bernoulli(0.5) let h[0] = 0.2 for t in 1..<4 { let h[t] = 0.5 * h[t-1] + s } data y: real observe y ~ Normal(h[3], 1)',
        { y: 1 },
      ),
    ).toEqual(['s: quantities computed by recursion follow it']);
  });
  test('addresses that other unknowns choose', () => {
    const source =
      'for i in 0..<3 { sample s[i] ~ Bernoulli(0.5) } sample g ~ Categorical([0.2, 0.3, 0.5]) data y: real observe y ~ Normal(s[g], 1)';
    expect(new DiscreteMachine(source, { y: 1 }, [], (n) => n === 's').found.refused).toMatchObject([
      { variable: 's', reason: expect.stringMatching(/depends on other unknowns/) as string },
    ]);
    expect(refusedOf(source, { y: 1 })).toEqual([]);
  });
  test('unbounded counts and elements of unknown shape stand at their values', () => {
    const machine = new DiscreteMachine(
      'sample n ~ Poisson(3) sample k ~ Bernoulli(0.3) data y: real observe y ~ Normal(n * k, 1)',
      { y: 2 },
      [[{ name: 'k', at: [] }]],
    );
    machine.set({ name: 'n', at: [] }, 2);
    machine.call('prepare');
    machine.call('moments');
    const [a, b] = [0.7 * Math.exp(-2), 0.3];
    expect(machine.call('probability0', 1)).toBeCloseTo(b / (a + b), 12);
  });
});

describe('evidence that cannot be', () => {
  test.each([
    [
      'a chain',
      'data A: simplex[2, 2] data x: int[T] sample z[0] ~ Bernoulli(0) for t in 1..<T { sample z[t] ~ Categorical(A[z[t-1]]) } for t in 0..<T { observe x[t] ~ Delta(z[t]) }',
      {
        A: [
          [1, 0],
          [0, 1],
        ],
        x: [0, 1, 1],
      },
    ],
    [
      'a network',
      'sample a ~ Bernoulli(0.4) sample b ~ Bernoulli(0.5) sample c ~ Bernoulli(a == b ? 0 : 1) data x: int observe x ~ Delta(a + b + c)',
      { x: 1 },
    ],
  ])('%s has normaliser -Infinity, its draws and its mode change nothing and are counted', (_name, source, data) => {
    const machine = new DiscreteMachine(source, data);
    machine.call('prepare');
    expect(machine.call('normaliser')).toBe(-Infinity);
    expect(machine.faults()).toBe(0);
    const name = machine.blocks[0]!.regions[0]!.variable.name;
    machine.get(name)[0] = 1;
    machine.call('draw');
    machine.call('mode');
    expect(machine.get(name)[0]).toBe(1);
    expect(machine.faults()).toBe(2);
  });
});

describe('ties', () => {
  test.each([
    [
      'a chain',
      'for t in 0..<1 { sample z[t] ~ DiscreteUniform(2, 4) } for t in 1..<6 { sample z[t] ~ Categorical([0, 0, 1/3, 1/3, z[t-1] == 9 ? 0 : 1/3]) }',
    ],
    [
      'a circle',
      'for t in 0..<6 { sample z[t] ~ DiscreteUniform(2, 4) } for t in 0..<5 { factor z[t] == z[t+1] ? 1 : 1 } factor 0 * z[0] * z[5]',
    ],
    ['independent elements', 'for t in 0..<6 { sample z[t] ~ DiscreteUniform(2, 4) }'],
  ])('of %s go to the lowest values', (_name, source) => {
    const machine = new DiscreteMachine(source);
    machine.call('prepare');
    machine.call('mode');
    expect([...machine.get('z')]).toEqual([2, 2, 2, 2, 2, 2]);
  });
});

describe('plans of gibbs', () => {
  test('chains that are too much together are drawn one by one, each whole', () => {
    const chain = (n: string): string =>
      `sample ${n}[0] ~ Categorical(fill(1 / 110, 110)) for t in 1..<T { sample ${n}[t] ~ Categorical([j == ${n}[t-1] ? 0.5 : 0.5 / 109 for j in 0..<110]) }`;
    const source = `data y: real[T] ${['a', 'b', 'c'].map(chain).join(' ')} for t in 0..<T { observe y[t] ~ Normal(a[t] + b[t] - c[t], 1) }`;
    const { plan } = compile(source, { y: [1, 2, 0] }, { blocks: { kind: 'derived' } });
    expect(plan.map((p) => [p.block, p.kernel])).toEqual(['a', 'b', 'c'].map((n) => [`${n}[0], ${n}[t]`, 'joint Categorical']));
    expect(plan[0]!.reason).toBe(
      'finite given the rest: a chain of 3 elements with 110 values each, filtered forwards and sampled backwards',
    );
  });
  test('labels that do not meet keep their own kernel', () => {
    const { plan } = compile(
      'data y: real[N] sample mu ~ iid(Normal(0, 5), 2) for n in 0..<N { sample z[n] ~ Bernoulli(0.4) observe y[n] ~ Normal(mu[z[n]], 1) }',
      { y: [1, 2] },
      { blocks: { kind: 'derived' } },
    );
    expect(plan.map((p) => p.kernel)).toEqual(['conjugate', 'enumerate']);
  });
});
