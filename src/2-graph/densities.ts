/**
 * `logpdf(D, x)`, `cdf(D, x)`, `quantile(D, p)`: densities of laws as expressions.
 *
 * log f(x) / (F(b) - F(a)) for truncation (bounds included), log sum_k w_k f_k(x) for mixtures;
 * minus infinity outside of the support.
 */
import { type ArrayExpr, type Expr, add, apply, cond, index, isConst, log, num, one, reduce, sub, zero } from '../expr/expr.js';
import type { Family } from '../distributions/family.js';
import type { Syntax } from '../1-parse/ast.js';
import { applied, choose } from './builtins.js';
import type { Context } from './context.js';
import type { Law } from './graph.js';
import { shapeMismatch, typeMismatch, unknownArgument, wrongArgumentCount } from './messages.js';
import { printType } from './shapes.js';
import type { Environment } from './scope.js';
import { type ArrayValue, type LawValue, type Value, buildValue, elementOf, isPoison, partOf, poison } from './types.js';

type Families = ReadonlyMap<string, Family>;
type DensityFunction = (context: Context, syntax: Syntax & { kind: 'call' }, environment: Environment) => Value;

const minusInfinity: Expr = num(-Infinity);

function isDiscrete(law: Law, families: Families): boolean {
  switch (law.kind) {
    case 'family': return families.get(law.family)!.discrete;
    case 'truncated': return isDiscrete(law.base, families);
    case 'mixture': return isDiscrete(law.component, families);
    case 'mixtureOf': return isDiscrete(law.components[0]!, families);
  }
}

function logDensity(law: Law, x: ArrayExpr, families: Families): Expr | null {
  switch (law.kind) {
    case 'family': {
      const family = families.get(law.family)!;
      const density = family.logDensity(x, law.parameters);
      const support = family.support(law.parameters);
      if (support.kind !== 'interval' && support.kind !== 'integers') return density;
      return within(x.body, support.low, support.high, density);
    }
    case 'truncated': {
      const density = logDensity(law.base, x, families);
      const upper = cumulative(law.base, law.high, families);
      const lower = cumulative(law.base, isDiscrete(law, families) ? sub(law.low, one) : law.low, families);
      if (density === null || upper === null || lower === null) return null;
      return within(x.body, law.low, law.high, sub(density, log(sub(upper, lower))));
    }
    case 'mixture': {
      const density = logDensity(law.component, x, families);
      return density === null ? null : reduce('logsumexp', law.index, law.from, law.to, add(log(law.weight), density));
    }
    case 'mixtureOf': {
      const terms = law.components.map((c, k) => { const d = logDensity(c, x, families); return d === null ? null : add(log(law.weights[k]!), d); });
      if (terms.includes(null)) return null;
      const k = index('k');
      return reduce('logsumexp', k, zero, num(terms.length), choose(k, terms as Expr[]));
    }
  }
}

function within(x: Expr, low: Expr, high: Expr, density: Expr): Expr {
  const below = isConst(low, -Infinity) ? zero : applied('lt', x, low);
  const above = isConst(high, Infinity) ? zero : applied('gt', x, high);
  return cond(below, minusInfinity, cond(above, minusInfinity, density));
}

/** P(X <= x); null where the family does not state it. */
function cumulative(law: Law, x: Expr, families: Families): Expr | null {
  if (isConst(x, Infinity)) return one;
  if (isConst(x, -Infinity)) return zero;
  switch (law.kind) {
    case 'family': {
      const family = families.get(law.family)!;
      if (family.cdf === undefined) return null;
      const support = family.support(law.parameters);
      const value = family.cdf(x, law.parameters);
      if (support.kind !== 'interval' && support.kind !== 'integers') return value;
      const below = isConst(support.low, -Infinity) ? zero : applied('lt', x, support.low);
      const above = isConst(support.high, Infinity) ? zero : applied('ge', x, support.high);
      return cond(below, zero, cond(above, one, value));
    }
    case 'truncated': {
      const before = isDiscrete(law, families) ? sub(law.low, one) : law.low;
      const [at, lower, upper] = [x, before, law.high].map((b) => cumulative(law.base, b, families));
      if (at == null || lower == null || upper == null) return null;
      return cond(applied('lt', x, law.low), zero, cond(applied('ge', x, law.high), one, apply('div', sub(at, lower), sub(upper, lower))));
    }
    case 'mixture': {
      const own = cumulative(law.component, x, families);
      return own === null ? null : reduce('sum', law.index, law.from, law.to, apply('mul', law.weight, own));
    }
    case 'mixtureOf': {
      let total: Expr = zero;
      for (const [k, c] of law.components.entries()) {
        const own = cumulative(c, x, families);
        if (own === null) return null;
        total = add(total, apply('mul', law.weights[k]!, own));
      }
      return total;
    }
  }
}

function quantileOf(law: Law, u: Expr, families: Families): Expr | null {
  if (law.kind === 'family') return families.get(law.family)!.quantile?.(u, law.parameters) ?? null;
  if (law.kind !== 'truncated') return null;
  const lower = cumulative(law.base, isDiscrete(law, families) ? sub(law.low, one) : law.low, families), upper = cumulative(law.base, law.high, families);
  if (lower === null || upper === null) return null;
  return quantileOf(law.base, add(lower, apply('mul', u, sub(upper, lower))), families);
}

function evaluated(name: string, scalarsOnly: boolean, f: (law: Law, x: ArrayExpr, families: Families) => Expr | null): [string, DensityFunction] {
  return [name, (context, syntax, environment): Value => {
    const named = syntax.arguments.find((a) => a.name !== null);
    if (named !== undefined) return context.report(unknownArgument(named.span, name, named.name!.text));
    if (syntax.arguments.length !== 2) return context.report(wrongArgumentCount(syntax.span, name, syntax.arguments.length, '2 arguments: a distribution and a value'));
    const law = context.law(syntax.arguments[0]!.value, environment);
    const x = context.expression(syntax.arguments[1]!.value, environment);
    if (isPoison(law)) return law;
    if (isPoison(x)) return x;
    const batch = commonBatch(context, law, x, name, syntax, environment);
    if (batch === null) return poison;
    if (scalarsOnly && law.eventDims.length > 0) return context.report(typeMismatch(syntax.arguments[0]!.span, `The distribution of \`${name}\``, 'a law of scalars', 'a law of arrays'));
    const own = x.dims.length > law.eventDims.length;
    const value = f(law.law, own ? partOf(x, law.batch.length > 0 ? law.indices : batch.indices) : x, context.families);
    if (value === null) return context.report(typeMismatch(syntax.arguments[0]!.span, `The distribution of \`${name}\``, `one whose ${name === 'quantile' ? 'quantile' : 'distribution'} function is known`, 'another'));
    const indices = law.batch.length > 0 ? law.indices : batch.indices;
    return buildValue('real', batch.dims, (...at) => elementOf({ indices, dims: batch.dims, body: value }, at));
  }];
}

/** One value for each element of the batch; scalars on either side are repeated. */
function commonBatch(context: Context, law: LawValue, x: ArrayValue, name: string, syntax: Syntax & { kind: 'call' }, environment: Environment): { dims: readonly Expr[]; indices: LawValue['indices'] } | null {
  const event = law.eventDims.length;
  const differs = (): ReturnType<typeof shapeMismatch> => shapeMismatch(syntax.span, `The value and the distribution of \`${name}\``, printType(x.scalar, x.dims), `a draw of shape ${printType('', [...law.batch, ...law.eventDims])}`);
  if (x.dims.length < event) { context.report(differs()); return null; }
  const leading = x.dims.slice(0, x.dims.length - event), trailing = x.dims.slice(x.dims.length - event);
  if (!trailing.every((d, k) => context.agree(law.eventDims[k]!, d, environment, syntax.span, `\`${name}\` needs a value of the distribution's shape`, differs))) return null;
  if (leading.length > 0 && law.batch.length > 0) {
    if (leading.length !== law.batch.length) { context.report(differs()); return null; }
    if (!leading.every((d, k) => context.agree(law.batch[k]!, d, environment, syntax.span, `\`${name}\` needs a value of the distribution's shape`, differs))) return null;
  }
  const dims = law.batch.length > 0 ? law.batch : leading;
  return { dims, indices: dims.map((_, d) => index(['n', 'm', 'l'][d] ?? `n${d}`)) };
}

/** Functions whose first argument is a distribution, by name. */
export const densityFunctions: ReadonlyMap<string, DensityFunction> = new Map([
  evaluated('logpdf', false, logDensity),
  evaluated('cdf', true, (law, x, families) => cumulative(law, x.body, families)),
  evaluated('quantile', true, (law, u, families) => quantileOf(law, u.body, families)),
]);
