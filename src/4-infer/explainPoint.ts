/**
 * `explain` for backends that climb: each unknown with the derivative of the log density by it as a formula, where it has
 * a short one, and the statements that enter. Finite unknowns are summed out: the derivative is the one at fixed values
 * in expectation over them (Fisher's identity). In unconstrained coordinates it is that by the coordinate, Jacobian included.
 */
import type { Given } from '../2-graph/bound.js';
import type { ModelGraph } from '../2-graph/graph.js';
import { regionSupport } from '../3-derive/closedForm.js';
import { factorMentions } from '../3-derive/conditional.js';
import { jointFactors } from '../3-derive/joint.js';
import { DerivedModel, type Factor, type LatentRegion, latentRegions } from '../3-derive/model.js';
import { elementTerms } from '../3-derive/occurrences.js';
import { InternalError } from '../errors/diagnostic.js';
import {
  add,
  addAll,
  apply,
  cond,
  div,
  type Expr,
  index,
  isConst,
  log,
  mul,
  neg,
  nestedSum,
  num,
  one,
  ref,
  rewrite,
  sub,
  variablesOf,
  visit,
  zero,
} from '../expr/expr.js';
import { differentiate } from '../expr/gradient.js';
import { printText } from '../expr/print.js';
import { simplify } from '../expr/simplify.js';
import type { ExplainedBlock } from './backend.js';
import { refuse } from './backendOptions.js';
import { distributed } from './cancel.js';
import { expectationOf } from './expectation.js';
import { entering } from './focus.js';
import type { Formula } from './formulas.js';
import { readsExpectations, render } from './formulaText.js';
import { hostName, regionLoops, regionName, sourceLine } from './wording.js';
import { readable } from './readable.js';

/** Longest derivative that is shown. */
const longestFormula = 400;

export interface Climb {
  readonly backend: string;
  /** Whether the density climbed is that of unconstrained coordinates. */
  readonly unconstrained: boolean;
  /** What a continuous unknown becomes, by what it is Normal in where that is not itself. */
  law(within: string | null): string;
  readonly kernel: string;
  readonly reason: string;
}

/** @throws ModelError for what has no derivative. */
export function explainClimb(
  graph: ModelGraph,
  given: Given,
  source: string,
  how: Climb,
): { readonly blocks: readonly ExplainedBlock[]; readonly notes: readonly string[] } {
  const model = new DerivedModel(graph, given),
    factors = jointFactors(model),
    regions = latentRegions(model);
  refuseHosts(factors, graph, how.backend);
  const finite = new Set(regions.filter((r) => r.variable.scalar !== 'real').map((r) => r.variable.name));
  // Where an end moves with another unknown, so does the value at a fixed coordinate.
  const moving = new Set(
    how.unconstrained
      ? regions.flatMap((r) =>
          endsOf(r, model)
            .flatMap((e) => [...variablesOf(e)])
            .filter((v) => model.dependsOnLatents(ref(v, []))),
        )
      : [],
  );
  const blocks = regions.map((r): ExplainedBlock => {
    const { name } = r.variable,
      recursions = model.recursionsOf(name),
      discrete = finite.has(name);
    const own = factors.filter(
      (f) => [name, ...recursions].some((n) => factorMentions(f, n)) && elementTerms(r, [f], null, recursions).length > 0,
    );
    const coordinate = how.unconstrained && !discrete ? coordinateOf(r, model) : null;
    const known =
      !discrete &&
      recursions.size === 0 &&
      coordinate !== 'other' &&
      !moving.has(name) &&
      (r.eventRank === 0 || (r.eventRank === 1 && regionSupport(r).kind === 'vector'));
    const slope = known ? derivative(r, own, coordinate, finite, graph) : null;
    return {
      block: regionName(r),
      loops: regionLoops(r),
      family: discrete
        ? 'Categorical'
        : how.law(coordinate === 'other' ? 'unconstrained coordinates' : coordinate === null ? null : printText(coordinate.of)),
      parameters: slope === null ? [] : render([slope], model),
      factors: entering({ region: r, factors: own }, model).map((s) => sourceLine(source, s.span)),
      kernel: discrete ? 'summed out' : how.kernel,
      reason: discrete ? 'a finite latent has no gradient: the density is summed over its values' : how.reason,
    };
  });
  const expected = readsExpectations(blocks);
  return {
    blocks,
    notes: expected
      ? [
          `E(...) is the expectation over ${[...finite].join(', ')} given the rest; the JSON form has what stands inside of it, and in expectationOver what it is taken over.`,
        ]
      : [],
  };
}

function refuseHosts(factors: readonly Factor[], { hostFunctions }: ModelGraph, backend: string): void {
  for (const f of factors)
    for (const e of [f.logDensity, ...f.conditions])
      visit(e, (x) => {
        if (x.op !== 'element' || !x.array.fn.startsWith('host:')) return;
        refuse([
          {
            code: 'no-gradient',
            severity: 'error',
            span: f.statement.span,
            message: `${backend} needs derivatives, and the host function ${hostName(x.array.fn, hostFunctions)} has none that are known`,
            hint: 'Write the function in the language, or use --backend gibbs or mh, which need none.',
          },
        ]);
      });
}

/** A coordinate u of a value v: what it is, dv/du, and the derivative of log |dv/du| by u. */
interface Coordinate {
  readonly of: Expr;
  readonly slope: Expr;
  readonly jacobian: Expr;
}

function endsOf(region: LatentRegion, model: DerivedModel): readonly Expr[] {
  const support = regionSupport(region);
  return support.kind === 'interval' ? [model.inline(support.low), model.inline(support.high)] : [];
}
/**
 * The coordinates of `coordinates.ts`: null where they are the values themselves, `other` where several numbers have them together or ends
 * move.
 */
function coordinateOf(region: LatentRegion, model: DerivedModel): Coordinate | 'other' | null {
  const support = regionSupport(region);
  if (region.variable.constraint.kind === 'ordered' || (support.kind !== 'interval' && support.kind !== 'vector')) return 'other';
  if (support.kind === 'vector') return null;
  const [low, high] = endsOf(region, model) as readonly [Expr, Expr],
    v = ref(region.variable.name, region.at);
  if ([low, high].some((e) => model.dependsOnLatents(e))) return 'other';
  const noLow = isConst(low, -Infinity),
    noHigh = isConst(high, Infinity);
  if (noLow && noHigh) return null;
  const above = sub(v, low),
    below = sub(high, v);
  if (noHigh) return { of: log(above), slope: above, jacobian: one };
  if (noLow) return { of: log(below), slope: neg(below), jacobian: one };
  const width = sub(high, low);
  return { of: log(div(above, below)), slope: div(mul(above, below), width), jacobian: div(sub(add(low, high), mul(num(2), v)), width) };
}

/** Products with choices that pick one index, multiplied out: `sum_j A[i,j] ((j == k ? a : 0) + b)` is then contracted. */
function opened(e: Expr): Expr {
  const picks = (x: Expr): boolean =>
    x.op === 'cond'
      ? isConst(x.otherwise, 0) && x.test.op === 'apply' && x.test.fn === 'eq' && x.test.args.every((a) => a.op === 'index')
      : x.op === 'apply' && (x.fn === 'add' || x.fn === 'sub') && x.args.some(picks);
  return rewrite(e, (x) => {
    if (x.op !== 'apply' || x.fn !== 'mul') return x;
    const [a, b] = x.args as readonly [Expr, Expr],
      sum = [a, b].find((f) => f.op === 'apply' && picks(f));
    if (sum?.op !== 'apply') return x;
    const other = sum === a ? b : a;
    return apply(sum.fn, mul(other, sum.args[0]!), mul(other, sum.args[1]!));
  });
}

/** The derivative of the log density by an element, or its coordinate; null where none is known or it is long. */
function derivative(
  region: LatentRegion,
  factors: readonly Factor[],
  coordinate: Coordinate | null,
  finite: ReadonlySet<string>,
  graph: ModelGraph,
): Formula | null {
  const i = index('i'),
    event = region.eventRank === 0 ? [] : [{ index: i, from: zero, to: region.eventDims[0]! }];
  try {
    const own = ref(region.variable.name, [...region.at, ...event.map((x) => x.index)]);
    const natural = simplify(
      addAll(
        elementTerms(region, factors, null).map((t) => {
          const inner = t.guards.reduce<Expr>((x, g) => cond(g, x, zero), differentiate(t.value, own));
          return nestedSum(t.binders, inner);
        }),
      ),
      [...region.plates, ...event],
    );
    const ranges = [...region.plates, ...event];
    const contracted = simplify(opened(readable(natural, graph)), ranges);
    const expr = coordinate === null ? contracted : simplify(add(distributed(coordinate.slope, contracted), coordinate.jacobian), ranges);
    const over = [...variablesOf(expr)].filter((v) => finite.has(v));
    const shown =
      over.length === 0 ? undefined : expectationOf(readable(expr, graph), { isRandom: (v) => finite.has(v), groupOf: () => '' });
    if (printText(readable(shown ?? expr, graph)).length > longestFormula) return null;
    return { name: 'derivative', of: coordinate?.of, indices: event, expr, shown, expectationOver: over.length === 0 ? undefined : over };
  } catch (error) {
    if (error instanceof InternalError) return null;
    throw error;
  }
}
