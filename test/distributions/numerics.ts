/**
 * What the distribution tests share: parameters as symbols with values, evaluation by the reference
 * interpreter, and tanh-sinh quadrature (Takahasi and Mori 1974).
 */
import type { Arguments, Family } from '../../src/distributions/family.js';
import { families } from '../../src/distributions/registry.js';
import { evaluate, evaluateArray } from '../../src/expr/evaluate.js';
import { type ArrayExpr, build, type Expr, num, ref } from '../../src/expr/expr.js';

export type Value = number | readonly number[] | readonly (readonly number[])[];
export type Values = Readonly<Record<string, Value>>;

export function familyNamed(name: string): Family {
  const family = families.get(name);
  if (family === undefined) throw new Error(`no family ${name}`);
  return family;
}

function shapeOf(value: Value): readonly number[] {
  if (typeof value === 'number') return [];
  const first = value[0];
  return typeof first === 'number' ? [value.length] : [value.length, (first as readonly number[]).length];
}

/** A symbol of the shape of a value. */
export function symbol(name: string, value: Value): ArrayExpr {
  return build(shapeOf(value).map(num), (...at) => ref(name, at));
}
export function symbols(values: Values): Arguments {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, symbol(name, value)]));
}
function lookUp(values: Values) {
  return (name: string, at: readonly number[]): number => {
    let value: unknown = values[name];
    for (const k of at) value = (value as readonly unknown[])[k];
    return value === undefined ? Number.NaN : Number(value);
  };
}
export function numberOf(e: Expr, values: Values = {}): number {
  return evaluate(e, { variable: lookUp(values) });
}
export function arrayOfValues(a: ArrayExpr, values: Values = {}): number[] {
  return [...evaluateArray(a, { variable: lookUp(values) }).values];
}

const nodes: readonly { readonly x: number; readonly complement: number; readonly weight: number }[] = (() => {
  const out = [];
  const step = 1 / 16;
  for (let k = -60; k <= 60; k++) {
    const t = k * step,
      s = (Math.PI / 2) * Math.sinh(t);
    const weight = (step * (Math.PI / 2) * Math.cosh(t)) / Math.cosh(s) ** 2;
    // 1 - tanh(s) and 1 + tanh(s) without cancellation, so that ends with singularities keep their digits.
    out.push({ x: 2 / (1 + Math.exp(-2 * s)), complement: 2 / (1 + Math.exp(2 * s)), weight });
  }
  return out;
})();

/** The integral of f over (low, high), both finite; singularities at the ends are allowed. */
export function integrate(f: (x: number) => number, low: number, high: number): number {
  const halfWidth = (high - low) / 2;
  let sum = 0;
  for (const node of nodes) {
    const x = node.x < 1 ? low + halfWidth * node.x : high - halfWidth * node.complement;
    if (x <= low || x >= high) continue;
    const value = f(x);
    if (Number.isFinite(value)) sum += node.weight * value;
  }
  return sum * halfWidth;
}

/** The integral over consecutive segments. */
export function integratePieces(f: (x: number) => number, breaks: readonly number[]): number {
  let sum = 0;
  for (let k = 1; k < breaks.length; k++) if (breaks[k]! > breaks[k - 1]!) sum += integrate(f, breaks[k - 1]!, breaks[k]!);
  return sum;
}

/** Distance relative to the size of the numbers, absolute below one. */
export function discrepancy(a: number, b: number): number {
  if (Object.is(a, b) || a === b) return 0;
  return Math.abs(a - b) / Math.max(1, Math.abs(a), Math.abs(b));
}
