/**
 * Implicit functions as scalar primitives: t with T(t, p) = y for a map T that is monotone in t. The primitive carries T in its
 * name, in reverse Polish notation: `root$up$t$0$mul$exp$t$add(y, low, high, p0)` is the t in low..high with exp(t p0) + t = y.
 *
 * Derivatives are those of the implicit function theorem, dt/dy = 1 / T' and dt/dp = -(dT/dp) / T' (any text of calculus).
 * Invariant: names are made of the names of other primitives, numbers and `t` only, so that no text of a program gets into generated code.
 */
import { rootOfIncreasing } from '../numeric/rootFinding.js';
import { addAll, apply, div, equal, isConst, mul, neg, one, visit, zero } from './expr.js';
import type { Apply, Expr } from './expr.js';

/** What is known of the primitives a map is made of. */
export interface KnownFunction {
  readonly arity: number;
  evaluate(...x: readonly number[]): number;
  derivative?(...args: readonly Expr[]): readonly (Expr | null)[];
  readonly cost: number;
}
export type Lookup = (name: string) => KnownFunction | undefined;

/** Longer maps are not inverted. */
const mostTokens = 400;
const prefix = 'root$';
/** Arguments before those of the map: the value and the ends of the interval. */
const leading = 3;

/** Evaluations that finding a root takes, about. */
const usualEvaluations = 12;

/**
 * The t between low and high with `map` = y; null for maps with parts that are no scalar primitives, or too long ones. `map`
 * must be monotone there; `argument` tells its references to t.
 */
export function rootOf(map: Expr, isArgument: (e: Expr) => boolean, increasing: boolean, y: Expr, low: Expr, high: Expr): Expr | null {
  const tokens: string[] = [],
    parameters: Expr[] = [];
  const mentions = (e: Expr): boolean => {
    let found = false;
    visit(e, (x) => {
      if (isArgument(x)) found = true;
    });
    return found;
  };
  const write = (e: Expr): boolean => {
    if (tokens.length > mostTokens) return false;
    if (isArgument(e)) {
      tokens.push('t');
      return true;
    }
    if (!mentions(e)) {
      let k = parameters.findIndex((p) => equal(p, e));
      if (k < 0) {
        k = parameters.length;
        parameters.push(e);
      }
      tokens.push(String(k));
      return true;
    }
    if (e.op !== 'apply' || e.fn.includes('$') || e.fn.includes(':') || !e.args.every(write)) return false;
    tokens.push(e.fn);
    return true;
  };
  return write(map) ? apply(`${prefix}${increasing ? 'up' : 'down'}$${tokens.join('$')}`, y, low, high, ...parameters) : null;
}

/** Whether a function is an implicit one. */
export function isRoot(fn: string): boolean {
  return fn.startsWith(prefix);
}

/** What an implicit function solves: `map(t) = value`. */
export function equationOf(e: Apply, argument: Expr, lookup: Lookup): { readonly map: Expr; readonly value: Expr } {
  return { map: mapOf(tokensOf(e.fn), argument, e.args.slice(leading), lookup)!, value: e.args[0]! };
}

function tokensOf(fn: string): readonly string[] {
  return fn.slice(prefix.length).split('$').slice(1);
}

/** The map with its argument and parameters put in; null where the tokens are no map. */
function mapOf(tokens: readonly string[], argument: Expr, parameters: readonly Expr[], lookup: Lookup): Expr | null {
  const stack: Expr[] = [];
  for (const token of tokens) {
    if (token === 't') {
      stack.push(argument);
      continue;
    }
    if (/^\d+$/.test(token)) {
      const parameter = parameters[Number(token)];
      if (parameter === undefined) return null;
      stack.push(parameter);
      continue;
    }
    const known = isRoot(token) ? undefined : lookup(token);
    if (known === undefined || stack.length < known.arity) return null;
    stack.push(apply(token, ...stack.splice(stack.length - known.arity)));
  }
  return stack.length === 1 ? stack[0]! : null;
}

/** The row of an implicit function; undefined for any other name. */
export function implicitFunction(
  fn: string,
  lookup: Lookup,
): (KnownFunction & { readonly javascript: null; readonly integer: false }) | undefined {
  if (!isRoot(fn)) return undefined;
  const direction = fn.slice(prefix.length).split('$')[0],
    tokens = tokensOf(fn);
  const parameters = Math.max(-1, ...tokens.filter((t) => /^\d+$/.test(t)).map(Number)) + 1;
  const symbols = Array.from({ length: parameters }, (): Expr => zero);
  if ((direction !== 'up' && direction !== 'down') || tokens.length > 2 * mostTokens || mapOf(tokens, zero, symbols, lookup) === null)
    return undefined;
  const cost = usualEvaluations * tokens.reduce((sum, t) => sum + (lookup(t)?.cost ?? 1), 0);
  return {
    arity: leading + parameters,
    javascript: null,
    cost,
    integer: false,
    evaluate: rootFunction(tokens, direction === 'up' ? 1 : -1, lookup),
    derivative: (...args) => {
      const given = args.slice(leading),
        t = apply(fn, ...args);
      const slopes = partials(tokens, t, given, lookup);
      return [
        div(one, slopes.argument),
        null,
        null,
        ...slopes.parameters.map((p, k) => (isConst(given[k]!) ? null : neg(div(p, slopes.argument)))),
      ];
    },
  };
}

/** y, low, high, parameters -> t, in one pass over the tokens for each value of the map. */
function rootFunction(tokens: readonly string[], sign: 1 | -1, lookup: Lookup): (...x: readonly number[]) => number {
  const steps = tokens.map((token) => {
    if (token === 't') return { kind: 'argument' as const };
    if (/^\d+$/.test(token)) return { kind: 'parameter' as const, position: leading + Number(token) };
    const known = lookup(token)!;
    return { kind: 'call' as const, arity: known.arity, evaluate: known.evaluate };
  });
  return (...x) => {
    const [y, low, high] = x as readonly [number, number, number];
    if (Number.isNaN(y)) return y;
    const stack: number[] = [];
    return rootOfIncreasing(
      (t) => {
        let size = 0;
        for (const step of steps) {
          if (step.kind === 'argument') stack[size++] = t;
          else if (step.kind === 'parameter') stack[size++] = x[step.position]!;
          else if (step.arity === 2) {
            size--;
            stack[size - 1] = step.evaluate(stack[size - 1]!, stack[size]!);
          } else if (step.arity === 1) stack[size - 1] = step.evaluate(stack[size - 1]!);
          else {
            size -= step.arity;
            stack[size] = step.evaluate(...stack.slice(size, size + step.arity));
            size++;
          }
        }
        return sign * (stack[0]! - y);
      },
      low,
      high,
    );
  };
}

/** Partial derivatives of the map by forward accumulation over its tokens. */
function partials(
  tokens: readonly string[],
  argument: Expr,
  given: readonly Expr[],
  lookup: Lookup,
): { readonly argument: Expr; readonly parameters: readonly Expr[] } {
  const width = 1 + given.length;
  const stack: { readonly value: Expr; readonly slopes: readonly Expr[] }[] = [];
  const unit = (k: number): Expr[] => Array.from({ length: width }, (_, j): Expr => (j === k ? one : zero));
  for (const token of tokens) {
    if (token === 't') {
      stack.push({ value: argument, slopes: unit(0) });
      continue;
    }
    if (/^\d+$/.test(token)) {
      stack.push({ value: given[Number(token)]!, slopes: unit(1 + Number(token)) });
      continue;
    }
    const known = lookup(token)!,
      parts = stack.splice(stack.length - known.arity),
      partial = known.derivative?.(...parts.map((p) => p.value)) ?? [];
    stack.push({
      value: apply(token, ...parts.map((p) => p.value)),
      slopes: Array.from({ length: width }, (_, j) =>
        addAll(parts.map((p, k) => (isConst(p.slopes[j]!, 0) || partial[k] == null ? zero : mul(partial[k], p.slopes[j]!)))),
      ),
    });
  }
  const [slope, ...parameters] = stack[0]!.slopes;
  return { argument: slope!, parameters };
}
