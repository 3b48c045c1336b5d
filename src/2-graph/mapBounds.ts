/**
 * What is known of the values of variables, for maps whose direction depends on them: `t + a * tanh(b * t)` rises where a and b are
 * positive. Bounds come from declared types, from the supports of families and, for `let`, from interval arithmetic.
 *
 * Invariant: only laws that hold a map are touched, and of those only `known`.
 */
import type { Law } from '../distributions/law/law.js';
import type { Expr } from '../expr/expr.js';
import { type Bounds, boundsOf, everything, hull, interval } from '../expr/intervals.js';
import type { Statement, Variable } from './graph.js';
import { lawSupport } from './lawSupport.js';

/** The statements with bounds of variables in every law of a map. */
export function withMapBounds(variables: ReadonlyMap<string, Variable>, statements: readonly Statement[]): readonly Statement[] {
  if (!statements.some((s) => 'law' in s && holdsMap(s.law))) return statements;
  const known = boundsOfVariables(variables, statements);
  return statements.map((s) => ('law' in s ? { ...s, law: withKnown(s.law, known) } : s));
}

function holdsMap(law: Law): boolean {
  switch (law.kind) {
    case 'family':
      return false;
    case 'truncated':
    case 'censored':
      return holdsMap(law.base);
    case 'mixture':
      return holdsMap(law.component);
    case 'mixtureOf':
      return law.components.some(holdsMap);
    case 'pushforward':
      return true;
  }
}
function withKnown(law: Law, known: ReadonlyMap<string, Bounds>): Law {
  switch (law.kind) {
    case 'family':
      return law;
    case 'truncated':
    case 'censored':
      return { ...law, base: withKnown(law.base, known) };
    case 'mixture':
      return { ...law, component: withKnown(law.component, known) };
    case 'mixtureOf':
      return { ...law, components: law.components.map((c) => withKnown(c, known)) };
    case 'pushforward':
      return { ...law, known, base: withKnown(law.base, known) };
  }
}

function boundsOfVariables(variables: ReadonlyMap<string, Variable>, statements: readonly Statement[]): ReadonlyMap<string, Bounds> {
  const out = new Map<string, Bounds>(),
    begun = new Set<string>();
  const find = (name: string): Bounds => {
    const known = out.get(name);
    if (known !== undefined) return known;
    const variable = variables.get(name);
    // A recursion says nothing of itself.
    if (variable === undefined || begun.has(name)) return everything;
    begun.add(name);
    const bounds = compute(variable);
    out.set(name, bounds);
    return bounds;
  };
  const inside = (e: Expr): Bounds => boundsOf(e, (part) => (part.op === 'ref' ? find(part.variable) : null));
  const compute = (variable: Variable): Bounds => {
    const { constraint, value } = variable;
    switch (constraint.kind) {
      case 'positive':
        return interval(0, Infinity, true, true);
      case 'unit':
      case 'simplex':
        return interval(0, 1);
      case 'interval':
        return interval(inside(constraint.low).low, inside(constraint.high).high);
      case 'none':
      case 'ordered':
      case 'cov':
      case 'corr':
        break;
    }
    if (value !== undefined)
      return value.values.reduce((b, x) => interval(Math.min(b.low, x), Math.max(b.high, x)), interval(Infinity, -Infinity));
    const found: Bounds[] = [];
    for (const s of statements) {
      if (!('target' in s) || s.target?.variable !== variable.name || s.kind === 'observe') continue;
      if (s.kind === 'let') {
        found.push(inside(s.value));
        continue;
      }
      const support = 'law' in s ? lawSupport(s.law) : null;
      if (support?.kind === 'simplex') found.push(interval(0, 1));
      else if (support?.kind !== 'interval' && support?.kind !== 'integers') found.push(everything);
      else {
        const open = support.kind === 'interval' && support.open === true,
          low = inside(support.low),
          high = inside(support.high);
        found.push(interval(low.low, high.high, open || low.lowOpen, open || high.highOpen));
      }
    }
    if (found.length === 0) return everything;
    return found.reduce(hull);
  };
  for (const name of variables.keys()) find(name);
  return out;
}
