/**
 * Generated code for the log likelihood of each unit of the data at a state of the unknowns.
 *
 * A finite latent that belongs to one unit (`z[n]`) is summed out given everything else:
 * log p(y_n | rest) = log sum_k exp(all terms with z_n = k) - log sum_k exp(those without the unit's data);
 * the second is 0 where what is left is a law of z_n alone. Several such latents at one address are summed together.
 */
import { Analysis, expressionsOf, nestedOf } from '../code/analysis.js';
import { accumulate, type Code, forLoop, store } from '../code/loop.js';
import { affine, provablyEqual, tidy } from '../expr/affine.js';
import {
  addAll,
  apply,
  equal,
  type Expr,
  freeIndices,
  index,
  isConst,
  mul,
  nestedSum,
  num,
  one,
  ref,
  reduce,
  sub,
  visit,
  zero,
} from '../expr/expr.js';
import { isProper } from '../distributions/law/law.js';
import type { Diagnostic } from '../errors/diagnostic.js';
import type { BoundModel } from '../2-graph/bound.js';
import { factorMentions, variablesIn } from '../3-derive/conditional.js';
import { jointFactors } from '../3-derive/joint.js';
import { type Factor, finiteBounds, latentRegions, type LatentRegion, maskOf } from '../3-derive/model.js';
import { elementTerms, replaceElement } from '../3-derive/occurrences.js';
import type { Binder } from '../3-derive/normalForm.js';
import { createRandom } from '../random/generator.js';
import { loadModule } from './loadedModule.js';
import { recomputeCode } from './assemble.js';
import { insideTests } from './blocks/factorTables.js';
import { type UnitGroup, unitGroups, type UnitMember } from './pointwiseUnits.js';
import { guarded, loops, ProgramBuilder } from './programBuilder.js';

/** The units of a program's data, and their log likelihoods at a state. */
export interface PointwiseProgram {
  readonly names: readonly string[];
  /** What was observed, by unit: the datum itself where it is one number, else a number made of all. */
  readonly data: Float64Array;
  readonly observations: Observations;
  /** Unknowns that the likelihoods read. */
  readonly needed: readonly string[];
  readonly warnings: readonly Diagnostic[];
  /** Memory of an unknown, to be filled before `evaluate`. */
  memory(name: string): Float64Array | Int32Array;
  /** Log likelihood of each unit at the state in memory, into `out`. */
  evaluate(out: Float64Array): void;
}

/** What tells one data set from another, whatever order and units a program observes it in. */
export interface Observations {
  readonly units: number;
  /** Observed numbers, their sum and the sum of their squares. */
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
}

/** Latents of one address that are summed out together. */
interface SummedLatents {
  readonly regions: readonly LatentRegion[];
  readonly names: ReadonlySet<string>;
}

/** More combinations of values than this are not summed for each unit. */
const mostCombinations = 4096;
/** Mixes the numbers of a unit into one. */
const mixing = 1.6180339887498949;

/** @throws ModelError where `unit` names no loop. */
export function pointwiseProgram(bound: BoundModel, unit: string | null): PointwiseProgram {
  const builder = new ProgramBuilder(bound);
  const factors = jointFactors(builder.model),
    observed = factors.filter((f) => f.statement.kind === 'observe');
  const groups = unitGroups(builder, observed, unit);
  const warnings: Diagnostic[] = [];
  const totals = ['count', 'sum', 'squares'].map((name) => builder.fresh(name, [], 'state'));
  const parts = groups.map((group) => groupCode(builder, group, factors, totals, warnings));
  builder.entry(
    'count',
    parts.flatMap((p) => p.count),
  );
  const evaluate = [...recomputeCode(builder, null), ...parts.flatMap((p) => p.evaluate)];
  builder.entry('evaluate', evaluate);
  const { functions, memory } = loadModule(builder, createRandom('pointwise', 'pointwise'));
  functions['count']!();
  // Cells of units that exist, in the order of the program.
  const cells = parts.map((p, g) => {
    const counted = memory.get(p.counted)!;
    return Int32Array.from({ length: groups[g]!.size }, (_, cell) => cell).filter((cell) => counted[cell]! > 0);
  });
  const [count, sum, sumOfSquares] = totals.map((name) => memory.get(name)?.[0] ?? 0);
  const names = distinctNames(groups.flatMap((group, g) => Array.from(cells[g]!, (cell) => group.name(cell))));
  return {
    names,
    warnings,
    data: Float64Array.from(parts.flatMap((p, g) => Array.from(cells[g]!, (cell) => memory.get(p.data)![cell]!))),
    observations: { units: names.length, count: count!, sum: sum!, sumOfSquares: sumOfSquares! },
    needed: [...readsOf(evaluate)].filter(
      (name) => bound.variables.get(name)?.status === 'latent' || bound.variables.get(name)?.status === 'partial',
    ),
    memory: (name) => memory.get(name) ?? new Float64Array(0),
    evaluate(out) {
      functions['evaluate']!();
      let at = 0;
      parts.forEach((p, g) => {
        const values = memory.get(p.values)!;
        for (const cell of cells[g]!) out[at++] = values[cell]!;
      });
    },
  };
}

/** A datum may be observed by several statements: each is a unit of its own. */
function distinctNames(names: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return before === 0 ? name : `${name}(${before + 1})`;
  });
}

function readsOf(code: readonly Code[]): ReadonlySet<string> {
  const analysis = new Analysis(),
    out = new Set<string>();
  const go = (c: Code): void => {
    for (const e of expressionsOf(c)) for (const name of analysis.facts(e).reads) out.add(name);
    nestedOf(c).forEach(go);
  };
  code.forEach(go);
  return out;
}

function groupCode(
  builder: ProgramBuilder,
  group: UnitGroup,
  factors: readonly Factor[],
  totals: readonly string[],
  warnings: Diagnostic[],
): {
  readonly count: readonly Code[];
  readonly evaluate: readonly Code[];
  readonly counted: string;
  readonly data: string;
  readonly values: string;
} {
  const counted = builder.fresh('counted', group.shape, 'state'),
    data = builder.fresh('data', group.shape, 'state'),
    values = builder.fresh('likelihood', group.shape, 'state');
  const summed = summedLatents(builder, group, factors, warnings);
  const statements = group.members.map((m) => {
    const binders = m.factor.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to }));
    const guards = [...m.factor.guards.map((g) => builder.bind(g)), ...givenTests(builder, m.factor, warnings)].filter(
      (g) => !isConst(g, 1),
    );
    return { ...m, binders, guards, cell: cellOf(group, m.indices) };
  });
  const count = statements.flatMap(({ factor, binders, guards, cell }) =>
    loops(binders, guards, [accumulate(counted, cell, one), ...dataCode(builder, factor, data, cell, totals)]),
  );
  const plain = statements.flatMap(({ factor, binders, guards, cell }) => {
    const inSum = summed.filter((s) => [...s.names].some((n) => factorMentions(factor, n)));
    // Where the data give the label, a definition does, or there is none, there is nothing to sum.
    const tests = inSum.flatMap((s) => [...s.names].map((n) => knownAt(builder, n, addressesIn(factor, n)[0])));
    if (tests.length > 0 && tests.every((t) => t === null)) return [];
    const known = tests.map((t) => t ?? zero);
    const value = guarded(
      factor.conditions.map((c) => builder.bind(c)),
      builder.bind(factor.logDensity),
      num(-Infinity),
    );
    return loops(binders, [...guards, ...known], [accumulate(values, cell, value)]);
  });
  return {
    count,
    counted,
    data,
    values,
    evaluate: [
      { do: 'fill', storage: values, value: zero },
      ...plain,
      ...summed.flatMap((s) => sumCode(builder, group, s, factors, { counted, values })),
    ],
  };
}

/** A test that an element of a finite latent is given, defined, or not there; null for one that is always unknown. */
function knownAt(builder: ProgramBuilder, name: string, at: readonly Expr[] | undefined): Expr | null {
  if (at === undefined) return null;
  const { computed, shape } = builder.bound.variables.get(name)!,
    place = at.map((e) => builder.bind(e)),
    tests = insideTests(builder, { at: place }, shape).map((inside) => apply('not', inside));
  if (builder.model.statusOf(name) === 'partial') tests.push(apply('not', builder.bind(ref(maskOf(name), at))));
  else if (computed !== undefined) {
    const defined = builder.fresh('defined', shape, 'data', 'int32', 2);
    builder.setInitial(defined, Int32Array.from(computed));
    tests.push(ref(defined, place));
  }
  return tests.length === 0 ? null : tests.reduce((x, y) => apply('or', x, y));
}

function cellOf(group: UnitGroup, at: readonly Expr[]): readonly Expr[] {
  return at.map((e, axis) => sub(e, num(group.low[axis]!)));
}

/** Tests that an observation is there: a missing one is no unit, nor a draw with missing parts. */
function givenTests(builder: ProgramBuilder, factor: Factor, warnings: Diagnostic[]): readonly Expr[] {
  const s = factor.statement;
  if (s.kind !== 'observe' || s.target === null || builder.model.statusOf(s.target.variable) !== 'partial') return [];
  const { variable } = s.target,
    at = s.target.at.map((e) => builder.bind(e));
  const event = builder.storage(variable).shape.slice(at.length);
  if (event.length === 0) return [apply('not', ref(maskOf(variable), at))];
  const message = `draws of ${variable} with missing elements are no units: a part of a draw has no density of its own here`;
  if (!warnings.some((w) => w.message === message)) warnings.push({ code: 'partly-missing', severity: 'warning', message });
  return [apply('eq', missingIn(builder, variable, at), zero)];
}

/** Adds what a statement observes to the unit's number and to the totals. */
function dataCode(
  builder: ProgramBuilder,
  factor: Factor,
  data: string,
  cell: readonly Expr[],
  totals: readonly string[],
): readonly Code[] {
  const s = factor.statement;
  if (s.kind !== 'observe') return [];
  const value = builder.bindArray(builder.model.inlineArray(s.value)),
    x = builder.fresh('x', [], 'local');
  value.indices.forEach((i, d) => {
    builder.noteRange(i, zero, value.dims[d]!);
  });
  const body: readonly Code[] = [
    store(x, [], value.body),
    store(data, cell, apply('add', mul(num(mixing), ref(data, cell)), ref(x, []))),
    accumulate(totals[0]!, [], one),
    accumulate(totals[1]!, [], ref(x, [])),
    accumulate(totals[2]!, [], mul(ref(x, []), ref(x, []))),
  ];
  return value.indices.reduceRight<readonly Code[]>((inner, i, d) => [forLoop(i, zero, value.dims[d]!, inner)], body);
}

/** The addresses at which a factor mentions a variable's elements. */
function addressesIn(factor: Factor, name: string): readonly (readonly Expr[])[] {
  const out: (readonly Expr[])[] = [];
  for (const e of [factor.logDensity, ...factor.conditions, ...factor.guards])
    visit(e, (x) => {
      if (x.op === 'ref' && x.variable === name && !out.some((o) => o.length === x.at.length && o.every((a, d) => equal(a, x.at[d]!))))
        out.push(x.at);
    });
  return out;
}

/**
 * The unit of an element: for each axis of the group its value, as an expression of the element's address; null where the address does not
 * tell.
 */
function unitOf(member: UnitMember, address: readonly Expr[], at: readonly Expr[]): readonly Expr[] | null {
  const out = member.indices.map((i): Expr | null => {
    for (const [d, e] of address.entries()) {
      const form = affine(e),
        own = form.terms.find((t) => t.term === i);
      const others = form.terms.filter((t) => t !== own);
      if (own === undefined || Math.abs(own.coefficient) !== 1 || others.some((t) => t.term.op !== 'size')) continue;
      const rest = sub(e, own.coefficient === 1 ? i : mul(num(-1), i));
      return tidy(own.coefficient === 1 ? sub(at[d]!, rest) : sub(rest, at[d]!));
    }
    return null;
  });
  return out.every((e): e is Expr => e !== null) ? out : null;
}

/** The finite latents that belong to one unit each; warnings for other latents that do. */
function summedLatents(
  builder: ProgramBuilder,
  group: UnitGroup,
  factors: readonly Factor[],
  warnings: Diagnostic[],
): readonly SummedLatents[] {
  const { model } = builder;
  const regions = latentRegions(model),
    everyone = [...new Set(regions.map((r) => r.variable.name))],
    summable = everyone.filter((name) => canBeSummed(builder, name)),
    read = new Map([...factors, ...group.members.map((m) => m.factor)].map((f) => [f, variablesIn(f)]));
  const local = everyone.filter((name) => group.members.some((m) => read.get(m.factor)!.has(name)) && belongs(builder, group, name));
  const finite = local.filter(
    (name) =>
      summable.includes(name) &&
      hasOneAddress(
        group,
        regions.filter((r) => r.variable.name === name),
      ),
  );
  const sums: SummedLatents[] = [],
    apart = new Set(local.filter((name) => !finite.includes(name)));
  const left = new Set(finite);
  for (const name of finite) {
    if (!left.delete(name)) continue;
    const names = new Set([name]);
    // Others that meet it at its own address in any factor; `u[n]` of a `z[n] ~ Categorical(P[u[n]])` too.
    for (let grown = true; grown; ) {
      grown = false;
      for (const f of factors.filter((g) => [...names].some((n) => read.get(g)!.has(n)))) {
        for (const other of summable) {
          if (names.has(other) || !read.get(f)!.has(other) || !meetHere(factors, name, other)) continue;
          names.add(other);
          left.delete(other);
          grown = true;
        }
      }
    }
    const own = regions.filter((r) => names.has(r.variable.name));
    const combinations = [...names].reduce((n, v) => n * valuesOf(builder, v), 1);
    const single =
      names.size === 1 || [...names].every((n) => own.filter((r) => r.variable.name === n).length === 1 && model.statusOf(n) === 'latent');
    if (single && combinations <= mostCombinations) sums.push({ names, regions: own });
    else for (const n of names) if (local.includes(n)) apart.add(n);
  }
  if (apart.size > 0 && group.shape.length > 0) warnings.push(conditional([...apart], group));
  return sums;
}

function conditional(names: readonly string[], group: UnitGroup): Diagnostic {
  const statement = group.members[0]!.factor.statement;
  return {
    code: 'local-latent',
    severity: 'warning',
    span: statement.span,
    message: `each unit of this statement is judged given its own ${names.join(', ')}, which the same datum has informed: leaving it out by weighing draws may not reach far enough`,
    hint: 'Look at the Pareto k; sum or integrate the unknown out in the program, or take larger units (--opt unit=INDEX).',
  };
}

/** True where every statement of the unit reads one element of the latent, named by its outer loops, and all agree whose it is. */
function hasOneAddress(group: UnitGroup, regions: readonly LatentRegion[]): boolean {
  const { name } = regions[0]!.variable;
  const reading = group.members.filter((m) => factorMentions(m.factor, name));
  return (
    reading.every((m) => {
      const addresses = addressesIn(m.factor, name),
        plates = new Set(m.factor.plates.map((p) => p.index));
      return addresses.length === 1 && addresses[0]!.every((e) => [...freeIndices(e)].every((i) => plates.has(i)));
    }) &&
    regions.every((r) => {
      const units = reading.map((m) => unitOf(m, addressesIn(m.factor, name)[0]!, r.at));
      return units.every((u) => u !== null && u.every((e, axis) => provablyEqual(e, units[0]![axis]!)));
    })
  );
}

/** True where each element of the latent that a unit reads belongs to that unit alone, as its address tells. */
function belongs(builder: ProgramBuilder, group: UnitGroup, name: string): boolean {
  const variable = builder.model.variable(name),
    rank = variable.dims.length - variable.eventRank;
  if (builder.model.recursionsOf(name).size > 0 && builder.model.isFinite(name)) return false;
  // A datum is no latent of its own unit.
  const isDatum = ({ statement: s }: Factor, address: readonly Expr[]): boolean =>
    s.kind === 'observe' && s.target !== null && s.target.variable === name && s.target.at.every((a, d) => provablyEqual(a, address[d]!));
  const read = group.members.flatMap((m) =>
    addressesIn(m.factor, name)
      .filter((address) => !isDatum(m.factor, address))
      .map((address) => unitOf(m, address.slice(0, rank), address)),
  );
  return read.length > 0 && read.every((unit) => unit !== null);
}

function canBeSummed(builder: ProgramBuilder, name: string): boolean {
  return builder.model.isFinite(name) && builder.model.recursionsOf(name).size === 0 && Number.isFinite(valuesOf(builder, name));
}
function valuesOf(builder: ProgramBuilder, name: string): number {
  const range = builder.model.finiteRange(name);
  const low = range === null ? null : builder.interval(builder.bind(range.low)),
    high = range === null ? null : builder.interval(builder.bind(range.high));
  return low === null || high === null ? Infinity : high.high - low.low + 1;
}

/** True where every factor that mentions both, and every factor that mentions either, does so at one address in its outer loops. */
function meetHere(factors: readonly Factor[], name: string, other: string): boolean {
  return factors.every((f) => {
    const addresses = [...addressesIn(f, name), ...addressesIn(f, other)];
    const plates = new Set(f.plates.map((p) => p.index));
    return addresses.every(
      (a) =>
        a.length === addresses[0]!.length &&
        a.every((e, d) => equal(e, addresses[0]![d]!) && [...freeIndices(e)].every((i) => plates.has(i))),
    );
  });
}

/** For every element: the log sum over its values of what mentions it, less that of what is left without the unit's data. */
function sumCode(
  builder: ProgramBuilder,
  group: UnitGroup,
  summed: SummedLatents,
  factors: readonly Factor[],
  storages: { readonly counted: string; readonly values: string },
): readonly Code[] {
  const [lead] = summed.names;
  const mentioning = factors.filter((f) => [...summed.names].some((n) => factorMentions(f, n)));
  return summed.regions
    .filter((r) => r.variable.name === lead)
    .flatMap((region) => {
      const binders = region.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to }));
      const guards = region.guards.map((g) => builder.bind(builder.model.inline(g))).filter((g) => !isConst(g, 1));
      const member = group.members.find((m) => factorMentions(m.factor, lead!))!;
      const address = addressesIn(member.factor, lead!)[0]!;
      const unit = unitOf(member, address, region.at);
      if (unit === null) return [];
      const cell = cellOf(
        group,
        unit.map((e) => builder.bind(e)),
      );
      const inside = cell.flatMap((e, axis) => [apply('ge', e, zero), apply('lt', e, num(group.shape[axis]!))]);
      // Constants of the address hold here or the element is none of the unit's.
      const matches = address.flatMap((a, d) => (freeIndices(a).size === 0 ? [apply('eq', region.at[d]!, a)] : []));
      const exists = apply('gt', ref(storages.counted, cell), zero);

      const candidates = [...summed.names].map((name) => {
        const own = name === lead ? region : summed.regions.find((r) => r.variable.name === name)!;
        const range = builder.model.finiteRange(name)!;
        const bounds = name === lead && own.law !== null ? finiteBounds(own.law) : null;
        const low = builder.bind(builder.model.inline(bounds?.low ?? range.low)),
          high = builder.bind(builder.model.inline(bounds?.high ?? range.high));
        const k = index(name),
          count = builder.bind(apply('add', sub(high, low), one));
        builder.noteRange(k, zero, count);
        return { region: { ...own, plates: region.plates, at: region.at }, k, count, value: isConst(low, 0) ? k : apply('add', low, k) };
      });
      const weight = (f: Factor): Expr => {
        const first = candidates.find((c) => factorMentions(f, c.region.variable.name))!;
        return addAll(
          elementTerms(first.region, [f], first.value, new Set(), true).map((t) => {
            const inner = t.binders.map((b): Binder => builder.bindBinder(b));
            const ranges = [...region.plates, ...t.binders];
            const put = (e: Expr): Expr =>
              builder.bind(candidates.reduce((x, c) => (c === first ? x : replaceElement(x, c.region, c.value, ranges)), e));
            return nestedSum(inner, guarded(t.guards.map(put), put(t.value)));
          }),
        );
      };
      const logSum = (terms: readonly Factor[]): Expr =>
        candidates.reduceRight<Expr>((e, c) => reduce('logsumexp', c.k, zero, c.count, e), addAll(terms.map(weight)));
      const isUnits = (f: Factor): boolean =>
        group.members.some((m) => m.factor === f) && !summed.regions.some((r) => r.statement.id === f.id);
      // A missing datum of the unit is no part of its data, but an unknown that the latent's value bears on.
      const rest = mentioning.flatMap((f) => (isUnits(f) ? whereMissing(builder, f) : [f]));
      const normalised = rest.every(
        (f) =>
          summed.regions.some(
            (r) => r.statement.id === f.id && r.law !== null && isProper(r.law) && r.variable.constraint.kind !== 'ordered',
          ) && !mentionsOthersValue(f, summed),
      );
      const value = normalised ? logSum(mentioning) : sub(logSum(mentioning), logSum(rest));
      const tests = [...matches, ...inside].map((t) => builder.bind(t)).filter((t) => !isConst(t, 1));
      return loops(binders, [...guards, ...tests, exists], [accumulate(storages.values, cell, value)]);
    });
}

/** The instances of an observation whose datum is missing, or a part of it: those that are no unit. */
function whereMissing(builder: ProgramBuilder, factor: Factor): readonly Factor[] {
  const { target } = factor.statement.kind === 'observe' ? factor.statement : { target: null };
  if (target === null || builder.model.statusOf(target.variable) !== 'partial') return [];
  return [{ ...factor, guards: [...factor.guards, apply('ne', missingIn(builder, target.variable, target.at), zero)] }];
}

/** 1 where an element of a draw is missing. */
function missingIn(builder: ProgramBuilder, variable: string, at: readonly Expr[]): Expr {
  const event = builder.storage(variable).shape.slice(at.length),
    inner = event.map((_, d) => index(`e${d}`));
  return inner.reduceRight<Expr>(
    (e, i, d) => {
      builder.noteRange(i, zero, num(event[d]!));
      return reduce('max', i, zero, num(event[d]!), e);
    },
    ref(maskOf(variable), [...at, ...inner]),
  );
}

/** True where a law of one of the latents reads a latent at another address (a chain): its sum over the latter is not 1. */
function mentionsOthersValue(factor: Factor, summed: SummedLatents): boolean {
  return [...summed.names].some((n) => addressesIn(factor, n).length > 1);
}
