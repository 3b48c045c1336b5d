/**
 * The support of a law as one support with symbolic bounds: of a truncated law the intersection, of
 * a mixture the hull of its components.
 */
import type { Support } from '../distributions/family.js';
import { supportOf } from '../distributions/law/form.js';
import { families } from '../distributions/registry.js';
import { type Expr, type Index, apply, freeIndices, isConst, reduce } from '../expr/expr.js';
import type { Law } from './graph.js';

/** Null for an unknown family or components of different kinds. */
export function lawSupport(law: Law): Support | null {
  switch (law.kind) {
    case 'family':
      return families.get(law.family)?.support(law.parameters) ?? null;
    case 'truncated': {
      const base = lawSupport(law.base);
      if (base === null || (base.kind !== 'interval' && base.kind !== 'integers')) return base;
      return { kind: base.kind, low: outer('max', base.low, law.low), high: outer('min', base.high, law.high) };
    }
    case 'mixture': {
      const component = lawSupport(law.component);
      if (component === null || (component.kind !== 'interval' && component.kind !== 'integers')) return component;
      const over = (kind: 'min' | 'max', e: Expr): Expr => (dependsOn(e, law.index) ? reduce(kind, law.index, law.from, law.to, e) : e);
      return { kind: component.kind, low: over('min', component.low), high: over('max', component.high) };
    }
    case 'mixtureOf':
      return law.components.map(lawSupport).reduce(hull);
    case 'censored':
    case 'pushforward':
      return supportOf(law);
  }
}

function hull(a: Support | null, b: Support | null): Support | null {
  if (a === null || b === null || a.kind !== b.kind) return null;
  if ((a.kind === 'interval' || a.kind === 'integers') && (b.kind === 'interval' || b.kind === 'integers')) {
    return { kind: a.kind, low: outer('min', a.low, b.low), high: outer('max', a.high, b.high) };
  }
  return a.kind === 'point' ? null : a;
}

/** The larger or smaller of two bounds, without the ones at infinity that decide nothing or all. */
function outer(kind: 'min' | 'max', a: Expr, b: Expr): Expr {
  const neutral = kind === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  if (isConst(a, neutral) || isConst(b, -neutral)) return b;
  if (isConst(b, neutral) || isConst(a, -neutral)) return a;
  return apply(kind, a, b);
}

function dependsOn(e: Expr, i: Index): boolean {
  return freeIndices(e).has(i);
}
