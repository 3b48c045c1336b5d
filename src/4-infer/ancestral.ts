/**
 * Ancestral code: every latent drawn from its law in an order that the graph allows, deterministic
 * quantities computed on the way. The same walk starts chains, simulates data, evaluates reports and
 * draws predictions; what differs is which statements run.
 */
import { type Code, forLoop, store, when } from '../code/loop.js';
import { type Group, schedule } from '../2-graph/query.js';
import type { Law, Statement, Target } from '../2-graph/graph.js';
import { isProper, mapLaw } from '../distributions/law/law.js';
import { supportOf } from '../distributions/law/form.js';
import type { Support } from '../distributions/family.js';
import { families } from '../distributions/registry.js';
import {
  type Expr,
  type Index,
  add,
  apply,
  at as elementAt,
  build,
  cond,
  index,
  isConst,
  mul,
  num,
  one,
  reduce,
  ref,
  scalar,
  sub,
  substitute,
  zero,
} from '../expr/expr.js';
import { maskOf } from '../3-derive/model.js';
import { drawLaw } from './drawLaw.js';
import type { ProgramBuilder } from './programBuilder.js';
import { loops } from './programBuilder.js';

export interface AncestralOptions {
  /** True for the statements to run; others are skipped. */
  wanted(s: Statement): boolean;
  /** Statements to draw although they are observations: only these of several on one datum generate it. */
  readonly generate: 'latents' | 'everything';
  /**
   * A flag for starts: where it is not 0, unbounded unknowns are drawn as for an improper prior (near
   * the origin of their unconstrained coordinates) whatever their law, since a vague prior puts them
   * absurdly far out.
   */
  readonly near?: Expr | undefined;
  /**
   * What to do for an element of a statement instead of drawing or computing it; `place` puts expressions of the statement where its code
   * stands.
   */
  readonly element?: ((s: Statement, place: (e: Expr) => Expr) => readonly Code[]) | undefined;
  /** An element is left as it is where this is 0; null runs them all. */
  readonly only?: ((s: Statement, place: (e: Expr) => Expr) => Expr | null) | undefined;
  /** Runs backwards: what is defined last comes first. */
  readonly reverse?: boolean | undefined;
}

/** Code that runs the wanted statements in an order in which everything read is defined. */
export function ancestralCode(builder: ProgramBuilder, options: AncestralOptions): readonly Code[] {
  return inOrder(schedule(builder.bound.graph), options).flatMap((g) => groupCode(builder, g, options, new Map()));
}

function inOrder<T>(items: readonly T[], options: AncestralOptions): readonly T[] {
  return options.reverse === true ? [...items].reverse() : items;
}

/** Coordinates that enclosing fused loops have fixed, by statement. */
type Fixed = ReadonlyMap<Statement, ReadonlyMap<Index, { readonly value: Expr; readonly tests: readonly Expr[] }>>;

function groupCode(builder: ProgramBuilder, group: Group, options: AncestralOptions, fixed: Fixed): readonly Code[] {
  if (group.kind === 'single')
    return options.wanted(group.statement) ? statementCode(builder, group.statement, fixed.get(group.statement) ?? new Map(), options) : [];
  if (group.kind === 'ordered') return orderedCode(builder, group.statements, options);
  if (!group.members.some((m) => options.wanted(m.statement))) return [];
  const coordinate = index('t');
  let from: Expr | null = null,
    to: Expr | null = null;
  const inner = new Map(fixed);
  for (const m of group.members) {
    const s = m.statement;
    const offset = builder.bind(m.offset);
    const plate = m.plate === null ? null : s.plates[m.plate]!;
    // Ragged: the loop runs as far as any of the rows around it does.
    const extreme = (kind: 'min' | 'max', bound: Expr): Expr =>
      builder.bind(
        s.plates
          .slice(0, m.plate ?? 0)
          .reduceRight((e, p) => (mentionsAny(e, [p.index]) ? reduce(kind, p.index, p.from, p.to, e) : e), bound),
      );
    const low = plate === null ? offset : add(extreme('min', plate.from), offset);
    const high = plate === null ? add(offset, one) : add(extreme('max', plate.to), offset);
    from = from === null ? low : builder.bind(apply('min', from, low));
    to = to === null ? high : builder.bind(apply('max', to, high));
    const own = new Map(fixed.get(s) ?? []);
    if (plate === null) own.set(index('once'), { value: zero, tests: [apply('eq', coordinate, offset)] });
    else {
      const value = builder.bind(sub(coordinate, offset));
      own.set(plate.index, { value, tests: [apply('ge', value, builder.bind(plate.from)), apply('lt', value, builder.bind(plate.to))] });
    }
    inner.set(s, own);
  }
  builder.noteRange(coordinate, from!, to!);
  return [
    forLoop(
      coordinate,
      from!,
      to!,
      inOrder(group.body, options).flatMap((g) => groupCode(builder, g, options, inner)),
      (group.direction === 'descending') !== (options.reverse === true),
    ),
  ];
}

/** Elements one at a time in the order of the bound model's data. */
function orderedCode(builder: ProgramBuilder, statements: readonly Statement[], options: AncestralOptions): readonly Code[] {
  const wanted = statements.filter((s) => options.wanted(s));
  const order = builder.bound.orders.get(statements[0]!.id);
  if (wanted.length === 0 || order === undefined) return [];
  const name = `%order${statements[0]!.id}`,
    rows = order.rows.length / order.width;
  if (!builder.hasStorage(name)) builder.addStorage({ name, type: 'int32', shape: [rows, order.width], place: 'data' }, order.rows);
  const row = index('row');
  builder.noteRange(row, zero, num(rows));
  const body = inOrder(wanted, options).flatMap((s): readonly Code[] => {
    const map = new Map<Index, Expr>(s.plates.map((p, k) => [p.index, ref(name, [row, num(1 + k)])]));
    // The rows hold the instances whose guards hold.
    const place = (e: Expr): Expr => builder.bind(substitute(e, map));
    const code = codeOf(builder, s, place, options);
    if (code.length === 0 || statements.length === 1) return code;
    return [when(apply('eq', ref(name, [row, zero]), num(order.statements.indexOf(s.id))), code)];
  });
  return body.length === 0 ? [] : [forLoop(row, zero, num(rows), body, options.reverse)];
}

function statementCode(
  builder: ProgramBuilder,
  s: Statement,
  fixed: ReadonlyMap<Index, { readonly value: Expr; readonly tests: readonly Expr[] }>,
  options: AncestralOptions,
): readonly Code[] {
  const map = new Map<Index, Expr>();
  const tests: Expr[] = [];
  for (const [i, f] of fixed) {
    map.set(i, f.value);
    tests.push(...f.tests);
  }
  const place = (e: Expr): Expr => builder.bind(substitute(e, map));
  const binders = s.plates
    .filter((p) => !map.has(p.index))
    .map((p) => builder.bindBinder({ index: p.index, from: place(p.from), to: place(p.to) }));
  const guards = [...tests.map((t) => builder.bind(substitute(t, map))), ...s.guards.map(place)].filter((g) => !isConst(g, 1));
  const body = codeOf(builder, s, place, options);
  if (body.length === 0) return [];
  // Tests of fused coordinates come before the loops whose bounds may use them.
  const early = guards.filter(
    (g) =>
      !mentionsAny(
        g,
        binders.map((b) => b.index),
      ),
  );
  const late = guards.filter((g) => !early.includes(g));
  return early.reduceRight<readonly Code[]>((code, g) => [when(g, code)], loops(binders, late, body, options.reverse));
}
function mentionsAny(e: Expr, indices: readonly Index[]): boolean {
  let found = false;
  const go = (x: Expr): void => {
    if (x.op === 'index') {
      if (indices.includes(x)) found = true;
      return;
    }
    if (x.op === 'ref') x.at.forEach(go);
    else if (x.op === 'apply') x.args.forEach(go);
    else if (x.op === 'cond') {
      go(x.test);
      go(x.then);
      go(x.otherwise);
    } else if (x.op === 'reduce') {
      go(x.from);
      go(x.to);
      go(x.body);
    } else if (x.op === 'element') {
      x.at.forEach(go);
      for (const a of x.array.args) go(a.body);
    }
  };
  go(e);
  return found;
}

function codeOf(builder: ProgramBuilder, s: Statement, place: (e: Expr) => Expr, options: AncestralOptions): readonly Code[] {
  const code = options.element === undefined ? elementCode(builder, s, place, options) : options.element(s, place);
  const test = options.only?.(s, place) ?? null;
  return test === null || code.length === 0 ? code : [when(test, code)];
}

function elementCode(builder: ProgramBuilder, s: Statement, place: (e: Expr) => Expr, options: AncestralOptions): readonly Code[] {
  switch (s.kind) {
    case 'factor':
      return [];
    case 'let': {
      const at = s.target.at.map(place);
      return [store(s.target.variable, at, place(s.value))];
    }
    case 'param':
      return keepingGiven(builder, s.target, place, startCode(builder, s.target, place, supportOfParam(builder, s.target, place)));
    case 'sample':
    case 'predict':
    case 'observe': {
      if (s.target === null) return [];
      const status = builder.model.statusOf(s.target.variable);
      if (s.kind === 'observe' && status === 'latent' && options.generate !== 'everything') return [];
      const law = mapLaw(s.law, place);
      const at = s.target.at.map(place);
      const shape = builder.storage(s.target.variable).shape;
      const rank = shape.length - at.length;
      const zeros = Array.from({ length: rank }, () => zero);
      const ordered = builder.model.variable(s.target.variable).constraint.kind === 'ordered';
      if (status !== 'partial') {
        const support = supportOf(law);
        const prior = isProper(law)
          ? drawLaw(builder, law, { storage: s.target.variable, at: [...at, ...zeros] }, rank)
          : startCode(builder, s.target, place, support);
        const draw =
          options.near !== undefined && s.kind === 'sample' && isProper(law) && isUnbounded(support)
            ? [when(options.near, startCode(builder, s.target, place, support), prior)]
            : prior;
        return ordered && rank === 0 ? [...draw, ...insertSorted(builder, s.target.variable, at)] : draw;
      }
      if (!isProper(law)) return [];
      if (rank === 0) return [when(ref(maskOf(s.target.variable), at), drawLaw(builder, law, { storage: s.target.variable, at }, 0))];
      // Missing elements of a vector: draw the whole, keep what is missing.
      const whole = builder.fresh('draw', shape.slice(at.length), 'scratch');
      const event = shape.slice(at.length).map((_, d) => index(`e${d}`));
      const copy = event.reduceRight<readonly Code[]>(
        (inner, i, d) => [forLoop(i, zero, num(shape[at.length + d]!), inner)],
        [when(ref(maskOf(s.target.variable), [...at, ...event]), [store(s.target.variable, [...at, ...event], ref(whole, event))])],
      );
      const support = supportOf(law);
      return [
        ...(support.kind === 'counts'
          ? missingCounts(builder, law, support.total, s.target.variable, at, whole)
          : drawLaw(builder, law, { storage: whole, at: zeros }, rank)),
        ...copy,
      ];
    }
  }
}

/** Code that writes a whole element, of which the cells that are given stay as they are. */
function keepingGiven(builder: ProgramBuilder, target: Target, place: (e: Expr) => Expr, code: readonly Code[]): readonly Code[] {
  const { variable } = target;
  if (builder.model.statusOf(variable) !== 'partial') return code;
  const at = target.at.map(place),
    shape = builder.storage(variable).shape.slice(at.length);
  if (shape.length === 0) return [when(ref(maskOf(variable), at), code)];
  const given = builder.fresh('given', shape, 'scratch');
  const overCells = (body: (cell: readonly Expr[]) => readonly Code[]): readonly Code[] => {
    const cell = shape.map((_, d) => index(`e${d}`));
    return cell.reduceRight<readonly Code[]>((inner, i, d) => [forLoop(i, zero, num(shape[d]!), inner)], body(cell));
  };
  return [
    ...overCells((cell) => [store(given, cell, ref(variable, [...at, ...cell]))]),
    ...code,
    ...overCells((cell) => [
      when(apply('not', ref(maskOf(variable), [...at, ...cell])), [store(variable, [...at, ...cell], ref(given, cell))]),
    ]),
  ];
}

/**
 * What the given cells leave of a total, shared among the missing ones in proportion to their means: the conditional law
 * of a Multinomial, and of a DirichletMultinomial, whose missing cells share more unevenly, a start.
 */
function missingCounts(
  builder: ProgramBuilder,
  law: Law,
  total: Expr,
  variable: string,
  at: readonly Expr[],
  whole: string,
): readonly Code[] {
  const dimension = num(builder.storage(whole).shape[0]!),
    k = index('k');
  const missing = (cell: Expr): Expr => ref(maskOf(variable), [...at, cell]);
  const given = reduce('sum', k, zero, dimension, cond(missing(k), zero, ref(variable, [...at, k])));
  const mean = law.kind === 'family' ? families.get(law.family)?.mean?.({ ...law.parameters, n: scalar(one) }) : undefined;
  const shares = builder.bindArray(
    build([dimension], (cell) => cond(missing(cell), mean === undefined ? one : elementAt(mean, cell), zero)),
  );
  return [
    {
      do: 'call',
      procedure: 'multinomial',
      into: null,
      effects: [whole],
      args: [
        { kind: 'place', place: { storage: whole, at: [zero] } },
        { kind: 'value', value: builder.bind(sub(total, given)) },
        { kind: 'array', value: shares },
      ],
    },
  ];
}

/** Continuous supports that reach to infinity. */
function isUnbounded(support: Support): boolean {
  return support.kind === 'vector' || (support.kind === 'interval' && (isConst(support.low, -Infinity) || isConst(support.high, Infinity)));
}

/** Ordered draws: an element that was just drawn is moved down to its place among the earlier ones. */
function insertSorted(builder: ProgramBuilder, variable: string, at: readonly Expr[]): readonly Code[] {
  const k = index('k');
  const held = builder.fresh('held', [], 'local');
  const last = at[at.length - 1]!;
  const lead = at.slice(0, -1);
  const position = sub(last, k);
  const here = [...lead, position],
    before = [...lead, sub(position, one)];
  builder.noteRange(k, zero, last);
  return [
    forLoop(k, zero, last, [
      when(apply('lt', ref(variable, here), ref(variable, before)), [
        store(held, [], ref(variable, here)),
        store(variable, here, ref(variable, before)),
        store(variable, before, ref(held, [])),
      ]),
    ]),
  ];
}

function supportOfParam(builder: ProgramBuilder, target: Target, place: (e: Expr) => Expr): Support {
  const v = builder.model.variable(target.variable);
  const c = v.constraint;
  const event = num(builder.storage(v.name).shape[v.dims.length - 1] ?? 1);
  switch (c.kind) {
    case 'positive':
      return { kind: 'interval', low: zero, high: num(Infinity) };
    case 'unit':
      return { kind: 'interval', low: zero, high: one };
    case 'interval':
      return { kind: 'interval', low: place(c.low), high: place(c.high) };
    case 'simplex':
      return { kind: 'simplex', dimension: event };
    case 'cov':
      return { kind: 'cov', dimension: event };
    case 'corr':
      return { kind: 'corr', dimension: event };
    default:
      return v.dims.length > target.at.length
        ? { kind: 'vector', dimension: event }
        : { kind: 'interval', low: num(-Infinity), high: num(Infinity) };
  }
}

/** A start for an unknown without a proper prior: a standard normal in unconstrained coordinates. */
function startCode(builder: ProgramBuilder, target: Target, place: (e: Expr) => Expr, support: Support): readonly Code[] {
  const at = target.at.map(place);
  const shape = builder.storage(target.variable).shape;
  const noise = builder.fresh('noise', [], 'local');
  const draw: Code = { do: 'call', procedure: 'normal', args: [], into: { storage: noise, at: [] }, effects: [] };
  const z = ref(noise, []);
  const d = shape[shape.length - 1] ?? 1;
  const i = index('i'),
    j = index('j');
  switch (support.kind) {
    case 'interval': {
      const low = place(support.low),
        high = place(support.high);
      const noLow = isConst(low, -Infinity),
        noHigh = isConst(high, Infinity);
      const value =
        noLow && noHigh
          ? z
          : noHigh
            ? add(low, apply('exp', mul(num(0.5), z)))
            : noLow
              ? sub(high, apply('exp', mul(num(0.5), z)))
              : add(low, mul(sub(high, low), apply('sigmoid', z)));
      return [draw, store(target.variable, at, value)];
    }
    case 'integers':
      return [store(target.variable, at, isConst(place(support.low), -Infinity) ? zero : place(support.low))];
    case 'simplex':
      return [forLoop(i, zero, num(d), [store(target.variable, [...at, i], num(1 / d))])];
    case 'vector': {
      const ordered = builder.model.variable(target.variable).constraint.kind === 'ordered';
      return [forLoop(i, zero, num(d), [draw, store(target.variable, [...at, i], ordered ? i : z)])];
    }
    case 'cov':
    case 'corr': {
      const { constraint } = builder.model.variable(target.variable);
      const floor = constraint.kind === 'cov' ? constraint.options['floor'] : undefined;
      const diagonal = floor === undefined ? one : add(one, place(floor));
      return [
        forLoop(i, zero, num(d), [
          forLoop(j, zero, num(d), [store(target.variable, [...at, i, j], cond(apply('eq', i, j), diagonal, zero))]),
        ]),
      ];
    }
    default:
      return [];
  }
}
