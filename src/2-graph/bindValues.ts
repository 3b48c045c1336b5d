/**
 * Values that data alone decide inside of expressions that depend on unknowns: a factor `m * log(y[0])` with
 * y[0] = -1, a regressor 0/0, a term -inf. They are found before a run, with statement, element and value.
 *
 * Method: evaluation over numbers extended by one value "depends on unknowns", which absorbs whatever
 * no number can absorb itself (NaN always, infinities in sums and products). Only the branch taken of a
 * choice counts, and neither where the choice is the unknowns'. Evaluated are only models in which some
 * part that is known is not finite; to see that costs one pass over such parts.
 */
import type { Span } from '../errors/diagnostic.js';
import { type ArrayExpr, type Expr, type Index, type Reduce, children, div, freeIndices, isConst, num, one } from '../expr/expr.js';
import { printText } from '../expr/print.js';
import { primitives, truths } from '../expr/primitives.js';
import { logAddExp } from '../numeric/logSpace.js';
import { affordable, decidable } from './bindChecks.js';
import { type BindContext, placeOf, stepsOf } from './bindContext.js';
import * as messages from './bindMessages.js';
import type { Step } from './compute.js';
import { nameAt } from './data.js';
import type { Law, Statement } from './graph.js';
import { indexPlusOffset } from './shapes.js';

/** An expression that must have a value, and what it is called in a message. */
interface Root {
  readonly expression: Expr;
  readonly steps: readonly Step[];
  readonly what: string;
  /** True where an infinite value is as wrong as none. */
  readonly finite: boolean;
  readonly span: Span;
  readonly report: boolean;
}

/** Null where the value depends on unknowns. */
type PartialValue = () => number | null;

/** Reports factors, parameters and reports that data alone make infinite or no number at all. One report for each statement at most. */
export function checkValues(b: BindContext): void {
  const roots = b.graph.statements.flatMap((s): readonly Root[] => rootsOf(b, s));
  const lets = b.graph.statements.filter((s) => s.kind === 'let');
  const known = new Map<Expr, readonly Step[]>();
  for (const { expression, steps } of [...roots, ...lets.map((s) => ({ expression: s.value, steps: stepsOf(s) }))])
    collectKnown(b, expression, steps, known);
  if (![...known].some(([e, steps]) => isSomewhereInfinite(b, e, steps))) return;
  const values = new PartialEvaluator(b);
  const said = new Set<Span>();
  for (const root of roots) {
    const steps = decidable(b, root.steps);
    if (said.has(root.span) || steps === null || steps.length < root.steps.length || !affordable(b, steps)) continue;
    const value = values.compile(root.expression);
    b.evaluator.walk(steps, () => {
      const x = value();
      if (x === null || (root.finite ? Number.isFinite(x) : !Number.isNaN(x))) return true;
      const culprit = values.culprit(root.expression);
      const where =
        culprit.op === 'ref'
          ? nameAt(
              culprit.variable,
              culprit.at.map((i) => b.evaluator.value(i)),
            )
          : culprit.op === 'const'
            ? root.what
            : `${shortened(printText(culprit))}${placeOf(b, [...freeIndices(culprit)])}`;
      const found = values.compile(culprit)();
      said.add(root.span);
      b.report(
        root.report
          ? messages.reportWithoutValue(where, messages.showNumber(found ?? Number.NaN), x, root.span)
          : messages.noFiniteValue(root.what, where, messages.showNumber(found ?? Number.NaN), x, root.span),
      );
      return false;
    });
  }
}

/** Longer formulas are cut: the statement is shown beside them. */
const longestFormula = 80;
function shortened(text: string): string {
  return text.length > longestFormula ? `${text.slice(0, longestFormula)}...` : text;
}

function rootsOf(b: BindContext, s: Statement): readonly Root[] {
  const steps = stepsOf(s);
  switch (s.kind) {
    case 'factor':
      return [{ expression: s.value, steps, what: 'this factor', finite: true, span: s.span, report: false }];
    case 'let':
      return b.graph.variables.get(s.target.variable)?.origin === 'report'
        ? [{ expression: s.value, steps, what: s.target.variable, finite: true, span: s.span, report: true }]
        : [];
    case 'sample':
    case 'observe':
      return lawRoots(b, s.law, steps, s.span);
    default:
      return [];
  }
}

/** Parameters of data alone are judged against their domains, see `bindLaws.ts`. */
function lawRoots(b: BindContext, law: Law, steps: readonly Step[], span: Span): readonly Root[] {
  const root = (a: ArrayExpr, what: string, finite: boolean): Root[] => {
    if (b.known(a.body)) return [];
    const own = a.indices.map((index, axis): Step => ({ kind: 'loop', index, from: num(0), to: a.dims[axis]! }));
    return [{ expression: a.body, steps: [...steps, ...own], what, finite, span, report: false }];
  };
  const scalar = (body: Expr): ArrayExpr => ({ indices: [], dims: [], body });
  switch (law.kind) {
    case 'family':
      return Object.entries(law.parameters).flatMap(([name, a]) => root(a, `the parameter ${name} of ${law.family}`, true));
    case 'truncated':
    case 'censored':
      return [
        ...lawRoots(b, law.base, steps, span),
        ...root(scalar(law.low), `the lower bound of a ${law.kind} law`, false),
        ...root(scalar(law.high), `the upper bound of a ${law.kind} law`, false),
      ];
    case 'mixture': {
      const inner: readonly Step[] = [...steps, { kind: 'loop', index: law.index, from: law.from, to: law.to }];
      return lawRoots(b, law.component, inner, span);
    }
    case 'mixtureOf':
      return law.components.flatMap((component) => lawRoots(b, component, steps, span));
    case 'pushforward':
      return lawRoots(
        b,
        law.base,
        [...steps, ...law.over.indices.map((index, k): Step => ({ kind: 'loop', index, from: num(0), to: law.over.dims[k]! }))],
        span,
      );
  }
}

// --- parts of data alone ------------------------------------------------------------------------

/**
 * The largest parts of an expression that data determine, with the loops they stand in. What was read is finite, and a literal infinity is
 * seen as one.
 */
function collectKnown(b: BindContext, e: Expr, steps: readonly Step[], into: Map<Expr, readonly Step[]>): void {
  if (b.known(e)) {
    const origin = e.op === 'ref' ? b.graph.variables.get(e.variable)?.origin : undefined;
    const isRead =
      e.op === 'index' || e.op === 'size' || (e.op === 'const' && Number.isFinite(e.value)) || origin === 'data' || origin === 'constant';
    if (!isRead) into.set(e, steps);
    return;
  }
  if (e.op === 'reduce') collectKnown(b, e.body, [...steps, { kind: 'loop', index: e.index, from: e.from, to: e.to }], into);
  // Elements of array functions of unknowns are the unknowns' in any case.
  else if (e.op !== 'element') for (const x of children(e)) collectKnown(b, x, steps, into);
  // A divisor of data is as bad as its reciprocal.
  if (e.op === 'apply' && e.fn === 'div' && b.known(e.args[1]!) && !isConst(e.args[1]!)) collectKnown(b, div(one, e.args[1]!), steps, into);
}

/** False where it would take too long to see. */
function isSomewhereInfinite(b: BindContext, e: Expr, path: readonly Step[]): boolean {
  const needed = new Set<Index>(freeIndices(e));
  const steps = path
    .slice()
    .reverse()
    .filter((s) => {
      if (s.kind !== 'loop' || !needed.has(s.index)) return false;
      for (const i of [...freeIndices(s.from), ...freeIndices(s.to)]) needed.add(i);
      return true;
    })
    .reverse();
  if (!steps.every((s) => s.kind === 'loop' && b.known(s.from) && b.known(s.to)) || !affordable(b, steps)) return false;
  const value = b.evaluator.compile(e);
  return !b.evaluator.walk(steps, () => Number.isFinite(value()));
}

// --- evaluation ---------------------------------------------------------------------------------

class PartialEvaluator {
  private readonly b: BindContext;
  private readonly closures = new Map<Expr, PartialValue>();
  /** Definitions being evaluated: a recursion is left to the run. */
  private readonly open = new Set<string>();

  constructor(b: BindContext) {
    this.b = b;
  }

  /** The value at the current indices. */
  compile(e: Expr): PartialValue {
    const known = this.closures.get(e);
    if (known !== undefined) return known;
    const closure = this.b.known(e) ? this.b.evaluator.compile(e) : this.closure(e);
    this.closures.set(e, closure);
    return closure;
  }

  private closure(e: Expr): PartialValue {
    switch (e.op) {
      case 'apply':
        return application(
          e.fn,
          e.args.map((x) => this.compile(x)),
        );
      case 'cond': {
        const test = this.compile(e.test),
          then = this.compile(e.then),
          otherwise = this.compile(e.otherwise);
        return () => {
          const t = test();
          return t === null ? null : t !== 0 ? then() : otherwise();
        };
      }
      case 'reduce':
        return this.reduction(e);
      case 'ref':
        return this.definition(e.variable, e.at);
      default:
        return () => null;
    }
  }

  private reduction(e: Reduce): PartialValue {
    if (!this.b.known(e.from) || !this.b.known(e.to)) return () => null;
    const box = this.b.evaluator.box(e.index);
    const from = this.b.evaluator.compile(e.from),
      to = this.b.evaluator.compile(e.to);
    const combine = reductions[e.kind];
    return () => {
      const body = this.compile(e.body);
      const outer = box.value,
        end = to();
      let total: number | null = combine.start;
      for (let i = from(); i < end; i++) {
        box.value = i;
        total = combine.step(total, body());
      }
      box.value = outer;
      return total;
    };
  }

  /** An element of a `let` that depends on unknowns, where its definition tells which; else unknown. */
  private definition(variable: string, at: readonly Expr[]): PartialValue {
    const { b } = this;
    if (b.status.get(variable) !== 'deterministic' || !at.every((e) => b.known(e))) return () => null;
    const places = at.map((e) => b.evaluator.compile(e));
    const definitions = (b.definitions.get(variable) ?? []).map((s) => (s.kind === 'let' && !s.recursive ? this.inverse(s) : null));
    if (definitions.some((d) => d === null)) return () => null;
    return () => {
      if (this.open.has(variable)) return null;
      this.open.add(variable);
      const element = places.map((f) => f());
      let found: number | null = null;
      for (const define of definitions) {
        const x = define!(element);
        if (x !== undefined) {
          found = x;
          break;
        }
      }
      this.open.delete(variable);
      return found;
    };
  }

  /**
   * The value that a `let` gives to an element; undefined where it does not define it. Null for a `let` whose left side does not tell its
   * indices.
   */
  private inverse(s: Statement & { readonly kind: 'let' }): ((element: readonly number[]) => number | null | undefined) | null {
    const { b } = this;
    const own = new Set(s.plates.map((p) => p.index));
    const forms = s.target.at.map((e) => indexPlusOffset(e, own));
    if (forms.some((form) => form === null || !b.known(form.offset) || [...freeIndices(form.offset)].length > 0)) return null;
    if (
      s.plates.some((p) => !forms.some((form) => form!.index === p.index)) ||
      !s.guards.every((g) => b.known(g)) ||
      !s.plates.every((p) => b.known(p.from) && b.known(p.to))
    )
      return null;
    const boxes = s.plates.map((p) => b.evaluator.box(p.index));
    return (element) => {
      const before = boxes.map((box) => box.value);
      const restore = (): void => {
        boxes.forEach((box, k) => {
          box.value = before[k]!;
        });
      };
      for (const [axis, form] of forms.entries())
        if (form!.index !== null) b.evaluator.box(form!.index).value = element[axis]! - b.evaluator.value(form!.offset);
      const here =
        forms.every(
          (form, axis) =>
            (form!.index === null ? 0 : b.evaluator.box(form!.index).value) + b.evaluator.value(form!.offset) === element[axis],
        ) &&
        s.plates.every((p) => {
          const i = b.evaluator.box(p.index).value;
          return i >= b.evaluator.value(p.from) && i < b.evaluator.value(p.to);
        }) &&
        s.guards.every((g) => b.evaluator.value(g) !== 0);
      const value = here ? this.compile(s.value)() : undefined;
      restore();
      return value;
    };
  }

  /** The smallest part of an expression that is not finite, at the current indices; of a sum the indices stay at its first bad term. */
  culprit(e: Expr): Expr {
    if (e.op === 'reduce' && this.b.known(e.from) && this.b.known(e.to)) {
      const box = this.b.evaluator.box(e.index);
      const body = this.compile(e.body);
      const outer = box.value,
        end = this.b.evaluator.value(e.to);
      for (let i = this.b.evaluator.value(e.from); i < end; i++) {
        box.value = i;
        if (isBad(body())) return this.culprit(e.body);
      }
      box.value = outer;
      return e;
    }
    const parts = e.op === 'cond' ? [this.compile(e.test)() === 0 ? e.otherwise : e.then] : e.op === 'apply' ? e.args : [];
    const bad = parts.find((x) => isBad(this.compile(x)()));
    return bad === undefined ? e : this.culprit(bad);
  }
}

function isBad(x: number | null): boolean {
  return x !== null && !Number.isFinite(x);
}

/** What is left of a number beside an unknown one in a sum: nothing of a finite one. */
function besideUnknown(x: number): number | null {
  return Number.isFinite(x) ? null : x;
}
function addition(a: number | null, b: number | null): number | null {
  return a === null ? (b === null ? null : besideUnknown(b)) : b === null ? besideUnknown(a) : a + b;
}
/** An unknown number times an infinite one is infinite or no number. */
function product(a: number | null, b: number | null): number | null {
  if (a !== null && b !== null) return a * b;
  const known = a ?? b;
  return known === null || Number.isFinite(known) ? null : Number.NaN;
}
/** NaN beside unknown numbers stays NaN. */
function other(values: readonly (number | null)[], compute: (...values: readonly number[]) => number): number | null {
  if (values.every((x) => x !== null)) return compute(...values);
  return values.some((x) => x !== null && Number.isNaN(x)) ? Number.NaN : null;
}

function application(fn: string, args: readonly PartialValue[]): PartialValue {
  const [a, b] = args as [PartialValue, PartialValue];
  switch (fn) {
    case 'add':
      return () => addition(a(), b());
    case 'sub':
      return () => {
        const y = b();
        return addition(a(), y === null ? null : -y);
      };
    case 'mul':
      return () => product(a(), b());
    case 'div':
      return () => {
        const x = a(),
          y = b();
        if (x !== null && y !== null) return x / y;
        return (x !== null && !Number.isFinite(x)) || y === 0 || Number.isNaN(y) ? Number.NaN : null;
      };
  }
  const primitive = primitives.get(fn)!;
  // What is compared to no number is false, whatever it is.
  if (truths.has(fn))
    return () => {
      const values = args.map((f) => f());
      return values.every((x) => x !== null) ? primitive.evaluate(...values) : null;
    };
  return () =>
    other(
      args.map((f) => f()),
      (...values) => primitive.evaluate(...values),
    );
}

interface Combination {
  readonly start: number;
  step(total: number | null, x: number | null): number | null;
}
const reductions: Readonly<Record<Reduce['kind'], Combination>> = {
  sum: { start: 0, step: addition },
  prod: { start: 1, step: product },
  min: { start: Number.POSITIVE_INFINITY, step: (total, x) => other([total, x], Math.min) },
  max: { start: Number.NEGATIVE_INFINITY, step: (total, x) => other([total, x], Math.max) },
  logsumexp: { start: Number.NEGATIVE_INFINITY, step: (total, x) => other([total, x], logAddExp) },
  argmax: { start: Number.NaN, step: () => null },
};
