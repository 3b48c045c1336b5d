/**
 * Updates of `cavi` and `em` as `explain` says them. The JSON form, read at the tables of a run, is the factor that the run
 * holds after the update (cavi), or has the estimates for its mode (em). The text, read by the language's own
 * grammar, is the JSON form where expectations are those of points; expectations are taken apart only where that is true.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/4-infer/backend.js';
import { EmProgram } from '../../src/4-infer/em/program.js';
import { regionLoops, regionName } from '../../src/4-infer/wording.js';
import { backends } from '../../src/4-infer/registry.js';
import { givenOf } from '../../src/4-infer/programBuilder.js';
import { expectationOf } from '../../src/4-infer/expectation.js';
import type { VariationalProgram } from '../../src/4-infer/variational/program.js';
import { plainPoints } from '../../src/4-infer/variational/factors/factor.js';
import { evaluate } from '../../src/expr/evaluate.js';
import { add, apply, cond, type Expr, type Index, mul, num, pow, ref, rewrite, sub, variablesOf } from '../../src/expr/expr.js';
import { fromJson } from '../../src/expr/json.js';
import { printText } from '../../src/expr/print.js';
import { boundModel, type Data, settle, started } from './caviMachine.js';
import { examples } from './caviModels.js';
import { compile, State } from '../3-derive/support.js';
import { inverse, type Law, lawOf, type Surroundings } from './explainedLaw.js';

type Numbers = Readonly<Record<string, number>>;

function explanationOf(backend: string, source: string, data: Data): Explanation {
  const bound = boundModel(source, data);
  return backends.get(backend)!.explain(bound.graph, givenOf(bound), source, {}, null);
}

/** What formulas read of a program between updates: tables, points and data. */
function surroundings(program: VariationalProgram, indices: Numbers): Surroundings {
  const { builder, memory } = program;
  const read = (name: string, at: readonly number[]): number => {
    // The tables of one-hot variables are those of probabilities.
    const storage = memory.has(name) ? name : name.endsWith('=') ? `E|${name}|1` : name;
    const { shape } = builder.storage(storage);
    return memory.get(storage)![at.reduce((flat, i, d) => flat * shape[d]! + i, 0)]!;
  };
  const { graph, sizes } = builder.bound;
  return {
    sizes,
    indices,
    missing: (name, at) => {
      const v = builder.bound.variables.get(name)!;
      return v.mask?.[at.reduce((flat, i, d) => flat * v.shape[d]! + i, 0)] === 1;
    },
    variable: (name, at) => {
      const definition = graph.statements.find((s) => s.kind === 'let' && s.target.variable === name);
      return definition === undefined
        ? read(name, at)
        : builder.bound.variables.get(name)!.values[at.reduce((flat, i, d) => flat * builder.bound.variables.get(name)!.shape[d]! + i, 0)]!;
    },
  };
}

/** Elements of a block: loop indices by name. */
function elementsOf(program: VariationalProgram, block: number): readonly Numbers[] {
  const { region } = program.blocks[block]!.block;
  return region.plates.reduce<readonly Numbers[]>(
    (list, p) =>
      list.flatMap((own) => {
        const number = (e: Expr): number => {
          const v = program.builder.bind(e);
          return v.op === 'const'
            ? v.value
            : evaluate(e, {
                sizes: program.builder.bound.sizes,
                indices: new Map(region.plates.map((q) => [q.index, own[q.index.name] ?? 0])),
                variable: (name, at) => surroundings(program, own).variable(name, at),
              });
        };
        return Array.from({ length: Math.max(0, number(p.to) - number(p.from)) }, (_, k) => ({
          ...own,
          [p.index.name]: number(p.from) + k,
        }));
      }),
    [{}],
  );
}

/** The factor that a run holds for an element, from its parameters. */
function factorOf(program: VariationalProgram, block: number, at: readonly number[]): ((v: readonly number[]) => number) | null {
  const {
    block: { region },
    factor,
  } = program.blocks[block]!;
  const name = region.variable.name;
  const parameter = (key: string): readonly number[] => {
    const storage = factor.kind === 'finite' ? `E|${name}=|1` : `Q|${name}|${region.statement.id}|${key}`,
      { shape } = program.builder.storage(storage);
    const size = shape.slice(at.length).reduce((a, b) => a * b, 1),
      first = at.reduce((flat, i, d) => flat * shape[d]! + i, 0) * size;
    return Array.from(program.memory.get(storage)!.slice(first, first + size));
  };
  const one = (key: string): number => parameter(key)[0]!;
  if (factor.kind === 'finite') {
    const p = parameter('');
    return ([v]) => Math.log(p[v! - factor.low]!);
  }
  if (factor.kind === 'powerGamma')
    return ([v]) => (one('shape') - 1) * factor.power * Math.log(v!) - one('rate') * v! ** factor.power + (factor.power - 1) * Math.log(v!);
  if (factor.kind !== 'family') return null;
  const quadratic = (m: readonly number[], x: readonly number[]): number =>
    m.reduce((s, c, k) => s + c * x[Math.floor(k / x.length)]! * x[k % x.length]!, 0);
  const determinant = (x: readonly number[]): number => x[0]! * x[3]! - x[1]! * x[2]!;
  const trace = (a: readonly number[], b: readonly number[]): number => a[0]! * b[0]! + a[1]! * b[2]! + a[2]! * b[1]! + a[3]! * b[3]!;
  switch (factor.family.name) {
    case 'Normal':
      return ([v]) => -0.5 * ((v! - one('mean')) / one('sd')) ** 2;
    case 'Gamma':
      return ([v]) => (one('shape') - 1) * Math.log(v!) - one('rate') * v!;
    case 'Exponential':
      return ([v]) => -one('rate') * v!;
    case 'InverseGamma':
      return ([v]) => -(one('shape') + 1) * Math.log(v!) - one('scale') / v!;
    case 'Beta':
      return ([v]) => (one('a') - 1) * Math.log(v!) + (one('b') - 1) * Math.log(1 - v!);
    case 'Pareto':
      return ([v]) => (v! < one('minimum') ? -Infinity : -(one('shape') + 1) * Math.log(v!));
    case 'Dirichlet':
      return (x) => parameter('alpha').reduce((s, a, i) => s + (a - 1) * Math.log(x[i]!), 0);
    case 'MvNormal':
      return (x) =>
        -0.5 *
        quadratic(
          inverse(parameter('cov')),
          x.map((v, i) => v - parameter('mean')[i]!),
        );
    case 'Wishart':
      return (x) => 0.5 * (one('df') - 3) * Math.log(determinant(x)) - 0.5 * trace(inverse(parameter('scale')), x);
    case 'InverseWishart':
      return (x) => -0.5 * (one('df') + 3) * Math.log(determinant(x)) - 0.5 * trace(parameter('scale'), inverse(x));
    default:
      return null;
  }
}

/** Two values in the support of a law. */
function candidates(law: Law, size: number): readonly (readonly number[])[] {
  const base = law.family.replace(/^truncated /, '');
  if (base === 'Categorical') return [[law.low], [law.low + 1]];
  if (base === 'Dirichlet') {
    const weights = Array.from({ length: size }, (_, i) => i + 1),
      total = weights.reduce((a, b) => a + b, 0);
    return [weights.map((w) => w / total), weights.map(() => 1 / size)];
  }
  if (base.endsWith('Wishart'))
    return [
      [2, 0.3, 0.3, 1],
      [0.7, -0.2, -0.2, 1.5],
    ];
  if (base === 'MvNormal') return [Array.from({ length: size }, (_, i) => 0.3 * i), Array.from({ length: size }, (_, i) => 1 - 0.4 * i)];
  const low = Number.isFinite(law.low) ? law.low : -1,
    high = Number.isFinite(law.high) ? law.high : low + 2;
  return [[low + 0.3 * (high - low)], [low + 0.7 * (high - low)]];
}

describe('the JSON of explain is the factor after its update, cavi', () => {
  const covered = new Set<string>();
  it.each(examples.map((e) => [e.title, e] as const))('%s', (_, { source, data }) => {
    const program = started(source, data, '3');
    program.sweep();
    const { blocks } = explanationOf('cavi', source, data);
    program.blocks.forEach((b, k) => {
      const { region } = b.block,
        shown = blocks.find((x) => x.block.endsWith(`(${regionName(region)})`) && x.loops === regionLoops(region));
      if (shown === undefined || shown.parameters.length === 0) return;
      settle(program, k);
      const elements = elementsOf(program, k);
      for (const own of elements.filter((_own, n) => n === 0 || n === elements.length - 1)) {
        const at = region.at.map((e) =>
          evaluate(e, { sizes: program.builder.bound.sizes, indices: new Map(region.plates.map((p) => [p.index, own[p.index.name]!])) }),
        );
        const engine = factorOf(program, k, at);
        if (engine === null) continue;
        const law = lawOf(shown.family!, shown.parameters, surroundings(program, own), region.variable.name);
        const size = program.builder
          .storage(region.variable.name)
          .shape.slice(at.length)
          .reduce((a, x) => a * x, 1);
        const [v, w] = candidates(law, size) as [readonly number[], readonly number[]];
        const found = law.logDensity(w) - law.logDensity(v),
          truth = engine(w) - engine(v);
        // Given elements of data with gaps have no factor.
        if (Number.isNaN(truth)) continue;
        expect(
          Math.abs(found - truth),
          `${shown.block} ${shown.family}: ${shown.parameters.map((p) => p.text).join('; ')}`,
        ).toBeLessThanOrEqual(1e-8 * (1 + Math.abs(truth)));
        covered.add(shown.family!);
      }
    });
  });
  it('for every kind of factor', () => {
    expect([...covered]).toEqual(
      expect.arrayContaining([
        'Normal',
        'Gamma',
        'InverseGamma',
        'Beta',
        'Dirichlet',
        'MvNormal',
        'Wishart',
        'InverseWishart',
        'Categorical',
        'power of a Gamma',
      ]),
    );
  });
});

describe('the JSON of explain has the estimates for its mode, em', () => {
  const y = [1.2, -0.3, 2.1, 0.7, 1.9, 0.2, -1.1, 0.9, 6.4, 5.6, 7.3, 6.1];
  const points = y.map((v, i) => [v, (i % 5) - 0.4 * v]);
  const counts = [0, 1, 0, 2, 1, 0, 8, 9, 7, 12, 10, 1];
  /** The maximum of a law by its parameters. */
  const modeOf = (law: Law, power: number): readonly number[] => {
    const list = (name: string): readonly number[] => law.parameters.get(name)!,
      one = (name: string): number => list(name)[0]!;
    switch (law.family) {
      case 'mode of Normal':
        return [one('mean')];
      case 'mode of Gamma':
        return [(one('shape') - 1) / one('rate')];
      case 'mode of InverseGamma':
        return [one('scale') / (one('shape') + 1)];
      case 'mode of Beta':
        return [(one('a') - 1) / (one('a') + one('b') - 2)];
      case 'mode of Dirichlet': {
        const total = list('alpha').reduce((s, a) => s + a - 1, 0);
        return list('alpha').map((a) => (a - 1) / total);
      }
      case 'mode of MvNormal': {
        const cov = inverse(list('precision')),
          d = list('shift').length;
        return list('shift').map((_, i) => list('shift').reduce((s, b, j) => s + cov[i * d + j]! * b, 0));
      }
      case 'mode of InverseWishart':
        return list('scale').map((x) => x / (one('df') + 3));
      // With t = v^p, |dt/dv| adds (p - 1)/p to the shape of v's own density in t.
      case 'mode of power of a Gamma': {
        const [shape, rate] = [...law.parameters.keys()].sort().reverse().map(one) as [number, number];
        return [((shape - 1 / power) / rate) ** (1 / power)];
      }
      default:
        throw new Error(`no mode of ${law.family}`);
    }
  };
  it.each<readonly [string, string, Data]>([
    [
      'a mixture of Normals',
      'data y: real[N] param pi: simplex[2] for k in 0..<2 { param mu[k]: real param s[k]: positive } for n in 0..<N { sample z[n] ~ Categorical(pi) observe y[n] ~ Normal(mu[z[n]], s[z[n]]) }',
      { y },
    ],
    [
      'a mixture with covariances',
      'data x: real[N, D] param pi: simplex[2] for k in 0..<2 { param mu[k]: real[D] } param S: cov[D] for n in 0..<N { sample z[n] ~ Categorical(pi) observe x[n] ~ MvNormal(mu[z[n]], S) }',
      { x: points },
    ],
    [
      'counts',
      'data c: int[N] param p: unit for k in 0..<2 { param rate[k]: positive } for n in 0..<N { sample z[n] ~ Bernoulli(p) observe c[n] ~ Poisson(rate[z[n]]) }',
      { c: counts },
    ],
    [
      'variances of effects',
      'data y: real[N] data g: int[N] param m: real param v: positive param w: positive for j in 0..<3 { sample a[j] ~ Normal(0, variance: v) } for n in 0..<N { observe y[n] ~ Normal(m + a[g[n]], variance: w) }',
      { y, g: y.map((_, i) => i >> 2) },
    ],
    [
      'precisions of a regression',
      'data x: real[N] data y: real[N] param alpha: positive param beta: positive sample w ~ MvNormal(zeros(2), precision: alpha * eye(2)) for n in 0..<N { observe y[n] ~ Normal(w[0] + w[1] * x[n], precision: beta) }',
      { x: y.map((_, i) => i / 6 - 1), y },
    ],
  ])('%s', (_, source, data) => {
    const program = new EmProgram(boundModel(source, data), '1', new Map(), { ...plainPoints, gradient: true }, false);
    program.initialise();
    for (let k = 0; k < 3000; k++) {
      program.expectation();
      program.maximisation();
    }
    program.expectation();
    const { blocks } = explanationOf('em', source, data);
    let compared = 0;
    for (const k of program.parameters) {
      const { region } = program.blocks[k]!.block,
        shown = blocks.find((b) => b.block === `argmax ${regionName(region)}`)!;
      for (const own of elementsOf(program, k)) {
        const law = lawOf(shown.family!, shown.parameters, surroundings(program, own), region.variable.name);
        const { shape } = program.builder.storage(region.variable.name);
        const at = region.at.map((e) =>
          evaluate(e, { sizes: program.builder.bound.sizes, indices: new Map(region.plates.map((p) => [p.index, own[p.index.name]!])) }),
        );
        const size = shape.slice(at.length).reduce((a, b) => a * b, 1),
          first = at.reduce((flat, i, d) => flat * shape[d]! + i, 0) * size;
        const estimate = program.memory.get(region.variable.name)!.slice(first, first + size);
        const { recognised } = program.blocks[k]!.block;
        modeOf(law, recognised.kind === 'powerGamma' ? recognised.power : 1).forEach((v, i) => {
          compared++;
          expect(Math.abs(v - estimate[i]!), `${shown.block} is ${estimate[i]}, the formulas say ${v}`).toBeLessThanOrEqual(
            1e-7 * (1 + Math.abs(v)),
          );
        });
      }
    }
    expect(compared).toBeGreaterThanOrEqual(program.parameters.length);
  });
});

describe('the text of explain is the JSON', () => {
  /** Formulas as reports of the program itself, with expectations of points; those that speak of literal arrays by no name are left out. */
  const check = (backend: string, source: string, data: Data): number => {
    const compiled = compile(source, data),
      state = new State(compiled, 4);
    const fixed = Object.fromEntries(
      [...compiled.bound.variables.values()].filter((v) => v.status !== 'deterministic').map((v) => [v.name, [...state.storage(v.name)]]),
    );
    const { blocks } = backends
      .get(backend)!
      .explain(compiled.graph, givenOf(compiled.bound), source, backend === 'gibbs' ? { block: 'none' } : {}, null);
    const reports: { readonly name: string; readonly json: unknown; readonly weights: boolean }[] = [];
    let text = `${source}\nfn E(x) = x\n`;
    for (const b of blocks)
      for (const p of b.parameters) {
        const [, value, range] = /^.*? = (.*?)(?: {2}for (.*))?$/.exec(p.text)!;
        if (/constant|missing|precision$|-inf|\binf\b/.test(value!)) continue;
        const { indices, ranges } = p.json as {
          readonly indices: readonly string[];
          readonly ranges: readonly { readonly from: unknown; readonly to: unknown }[];
        };
        const event =
          range !== undefined
            ? [range]
            : indices.map((i, k) => `${i} in ${printText(fromJson(ranges[k]!.from))}..<${printText(fromJson(ranges[k]!.to))}`);
        const loops = [
          ...b.loops
            .replace(/^for /, '')
            .split(/, (?=\w+ in )/)
            .filter((l) => l !== ''),
          ...event,
        ];
        const names = loops.map((l) => /^\w+/.exec(l)![0]);
        // Elements are counted from 0, wherever a loop begins.
        const at = loops.map((l, k) => {
          const from = / in (.*)\.\.</.exec(l)![1]!;
          return from === '0' ? names[k]! : `${names[k]!} - ${from}`;
        });
        const name = `q${reports.length}_`,
          body = `report ${name}${names.length === 0 ? '' : `[${at.join(', ')}]`} = ${value}`;
        text += loops.length === 0 ? `${body}\n` : `for ${loops.join(', ')} { ${body} }\n`;
        reports.push({ name, json: p.json, weights: p.name === 'logWeight' });
      }
    const extended = compile(text, data),
      again = new State(extended, 4, 1, fixed);
    let compared = 0;
    for (const { name, json, weights } of reports) {
      const statement = extended.graph.statements.find((s) => s.kind === 'let' && s.target.variable === name)!;
      let first: number | null = null;
      const low = weights
        ? evaluate(fromJson((json as { ranges: readonly { from: unknown }[] }).ranges[0]!.from), {
            sizes: compiled.bound.sizes,
            variable: (n, at) => state.value(n, ...at),
          })
        : 0;
      for (const indices of again.instances(statement)) {
        const e = fromJson((json as { value: unknown }).value);
        const own = Object.fromEntries([...indices].map(([i, at]) => [i.name, at]));
        const expected = evaluateAtPoint(e, again, own);
        if (statement.kind === 'factor') throw new Error('a factor defines nothing');
        const value = again.value(name, ...statement.target!.at.map((x) => evaluate(x, again.environment(indices))));
        compared++;
        // Log weights may differ by what all values have in common.
        if (weights && indices.get([...indices.keys()].at(-1)!) === low) first = value - expected;
        const found = value - (first ?? 0);
        // Texts have six digits.
        expect(Math.abs(found - expected), `${name} = ${found}, JSON ${expected}\n${text}`).toBeLessThanOrEqual(
          2e-5 * (1 + Math.abs(expected)) * 10,
        );
      }
    }
    return compared;
  };
  /** Tables of probabilities count values from the lowest. */
  function lowOf(state: State, variable: string): number {
    const range = state.compiled.model.finiteRange(variable)!;
    return evaluate(range.low, state.environment(new Map()));
  }
  /** Tables of expectations of points: statistics of the state. */
  function evaluateAtPoint(e: Expr, state: State, own: Numbers): number {
    const free = new Map<Index, number>();
    rewrite(e, (x) => {
      if (x.op === 'index' && x.name in own) free.set(x, own[x.name]!);
      return x;
    });
    return evaluate(e, {
      ...state.derivedEnvironment(free),
      variable: (name, at) => {
        const [, variable, statistic] = name.split('|');
        if (variable === undefined || statistic === undefined) return state.value(name, ...at);
        if (variable.endsWith('='))
          return state.value(variable.slice(0, -1), ...at.slice(0, -1)) === at.at(-1)! + lowOf(state, variable.slice(0, -1)) ? 1 : 0;
        const x = (...i: readonly number[]): number => state.value(variable, ...i),
          lead = at.slice(0, -2),
          [i, j] = at.slice(-2) as [number, number];
        switch (statistic) {
          case 'x':
          case 'x_i':
          case 'X_ij':
            return x(...at);
          case '1/x':
            return 1 / x(...at);
          case 'log x':
          case 'log x_i':
            return Math.log(x(...at));
          case 'log(1-x)':
            return Math.log(1 - x(...at));
          case 'x_i x_j':
            return x(...lead, i) * x(...lead, j);
          case 'inverse(X)_ij':
            return inverse([0, 1].flatMap((r) => [0, 1].map((c) => x(...lead, r, c))))[i * 2 + j]!;
          case 'logdet X':
            return Math.log(x(...at, 0, 0) * x(...at, 1, 1) - x(...at, 0, 1) * x(...at, 1, 0));
          default:
            return x(...at) ** Number(statistic.slice(2));
        }
      },
    });
  }
  it.each(examples.filter((e) => !/null|missing/.test(JSON.stringify(e.data) + e.title)).map((e) => [e.title, e] as const))(
    '%s',
    (_, { source, data }) => {
      expect(check('gibbs', source, data) + check('cavi', source, data)).toBeGreaterThan(0);
    },
  );
});

describe('expectations', () => {
  it('are taken apart only where what stands in them is independent', () => {
    const names = ['a', 'b', 'c'] as const;
    const atoms: fc.Arbitrary<Expr> = fc.oneof(
      fc.constantFrom(...names).map((n) => ref(n)),
      fc.constantFrom(2, -0.5).map(num),
      fc.constant<Expr>(ref('y')),
    );
    const expressions = (depth: number): fc.Arbitrary<Expr> => {
      if (depth === 0) return atoms;
      const inner = expressions(depth - 1);
      return fc.oneof(
        atoms,
        fc.tuple(inner, inner).map(([p, q]) => add(p, q)),
        fc.tuple(inner, inner).map(([p, q]) => sub(p, q)),
        fc.tuple(inner, inner).map(([p, q]) => mul(p, q)),
        inner.map((p) => pow(p, num(2))),
        inner.map((p) => apply('exp', p)),
        fc.tuple(inner, fc.constantFrom(...names)).map(([p, n]) => cond(apply('eq', ref(n), num(1)), p, num(0))),
        fc.tuple(inner, inner).map(([p, q]) => cond(apply('gt', ref('y'), num(0)), p, q)),
        fc.tuple(inner, fc.constantFrom(...names)).map(([p, n]) => apply('div', p, apply('exp', ref(n)))),
      );
    };
    /** Values and probabilities; a and b are one joint law in the second reading. */
    const support = [
      { a: 1, b: 0.5, c: -1, p: 0.1 },
      { a: 1, b: -0.3, c: 1, p: 0.2 },
      { a: 0.4, b: 0.5, c: -1, p: 0.05 },
    ] as const;
    const independent = names
      .map((n) => [1, ...new Set(support.map((s) => s[n]).filter((v) => v !== 1))])
      .reduce<Record<string, number>[]>((list, values, k) => list.flatMap((o) => values.map((v) => ({ ...o, [names[k]!]: v }))), [{}])
      .map((o) => ({ ...o, p: 1 }));
    const joint = support.flatMap((s) => [-1, 1].map((c) => ({ a: s.a, b: s.b, c, p: s.p })));
    const mean = (e: Expr, law: readonly Record<string, number>[], y: number): number => {
      const total = law.reduce((s, o) => s + o['p']!, 0);
      return law.reduce((s, o) => s + (o['p']! / total) * evaluate(e, { variable: (n) => (n === 'y' ? y : o[n]!) }), 0);
    };
    /** What an expression with E says: each E by the law, the rest as it stands. */
    const said = (e: Expr, law: readonly Record<string, number>[], y: number): number => {
      const shown = rewrite(e, (x) => (x.op === 'apply' && x.fn === 'E' ? num(mean(x.args[0]!, law, y)) : x));
      expect([...variablesOf(shown)].every((n) => n === 'y')).toBe(true);
      return evaluate(shown, { variable: () => y });
    };
    fc.assert(
      fc.property(expressions(4), fc.constantFrom(0.7, -1.2), fc.boolean(), (e, y, together) => {
        const law = together ? joint : independent;
        const shown = expectationOf(e, { isRandom: (n) => n !== 'y', groupOf: (n) => (together && n === 'b' ? 'a' : n) });
        const truth = mean(e, law, y);
        fc.pre(Number.isFinite(truth) && Math.abs(truth) < 1e6);
        expect(Math.abs(said(shown, law, y) - truth)).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(truth)));
      }),
      { numRuns: 400, seed: 3 },
    );
  });
  it('of a product of independent quantities are products', () => {
    const law = { isRandom: (n: string): boolean => n !== 'y', groupOf: (n: string): string => n };
    expect(
      printText(expectationOf(cond(apply('eq', ref('z'), num(1)), mul(ref('y'), pow(sub(ref('y'), ref('m')), num(2))), num(0)), law)),
    ).toBe('y*E(z == 1)*E((y - m)^2)');
    expect(printText(expectationOf(mul(ref('a'), add(ref('b'), ref('y'))), law))).toBe('E(a)*(E(b) + y)');
  });
});
