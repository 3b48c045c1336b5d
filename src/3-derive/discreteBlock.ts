/**
 * Factors as tables over finite latents (`members`): which elements each instance of a factor mentions,
 * and the term of the log density that they decide.
 *
 * A log density is split where it adds up: terms that mention other elements, or none, are tables of their
 * own, sums over elements become plates. A gather `w[z[n]]` among members is one table for each value k
 * of z: 1[z = k] f(w[k]) (one-hot algebra), so that no instance mentions all of w.
 * Invariant: the terms of a factor, summed over their plates, are its log density at every state.
 */
import {
  type Expr,
  type Index,
  type Ref,
  add,
  addAll,
  apply,
  cond,
  equal,
  freeIndices,
  index,
  isConst,
  mul,
  mulAll,
  neg,
  num,
  one,
  rewrite,
  substitute,
  visit,
  zero,
} from '../expr/expr.js';
import { provablyEqual } from '../expr/affine.js';
import { type Factor, withFreshPlates } from './model.js';
import type { Binder } from './normalForm.js';

/** `sum over binders, where guards hold, of value`; the value mentions the members' elements `slots` and no other. */
export interface TableTerm {
  readonly factor: number;
  readonly binders: readonly Binder[];
  readonly guards: readonly Expr[];
  /** Distinct references to members; their addresses mention data and binders only. Empty for what no member decides. */
  readonly slots: readonly Ref[];
  readonly value: Expr;
}

/** What is asked of addresses. */
export interface Addresses {
  /** True for members. */
  has(variable: string): boolean;
  /** True where the value cannot change while a program runs. */
  isFixed(e: Expr): boolean;
  /** True where the address is one of the variable's for all values of the binders. */
  isInside(reference: Ref, binders: readonly Binder[]): boolean;
}
/** What splitting asks about the model; sizes are numbers where it can tell. */
export interface Members extends Addresses {
  /** Least and greatest value of a member. */
  range(variable: string): { readonly low: Expr; readonly high: Expr };
  /** Number of values of a range; Infinity where it is not known. */
  trips(from: Expr, to: Expr): number;
}

export interface NotTabulated {
  /** The member that stands in the way. */
  readonly variable: string;
  readonly reason: string;
}

/** Sums of more elements than this under a function are not written out. */
const longestSum = 24;

/** The tables of a factor (sizes bound, conditions undecided), or the member that has none. */
export function tableTerms(raw: Factor, members: Members): readonly TableTerm[] | NotTabulated {
  const factor = withFreshPlates(raw);
  const outside =
    [...factor.guards, ...factor.plates.flatMap((p) => [p.from, p.to])].map((e) => firstMember(e, members)).find((v) => v !== null) ?? null;
  if (outside !== null) return { variable: outside, reason: 'it decides which terms there are' };
  const binders = factor.plates.map((p): Binder => ({ index: p.index, from: p.from, to: p.to }));
  const whole: Piece = { binders, guards: factor.guards, value: factor.logDensity };
  const pieces =
    factor.conditions.length === 0
      ? split(whole, members)
      : [
          {
            ...whole,
            value: [...factor.conditions].reverse().reduce((inner: Expr, c) => cond(c, inner, num(-Infinity)), factor.logDensity),
          },
        ];
  const out: TableTerm[] = [];
  for (const piece of pieces) {
    const written = writeOut(piece.value, members);
    if (typeof written !== 'object' || 'reason' in written) return written;
    const decided = openGathers({ ...piece, value: written }, members).map((opened) => decide(opened, members));
    for (const each of decided.flat()) {
      if ('reason' in each) return each;
      const term = slotted(raw.id, each, members);
      if ('reason' in term) return term;
      const same = out.findIndex((t) => sameInstances(t, term));
      if (same >= 0) out[same] = { ...term, value: add(out[same]!.value, term.value) };
      else out.push(term);
    }
  }
  return out;
}

interface Piece {
  readonly binders: readonly Binder[];
  readonly guards: readonly Expr[];
  readonly value: Expr;
}

function sameInstances(a: TableTerm, b: TableTerm): boolean {
  return (
    a.binders.length === b.binders.length &&
    a.binders.every((x, k) => x.index === b.binders[k]!.index) &&
    a.guards.length === b.guards.length &&
    a.guards.every((g, k) => equal(g, b.guards[k]!)) &&
    a.slots.length === b.slots.length &&
    a.slots.every((s, k) => equal(s, b.slots[k]!))
  );
}

function firstMember(e: Expr, members: Members): string | null {
  let found: string | null = null;
  visit(e, (x) => {
    if (x.op === 'ref' && members.has(x.variable)) found ??= x.variable;
  });
  return found;
}
const mentionsMember = (e: Expr, members: Members): boolean => firstMember(e, members) !== null;

/** Additive terms, each with its own plates and guards. Sums that members do not enter stay whole. */
function split(piece: Piece, members: Members, factor: Expr = one): readonly Piece[] {
  const { value } = piece;
  const leaf = (): readonly Piece[] => [{ ...piece, value: mul(factor, value) }];
  if (!mentionsMember(value, members)) return leaf();
  const part = (e: Expr, by: Expr = factor, extra: Partial<Piece> = {}): readonly Piece[] =>
    split({ ...piece, ...extra, value: e }, members, by);
  if (value.op === 'apply') {
    const [a, b] = [value.args[0]!, value.args[1]!];
    switch (value.fn) {
      case 'add':
        return [...part(a), ...part(b)];
      case 'sub':
        return [...part(a), ...part(b, neg(factor))];
      case 'neg':
        return part(a, neg(factor));
      case 'mul':
        if (!mentionsMember(a, members)) return part(b, mul(factor, a));
        if (!mentionsMember(b, members)) return part(a, mul(factor, b));
        return leaf();
      default:
        return leaf();
    }
  }
  if (value.op === 'reduce' && value.kind === 'sum' && !mentionsMember(value.from, members) && !mentionsMember(value.to, members)) {
    const fresh = index(value.index.name);
    return part(substitute(value.body, new Map([[value.index, fresh]])), factor, {
      binders: [...piece.binders, { index: fresh, from: value.from, to: value.to }],
    });
  }
  if (value.op === 'cond' && members.isFixed(value.test)) {
    return [
      ...part(value.then, factor, { guards: [...piece.guards, value.test] }),
      ...part(value.otherwise, factor, { guards: [...piece.guards, apply('not', value.test)] }),
    ];
  }
  return leaf();
}

/** Reductions whose index chooses elements of members, written out term by term. */
function writeOut(value: Expr, members: Members): Expr | NotTabulated {
  let refused: NotTabulated | null = null;
  const chosenBy = (e: Expr, i: Index): string | null => {
    let found: string | null = null;
    visit(e, (x) => {
      if (x.op === 'ref' && members.has(x.variable) && x.at.some((a) => freeIndices(a).has(i))) found ??= x.variable;
    });
    return found;
  };
  const out = rewrite(value, (x) => {
    if (x.op === 'element') {
      for (const a of x.array.args)
        for (const i of a.indices) {
          const variable = chosenBy(a.body, i);
          if (variable !== null)
            refused ??= { variable, reason: `a function of a whole array (${x.array.fn}) reads its elements together` };
        }
      return x;
    }
    if (x.op !== 'reduce') return x;
    const variable = chosenBy(x.body, x.index);
    if (variable === null) return x;
    const count = members.trips(x.from, x.to);
    if (!(count <= longestSum) || !isConst(x.from)) {
      refused ??= { variable, reason: `one term depends on ${Number.isFinite(count) ? `${count}` : 'many'} of its elements at once` };
      return x;
    }
    const { from } = x;
    const terms = Array.from({ length: count }, (_, k) => substitute(x.body, new Map([[x.index, num(from.value + k)]])));
    switch (x.kind) {
      case 'sum':
        return addAll(terms);
      case 'prod':
        return mulAll(terms);
      case 'min':
      case 'max':
        return terms.length === 0 ? x : terms.reduce((a, b) => apply(x.kind, a, b));
      default:
        refused ??= { variable, reason: `one term reads its elements together (${x.kind})` };
        return x;
    }
  });
  return refused ?? out;
}

/** Gathers among members, each opened over the values of what it is gathered by. */
function openGathers(piece: Piece, members: Members): readonly Piece[] {
  const inner = innerReference(piece.value, members);
  if (inner === null) return [piece];
  const k = index('k');
  const { low, high } = members.range(inner.variable);
  const value = rewrite(piece.value, (x) => (x.op === 'ref' && x.variable === inner.variable && equal(x, inner) ? k : x));
  return openGathers(
    { binders: [...piece.binders, { index: k, from: low, to: add(high, one) }], guards: piece.guards, value: guardedBy(inner, k, value) },
    members,
  );
}
/** The test is on top, so that opening a further gather leaves it alone. */
function guardedBy(by: Expr, k: Index, value: Expr): Expr {
  return cond(apply('eq', by, k), value, zero);
}

/** The pieces of each outcome of the tests that keep addresses inside their variables. */
function decide(piece: Piece, members: Members): readonly (Piece | NotTabulated)[] {
  return outcomes({ guards: piece.guards, values: [piece.value] }, piece.binders, members).map(({ guards, values }) => {
    const left = keptInside(values, piece.binders, members, () => true);
    if (left !== null) return { variable: left.by.variable, reason: 'a condition within a sum tells where it has an element' };
    return { binders: piece.binders, guards, value: values[0]! };
  });
}

/** The same of a whole factor, as several. Tests on indices of inner sums are left as they are. */
export function decidedFactors(factor: Factor, members: Addresses): readonly Factor[] {
  return outcomes({ guards: factor.guards, values: [factor.logDensity, ...factor.conditions] }, factor.plates, members).map(
    ({ guards, values: [logDensity, ...conditions] }) => ({ ...factor, guards, logDensity: logDensity!, conditions }),
  );
}

interface Guarded {
  readonly guards: readonly Expr[];
  readonly values: readonly Expr[];
}

/**
 * The values under each outcome of the tests that keep addresses inside their variables, as `n > 0 ? z[n - 1] : 0` does: where
 * the test does not hold the element is not mentioned, and there is none.
 */
function outcomes({ guards, values }: Guarded, binders: readonly Binder[], members: Addresses): readonly Guarded[] {
  const bound = new Set(binders.map((b) => b.index));
  const found = keptInside(values, binders, members, (test) => [...freeIndices(test)].every((i) => bound.has(i)));
  if (found === null) return [{ guards, values }];
  const where = (outcome: Expr, guard: Expr): readonly Guarded[] =>
    outcomes(
      { guards: [...guards, guard], values: values.map((e) => rewrite(e, (x) => (equal(x, found.test) ? outcome : x))) },
      binders,
      members,
    );
  return [...where(one, found.test), ...where(zero, apply('not', found.test))];
}

/** A fixed test in the values under which stands a reference to a member that may be outside of its variable, and that reference. */
function keptInside(
  values: readonly Expr[],
  binders: readonly Binder[],
  members: Addresses,
  isAsked: (test: Expr) => boolean,
): { readonly test: Expr; readonly by: Ref } | null {
  let found: { readonly test: Expr; readonly by: Ref } | null = null;
  for (const value of values)
    visit(value, (x) => {
      if (found !== null || x.op !== 'cond' || !members.isFixed(x.test) || !isAsked(x.test)) return;
      for (const branch of [x.then, x.otherwise])
        visit(branch, (y) => {
          if (y.op === 'ref' && members.has(y.variable) && !members.isInside(y, binders)) found ??= { test: x.test, by: y };
        });
    });
  return found;
}

/** A reference to a member within the address of another, itself with no member in its address. */
function innerReference(value: Expr, members: Members): Ref | null {
  let found: Ref | null = null;
  visit(value, (x) => {
    if (x.op !== 'ref' || !members.has(x.variable)) return;
    for (const a of x.at)
      visit(a, (y) => {
        if (y.op === 'ref' && members.has(y.variable) && !y.at.some((z) => mentionsMember(z, members))) found ??= y;
      });
  });
  return found;
}

function slotted(factor: number, piece: Piece, members: Members): TableTerm | NotTabulated {
  const slots: Ref[] = [];
  let refused: NotTabulated | null = null;
  const bound = new Set(piece.binders.map((b) => b.index));
  visit(piece.value, (x) => {
    if (x.op !== 'ref' || !members.has(x.variable) || slots.some((s) => sameElement(s, x))) return;
    if (!x.at.every((a) => members.isFixed(a)))
      refused ??= { variable: x.variable, reason: 'which of its elements a term mentions depends on other unknowns' };
    else if (!x.at.every((a) => [...freeIndices(a)].every((i) => bound.has(i))))
      refused ??= { variable: x.variable, reason: 'one term depends on many of its elements at once' };
    slots.push(x);
  });
  return refused ?? { factor, binders: piece.binders, guards: piece.guards, slots, value: piece.value };
}

/** True where two references are the same element for all values of their indices. */
export function sameElement(a: Ref, b: Ref): boolean {
  return a.variable === b.variable && a.at.length === b.at.length && a.at.every((e, d) => provablyEqual(e, b.at[d]!));
}
