/**
 * Quotients for readers: what all terms of the numerator and of the denominator have in common is cancelled.
 * Invariant: the value is unchanged wherever what is cancelled is finite and not zero.
 */
import { type Expr, add, cond, div, equal, freeIndices, isConst, mul, mulAll, num, one, pow, reduce, sub } from '../expr/expr.js';

interface Part {
  readonly base: Expr;
  readonly power: number;
}
/** prod(outside) * inside. */
interface Pulled {
  readonly outside: readonly Part[];
  readonly inside: Expr;
}

/** The quotient with common factors cancelled. */
export function quotient(above: Expr, below: Expr): Expr {
  const a = pull(above),
    b = pull(below),
    shared = common(a.outside, b.outside);
  return shared.length === 0
    ? div(above, below)
    : over(put([...without(a.outside, shared), ...inverse(without(b.outside, shared))]), a.inside, b.inside);
}
/** Positive powers above the line, negative ones below it. */
function over(parts: { readonly above: Expr; readonly below: Expr }, above: Expr, below: Expr): Expr {
  return div(mul(above, parts.above), mul(below, parts.below));
}
function put(parts: readonly Part[]): { readonly above: Expr; readonly below: Expr } {
  const side = (sign: 1 | -1): Expr => mulAll(parts.filter((p) => p.power * sign > 0).map((p) => pow(p.base, num(p.power * sign))));
  return { above: side(1), below: side(-1) };
}
function inverse(parts: readonly Part[]): readonly Part[] {
  return parts.map((p) => ({ base: p.base, power: -p.power }));
}

/** The expression with the factors that all its terms have taken out. */
function pull(e: Expr): Pulled {
  if (isConst(e)) return { outside: [], inside: e };
  if (e.op === 'apply') {
    const [a, b] = e.args;
    switch (e.fn) {
      case 'neg': {
        const x = pull(a!);
        return { outside: x.outside, inside: mul(num(-1), x.inside) };
      }
      case 'mul': {
        const x = pull(a!),
          y = pull(b!);
        return { outside: together([...x.outside, ...y.outside]), inside: mul(x.inside, y.inside) };
      }
      case 'div': {
        const x = pull(a!),
          y = pull(b!);
        return { outside: together([...x.outside, ...inverse(y.outside)]), inside: div(x.inside, y.inside) };
      }
      case 'pow':
        return isConst(b!) ? { outside: [{ base: a!, power: b.value }], inside: one } : alone(e);
      case 'add':
      case 'sub': {
        const x = pull(a!),
          y = pull(b!),
          shared = common(x.outside, y.outside);
        if (shared.length === 0) return alone(e);
        const rest = (p: Pulled): Expr => {
          const { above, below } = put(without(p.outside, shared));
          return div(mul(p.inside, above), below);
        };
        return { outside: shared, inside: (e.fn === 'add' ? add : sub)(rest(x), rest(y)) };
      }
    }
    return alone(e);
  }
  if (e.op === 'reduce' && e.kind === 'sum') {
    const body = pull(e.body),
      free = body.outside.filter((p) => !freeIndices(p.base).has(e.index));
    if (free.length === 0) return alone(e);
    const { above, below } = put(body.outside.filter((p) => !free.includes(p)));
    return { outside: free, inside: reduce('sum', e.index, e.from, e.to, div(mul(body.inside, above), below)) };
  }
  if (e.op === 'cond' && isConst(e.otherwise, 0)) {
    const then = pull(e.then);
    return { outside: then.outside, inside: cond(e.test, then.inside, e.otherwise) };
  }
  return alone(e);
}
function alone(e: Expr): Pulled {
  return { outside: [{ base: e, power: 1 }], inside: one };
}

/** Powers of equal bases added up. */
function together(parts: readonly Part[]): readonly Part[] {
  const out: Part[] = [];
  for (const p of parts) {
    const at = out.findIndex((o) => equal(o.base, p.base));
    if (at < 0) out.push(p);
    else out[at] = { base: p.base, power: out[at]!.power + p.power };
  }
  return out.filter((p) => p.power !== 0);
}
/** What divides both: of each base the power nearer to zero. */
function common(a: readonly Part[], b: readonly Part[]): readonly Part[] {
  return a.flatMap((p) => {
    const other = b.find((q) => equal(q.base, p.base));
    return other === undefined || Math.sign(other.power) !== Math.sign(p.power)
      ? []
      : [Math.abs(other.power) < Math.abs(p.power) ? other : p];
  });
}
function without(parts: readonly Part[], shared: readonly Part[]): readonly Part[] {
  return together([...parts, ...inverse(shared)]);
}

/** A factor put into every term of a sum, where it meets powers of itself: `v*(4/v^2 - 1)` reads 4/v - v. */
export function distributed(factor: Expr, e: Expr): Expr {
  if (e.op === 'reduce' && e.kind === 'sum' && !freeIndices(factor).has(e.index))
    return reduce('sum', e.index, e.from, e.to, distributed(factor, e.body));
  if (e.op === 'cond') return cond(e.test, distributed(factor, e.then), distributed(factor, e.otherwise));
  if (e.op === 'apply' && (e.fn === 'add' || e.fn === 'sub'))
    return (e.fn === 'add' ? add : sub)(distributed(factor, e.args[0]!), distributed(factor, e.args[1]!));
  if (e.op === 'apply' && e.fn === 'mul' && isConst(e.args[0]!) && isSum(e.args[1]!))
    return mul(e.args[0], distributed(factor, e.args[1]!));
  const { outside, inside } = pull(mul(factor, e));
  return over(put(outside), inside, one);
}
function isSum(e: Expr): boolean {
  return (e.op === 'reduce' && e.kind === 'sum') || (e.op === 'apply' && (e.fn === 'add' || e.fn === 'sub'));
}

/** A product in which equal factors are one power: `rho*rho` reads rho^2. */
export function asPowers(e: Expr): Expr {
  if (e.op !== 'apply' || e.fn !== 'mul') return e;
  const factors: Expr[] = [];
  const walk = (x: Expr): void => {
    if (x.op === 'apply' && x.fn === 'mul') x.args.forEach(walk);
    else factors.push(x);
  };
  walk(e);
  const parts = together(
    factors
      .filter((f) => !isConst(f))
      .map((f) =>
        f.op === 'apply' && f.fn === 'pow' && isConst(f.args[1]!) ? { base: f.args[0]!, power: f.args[1].value } : { base: f, power: 1 },
      ),
  );
  if (parts.length === factors.filter((f) => !isConst(f)).length) return e;
  return mulAll([...factors.filter((f) => isConst(f)), ...parts.map((p) => pow(p.base, num(p.power)))]);
}
