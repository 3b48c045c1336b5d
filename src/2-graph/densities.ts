/**
 * `logpdf(D, x)`, `cdf(D, x)`, `quantile(D, p)` as expressions: one value for each element of the
 * batch of D or of x. The mathematics is that of `distributions/law/`; minus infinity stands
 * outside of the support and for invalid parameters.
 */
import { type ArrayExpr, type Expr, index } from '../expr/expr.js';
import { cdfOf, guardedLogDensityOf } from '../distributions/law/density.js';
import { hasCdf, noDensityReason } from '../distributions/law/form.js';
import { soundQuantileOf } from '../distributions/law/quantile.js';
import type { Syntax } from '../1-parse/ast.js';
import type { Context } from './context.js';
import type { Law } from './graph.js';
import { shapeMismatch, typeMismatch, unknownArgument, wrongArgumentCount } from './messages.js';
import { printType } from './shapes.js';
import type { Environment } from './scope.js';
import { type ArrayValue, type LawValue, type Value, buildValue, elementOf, isPoison, partOf, poison } from './types.js';

type DensityFunction = (context: Context, syntax: Syntax & { kind: 'call' }, environment: Environment) => Value;

function evaluated(name: string, scalarsOnly: boolean, f: (law: Law, x: ArrayExpr) => Expr | null): [string, DensityFunction] {
  return [
    name,
    (context, syntax, environment): Value => {
      const named = syntax.arguments.find((a) => a.name !== null);
      if (named !== undefined) return context.report(unknownArgument(named.span, name, named.name!.text));
      if (syntax.arguments.length !== 2)
        return context.report(wrongArgumentCount(syntax.span, name, syntax.arguments.length, '2 arguments: a distribution and a value'));
      const law = context.law(syntax.arguments[0]!.value, environment);
      const x = context.expression(syntax.arguments[1]!.value, environment);
      if (isPoison(law)) return law;
      if (isPoison(x)) return x;
      const batch = commonBatch(context, law, x, name, syntax, environment);
      if (batch === null) return poison;
      if (scalarsOnly && law.eventDims.length > 0)
        return context.report(
          typeMismatch(syntax.arguments[0]!.span, `The distribution of \`${name}\``, 'a law of scalars', 'a law of arrays'),
        );
      const own = x.dims.length > law.eventDims.length;
      const value = f(law.law, own ? partOf(x, law.batch.length > 0 ? law.indices : batch.indices) : x);
      if (value === null)
        return context.report(
          typeMismatch(
            syntax.arguments[0]!.span,
            `The distribution of \`${name}\``,
            `one whose ${name === 'logpdf' ? 'density' : name === 'cdf' ? 'distribution function' : 'quantile function'} is known`,
            noDensityReason(law.law) ?? 'another',
          ),
        );
      const indices = law.batch.length > 0 ? law.indices : batch.indices;
      return buildValue('real', batch.dims, (...at) => elementOf({ indices, dims: batch.dims, body: value }, at));
    },
  ];
}

/** One value for each element of the batch; scalars on either side are repeated. */
function commonBatch(
  context: Context,
  law: LawValue,
  x: ArrayValue,
  name: string,
  syntax: Syntax & { kind: 'call' },
  environment: Environment,
): { dims: readonly Expr[]; indices: LawValue['indices'] } | null {
  const event = law.eventDims.length;
  const differs = (): ReturnType<typeof shapeMismatch> =>
    shapeMismatch(
      syntax.span,
      `The value and the distribution of \`${name}\``,
      printType(x.scalar, x.dims),
      `a draw of shape ${printType('', [...law.batch, ...law.eventDims])}`,
    );
  if (x.dims.length < event) {
    context.report(differs());
    return null;
  }
  const leading = x.dims.slice(0, x.dims.length - event),
    trailing = x.dims.slice(x.dims.length - event);
  if (
    !trailing.every((d, k) =>
      context.agree(law.eventDims[k]!, d, environment, syntax.span, `\`${name}\` needs a value of the distribution's shape`, differs),
    )
  )
    return null;
  if (leading.length > 0 && law.batch.length > 0) {
    if (leading.length !== law.batch.length) {
      context.report(differs());
      return null;
    }
    if (
      !leading.every((d, k) =>
        context.agree(law.batch[k]!, d, environment, syntax.span, `\`${name}\` needs a value of the distribution's shape`, differs),
      )
    )
      return null;
  }
  const dims = law.batch.length > 0 ? law.batch : leading;
  return { dims, indices: dims.map((_, d) => index(['n', 'm', 'l'][d] ?? `n${d}`)) };
}

/** Functions whose first argument is a distribution, by name. */
export const densityFunctions: ReadonlyMap<string, DensityFunction> = new Map([
  evaluated('logpdf', false, (law, x) => (noDensityReason(law) === null ? guardedLogDensityOf(law, x) : null)),
  evaluated('cdf', true, (law, x) => (hasCdf(law) ? cdfOf(law, x.body) : null)),
  evaluated('quantile', true, (law, u) => (noDensityReason(law) === null ? soundQuantileOf(law, u.body) : null)),
]);
