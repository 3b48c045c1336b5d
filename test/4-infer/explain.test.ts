/**
 * What `explain` prints is checked twice: its formulas, read back from their JSON form by the reference
 * interpreter, against conditionals worked out here by hand; and against what the generated code draws.
 */
import { describe, expect, it } from 'vitest';
import { evaluate, type Environment } from '../../src/expr/evaluate.js';
import { fromJson } from '../../src/expr/json.js';
import type { BoundModel } from '../../src/2-graph/bound.js';
import { logDensityFunction } from '../../src/4-infer/logDensity.js';
import type { Explanation } from '../../src/4-infer/backend.js';
import { backends } from '../../src/4-infer/registry.js';
import { compile, model } from '../../src/index.js';
import { type Expr, freeIndices } from '../../src/expr/expr.js';
import { boundModel } from '../compiled.js';

const mixture = `
data x: real[N, D]
data K: int
sample pi ~ Dirichlet(fill(10, K))
for k in 0..<K { sample mu[k] ~ MvNormal(zeros(D), 5 * eye(D)) }
for n in 0..<N {
  sample z[n] ~ Categorical(pi)
  observe x[n] ~ MvNormal(mu[z[n]], 0.4 * eye(D))
}`;

function explained(source: string, data: Record<string, unknown>): { explanation: Explanation; bound: BoundModel } {
  const bound = boundModel(source, data),
    { graph } = bound;
  const complete = new Set([...bound.variables.values()].filter((v) => v.status === 'given').map((v) => v.name));
  const explanation = backends.get('gibbs')!.explain(graph, { complete, partial: new Set() }, source, {}, null);
  return { explanation, bound };
}

/** Free indices of the JSON form are told apart by their names: event indices and loop indices of the program. */
function environment(
  e: Expr,
  bound: ReturnType<typeof explained>['bound'],
  state: Record<string, unknown>,
  indices: Readonly<Record<string, number>>,
): Environment {
  return {
    indices: new Map([...freeIndices(e)].map((i) => [i, indices[i.name]!])),
    sizes: bound.sizes,
    variable: (name, at) => {
      const value = name in state ? state[name] : nested(bound.variables.get(name)!);
      return at.reduce<unknown>((v, i) => (v as unknown[])[i], value) as number;
    },
  };
}
function nested(v: { readonly shape: readonly number[]; readonly values: ArrayLike<number> }): unknown {
  const go = (axis: number, offset: number): unknown => {
    if (axis === v.shape.length) return v.values[offset];
    const stride = v.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    return Array.from({ length: v.shape[axis]! }, (_, i) => go(axis + 1, offset + i * stride));
  };
  return go(0, 0);
}
function formula(json: unknown): Expr {
  return fromJson((json as { value: unknown }).value);
}

describe('explain', () => {
  const x = [
    [1, 2],
    [0.5, -1],
    [3, 0.25],
    [-2, 1],
    [0, 0],
  ];
  const state = {
    z: [0, 1, 0, 2, 1],
    pi: [0.2, 0.5, 0.3],
    mu: [
      [0.1, 0.2],
      [-1, 0.4],
      [2, 2],
    ],
  };
  const { explanation, bound } = explained(mixture, { x, K: 3 });
  const block = (name: string) => explanation.blocks.find((b) => b.block === name)!;
  const value = (name: string, parameter: string, indices: Record<string, number>): number => {
    const e = formula(block(name).parameters.find((p) => p.name === parameter)!.json);
    return evaluate(e, environment(e, bound, state, indices));
  };

  it('gives the weights of a mixture as Dirichlet(alpha + counts)', () => {
    expect(block('pi').family).toBe('Dirichlet');
    expect([0, 1, 2].map((i) => value('pi', 'alpha', { i }))).toEqual([12, 12, 11]);
  });
  it('gives a centre the precision I/5 + n_k I/0.4 and the shift of its points', () => {
    expect(block('mu[k]').family).toBe('MvNormal');
    // component 0 has the points 0 and 2
    expect(value('mu[k]', 'precision', { k: 0, i: 0, j: 0 })).toBeCloseTo(0.2 + 2 * 2.5, 12);
    expect(value('mu[k]', 'precision', { k: 0, i: 0, j: 1 })).toBeCloseTo(0, 12);
    expect(value('mu[k]', 'shift', { k: 0, i: 0 })).toBeCloseTo(2.5 * (1 + 3), 12);
    expect(value('mu[k]', 'shift', { k: 0, i: 1 })).toBeCloseTo(2.5 * (2 + 0.25), 12);
  });
  it('gives a label the weights pi_k N(x_n; mu_k, 0.4 I) up to a constant', () => {
    expect(block('z[n]').family).toBe('Categorical');
    const n = 3;
    const weights = [0, 1, 2].map((k) => value('z[n]', 'logWeight', { n, k }));
    const direct = [0, 1, 2].map(
      (k) => Math.log(state.pi[k]!) - ((x[n]![0]! - state.mu[k]![0]!) ** 2 + (x[n]![1]! - state.mu[k]![1]!) ** 2) / 0.8,
    );
    for (const k of [1, 2]) expect(weights[k]! - weights[0]!).toBeCloseTo(direct[k]! - direct[0]!, 12);
  });
  it('names the statement of every factor that enters', () => {
    expect(block('mu[k]').factors).toEqual([
      'sample mu[k] ~ MvNormal(zeros(D), 5 * eye(D))',
      'observe x[n] ~ MvNormal(mu[z[n]], 0.4 * eye(D))',
    ]);
  });
  it('shows the beginning of a term that is long', () => {
    const sum = Array.from({ length: 40 }, (_, k) => `sin(${k + 1} * m)`).join(' + ');
    const text = String(compile(`sample m ~ Normal(0, 1) observe 3 ~ Normal(exp(${sum}), 1)`).explain({ backend: 'gibbs' }));
    expect(/slice: (.*?): no family has this statistic \(/.exec(text)![1]).toMatch(/^.{120,159}…$/);
  });

  it('names the term that prevents a closed form', () => {
    const hard = explained('data y: real[N]\nsample a ~ Gamma(2, 1)\nfor n in 0..<N { observe y[n] ~ Gamma(a, 1) }', {
      y: [1, 2],
    }).explanation;
    expect(hard.blocks[0]!.family).toBeNull();
    expect(hard.blocks[0]!.reason).toContain('lgamma(a)');
    expect(hard.blocks[0]!.kernel).toBe('slice');
  });
});

describe('explain of data with gaps', () => {
  const source = `
    data y: real[N, 2]
    data S: cov[2]
    sample m ~ MvNormal(zeros(2), eye(2))
    observe y ~ MvNormal(m, S)`;
  const S = [
    [2, 0.6],
    [0.6, 1],
  ];
  const y = [
    [1, null],
    [null, 2],
    [0.5, -1],
    [null, null],
  ];
  const bound = boundModel(source, { y, S }),
    { graph } = bound;
  const explanation = backends
    .get('gibbs')!
    .explain(graph, { complete: new Set(['S']), partial: new Set(['y']) }, source, { block: 'none' }, null);
  // A state: the gaps filled.
  const filled = [
    [1, 0.3],
    [-0.7, 2],
    [0.5, -1],
    [0.2, 1.4],
  ];
  const state = { y: filled, m: [0.4, -0.2] };
  const missing = (_: string, [n, i]: readonly number[]): boolean => y[n!]![i!] === null;
  const density = logDensityFunction(bound);
  const total = (values: { readonly y: readonly (readonly number[])[]; readonly m: readonly number[] }): number =>
    density.total(
      new Map([
        ['y', values.y.flat()],
        ['m', values.m],
      ]),
    );

  it('has formulas that can be evaluated: those of the missing elements', () => {
    const block = explanation.blocks.find((b) => b.block.startsWith('y['))!;
    expect(block.parameters.map((p) => p.name)).toEqual(['precision', 'mean']);
    expect(block.parameters.some((p) => p.text.includes('missing('))).toBe(true);
    for (const [n, i] of [
      [0, 1],
      [1, 0],
      [3, 0],
      [3, 1],
    ] as const) {
      const [precision, mean] = block.parameters.map((p) => {
        const e = formula(p.json);
        return evaluate(e, { ...environment(e, bound, state, { n, i, i0: i }), missing });
      }) as [number, number];
      // Given the other coordinate: mean m_i + S_ij / S_jj (y_j - m_j), variance S_ii - S_ij^2 / S_jj.
      const j = 1 - i;
      expect(1 / precision).toBeCloseTo(S[i]![i]! - S[i]![j]! ** 2 / S[j]![j]!, 10);
      expect(mean).toBeCloseTo(state.m[i]! + (S[i]![j]! / S[j]![j]!) * (filled[n]![j]! - state.m[j]!), 10);
      // And what the engine says of two values of this element.
      const at = (v: number): number => total({ ...state, y: filled.map((row, r) => row.map((x, c) => (r === n && c === i ? v : x))) });
      const normal = (v: number): number => -0.5 * precision * (v - mean) ** 2;
      expect(at(1.7) - at(-0.4)).toBeCloseTo(normal(1.7) - normal(-0.4), 9);
    }
  });

  it('has formulas that can be evaluated: those of what reads them', () => {
    const block = explanation.blocks.find((b) => b.block === 'm')!;
    const value = (name: string, indices: Record<string, number>): number => {
      const e = formula(block.parameters.find((p) => p.name === name)!.json);
      return evaluate(e, { ...environment(e, bound, state, indices), missing });
    };
    const quadratic = (v: readonly number[]): number =>
      [0, 1].reduce(
        (s, i) => s + v[i]! * value('shift', { i }) - 0.5 * [0, 1].reduce((t, j) => t + v[i]! * v[j]! * value('precision', { i, j }), 0),
        0,
      );
    for (const [v, w] of [
      [
        [0, 0],
        [1, 2],
      ],
      [
        [-1, 0.5],
        [0.3, 0.3],
      ],
    ] as const) {
      expect(quadratic(v) - quadratic(w)).toBeCloseTo(total({ ...state, m: v }) - total({ ...state, m: w }), 9);
    }
  });
});

describe('explain of unknowns that cannot move alone', () => {
  const source =
    'data s: int sample a ~ DiscreteUniform(1, 6) sample b ~ DiscreteUniform(1, 6) sample w ~ Beta(1, 1) observe s ~ Delta(a + b) observe 1 ~ Bernoulli(w)';
  const bound = boundModel(source, { s: 7 }),
    { graph } = bound;
  it.each(['gibbs', 'mh'])('shows them as the one block that %s draws', (name) => {
    const { blocks } = backends
      .get(name)!
      .explain(graph, { complete: new Set(['s']), partial: new Set() }, source, { block: 'none' }, bound);
    expect(blocks.map((b) => b.block)).toEqual(['a, b', 'w']);
    expect(blocks[0]!.reason).toMatch(/^they meet in a factor with a structural zero/);
    expect(blocks[0]!.factors).toContain('observe s ~ Delta(a + b)');
  });
});

describe('names of the indices of a formula', () => {
  it('are none of the variables and loops that it reads', () => {
    const text = (source: string, block: string): string[] =>
      explained(
        source,
        source.startsWith('data x')
          ? {
              x: [
                [0, 1],
                [1, 0],
                [2, 2],
                [3, 1],
              ],
            }
          : {},
      )
        .explanation.blocks.find((b) => b.block === block)!
        .parameters.map((p) => p.text);
    expect(text('sample n ~ DiscreteUniform(1, 10) sample k ~ DiscreteUniform(0, n)', 'n')[0]).toMatch(/^logWeight\[i\] = .*k <= i/);
    expect(
      text(
        'data x: real[4, 2] for i in 0..<3 { sample mu[i] ~ MvNormal(zeros(2), eye(2)) } for n in 0..<4 { sample z[n] ~ Categorical([0.2, 0.3, 0.5]) observe x[n] ~ MvNormal(mu[z[n]], eye(2)) }',
        'mu[i]',
      )[1],
    ).toMatch(/^shift\[j\] = \(z\[0\] == i \? x\[0,j\] : 0\)/);
  });
});

/** The paragraph of a block. */
function paragraph(text: string, block: string): string {
  return text.split('\n\n').find((p) => p.startsWith(block)) ?? '';
}

describe('bounds', () => {
  const explain = (source: string, backend = 'gibbs'): string =>
    compile(source)
      .explain({ backend, options: backend === 'gibbs' ? { block: 'none' } : {} })
      .toText();
  it.each(['gibbs', 'cavi', 'exact'])('of a Pareto are folded over the plate, %s', (backend) => {
    expect(explain('data y: real[N] sample v ~ Pareto(1, 1) for n in 0..<N { observe y[n] ~ Uniform(0, v) }', backend)).toContain(
      'shape = 1 + N\n    minimum = max(1, max(y[n] for n in 0..<N))\n',
    );
  });
  it('of a Uniform, of truncated laws, of neighbours and of loops with conditions are formulas in names of the program', () => {
    expect(explain('data c: real sample v ~ Uniform(c, 10)')).toContain('v\n  Uniform\n    low = c\n    high = 10\n');
    expect(
      explain('data c: real data y: real[N] sample m ~ truncated(Normal(0, 1), c, inf) for n in 0..<N { observe y[n] ~ Normal(m, 1) }'),
    ).toContain('mean = sum(y[n] for n in 0..<N)/(1 + N)\n    low = c\n');
    expect(
      explain(
        'data y: real[N] sample c: ordered[3] ~ iid(Normal(0, 5), 3) for n in 0..<N { sample z[n] ~ Categorical([0.2, 0.3, 0.5]) observe y[n] ~ Normal(c[z[n]], 1) }',
      ),
    ).toContain('low = i >= 1 ? c[i-1] : -inf\n    high = i < 2 ? c[i+1] : inf\n');
    expect(
      explain(
        'data y: real[N] data b: int[N] sample a ~ Uniform(-5, 5) for n in 0..<N { if b[n] == 1 { observe y[n] ~ Uniform(a, a + 3) } }',
      ),
    ).toContain(
      'low = max(-5, max(b[n] == 1 ? y[n] - 3 : -inf for n in 0..<N))\n    high = min(5, min(b[n] == 1 ? y[n] : inf for n in 0..<N))\n',
    );
  });
});

describe('refusals', () => {
  const reason = (source: string, block: string): string =>
    paragraph(compile(source).explain({ backend: 'gibbs' }).toText(), block)
      .split('\n')
      .at(-1)!;
  it('say line and text of the statement, and the column where another one stands before it', () => {
    const source = 'data y: real[N]\n\nsample nu ~ Gamma(2, 1)\nfor n in 0..<N {\n  observe y[n] ~ StudentT(nu, 0, 1)\n}';
    expect(reason(source, 'nu')).toBe(
      '  slice: the term nu*log1p(y[n]^2/nu) is not a statistic of any family (line 5: observe y[n] ~ StudentT(nu, 0, 1))',
    );
    expect(reason(source.replaceAll('\n', ' '), 'nu')).toContain('(line 1, column 61: observe y[n] ~ StudentT(nu, 0, 1))');
    expect(reason(source.replace('StudentT(nu, 0, 1)', `StudentT(nu, ${'0 + '.repeat(40)}0, 1)`), 'nu')).toMatch(
      /\(line 5: observe y\[n\] ~ StudentT\(nu, [0+ ]+…\)$/,
    );
  });
  it('of mean field stand at their statement', () => {
    expect(() =>
      compile(
        'data y: real[N]\nsample nu ~ Gamma(2, 1)\nsample m ~ Normal(0, 1)\nfor n in 0..<N { observe y[n] ~ StudentT(nu, m, 1) }',
      ).explain({ backend: 'cavi' }),
    ).toThrow(/model:4:18: error\[no-mean-field\]/);
  });
  it.each(['gibbs', 'mh', 'cavi', 'exact'])('call a function of the host by its name, %s', (backend) => {
    const cube = (x: number): number => x ** 3;
    const program = model`data y: real[N] sample v ~ Normal(0, 1) sample k ~ Bernoulli(0.5) for n in 0..<N { observe y[n] ~ Normal(${cube}(v) + k, 1) }`;
    let said: string;
    try {
      said = program.explain({ backend }).toText();
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toContain('cube(v)');
    expect(said).not.toContain('host:');
  });
});
