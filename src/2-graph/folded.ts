/** Constant parts of lowered statements, which substitution left behind, are decided. */
import { type ArrayExpr, type Expr, isConst, rewrite } from '../expr/expr.js';
import { applied } from './builtins.js';
import type { Law, Statement } from './graph.js';
import { mapLaw } from './laws.js';

/** Comparisons of constants that substitution left behind are decided. */
function fold(e: Expr): Expr {
  return rewrite(e, (x) => (x.op === 'apply' && x.args.every((a) => isConst(a)) ? applied(x.fn, ...x.args) : x));
}
function foldArray(a: ArrayExpr): ArrayExpr {
  return { indices: a.indices, dims: a.dims.map(fold), body: fold(a.body) };
}
function foldLaw(law: Law): Law {
  return mapLaw(law, foldArray);
}
/** The statement with constants of its laws, values, guards and loops evaluated. */
export function folded(s: Statement): Statement {
  const around = { guards: s.guards.map(fold), plates: s.plates.map((p) => ({ index: p.index, from: fold(p.from), to: fold(p.to) })) };
  switch (s.kind) {
    case 'sample':
    case 'predict':
      return { ...s, ...around, law: foldLaw(s.law) };
    case 'observe':
      return { ...s, ...around, value: foldArray(s.value), law: foldLaw(s.law) };
    case 'let':
    case 'factor':
      return { ...s, ...around, value: fold(s.value) };
    case 'param':
      return { ...s, ...around };
  }
}
