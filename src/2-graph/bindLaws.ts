/**
 * Observed values against the supports of their laws, and parameters that depend on data alone
 * against their domains: refused before any inference starts, with the element, the value and the
 * reason.
 */
import type { Domain, Support } from '../distributions/family.js';
import { degeneracies } from '../distributions/law/conditions.js';
import { mapLaw, type PushforwardLaw } from '../distributions/law/law.js';
import { noDensityReason, noLatentReason, supportOf } from '../distributions/law/form.js';
import { families } from '../distributions/registry.js';
import type { Span } from '../errors/diagnostic.js';
import {
  type ArrayExpr,
  type Expr,
  type Index,
  add,
  apply,
  cond,
  freeIndices,
  index,
  isConst,
  num,
  ref,
  rewrite,
  scalar,
  sub,
  substitute,
} from '../expr/expr.js';
import { printText } from '../expr/print.js';
import { type BindContext, expressionsOfSteps, placeOf, stepsOf } from './bindContext.js';
import { problemOfUnknowns } from './bindConstructed.js';
import * as messages from './bindMessages.js';
import type { Step } from './compute.js';
import { covarianceProblem, simplexProblem } from './constraints.js';
import { elementName, nameAt } from './data.js';
import type { Law, Statement } from './graph.js';
import { lawSupport } from './lawSupport.js';
import { mapsIn } from './query.js';

/** Values of a Multinomial's total are integers stored as doubles: exact. */
const totalTolerance = 0;

/** A statement with a law. */
type DrawingStatement = Extract<Statement, { readonly law: Law }>;

/** Checks every law of the model against the data. One report for each statement at most. */
export function checkLaws(b: BindContext): void {
  for (const s of b.graph.statements) {
    if (s.kind === 'param') checkWhole(b, s);
    if (s.kind !== 'sample' && s.kind !== 'observe' && s.kind !== 'predict') continue;
    const steps = stepsOf(s);
    if (!expressionsOfSteps(steps).every((e) => b.known(e))) continue;
    if (!checkParameters(b, s.law, steps)) continue;
    if (b.mode === 'infer' && s.kind !== 'predict' && !checkDensity(b, s, steps)) continue;
    if (s.kind !== 'predict') checkObserved(b, s, steps);
  }
}

/** Inference needs the density of every law, and of the laws of unknowns one that can be moved about in. */
function checkDensity(b: BindContext, s: DrawingStatement, steps: readonly Step[]): boolean {
  // With numbers for the sizes it is known which matrices are square.
  const law = mapLaw(s.law, (e) =>
    rewrite(e, (x) => {
      const n = x.op === 'size' ? b.sizes.get(x.name) : undefined;
      return n === undefined ? x : num(n);
    }),
  );
  const reason = noDensityReason(law);
  if (reason !== null) {
    b.report(messages.noDensity(reason, s.law.span));
    return false;
  }
  const status = s.target === null ? undefined : b.status.get(s.target.variable);
  const latent =
    status === 'latent' || status === 'partial'
      ? (noLatentReason(law) ?? (status === 'partial' ? tornReason(supportOf(law).kind) : null))
      : null;
  if (latent !== null) b.report(messages.noLatent(s.target!.variable, latent, s.law.span));
  return latent === null && mapsIn(law).every((map) => checkMap(b, map, steps));
}
/** A param has no law: what holds its elements together is its type. */
function checkWhole(b: BindContext, s: Extract<Statement, { readonly kind: 'param' }>): void {
  const { variable } = s.target;
  if (b.mode !== 'infer' || b.status.get(variable) !== 'partial') return;
  const reason = tornReason(b.graph.variables.get(variable)!.constraint.kind);
  if (reason !== null) b.report(messages.tornParam(variable, reason, s.span));
}
/** Why an unknown cannot be given in part: its elements are held together by more than a density, and none can move alone. */
function tornReason(support: string): string | null {
  switch (support) {
    case 'simplex':
      return 'a part of it is given, and what is left of a simplex has to keep its sum';
    case 'cov':
    case 'corr':
      return 'a part of it is given, and what is left of a matrix has to keep it symmetric and positive definite';
    default:
      return null;
  }
}
// --- parameters -------------------------------------------------------------------------------

function checkParameters(b: BindContext, law: Law, steps: readonly Step[]): boolean {
  switch (law.kind) {
    case 'family': {
      const family = families.get(law.family);
      if (family === undefined) return true;
      for (const { name, domain, value } of law.written ?? [])
        if (!checkParameter(b, family.name, name, domain, scalar(value), steps, law.span)) return false;
      for (const p of family.parameters) {
        const value = law.parameters[p.name];
        if (value !== undefined && !checkParameter(b, family.name, p.name, p.domain, value, steps, law.span)) return false;
      }
      return (family.conditions?.(law.parameters) ?? []).every((c) => checkCondition(b, law.family, c, steps, law.span));
    }
    case 'pushforward': {
      const draws: Step[] = law.over.indices.map((i, k): Step => ({ kind: 'loop', index: i, from: num(0), to: law.over.dims[k]! }));
      return checkParameters(b, law.base, [...steps, ...draws]);
    }
    case 'truncated':
    case 'censored': {
      if (!checkParameters(b, law.base, steps)) return false;
      return checkCondition(b, law.kind, { op: 'apply', fn: 'sub', args: [law.high, law.low] }, steps, law.span);
    }
    case 'mixture': {
      const weights: ArrayExpr = {
        indices: [law.index],
        dims: [sub(law.to, law.from)],
        body: substitute(law.weight, new Map([[law.index, add(law.index, law.from)]])),
      };
      return (
        checkWeights(b, weights, steps, law.span) &&
        checkParameters(b, law.component, [...steps, { kind: 'loop', index: law.index, from: law.from, to: law.to }])
      );
    }
    case 'mixtureOf': {
      const i = index('i');
      const body = law.weights.reduceRight((rest, w, k) => cond(apply('eq', i, num(k)), w, rest));
      return (
        checkWeights(b, { indices: [i], dims: [num(law.weights.length)], body }, steps, law.span) &&
        law.components.every((c) => checkParameters(b, c, steps))
      );
    }
  }
}

/** A map that is not one-to-one because numbers of the data make it so: a factor that is zero, a singular matrix. */
function checkMap(b: BindContext, law: PushforwardLaw, steps: readonly Step[]): boolean {
  for (const { expression, reason } of degeneracies(law)) {
    if (!b.known(expression)) continue;
    // What depends on a component of a mixture is judged by the run.
    if ([...freeIndices(expression)].some((i) => !steps.some((step) => step.kind === 'loop' && step.index === i))) continue;
    const own = relevant(steps, [expression]);
    const value = b.evaluator.compile(expression);
    let place: string | null = null;
    b.evaluator.walk(own, () => {
      if (value() === 0) place = where(b, own);
      return place === null;
    });
    if (place === null || !runsAtLeastOnce(b, steps)) continue;
    b.report(messages.degenerateMap(reason, place, law.span));
    return false;
  }
  return true;
}

function checkWeights(b: BindContext, weights: ArrayExpr, steps: readonly Step[], span: Span): boolean {
  return checkParameter(b, 'the mixture', 'weights', 'simplex', weights, steps, span);
}

/** Data were found finite when they were read; what is computed of them may be anything. */
function isFoundFinite(b: BindContext, e: Expr): boolean {
  if (isConst(e)) return Number.isFinite(e.value);
  const origin = e.op === 'ref' ? b.graph.variables.get(e.variable)?.origin : undefined;
  return origin !== undefined && origin !== 'let' && origin !== 'report';
}

/** Only the loops that the expressions depend on: a constant is checked once, not N times. */
function relevant(steps: readonly Step[], expressions: readonly Expr[]): Step[] {
  const needed = new Set<Index>(expressions.flatMap((e) => [...freeIndices(e)]));
  const kept: Step[] = [];
  for (const s of [...steps].reverse()) {
    if (s.kind === 'loop' && !needed.has(s.index)) continue;
    for (const e of s.kind === 'loop' ? [s.from, s.to] : [s.test]) for (const i of freeIndices(e)) needed.add(i);
    kept.unshift(s);
  }
  return kept;
}

function runsAtLeastOnce(b: BindContext, steps: readonly Step[]): boolean {
  return !b.evaluator.walk(steps, () => false);
}

/** ` at n = 3` */
function where(b: BindContext, steps: readonly Step[]): string {
  return placeOf(
    b,
    steps.flatMap((s) => (s.kind === 'loop' ? [s.index] : [])),
  );
}

function checkParameter(
  b: BindContext,
  law: string,
  name: string,
  domain: Domain,
  value: ArrayExpr,
  steps: readonly Step[],
  span: Span,
): boolean {
  if (![value.body, ...value.dims].every((e) => b.known(e))) {
    // Loops are walked only where there is something to say: their sizes may be unknown.
    const found = problemOfUnknowns(b, domain, value),
      wrong = found !== null && runsAtLeastOnce(b, steps) ? found : null;
    if (wrong !== null) b.report(messages.badParameter(law, name, '', wrong, domainWords[domain], span));
    return wrong === null;
  }
  // Nothing else can be wrong with a vector of data.
  if ((domain === 'real' || domain === 'vector') && isFoundFinite(b, value.body)) return true;
  const own = relevant(steps, arrayExpressions(value));
  const problemOf = value.indices.length === 0 ? scalarProblem(b, domain, value.body) : arrayProblem(b, domain, value);
  let problem: string | null = null;
  let place = '';
  b.evaluator.walk(own, () => {
    problem = problemOf();
    if (problem !== null) place = where(b, own);
    return problem === null;
  });
  // The loops that do not matter to the parameter may still be empty.
  if (problem === null || !runsAtLeastOnce(b, steps)) return true;
  b.report(messages.badParameter(law, name, place, problem, domainWords[domain], span));
  return false;
}

function scalarProblem(b: BindContext, domain: Domain, e: Expr): () => string | null {
  const value = b.evaluator.compile(e);
  const holds = scalarDomains[domain] ?? Number.isFinite;
  return () => {
    const x = value();
    return holds(x) ? null : messages.showNumber(x);
  };
}
function arrayProblem(b: BindContext, domain: Domain, a: ArrayExpr): () => string | null {
  const fill = b.evaluator.array(a);
  return () => {
    const { shape, values } = fill();
    return domainProblem(domain, shape, values);
  };
}

/** Expressions whose free indices are those of the array itself. */
function arrayExpressions(a: ArrayExpr): Expr[] {
  return [...a.dims, { op: 'element', array: { fn: '', args: [a], dims: [] }, at: [] }];
}

export const domainWords: Readonly<Record<Domain, string>> = {
  real: 'a finite number',
  positive: 'positive',
  nonnegative: 'not negative',
  unit: 'between 0 and 1',
  int: 'a whole number',
  count: 'a whole number that is not negative',
  positiveInt: 'a positive whole number',
  simplex: 'probabilities that sum to 1',
  positiveVector: 'a vector of positive numbers',
  orderedVector: 'a vector of increasing numbers',
  vector: 'a vector of finite numbers',
  cov: 'a symmetric positive definite matrix',
  precision: 'a symmetric positive definite matrix',
  choleskyFactor: 'lower triangular with a positive diagonal',
};

/** Domains that say something of each element by itself. */
export const scalarDomains: Readonly<Partial<Record<Domain, (x: number) => boolean>>> = {
  real: Number.isFinite,
  vector: Number.isFinite,
  positive: (x) => x > 0 && Number.isFinite(x),
  positiveVector: (x) => x > 0 && Number.isFinite(x),
  nonnegative: (x) => x >= 0 && Number.isFinite(x),
  unit: (x) => x >= 0 && x <= 1,
  int: Number.isInteger,
  count: (x) => Number.isInteger(x) && x >= 0,
  positiveInt: (x) => Number.isInteger(x) && x > 0,
};

/** Sizes that are computed are known at bind time only. */
function squareProblem([rows, columns]: readonly number[]): string | null {
  return rows === columns ? null : `has ${rows} rows and ${columns} columns`;
}

/** What is wrong with an array parameter, in words, or null. */
export function domainProblem(domain: Domain, shape: readonly number[], values: Float64Array): string | null {
  const matrix = (problem: string | null): string | null => (problem === null ? null : `a matrix that ${problem}`);
  switch (domain) {
    case 'simplex': {
      const problem = simplexProblem(values, 0, values.length);
      return problem === null ? null : `a vector that ${problem}`;
    }
    case 'orderedVector': {
      if (values.length === 0) return 'a vector without elements';
      const k = values.findIndex((x, at) => !Number.isFinite(x) || (at > 0 && !(x > values[at - 1]!)));
      return k < 0
        ? null
        : `a vector with ${messages.showNumber(values[k]!)} at position ${elementName('', k, shape)}${k > 0 && Number.isFinite(values[k]!) ? ` after ${messages.showNumber(values[k - 1]!)}` : ''}`;
    }
    case 'cov':
    case 'precision':
      return matrix(squareProblem(shape) ?? covarianceProblem(values, 0, shape[0] ?? 0));
    case 'choleskyFactor': {
      const rectangular = squareProblem(shape);
      if (rectangular !== null) return matrix(rectangular);
      const d = shape[0] ?? 0;
      const k = values.findIndex((x, at) => {
        const i = Math.floor(at / d),
          j = at % d;
        return i === j ? !(x > 0) : j > i && x !== 0;
      });
      return k < 0 ? null : matrix(`has ${messages.showNumber(values[k]!)} at position ${elementName('', k, shape)}`);
    }
    default: {
      const holds = scalarDomains[domain]!;
      // No law of proportions has no outcomes; of vectors in the plain there may be none.
      if (domain === 'positiveVector' && values.length === 0) return 'a vector without elements';
      const k = values.findIndex((x) => !holds(x));
      return k < 0 ? null : `a vector with ${messages.showNumber(values[k]!)} at position ${elementName('', k, shape)}`;
    }
  }
}

/** A condition on parameters, >= 0, where it depends on data alone. */
function checkCondition(b: BindContext, law: string, condition: Expr, steps: readonly Step[], span: Span): boolean {
  if (!b.known(condition)) return true;
  const own = relevant(steps, [condition]);
  const value = b.evaluator.compile(condition);
  let place: string | null = null;
  b.evaluator.walk(own, () => {
    if (!(value() >= 0)) place = where(b, own);
    return place === null;
  });
  if (place === null || !runsAtLeastOnce(b, steps)) return true;
  b.report(messages.badCondition(law, place, span));
  return false;
}

// --- observed values --------------------------------------------------------------------------

function checkObserved(b: BindContext, s: DrawingStatement, steps: readonly Step[]): void {
  const target = s.target;
  const variable = target === null ? undefined : b.graph.variables.get(target.variable);
  const stored = target === null ? undefined : b.storages.get(target.variable);
  const shape = target === null ? undefined : b.shapes.get(target.variable);
  if (target !== null && (stored === undefined || shape === undefined || variable === undefined)) return;
  const support = lawSupport(s.law);
  const computed = s.kind === 'observe' && !isFoundFinite(b, s.value.body);
  if (support === null || (!computed && isEverything(support, variable?.scalar === 'int' || variable?.scalar === 'bool'))) return;
  const lawText = lawName(s.law);

  let value: ArrayExpr;
  if (s.kind === 'observe') value = s.value;
  else {
    const rank = shape!.length - target!.at.length;
    const indices: Index[] = Array.from({ length: rank }, (_, k) => ({ op: 'index', name: `i${k}` }));
    value = {
      indices,
      dims: indices.map((_, k) => num(shape![target!.at.length + k]!)),
      body: ref(target!.variable, [...target!.at, ...indices]),
    };
  }
  // The target's own gaps are skipped below; whatever else a value depends on must be known.
  const readable = target !== null || b.known(value.body);
  if (!readable || !value.dims.every((d) => b.known(d))) return;

  const judge = judgeOf(b, s.law, support, value);
  const total = support.kind === 'counts' && b.known(support.total) ? b.evaluator.compile(support.total) : null;
  const block = target === null ? 0 : shape!.slice(target.at.length).reduce((product, d) => product * d, 1);
  const position = target === null ? null : b.evaluator.position(shape!.slice(0, target.at.length), target.at);
  b.evaluator.walk(steps, () => {
    const p = position === null ? -1 : position();
    let given = -1;
    if (position !== null) {
      if (p < 0) return true;
      const gaps = stored!.gaps;
      if (gaps !== null && (block === 1 ? gaps[p] === 1 : gaps.subarray(p * block, (p + 1) * block).includes(1))) given = p;
    }
    const problem = given < 0 ? judge() : total === null ? null : givenCountsProblem(stored!, given * block, block, total());
    if (problem === null) return true;
    const read = target ?? (value.body.op === 'ref' && value.indices.length === 0 ? value.body : null);
    const element =
      read === null
        ? `${printText(value.body)}${where(b, steps)}`
        : nameAt(
            read.variable,
            read.at.map((e) => b.evaluator.value(e)),
          );
    b.report(messages.outsideSupport(element, problem.value, lawText, problem.reason, s.span, problem.hint));
    return false;
  });
}

/** What is wrong with the given cells of a vector of counts that has gaps. */
function givenCountsProblem(
  { values, gaps }: { readonly values: ArrayLike<number>; readonly gaps: ArrayLike<number> | null },
  from: number,
  count: number,
  total: number,
): Problem | null {
  const cells = Array.from({ length: count }, (_, k) => (gaps?.[from + k] === 1 ? null : values[from + k]!));
  const shown = `[${cells
    .slice(0, 6)
    .map((x) => (x === null ? 'null' : messages.showNumber(x)))
    .join(', ')}${count > 6 ? ', ...' : ''}]`;
  const bad = cells.find((x) => x !== null && !(Number.isInteger(x) && x >= 0)),
    sum = cells.reduce<number>((a, x) => a + (x ?? 0), 0);
  if (bad !== undefined && bad !== null)
    return { value: shown, reason: `it has the element ${messages.showNumber(bad)}, which is not a count` };
  return sum > total + totalTolerance
    ? { value: shown, reason: `it has ${sum} in its given cells, more than the total of ${messages.showNumber(total)}` }
    : null;
}

function lawName(law: Law): string {
  switch (law.kind) {
    case 'family':
      return law.family;
    case 'truncated':
      return `truncated ${lawName(law.base)}`;
    case 'mixture':
      return `a mixture of ${lawName(law.component)}`;
    case 'mixtureOf':
      return 'the mixture';
    case 'censored':
      return `censored ${lawName(law.base)}`;
    case 'pushforward':
      return law.base.kind === 'pushforward' ? lawName(law.base) : `the pushforward of ${lawName(law.base)}`;
  }
}

/** True where every finite value of the type lies in the support. */
function isEverything(s: Support, integer: boolean): boolean {
  switch (s.kind) {
    case 'interval':
      return isConst(s.low, Number.NEGATIVE_INFINITY) && isConst(s.high, Number.POSITIVE_INFINITY);
    case 'integers':
      return integer && isConst(s.low, Number.NEGATIVE_INFINITY) && isConst(s.high, Number.POSITIVE_INFINITY);
    case 'vector':
      return true;
    default:
      return false;
  }
}

interface Problem {
  readonly value: string;
  readonly reason: string;
  readonly hint?: string | undefined;
}

/** A closure that judges the value at the current indices; bounds that depend on unknowns judge nothing. */
function judgeOf(b: BindContext, law: Law, support: Support, value: ArrayExpr): () => Problem | null {
  const known = (e: Expr): (() => number) | null => (b.known(e) ? b.evaluator.compile(e) : null);
  switch (support.kind) {
    case 'interval':
    case 'integers': {
      const x = b.evaluator.compile(value.body);
      const low = known(support.low),
        high = known(support.high);
      const integers = support.kind === 'integers';
      const boundary = integers ? null : boundaryOf(b, law, value.body);
      // Whole numbers whose law has an array among its parameters are labels of the array's elements.
      const labels = integers && law.kind === 'family' && Object.values(law.parameters).some((a) => a.dims.length > 0);
      return () => {
        const v = x();
        const problem = (reason: string, hint?: string): Problem => ({ value: messages.showNumber(v), reason, hint });
        if (Number.isNaN(v)) return problem('it is not a number');
        if (!Number.isFinite(v)) return problem('it is not finite');
        if (integers && !Number.isInteger(v)) return problem('its values are whole numbers');
        const l = low === null ? Number.NEGATIVE_INFINITY : low(),
          h = high === null ? Number.POSITIVE_INFINITY : high();
        if (v < l) return problem(l === 0 ? 'it is negative' : `it is below ${messages.showNumber(l)}`);
        if (v > h) return problem(`it is above ${messages.showNumber(h)}`, labels && v === h + 1 ? messages.labelsFromZero : undefined);
        if ((v === l || v === h) && ((support.kind === 'interval' && support.open === true) || (boundary !== null && boundary())))
          return problem('its density there is zero');
        return null;
      };
    }
    case 'point': {
      const at = known(support.value);
      const x = b.evaluator.compile(value.body);
      return () => {
        if (at === null || at() === x()) return null;
        return { value: messages.showNumber(x()), reason: `its only value is ${messages.showNumber(at())}` };
      };
    }
    case 'vector':
      return arrayJudge(b, value, (_, values) => {
        const bad = values.find((x) => !Number.isFinite(x));
        return bad === undefined ? null : `has the element ${messages.showNumber(bad)}`;
      });
    case 'simplex':
      return arrayJudge(b, value, (_, values) => simplexProblem(values, 0, values.length));
    case 'counts': {
      const total = known(support.total);
      return arrayJudge(b, value, (_, values) => {
        const bad = values.find((x) => !(Number.isInteger(x) && x >= 0));
        if (bad !== undefined) return `has the element ${messages.showNumber(bad)}, which is not a count`;
        const sum = values.reduce((a, x) => a + x, 0);
        return total === null || Math.abs(sum - total()) <= totalTolerance
          ? null
          : `sums to ${sum}, not to ${messages.showNumber(total())}`;
      });
    }
    case 'cov':
    case 'corr':
      return arrayJudge(b, value, (shape, values) => {
        const off =
          support.kind === 'corr'
            ? Array.from({ length: shape[0] ?? 0 }, (_, i) => values[i * shape[0]! + i]!).find((x) => Math.abs(x - 1) > 1e-8)
            : undefined;
        return off === undefined ? covarianceProblem(values, 0, shape[0] ?? 0) : `has ${messages.showNumber(off)} on its diagonal, not 1`;
      });
  }
}

function arrayJudge(
  b: BindContext,
  value: ArrayExpr,
  problemOf: (shape: readonly number[], values: Float64Array) => string | null,
): () => Problem | null {
  const fill = b.evaluator.array(value);
  return () => {
    const { shape, values } = fill();
    const reason = problemOf(shape, values);
    return reason === null ? null : { value: showValues(shape, values), reason: `it ${reason}` };
  };
}

function showValues(shape: readonly number[], values: Float64Array): string {
  const row = (from: number, count: number): string =>
    `[${Array.from(values.subarray(from, from + Math.min(count, 6)), messages.showNumber).join(', ')}${count > 6 ? ', ...' : ''}]`;
  const [d = 0, m] = shape;
  if (m === undefined) return row(0, d);
  return `[${Array.from({ length: Math.min(d, 4) }, (_, i) => row(i * m, m)).join(', ')}${d > 4 ? ', ...' : ''}]`;
}

/**
 * Whether the density vanishes (or is undefined) at a value on the edge of the support, as that of
 * LogNormal at 0 does whatever its parameters. Parameters that are not known yet are tried small and
 * large: Gamma at 0 has density 0 for some shapes and not for others, and is left to the run.
 */
function boundaryOf(b: BindContext, law: Law, x: Expr): (() => boolean) | null {
  if (law.kind !== 'family') return null;
  const family = families.get(law.family);
  if (family === undefined || family.eventRank !== 0) return null;
  const trials = [0.5, 1, 3].map((trial) => {
    const parameters = Object.fromEntries(
      Object.entries(law.parameters).map(([name, a]) => {
        const unknown = ![a.body, ...a.dims].every((e) => b.known(e));
        const domain = family.parameters.find((p) => p.name === name)?.domain;
        const value = domain === 'unit' ? trial / 4 : trial;
        return [name, unknown ? { ...a, body: num(value) } : a];
      }),
    );
    return b.evaluator.compile(family.logDensity(scalar(x), parameters));
  });
  return () =>
    trials.every((density) => {
      const d = density();
      return Number.isNaN(d) || d === Number.NEGATIVE_INFINITY;
    });
}
