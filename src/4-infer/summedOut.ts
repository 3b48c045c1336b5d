/**
 * Finite latents summed out of the joint density: the log weights of every value are collected in a
 * table in one pass over the factors, their log-sum-exp is the group's share of the log density, and
 * d log sum_k exp w_k = sum_k p_k dw_k (Fisher's identity) gives its derivatives without differentiating
 * the sum itself.
 *
 * Latents that stand at the same address in every factor that mentions them (`z[n]` and `w[n]`) are independent
 * from element to element and fused into the loops of their factors; others are joint blocks (blocks/discrete.ts).
 */
import { type Code, accumulate, forLoop, store, when } from '../code/loop.js';
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { renderDiagnostics } from '../errors/render.js';
import {
  add,
  apply,
  cond,
  equal,
  exp,
  type Expr,
  freeIndices,
  index,
  type Index,
  isConst,
  mul,
  num,
  one,
  type Ref,
  ref,
  reduce,
  rewrite,
  sub,
  visit,
  zero,
} from '../expr/expr.js';
import { factorMentions } from '../3-derive/conditional.js';
import { type Factor, finiteBounds, type LatentRegion, maskOf, withFreshPlates } from '../3-derive/model.js';
import type { Binder } from '../3-derive/normalForm.js';
import { decidedFactors } from '../3-derive/discreteBlock.js';
import { findDiscreteBlocks } from './blocks/discrete.js';
import { addressesOf } from './blocks/factorTables.js';
import type { ReverseSweep } from './gradientCode.js';
import { derive } from './derivation.js';
import { guarded, loops, type ProgramBuilder } from './programBuilder.js';

/** A finite latent and its values `low, ..., low + count - 1`. */
export interface FiniteLatent {
  readonly name: string;
  readonly low: number;
  readonly count: number;
  readonly regions: readonly LatentRegion[];
}

export interface SummedGroup {
  readonly latents: readonly FiniteLatent[];
  /**
   * Storage [...shape, count] of the probabilities of each latent's values given the rest, in the order of `latents`; filled by
   * `marginals`.
   */
  readonly probabilities: readonly string[];
  /** After `forward`. */
  readonly marginals: readonly Code[];
  /** Storage [...leading shape, ...counts] of joint probabilities that `reverse` reads; null where a joint block keeps them. */
  readonly joint: string | null;
}

export interface SummedOut {
  readonly groups: readonly SummedGroup[];
  /** Factors that mention no finite latent. */
  readonly rest: readonly Factor[];
  /** Fills the tables at the current state and adds the groups' log sums to a storage. */
  forward(value: string): readonly Code[];
  /** Adds the expectation of the groups' terms under the tables of joint probabilities as they stand; null where a group has none. */
  readonly expected: ((value: string) => readonly Code[]) | null;
  /** Adds the derivatives of `forward` (after it), or of `expected`. */
  reverse(sweep: ReverseSweep): void;
  /** Draws every latent from its conditional given the rest; after `forward`. */
  readonly draw: readonly Code[];
}

/** A group with its code. */
interface Summed {
  readonly group: SummedGroup;
  forward(value: string): readonly Code[];
  readonly expected: ((value: string) => readonly Code[]) | null;
  reverse(sweep: ReverseSweep): void;
  readonly draw: readonly Code[];
}
interface Address {
  readonly at: readonly Expr[];
}
interface Prepared {
  readonly binders: readonly Binder[];
  readonly guards: readonly Expr[];
  readonly at: readonly Expr[];
  readonly values: readonly Index[];
  readonly weight: Expr;
}

/** @param regions the finite unknowns. @throws ModelError for discrete latents that cannot be summed out, each by name. */
export function summedOut(
  builder: ProgramBuilder,
  factors: readonly Factor[],
  regions: readonly LatentRegion[],
  backend: string,
): SummedOut {
  const latents = finiteLatents(builder, regions, backend);
  refuseFollowed(builder, factors, latents, backend);
  const names = new Set(latents.map((l) => l.name));
  const rest: Factor[] = [],
    mentioning: { readonly factor: Factor; readonly names: ReadonlySet<string> }[] = [];
  const addresses = { has: (name: string) => names.has(name), ...addressesOf(builder) };
  for (const f of factors) {
    if (mentionedIn(f, names).size === 0) {
      rest.push(f);
      continue;
    }
    // Where no element is mentioned there is none to sum over.
    for (const factor of decidedFactors(withFreshPlates(f), addresses)) {
      const own = mentionedIn(factor, names);
      if (own.size === 0) rest.push(factor);
      else mentioning.push({ factor, names: own });
    }
  }
  // Latents of one factor belong together.
  const groupOf = new Map<string, Set<string>>(latents.map((l) => [l.name, new Set([l.name])]));
  for (const { names: own } of mentioning) {
    const joined = new Set([...own].flatMap((n) => [...groupOf.get(n)!]));
    for (const n of joined) groupOf.set(n, joined);
  }
  const groups = [...new Set(groupOf.values())].map((own) =>
    prepareGroup(
      builder,
      latents.filter((l) => own.has(l.name)),
      mentioning.filter((s) => [...s.names].some((n) => own.has(n))).map((s) => s.factor),
      backend,
    ),
  );
  return {
    groups: groups.map((g) => g.group),
    rest,
    forward: (value) => groups.flatMap((g) => g.forward(value)),
    expected: groups.length === 0 || groups.some((g) => g.expected === null) ? null : (value) => groups.flatMap((g) => g.expected!(value)),
    reverse: (sweep) => {
      for (const g of groups) g.reverse(sweep);
    },
    draw: groups.flatMap((g) => g.draw),
  };
}

/** Those of the names that a factor mentions. */
function mentionedIn(f: Factor, names: ReadonlySet<string>): ReadonlySet<string> {
  const out = new Set<string>();
  for (const e of [f.logDensity, ...f.conditions, ...f.guards])
    visit(e, (x) => {
      if (x.op === 'ref' && names.has(x.variable)) out.add(x.variable);
    });
  return out;
}

function refuse(diagnostics: readonly Diagnostic[]): never {
  throw new ModelError(diagnostics, renderDiagnostics(diagnostics, '', 'program'));
}

function finiteLatents(builder: ProgramBuilder, regions: readonly LatentRegion[], backend: string): readonly FiniteLatent[] {
  return [...new Set(regions.map((r) => r.variable.name))].map((name): FiniteLatent => {
    const own = regions.filter((r) => r.variable.name === name);
    const range = builder.model.finiteRange(name);
    const low = range === null ? null : builder.interval(builder.bind(range.low)),
      high = range === null ? null : builder.interval(builder.bind(range.high));
    if (low === null || high === null || !Number.isFinite(low.low) || !Number.isFinite(high.high)) {
      refuse([
        {
          code: 'no-marginal',
          severity: 'error',
          message: `${backend} sums discrete latents out, and '${name}' ${builder.model.variable(name).eventRank > 0 ? 'is a vector of counts' : 'takes infinitely many values'}`,
          span: own[0]?.statement.span,
          hint: 'Use --backend gibbs or mh.',
        },
      ]);
    }
    return { name, low: low.low, count: high.high - low.low + 1, regions: own };
  });
}

/** What is computed by recursion has other values for each of a latent's: a table of these has no place for them. */
function refuseFollowed(builder: ProgramBuilder, factors: readonly Factor[], latents: readonly FiniteLatent[], backend: string): void {
  for (const { name, regions } of latents) {
    const followed = [...builder.model.recursionsOf(name)].find((r) => factors.some((f) => factorMentions(f, r)));
    if (followed === undefined) continue;
    refuse([
      {
        code: 'no-marginal',
        severity: 'error',
        message: `${backend} sums discrete latents out, and '${followed}' follows '${name}' through a recursion`,
        span: regions[0]?.statement.span,
        hint: 'Use --backend gibbs, or exact, which tries all configurations where they are few.',
      },
    ]);
  }
}

/** The one address at which a factor mentions the latents; null where there are several, or it depends on an inner index. */
function addressIn(builder: ProgramBuilder, f: Factor, names: ReadonlySet<string>): Address | null {
  const plates = new Set(f.plates.map((p) => p.index));
  let found: readonly Expr[] | null = null,
    fine = true;
  for (const e of [f.logDensity, ...f.conditions, ...f.guards])
    visit(e, (x) => {
      if (x.op !== 'ref' || !names.has(x.variable)) return;
      const at = x.at.map((a) => builder.bind(a));
      if (at.some((a) => [...freeIndices(a)].some((i) => !plates.has(i)))) {
        fine = false;
        return;
      }
      if (found === null) found = at;
      else if (found.length !== at.length || found.some((a, d) => !equal(a, at[d]!))) fine = false;
    });
  return fine && found !== null ? { at: found } : null;
}

/**
 * Combinations of the values of fused latents that one table may hold where no factor mentions all of the latents: then elimination gets
 * by with smaller tables, and a table of all would grow by a factor with each latent.
 */
const mostCombinations = 1 << 10;
/** Combinations that any table may hold: elimination says what is too many. */
const largestTable = 1 << 20;

function prepareGroup(builder: ProgramBuilder, latents: readonly FiniteLatent[], factors: readonly Factor[], backend: string): Summed {
  const names = new Set(latents.map((l) => l.name));
  const leading = builder.storage(latents[0]!.name).shape;
  const aligned = latents.every((l) => {
    const { shape } = builder.storage(l.name);
    return shape.length === leading.length && shape.every((n, d) => n === leading[d]);
  });
  const addresses = factors.map((f) => addressIn(builder, f, names));
  const combinations = latents.reduce((n, l) => n * l.count, 1),
    eliminates =
      combinations > largestTable || (combinations > mostCombinations && !factors.some((f) => mentionedIn(f, names).size === names.size));
  // Elements that a `let` defines are no cells to sum over; a block leaves them to the factors that read them.
  const computes = latents.some((l) => builder.bound.variables.get(l.name)?.computed !== undefined);
  if (!aligned || eliminates || computes || addresses.some((a) => a === null)) return blockGroup(builder, latents, factors, backend);
  const table = builder.fresh('logWeights', [...leading, ...latents.map((l) => l.count)], 'state');
  const probabilities = builder.fresh('probabilities', [...leading, ...latents.map((l) => l.count)], 'state');
  const counts = latents.map((l) => num(l.count));
  const overValues = (values: readonly Index[], body: readonly Code[]): readonly Code[] =>
    values.reduceRight((inner, k, d) => [forLoop(k, zero, counts[d]!, inner)], body);

  const prepared = factors.map((f, n): Prepared => {
    const values = latents.map((l) => index(l.name));
    values.forEach((k, d) => {
      builder.noteRange(k, zero, counts[d]!);
    });
    const binders = f.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to }));
    const put = (e: Expr): Expr =>
      builder.bind(
        rewrite(e, (x) => {
          const d = x.op === 'ref' ? latents.findIndex((l) => l.name === x.variable) : -1;
          return d < 0 ? x : add(num(latents[d]!.low), values[d]!);
        }),
      );
    const tests = [...f.conditions, ...supportOf(builder, f, latents)].map(put).filter((t) => !isConst(t) || t.value === 0);
    const weight = guarded(tests, put(f.logDensity), num(-Infinity));
    return { binders, guards: f.guards.map(put).filter((g) => !isConst(g, 1)), at: addresses[n]!.at, values, weight };
  });
  const elements = latents[0]!.regions.map((r) => ({
    binders: r.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to })),
    at: r.at.map((e) => builder.bind(e)),
    // Of data with gaps the given elements are cells too; what marks a gap is no guard of a cell.
    guards: r.guards
      .slice(0, r.statement.guards.length)
      .map((g) => builder.bind(builder.model.inline(g)))
      .filter((g) => !isConst(g, 1)),
  }));
  // Given elements of data with gaps keep their value.
  const clamps = latents.flatMap((l, d): Prepared[] =>
    builder.model.statusOf(l.name) !== 'partial'
      ? []
      : elements.map((e): Prepared => {
          const values = latents.map((o) => index(o.name));
          const free = apply('or', ref(maskOf(l.name), e.at), apply('eq', add(num(l.low), values[d]!), ref(l.name, e.at)));
          return { ...e, values, weight: cond(free, zero, num(-Infinity)) };
        }),
  );
  const total = builder.fresh('logSum', [], 'local');
  return {
    group: {
      latents,
      joint: probabilities,
      ...marginalsOf(builder, latents, elements, (l, at, value) => {
        // Summed over the values of the others.
        const d = latents.indexOf(l),
          values = latents.map((o) => index(o.name));
        return values.reduceRight<Expr>(
          (inner, k, axis) => (axis === d ? inner : reduce('sum', k, zero, counts[axis]!, inner)),
          ref(probabilities, [...at, ...values.map((k, axis) => (axis === d ? value : k))]),
        );
      }),
    },
    forward: (value) => [
      { do: 'fill', storage: table, value: zero },
      ...[...prepared, ...clamps].flatMap((p) =>
        loops(p.binders, p.guards, overValues(p.values, [accumulate(table, [...p.at, ...p.values], p.weight)])),
      ),
      ...elements.flatMap((e) => {
        const values = latents.map((l) => index(l.name)),
          summed = latents.map((l) => index(l.name));
        const sum = summed.reduceRight<Expr>(
          (inner, k, d) => reduce('logsumexp', k, zero, counts[d]!, inner),
          ref(table, [...e.at, ...summed]),
        );
        const cell = [...e.at, ...values],
          weight = ref(table, cell);
        return loops(e.binders, e.guards, [
          store(total, [], sum),
          accumulate(value, [], ref(total, [])),
          ...overValues(values, [
            store(probabilities, cell, cond(apply('gt', weight, num(-Infinity)), exp(sub(weight, ref(total, []))), zero)),
          ]),
        ]);
      }),
    ],
    expected: (value) =>
      prepared.flatMap((p) =>
        loops(
          p.binders,
          p.guards,
          overValues(p.values, [
            when(apply('ne', ref(probabilities, [...p.at, ...p.values]), zero), [
              accumulate(value, [], mul(ref(probabilities, [...p.at, ...p.values]), p.weight)),
            ]),
          ]),
        ),
      ),
    reverse(sweep) {
      for (const p of prepared) {
        if (!sweep.active(p.weight)) continue;
        const values = p.values.map((k, d): Binder => ({ index: k, from: zero, to: counts[d]! }));
        sweep.weighted([...p.binders, ...values], p.guards, guarded([], p.weight), ref(probabilities, [...p.at, ...p.values]));
      }
    },
    draw: elements.flatMap((e) => loops(e.binders, e.guards, drawGroup(builder, latents, e.at, table))),
  };
}

interface Cells {
  readonly binders: readonly Binder[];
  readonly guards: readonly Expr[];
  readonly at: readonly Expr[];
}

function marginalsOf(
  builder: ProgramBuilder,
  latents: readonly FiniteLatent[],
  elements: readonly Cells[],
  probability: (l: FiniteLatent, at: readonly Expr[], value: Index) => Expr,
): Pick<SummedGroup, 'probabilities' | 'marginals'> {
  const probabilities = latents.map((l) => builder.fresh('marginals', [...builder.storage(l.name).shape, l.count], 'state'));
  return {
    probabilities,
    marginals: latents.flatMap((l, d) =>
      elements
        .filter((e) => e.at.length === builder.storage(l.name).shape.length)
        .flatMap((e) => {
          const k = index('k');
          builder.noteRange(k, zero, num(l.count));
          return loops(e.binders, e.guards, [
            forLoop(k, zero, num(l.count), [store(probabilities[d]!, [...e.at, k], probability(l, e.at, k))]),
          ]);
        }),
    ),
  };
}

/** Elements that meet (chains, networks): a joint block eliminates them and knows the probabilities of what meets. */
function blockGroup(builder: ProgramBuilder, latents: readonly FiniteLatent[], factors: readonly Factor[], backend: string): Summed {
  const names = latents.map((l) => l.name);
  const no = (f: Factor | undefined, reason: string): never =>
    refuse([
      {
        code: 'no-marginal',
        severity: 'error',
        span: f?.statement.span,
        message: `${backend} cannot sum out ${names.join(', ')}: ${reason}`,
        hint: 'Use --backend gibbs.',
      },
    ]);
  const derivation = derive(builder.model);
  const found = findDiscreteBlocks(
    builder,
    { ...derivation, factors },
    derivation.regions.filter((r) => names.includes(r.region.variable.name)),
  );
  const block = found.blocks.find((b) => b.regions.some((r) => r.variable.name === names[0]));
  if (block === undefined) return no(factors[0], found.refused[0]?.reason ?? 'no block holds them');
  const prepared = factors.map((f) => {
    const plates = new Set(f.plates.map((p) => p.index));
    const members: { readonly element: Ref; readonly value: Index; readonly latent: FiniteLatent }[] = [];
    const put = (e: Expr): Expr =>
      rewrite(builder.bind(e), (x) => {
        const latent = x.op === 'ref' ? latents.find((l) => l.name === x.variable) : undefined;
        if (x.op !== 'ref' || latent === undefined) return x;
        if (x.at.some((a) => [...freeIndices(a)].some((i) => !plates.has(i))))
          return no(f, 'this statement reads elements that its loops do not name');
        let member = members.find((m) => equal(m.element, x));
        if (member === undefined) {
          member = { element: x, value: index(latent.name), latent };
          members.push(member);
          builder.noteRange(member.value, zero, num(latent.count));
        }
        return add(num(latent.low), member.value);
      });
    const value = guarded([...f.conditions, ...supportOf(builder, f, latents)].map(put), put(f.logDensity), num(-Infinity)),
      guards = f.guards.map(put);
    // Where tests alone mention the latents, and always hold.
    const weight = members.length === 0 ? one : block.probability(members);
    if (weight === null) return no(f, 'the probabilities of what meets here are not kept');
    return {
      binders: [
        ...f.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to })),
        ...members.map((m): Binder => ({ index: m.value, from: zero, to: num(m.latent.count) })),
      ],
      guards,
      value,
      weight,
    };
  });
  const elements = latents.flatMap((l) =>
    l.regions.map((r): Cells & { readonly latent: FiniteLatent } => ({
      latent: l,
      binders: r.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to })),
      guards: r.guards.map((g) => builder.bind(builder.model.inline(g))),
      at: r.at.map((e) => builder.bind(e)),
    })),
  );
  const marginals = latents.map((l) =>
    marginalsOf(
      builder,
      [l],
      elements.filter((e) => e.latent === l),
      (own, at, value) => block.probability([{ element: ref(own.name, at), value }]) ?? no(undefined, 'its probabilities are not kept'),
    ),
  );
  return {
    expected: null,
    group: {
      latents,
      joint: null,
      probabilities: marginals.flatMap((m) => m.probabilities),
      marginals: marginals.flatMap((m) => m.marginals),
    },
    forward: (value) => [...block.prepare, accumulate(value, [], block.logNormaliser)],
    reverse(sweep) {
      sweep.statements(block.moments);
      for (const p of prepared) if (sweep.active(p.value)) sweep.weighted(p.binders, p.guards, p.value, p.weight);
    },
    draw: [...block.prepare, ...block.draw],
  };
}

/** A joint draw: one category for each combination of values. */
function drawGroup(builder: ProgramBuilder, latents: readonly FiniteLatent[], at: readonly Expr[], table: string): readonly Code[] {
  const combinations = latents.reduce((n, l) => n * l.count, 1),
    k = index('k');
  const chosen = builder.fresh('chosen', [], 'local', 'int32');
  const digits = (e: Expr): readonly Expr[] => {
    let rest = e;
    const out: Expr[] = [];
    for (const l of [...latents].reverse()) {
      const quotient = apply('floor', apply('div', rest, num(l.count)));
      out.unshift(sub(rest, apply('mul', quotient, num(l.count))));
      rest = quotient;
    }
    return out;
  };
  const positions = latents.length === 1 ? [k] : digits(k),
    values = latents.length === 1 ? [ref(chosen, [])] : digits(ref(chosen, []));
  return [
    {
      do: 'categorical',
      index: k,
      count: num(combinations),
      logWeight: ref(table, [...at, ...positions]),
      into: { storage: chosen, at: [] },
    },
    ...latents.map((l, d) => store(l.name, at, add(num(l.low), values[d]!))),
  ];
}

/** Tests that a latent's value lies in the support of its own statement, where that depends on the element. */
function supportOf(builder: ProgramBuilder, f: Factor, latents: readonly FiniteLatent[]): readonly Expr[] {
  const s = f.statement;
  if ((s.kind !== 'sample' && s.kind !== 'observe') || s.target === null) return [];
  const latent = latents.find((l) => l.name === s.target?.variable);
  const bounds = latent === undefined ? null : finiteBounds(s.law);
  if (latent === undefined || bounds === null || (isConst(bounds.low) && isConst(bounds.high))) return [];
  const own = latent.regions.find((r) => r.statement.id === s.id);
  if (own === undefined) return [];
  // The factor's plates were renamed; bounds are rewritten the same way.
  const map = new Map(own.plates.map((p, d): [Index, Expr] => [p.index, f.plates[d]?.index ?? p.index]));
  const here = rewriteIndices(ref(latent.name, own.at), map);
  return [
    apply('ge', here, rewriteIndices(builder.model.inline(bounds.low), map)),
    apply('le', here, rewriteIndices(builder.model.inline(bounds.high), map)),
  ];
}
function rewriteIndices(e: Expr, map: ReadonlyMap<Index, Expr>): Expr {
  return rewrite(e, (x) => (x.op === 'index' ? (map.get(x) ?? x) : x));
}
