/**
 * Large programs by shape: many statements, long and deep expressions, wide networks, long chains, many dimensions, large data. Each
 * grows with a size from 1 to `largest`, where it is what a user would call large, so that a failing case can be made smaller.
 */
import type { Dice } from './dice.js';

export interface LargeProgram {
  readonly source: string;
  readonly data: Readonly<Record<string, unknown>>;
}
/** A program of this shape; all of it follows from the size and the dice. */
export type Shape = (size: number, dice: Dice) => LargeProgram;

export const largest = 10;

const list = <T>(n: number, f: (k: number) => T): readonly T[] => Array.from({ length: n }, (_, k) => f(k));
const lines = (n: number, f: (k: number) => string): string => list(n, f).join('\n');
const rounded = (x: number): number => Number(x.toPrecision(3));
const normals = (n: number, dice: Dice, scale = 1): readonly number[] => list(n, () => rounded(scale * dice.normal()));
const matrix = (rows: number, columns: number, dice: Dice): readonly (readonly number[])[] => list(rows, () => normals(columns, dice));
const integers = (n: number, below: number, dice: Dice): readonly number[] => list(n, () => dice.below(below));
/** Each number below it at least once, where there is room: group labels without gaps. */
const labels = (n: number, below: number, dice: Dice): readonly number[] => list(n, (k) => (k < below ? k : dice.below(below)));
const probabilities = (n: number, dice: Dice): string => {
  const weights = list(n, () => 1 + dice.below(9)),
    total = weights.reduce((a, b) => a + b, 0);
  return `[${weights.map((w) => `${w} / ${total}`).join(', ')}]`;
};

/** Statements of many families, each reading a few of the earlier ones. */
function statements(size: number, dice: Dice): LargeProgram {
  const known = { real: ['0.5'], positive: ['1.5'], unit: ['0.3'] };
  const statement = (k: number): string => {
    const [real, other] = [dice.of(known.real), dice.of(known.real)],
      positive = dice.of(known.positive),
      unit = dice.of(known.unit),
      name = `v${k}`;
    const [kind, text] = dice.of<readonly [keyof typeof known | null, string]>([
      ['positive', `sample ${name} ~ Gamma(2, ${positive})`],
      ['unit', `sample ${name} ~ Beta(2, ${positive})`],
      ['real', `sample ${name} ~ Bernoulli(${unit})`],
      ['real', `let ${name} = ${real} * ${other} + ${dice.of(known.real)}`],
      [null, `report ${name} = ${real} + ${positive} * ${unit}`],
      [null, `observe ${rounded(dice.normal())} ~ Normal(${real} + ${other}, ${positive})`],
      ['positive', `let ${name} = exp(0.1 * tanh(${real}))`],
      ['real', `sample ${name} ~ Normal(${real} - ${other}, ${positive})`],
      ['real', `sample ${name} ~ StudentT(5, ${real}, ${positive})`],
    ]);
    if (kind !== null) known[kind].push(name);
    return text;
  };
  return { source: lines(30 * size, statement), data: {} };
}

/** A tower of brackets, operators, calls or conditions around an unknown. */
function depth(size: number, dice: Dice): LargeProgram {
  const levels = 9 * size;
  const around = dice.of<(inside: string) => string>([
    (inside) => `(${inside} + b)`,
    (inside) => `(b - ${inside} * 0.9)`,
    (inside) => `tanh(${inside})`,
    (inside) => `(b > 0 ? ${inside} : b)`,
    (inside) => `log(1 + exp(${inside}))`,
    (inside) => `(${inside})^1.01`,
    (inside) => `max(b, ${inside})`,
    (inside) => `sqrt(1 + (${inside})^2)`,
    (inside) => `(0.5 * b) / (2 + ${inside})`,
  ]);
  let inside = 'a';
  for (let k = 0; k < levels; k++) inside = around(inside);
  return { source: `sample a ~ Gamma(2, 1)\nsample b ~ Normal(0, 1)\nobserve 0.3 ~ Normal(${inside}, 1)`, data: {} };
}

/** Sums of many unknowns in one mean: all of them meet. */
function sum(size: number, dice: Dice): LargeProgram {
  const n = 15 * size,
    law = dice.of(['Normal(0, 1)', 'Gamma(2, 1)', 'Bernoulli(0.3)', 'Laplace(0, 1)']);
  const mean = list(n, (k) => `${1 + dice.below(9)} * x${k}`).join(' + ');
  return {
    source:
      `data y: real[N]\n${lines(n, (k) => `sample x${k} ~ ${law}`)}\nobserve y ~ ${dice.of(['Normal', 'StudentT'])}(${mean}, 1)`.replace(
        'StudentT(',
        'StudentT(4, ',
      ),
    data: { y: normals(10, dice) },
  };
}

/** Products of sums: their expansion has a power of two of terms. */
function product(size: number, dice: Dice): LargeProgram {
  const factors = list(size, (k) => `(a${k} + b${k}${dice.chance(0.3) ? ` - ${rounded(dice.normal())}` : ''})`).join(' * ');
  const mean = dice.chance(0.5) ? factors : `(a0 + b0 - 0.5 * a1)^${size}`;
  return {
    source: `${lines(size + 1, (k) => `sample a${k} ~ Normal(0, 1)\nsample b${k} ~ Normal(0, 1)`)}\nobserve 0.3 ~ Normal(${mean}, ${dice.of(['1', 'exp(a0)'])})`,
    data: {},
  };
}

/** Functions or quantities that double: written out, a power of two of them. */
function doubling(size: number, dice: Dice): LargeProgram {
  const levels = 2 * size,
    step = dice.of(['+', '*', '-']),
    damped = dice.chance(0.5) ? '0.5 * ' : '';
  return dice.chance(0.5)
    ? {
        source: `fn f0(x) = x + 0.1\n${lines(levels, (k) => `fn f${k + 1}(x) = ${damped}f${k}(x) ${step} f${k}(x + 1)`)}\nsample a ~ Normal(0, 1)\nobserve 0.3 ~ Normal(f${levels}(a), 1)`,
        data: {},
      }
    : {
        source: `sample a ~ Normal(0, 1)\nlet a0 = a\n${lines(levels, (k) => `let a${k + 1} = ${damped}a${k} ${step} a${k} / 3`)}\nobserve 0.3 ~ Normal(a${levels}, 1)`,
        data: {},
      };
}

/** Loops inside of one another, with effects of each level. */
function plates(size: number, dice: Dice): LargeProgram {
  const deep = 1 + Math.floor(size / 2),
    wide = 2 + dice.below(3);
  const at = (n: number): string => (n === 0 ? '' : `[${list(n, (k) => `i${k}`).join(', ')}]`);
  let source = 'sample e0 ~ Normal(0, 1)\nsample s ~ HalfNormal(1)\n';
  for (let k = 0; k < deep; k++)
    source += `for i${k} in 0..<${wide} {\n sample e${k + 1}${at(k + 1)} ~ Normal(e${k}${at(k)}, ${dice.of(['s', '1', `exp(e${k}${at(k)})`])})\n`;
  source += `observe y${at(deep)} ~ Normal(e${deep}${at(deep)}, ${dice.of(['s', '1'])})\n${'}'.repeat(deep)}`;
  const values = (n: number): unknown => (n === 0 ? rounded(dice.normal()) : list(wide, () => values(n - 1)));
  return { source: `data y: real[${list(deep, () => wide).join(', ')}]\n${source}`, data: { y: values(deep) } };
}

/** Many dimensions, whole arrays and slices of them. */
function dimensions(size: number, dice: Dice): LargeProgram {
  const n = Math.min(size, 7),
    shape = list(n, () => 2);
  const values = (k: number): unknown => (k === 0 ? rounded(dice.normal()) : [values(k - 1), values(k - 1)]);
  return {
    source: `data y: real[${shape.join(', ')}]\nsample m ~ iid(Normal(0, 1), [${shape.join(', ')}])\nsample s ~ HalfNormal(1)\nobserve y ~ ${dice.of(['Normal(m, s)', 'Normal(m * 2 + 1, 1)', 'Laplace(m, s)', 'Normal(sum(m) + m, s)'])}\nreport total = sum(m[${list(n, () => '..').join(', ')}])`,
    data: { y: values(n) },
  };
}

/** Names of a thousand letters. */
function names(size: number, dice: Dice): LargeProgram {
  const name = (k: number): string => `${dice.of(['a', 'μ', '_'])}${'longName'.repeat(12 * size)}${k}`,
    own = list(2 * size, name);
  return {
    source: `data y: real[N]\n${own.map((x, k) => `sample ${x} ~ Normal(${k === 0 ? '0' : own[k - 1]!}, 1)`).join('\n')}\nobserve y ~ Normal(${own.join(' + ')}, 1)`,
    data: { y: normals(5, dice) },
  };
}

/** Data and matrices as literals of the program. */
function literals(size: number, dice: Dice): LargeProgram {
  const n = 100 * size,
    d = 5 * size;
  const text = (x: unknown): string => JSON.stringify(x);
  return dice.chance(0.5)
    ? {
        source: `sample m ~ Normal(0, 1)\nsample s ~ Gamma(2, 2)\nfor n in 0..<${n} { observe ${text(normals(n, dice))}[n] ~ Normal(m, s) }`,
        data: {},
      }
    : {
        source: `data y: real[${d}]\nsample w ~ MvNormal(zeros(${d}), eye(${d}))\nobserve y ~ Normal(${text(matrix(d, d, dice))} @ w, ${dice.of(['1', 'exp(w[0])'])})`,
        data: { y: normals(d, dice) },
      };
}

/** A Bayesian network of scalars. */
function network(size: number, dice: Dice): LargeProgram {
  const n = 20 * size,
    most = 1 + dice.below(3),
    reach = dice.of([3, 8, n]);
  const counts = list(n, () => 2 + dice.below(3));
  const table = (parents: readonly number[], count: number): string =>
    parents.length === 0 ? probabilities(count, dice) : `[${list(counts[parents[0]!]!, () => table(parents.slice(1), count)).join(', ')}]`;
  const node = (k: number): string => {
    const parents = [...new Set(list(k === 0 ? 0 : dice.below(most + 1), () => k - 1 - dice.below(Math.min(k, reach))))];
    const law = `Categorical(${table(parents, counts[k]!)}${parents.length === 0 ? '' : `[${parents.map((p) => `z${p}`).join(', ')}]`})`;
    return `sample z${k} ~ ${law}`;
  };
  const given = dice.below(n);
  return { source: lines(n, node), data: dice.chance(0.5) ? { [`z${given}`]: 0 } : {} };
}

/** Switches on a grid, tied to their neighbours: its width grows with the side. */
function grid(size: number, dice: Dice): LargeProgram {
  const across = 2 * size,
    down = dice.of([2, size, 2 * size]);
  return {
    source: `data y: real[${across}, ${down}]\nparam j: real\nfor a in 0..<${across}, b in 0..<${down} { sample z[a, b] ~ Bernoulli(0.5)\nobserve y[a, b] ~ Normal(z[a, b], 1) }\nfor a in 1..<${across}, b in 0..<${down} { factor ${dice.of(['j', '0.4'])} * (z[a, b] == z[a - 1, b]) }\nfor a in 0..<${across}, b in 1..<${down} { factor 0.4 * (z[a, b] == z[a, b - 1]) }`,
    data: { y: matrix(across, down, dice), ...(dice.chance(0.5) ? { j: 0.3 } : {}) },
  };
}

/** Causes of one effect: a table of all of them has a power of two of states. */
function causes(size: number, dice: Dice): LargeProgram {
  const n = 3 * size;
  const effect = dice.of([
    `Bernoulli(1 - 0.9 * prod(c[k] ? 0.5 : 1 for k in 0..<${n}))`,
    `Bernoulli(logit: sum(c[k] * w[k] for k in 0..<${n}))`,
    `Poisson(1 + sum(c[k] for k in 0..<${n}))`,
    `Bernoulli(max(c) * 0.9 + 0.05)`,
  ]);
  return {
    source: `data w: real[${n}]\ndata y: int[M]\nfor k in 0..<${n} { sample c[k] ~ Bernoulli(0.2) }\nfor m in 0..<M { observe y[m] ~ ${effect} }`,
    data: { w: normals(n, dice), y: [1, 0, 1] },
  };
}

/** A chain that reads several of its last states. */
function chain(size: number, dice: Dice): LargeProgram {
  const lag = 1 + dice.below(Math.min(size, 5)),
    steps = 100 * size,
    before = list(lag, (k) => `z[t-${k + 1}]`);
  const first = lines(lag, (k) => `sample z[${k}] ~ FIRST`);
  const source = (start: string, law: string, observed: string): string =>
    `data y: real[T]\n${first.replaceAll('FIRST', start)}\nfor t in ${lag}..<T { sample z[t] ~ ${law} }\nfor t in 0..<T { observe y[t] ~ ${observed} }`;
  const mean = before.map((z) => `${rounded(0.8 / lag)} * ${z}`).join(' + ');
  return {
    source: dice.of([
      `sample s ~ HalfNormal(1)\n${source('Normal(0, 1)', `Normal(${mean}, s)`, 'Normal(z[t], 0.5)')}`,
      source('Normal(0, 1)', `StudentT(5, ${mean}, 1)`, 'Normal(z[t], 0.5)'),
      source('Normal(0, 1)', `Normal(sin(${mean}), 1)`, 'Normal(z[t]^2 / 5, 0.5)'),
      source('Bernoulli(0.5)', `Bernoulli(0.1 + 0.8 / ${lag} * (${before.join(' + ')}))`, 'Normal(2 * z[t], 1)'),
      `for a in 0..<3, b in 0..<3 { sample P[a, b] ~ Dirichlet(ones(3)) }\n${source('Categorical([0.2, 0.3, 0.5])', `Categorical(P[z[t-1], z[t-${lag}]])`, 'Normal(z[t], 1)')}`,
      source('Poisson(3)', `Poisson(0.5 + ${mean})`, 'Normal(z[t], 1)'),
    ]),
    data: { y: normals(steps, dice) },
  };
}

/** An array whose elements are defined one by one. */
function regions(size: number, dice: Dice): LargeProgram {
  const n = 10 * size,
    law = dice.of(['Normal(MEAN, 1)', 'Normal(MEAN, exp(x[0]))', 'Laplace(MEAN, 1)', 'Bernoulli(sigmoid(MEAN))']);
  return {
    source: `data y: real[${n}]\nsample x[0] ~ Normal(0, 1)\n${lines(n - 1, (k) => `sample x[${k + 1}] ~ ${law.replace('MEAN', `0.5 * x[${dice.below(k + 1)}]`)}`)}\nobserve y ~ Normal(x, 1)`,
    data: { y: normals(n, dice) },
  };
}

/** Laws made of laws. */
function combinators(size: number, dice: Dice): LargeProgram {
  const n = 5 * size,
    names = list(n, (k) => `m${k}`);
  const maps = ['exp(t)', '2 * t + 1', 'tanh(t)', 't^3', 'log(1 + exp(t))', 't - 0.1', 'sigmoid(t)', 't / 3'];
  let pushed = 'Normal(m0, 1)';
  for (let k = 0; k < size; k++) pushed = `pushforward(t => ${dice.of(maps)}, ${pushed})`;
  let cut = 'Normal(m0, 1)';
  for (let k = 0; k < size; k++)
    cut = dice.of([`truncated(${cut}, ${-20 + k}, 20)`, `mixture([0.5, 0.5], [${cut}, Normal(m${k % n}, 2)])`]);
  return {
    source: `data y: real[N]\n${names.map((m) => `sample ${m} ~ Normal(0, 3)`).join('\n')}\nobserve y ~ ${dice.of([
      `mixture(${probabilities(n, dice)}, [${names.map((m) => `Normal(${m}, 1)`).join(', ')}])`,
      `mixture(fill(1 / ${n}, ${n}), Normal([${names.join(', ')}][k], 1) for k in 0..<${n})`,
      pushed,
      cut,
    ])}`,
    data: { y: list(10, () => rounded(0.1 + 0.05 * dice.below(10))) },
  };
}

/** Sums inside of sums, running sums, and recursions. */
function reductions(size: number, dice: Dice): LargeProgram {
  const deep = 1 + Math.floor(size / 2),
    wide = 3 + dice.below(4),
    n = 10 * size,
    sticks = 5 * size;
  const inner = list(deep, (k) => `x[i${k}]`).join(' * ');
  const nested = list(deep, (k) => k).reduceRight((body, k) => `sum(${body} for i${k} in 0..<${wide})`, dice.of([inner, `exp(${inner})`]));
  return dice.of<LargeProgram>([
    { source: `sample x ~ iid(Normal(0, 1), ${wide})\nobserve 1 ~ Normal(${nested}, 1)`, data: {} },
    { source: `data y: real[N]\nsample x ~ iid(Normal(0, 1), N)\nobserve y ~ Normal(cumsum(x), 1)`, data: { y: normals(n, dice) } },
    { source: `data y: real[N]\nsample x ~ iid(Beta(1, 3), N)\nobserve y ~ Normal(cumprod(1 - x), 1)`, data: { y: normals(n, dice) } },
    {
      source: `data y: real[N]\nsample a ~ Normal(0, 1)\nlet h[0] = a\nfor t in 1..<N { let h[t] = 0.9 * tanh(h[t-1]) + a }\nobserve y ~ Normal(h, 1)`,
      data: { y: normals(2 * n, dice) },
    },
    {
      source: `data y: int[N]\ndata K: int\nsample v ~ iid(Beta(1, 2), K)\nlet w = [(k < K ? v[min(k, K - 1)] : 1) * prod(1 - v[j] for j in 0..<k) for k in 0..<K + 1]\nobserve y ~ Categorical(w)`,
      data: { y: integers(n, 3, dice), K: sticks },
    },
  ]);
}

/** Vectors, matrices and counts of many parts. */
function parts(size: number, dice: Dice): LargeProgram {
  const d = 8 * size,
    few = 2 * size,
    m = 10 * size;
  return dice.of<LargeProgram>([
    {
      source: `data y: real[N, D]\nsample m ~ MvNormal(zeros(D), eye(D))\nsample S ~ InverseWishart(D + 2, eye(D))\nobserve y ~ MvNormal(m, S)`,
      data: { y: matrix(d, d, dice) },
    },
    {
      source: `data y: real[N, D]\nsample P ~ Wishart(D + 2, eye(D))\nobserve y ~ MvNormal(zeros(D), precision: P)`,
      data: { y: matrix(d, d, dice) },
    },
    {
      source: `data y: real[N, D]\nsample R ~ LKJ(D, 2)\nobserve y ~ MvNormal(zeros(D), R)`,
      data: { y: matrix(few, Math.max(2, few), dice) },
    },
    {
      source: `sample p ~ Dirichlet(ones(${10 * m}))\nfor n in 0..<50 { sample z[n] ~ Categorical(p) }`,
      data: { z: integers(50, m, dice) },
    },
    {
      source: `sample p ~ Dirichlet(ones(${size}))\nsample k ~ Multinomial(${2 * m}, p)\nsample q ~ Beta(1, 1)\nobserve ${m} ~ Binomial(k[0] + ${m}, q)`,
      data: {},
    },
    { source: `sample k ~ DiscreteUniform(0, ${10 ** size})\nobserve 0.3 ~ Normal(log(1 + k), 1)`, data: {} },
    { source: `sample k ~ Poisson(${10 * m})\nsample p ~ Beta(2, 2)\nobserve ${2 * m} ~ Binomial(k + ${2 * m}, p)`, data: {} },
    { source: `sample h ~ Hypergeometric(${10 * m}, ${5 * m}, ${3 * m})\nobserve 3 ~ Poisson(0.1 + h)`, data: {} },
    {
      source: `data x: real[D]\ndata y: real[D]\nsample a ~ HalfNormal(1)\nsample l ~ Gamma(2, 1)\nsample f ~ MvNormal(zeros(D), [a^2 * exp(-(x[i] - x[j])^2 / l) + (i == j ? 0.01 : 0) for i in 0..<D, j in 0..<D])\nobserve y ~ Normal(f, 0.3)`,
      data: { x: normals(d, dice), y: normals(d, dice) },
    },
  ]);
}

/** Conditions on switches, in expressions and in statements. */
function conditions(size: number, dice: Dice): LargeProgram {
  const n = 2 * size;
  let nested = '0';
  for (let k = 0; k < n; k++) nested = dice.of([`(z${k} ? m${k} : ${nested})`, `(z${k} && m${k} > 0 ? ${nested} : m${k})`]);
  const deep = 10 * size,
    branches = list(deep, (k) => `if k == ${k} { sample e[k] ~ Normal(${k}, 1) } else { `).join('');
  if (dice.chance(0.6))
    return {
      source: `data y: real[N]\n${lines(n, (k) => `sample z${k} ~ Bernoulli(0.5)\nsample m${k} ~ Normal(0, 1)`)}\nobserve y ~ Normal(${nested}, 1)`,
      data: { y: normals(10, dice) },
    };
  return dice.chance(0.5)
    ? {
        source: `data c: int\nsample a ~ Normal(0, 1)\n${lines(deep, (k) => `if c > ${k} {`)}\nobserve 1.5 ~ Normal(a, 1)${' }'.repeat(deep)}`,
        data: { c: deep + 1 },
      }
    : { source: `for k in 0..<${deep + 1} { ${branches}sample e[k] ~ Normal(0, 1)${' }'.repeat(deep)} }`, data: {} };
}

/** Many terms on few unknowns. */
function terms(size: number, dice: Dice): LargeProgram {
  const term = (): string =>
    dice.of([
      `factor -${1 + dice.below(9)} * (a - ${rounded(dice.normal())})^2`,
      `factor sin(a + ${rounded(dice.normal())}) * b`,
      `factor -abs(a - b * ${rounded(dice.normal())})`,
      `observe ${rounded(dice.normal())} ~ Normal(a * ${rounded(dice.normal())} + b, s)`,
      `observe ${dice.below(9)} ~ Poisson(exp(a) + s)`,
      `predict p${dice.below(1e9)} ~ Normal(a, s)`,
      `report r${dice.below(1e9)} = a / s`,
    ]);
  return {
    source: `sample a ~ Normal(0, 1)\nsample b ~ Normal(a, 2)\nsample s ~ Gamma(2, 1)\n${lines(20 * size, term)}`,
    data: {},
  };
}

/** Data of a size that people have. */
function data(size: number, dice: Dice): LargeProgram {
  const n = 2000 * size,
    groups = 50 * size,
    columns = 2 * size;
  const y = normals(n, dice),
    g = labels(n, groups, dice),
    h = labels(n, 20, dice);
  const gaps = dice.chance(0.3) ? y.map((x, k) => (k % 7 === 3 ? null : x)) : y;
  return dice.of<() => LargeProgram>([
    () => ({
      source:
        'data y: real[N]\ndata K: int\nsample p ~ Dirichlet(ones(K))\nfor k in 0..<K { sample m[k] ~ Normal(0, 3)\nsample s[k] ~ Gamma(2, 2) }\nfor n in 0..<N { sample z[n] ~ Categorical(p)\nobserve y[n] ~ Normal(m[z[n]], s[z[n]]) }',
      data: { y: gaps, K: 2 + dice.below(size) },
    }),
    () => ({
      source:
        'data X: real[N, D]\ndata y: real[N]\nsample w ~ iid(Normal(0, 1), D)\nsample s ~ HalfNormal(1)\nobserve y ~ Normal(X @ w, s)',
      data: { X: matrix(n, columns, dice), y: gaps },
    }),
    () => ({
      source:
        'data X: real[N, D]\ndata y: int[N]\nsample w ~ iid(Normal(0, 1), D)\nfor n in 0..<N { observe y[n] ~ Bernoulli(logit: X[n] @ w) }',
      data: { X: matrix(n, columns, dice), y: y.map((x) => Number(x > 0)) },
    }),
    () => ({
      source:
        'data y: real[N]\ndata g: int[N]\ndata h: int[N]\nsample b ~ Normal(0, 1)\nsample t ~ HalfNormal(1)\nsample u ~ iid(Normal(0, t), max(g) + 1)\nsample v ~ iid(Normal(0, 1), max(h) + 1)\nfor n in 0..<N { observe y[n] ~ Normal(b + u[g[n]] + v[h[n]], 1) }',
      data: { y: gaps, g, h },
    }),
    () => ({
      source:
        'data w: int[N]\ndata d: int[N]\ndata K: int\nfor k in 0..<K { sample f[k] ~ Dirichlet(ones(max(w) + 1)) }\nfor j in 0..<max(d) + 1 { sample t[j] ~ Dirichlet(ones(K)) }\nfor n in 0..<N { sample z[n] ~ Categorical(t[d[n]])\nobserve w[n] ~ Categorical(f[z[n]]) }',
      data: { w: integers(n, 40 * size, dice), d: h, K: 2 + dice.below(size) },
    }),
  ])();
}

/** Every shape by its name. */
export const shapes: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ['statements', statements],
  ['depth', depth],
  ['sum', sum],
  ['product', product],
  ['doubling', doubling],
  ['plates', plates],
  ['dimensions', dimensions],
  ['names', names],
  ['literals', literals],
  ['network', network],
  ['grid', grid],
  ['causes', causes],
  ['chain', chain],
  ['regions', regions],
  ['combinators', combinators],
  ['reductions', reductions],
  ['parts', parts],
  ['conditions', conditions],
  ['terms', terms],
  ['data', data],
]);
