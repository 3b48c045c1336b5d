/**
 * x log x at 0: where a probability may be zero and a log minus infinity, their product is 0.
 */
import { factorsOf } from '../3-derive/normalForm.js';
import { affine } from '../expr/affine.js';
import { type Expr, add, apply, cond, isConst, mapChildren, mulAll, one, variablesOf, zero } from '../expr/expr.js';
import { truths } from '../expr/primitives.js';
import type { ProgramBuilder } from './programBuilder.js';

/**
 * A probability of zero times the log of a zero is zero: E[1[z = k]] log P with a forbidden P is
 * written x log P, which is 0 where x is. Logs that cannot be minus infinity stay as they are. Probabilities are
 * expectations of one-hot statistics, or what a joint block computes; counts of data may be 0 as well.
 */
export function withExactZeros(builder: ProgramBuilder, coefficient: Expr): Expr {
  if (coefficient.op === 'apply' && (coefficient.fn === 'add' || coefficient.fn === 'sub'))
    return mapChildren(coefficient, (term) => withExactZeros(builder, term));
  const whole = factorsOf(coefficient),
    factors = whole.map((f) => (f === coefficient ? f : withExactZeros(builder, f)));
  const hot = factors.some((f) => mayBeInfinite(builder, f)) ? factors.filter((f) => mayBeZero(builder, f)) : [];
  if (hot.length === 0) return factors.every((f, k) => f === whole[k]) ? coefficient : mulAll(factors);
  const first = factors.flatMap((f): { f: Expr; argument: Expr }[] => {
    if (isConst(f, -Infinity)) return [{ f, argument: zero }];
    const argument = logArgument(f);
    return argument !== null && mayVanish(builder, argument) ? [{ f, argument }] : [];
  })[0];
  const rest = factors.filter((f) => f !== first?.f && !hot.includes(f));
  const value = mulAll([...rest, first === undefined ? mulAll(hot) : apply('xlogy', mulAll(hot), first.argument)]);
  return rest.some((f) => mayBeInfinite(builder, f)) ? cond(apply('ne', mulAll(hot), zero), value, zero) : value;
}

/** True for probabilities, for data of which some are 0, and for a choice with any of these or 0 (elements that may coincide). */
function mayBeZero(builder: ProgramBuilder, f: Expr): boolean {
  if (f.op === 'cond')
    return [f.then, f.otherwise].some((branch) => isConst(branch, 0) || factorsOf(branch).some((x) => mayBeZero(builder, x)));
  if ([...variablesOf(f)].some((v) => v.startsWith('%') && builder.storage(v).place === 'state')) return true;
  if (f.op !== 'ref') return false;
  if (f.variable.startsWith('E|')) return f.variable.endsWith('=|1');
  return builder.model.statusOf(f.variable) === 'given' && (builder.initialValues(f.variable)?.includes(0) ?? false);
}

/** What a factor is the logarithm of; null for others. */
function logArgument(f: Expr): Expr | null {
  if (f.op !== 'apply') return null;
  return f.fn === 'log' ? f.args[0]! : f.fn === 'log1p' ? add(one, f.args[0]!) : null;
}

/** True where a logarithm inside may be minus infinity. */
export function mayBeInfinite(builder: ProgramBuilder, e: Expr): boolean {
  switch (e.op) {
    case 'const':
      return !Number.isFinite(e.value);
    case 'cond':
      return mayBeInfinite(builder, e.then) || mayBeInfinite(builder, e.otherwise);
    case 'apply':
      // Of a factor that is a sum, terms with a count that may be 0 are written so already; where the count is not 0 they are infinite.
      if (mayVanish(builder, (e.fn === 'xlogy' ? e.args[1]! : logArgument(e)) ?? one)) return true;
      return ['mul', 'add', 'sub', 'neg', 'pow'].includes(e.fn) && e.args.some((a) => mayBeInfinite(builder, a));
    default:
      return false;
  }
}

function mayVanish(builder: ProgramBuilder, e: Expr): boolean {
  const form = affine(e);
  // A value that stands for the unknown: `k`, `1 - k / 4`.
  if (form.terms.length > 0 && form.terms.every((t) => t.term.op === 'index'))
    return form.constant <= 0 || form.terms.some((t) => t.coefficient < 0);
  switch (e.op) {
    case 'const':
      return !(e.value > 0);
    case 'cond':
      return mayVanish(builder, e.then) || mayVanish(builder, e.otherwise);
    case 'ref': {
      const range = builder.model.finiteRange(e.variable);
      if (range !== null) return (builder.interval(builder.bind(range.low))?.low ?? 0) <= 0;
      const values = builder.model.statusOf(e.variable) === 'given' ? builder.initialValues(e.variable) : undefined;
      return values?.some((x) => !(x > 0)) ?? false;
    }
    case 'apply': {
      if (truths.has(e.fn)) return true;
      const [a, b] = e.args;
      switch (e.fn) {
        case 'mul':
          return mayVanish(builder, a!) || mayVanish(builder, b!);
        case 'div':
        case 'pow':
          return mayVanish(builder, a!);
        case 'sub':
          return (
            isConst(a!, 1) &&
            (b!.op === 'ref' ? (builder.initialValues(b!.variable)?.some((x) => !(x < 1)) ?? false) : b!.op !== 'const' || b!.value >= 1)
          );
        case 'add':
          return mayVanish(builder, a!) && mayVanish(builder, b!);
        default:
          return false;
      }
    }
    default:
      return false;
  }
}
