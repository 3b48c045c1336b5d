/**
 * x log x at 0: where a probability may be zero and a log minus infinity, their product is 0.
 */
import { factorsOf } from '../../../3-derive/normalForm.js';
import { type Expr, add, apply, isConst, mulAll, one, variablesOf, zero } from '../../../expr/expr.js';
import type { ProgramBuilder } from '../../programBuilder.js';

/**
 * A probability of zero times the log of a zero is zero: E[1[z = k]] log P with a forbidden P is
 * written x log P, which is 0 where x is. Logs that cannot be minus infinity stay as they are. Probabilities are
 * expectations of one-hot statistics, or what a joint block computes.
 */
export function withExactZeros(builder: ProgramBuilder, coefficient: Expr): Expr {
  const factors = factorsOf(coefficient);
  const forbidden = factors.flatMap((f): { f: Expr; argument: Expr }[] => {
    if (isConst(f, -Infinity)) return [{ f, argument: zero }];
    if (f.op === 'apply' && f.fn === 'log' && mayVanish(builder, f.args[0]!)) return [{ f, argument: f.args[0]! }];
    if (f.op === 'apply' && f.fn === 'log1p' && mayVanish(builder, add(one, f.args[0]!))) return [{ f, argument: add(one, f.args[0]!) }];
    return [];
  });
  const computed = (f: Expr): boolean => [...variablesOf(f)].some((v) => v.startsWith('%') && builder.storage(v).place === 'state');
  const hot = factors.filter((f) => (f.op === 'ref' && f.variable.startsWith('E|') && f.variable.endsWith('=|1')) || computed(f));
  const first = forbidden[0];
  if (first === undefined || hot.length === 0) return coefficient;
  return mulAll([...factors.filter((f) => f !== first.f && !hot.includes(f)), apply('xlogy', mulAll(hot), first.argument)]);
}

function mayVanish(builder: ProgramBuilder, e: Expr): boolean {
  switch (e.op) {
    case 'const':
      return !(e.value > 0);
    case 'cond':
      return mayVanish(builder, e.then) || mayVanish(builder, e.otherwise);
    case 'ref': {
      const values = builder.model.statusOf(e.variable) === 'given' ? builder.initialValues(e.variable) : undefined;
      return values?.some((x) => !(x > 0)) ?? false;
    }
    case 'apply': {
      const [a, b] = e.args;
      switch (e.fn) {
        case 'eq':
        case 'ne':
        case 'ge':
        case 'gt':
        case 'le':
        case 'lt':
        case 'and':
        case 'or':
        case 'not':
          return true;
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
