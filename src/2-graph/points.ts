/**
 * Draws that have one value. `sample k ~ Delta(e)` is the quantity e by another name: as `report k = e` it is computed wherever it is read,
 * of the type of e, and no backend has to move it together with all that it follows from.
 */
import type { Stmt, Syntax } from '../1-parse/ast.js';

/**
 * Statements of a program in which draws from a point are definitions: `report` where all of the variable is, `let` where other draws
 * are elements of it as well.
 */
export function pointsAsDefinitions(statements: readonly Stmt[]): readonly Stmt[] {
  const drawn = new Set<string>(),
    predicted = new Set<string>();
  let found = false;
  const look = (s: Stmt): void => {
    if (s.kind === 'sample' || s.kind === 'predict') {
      if (valueOf(s) === null) (s.kind === 'sample' ? drawn : predicted).add(s.target.name.text);
      else found = true;
    }
    for (const inner of bodiesOf(s)) inner.forEach(look);
  };
  statements.forEach(look);
  if (!found) return statements;
  const put = (s: Stmt, inside: boolean): Stmt => {
    switch (s.kind) {
      case 'sample':
      case 'predict': {
        const value = valueOf(s),
          name = s.target.name.text;
        // A definition without an index inside a loop would be local to it, where a draw is a mistake; predictions are of one kind.
        if (value === null || predicted.has(name) || (inside && s.target.at.length === 0)) return s;
        return { kind: drawn.has(name) ? 'let' : 'report', target: s.target, value, span: s.span };
      }
      case 'for':
        return { ...s, body: s.body.map((x) => put(x, true)) };
      case 'if':
        return { ...s, then: s.then.map((x) => put(x, inside)), otherwise: s.otherwise?.map((x) => put(x, inside)) ?? null };
      default:
        return s;
    }
  };
  return statements.map((s) => put(s, false));
}

/** The one value of a draw; null of a draw that may have others, or whose type is restricted. */
function valueOf(s: Extract<Stmt, { readonly kind: 'sample' | 'predict' }>): Syntax | null {
  const { law } = s;
  if (s.type !== null || law.kind !== 'call' || 'hole' in law.callee || law.callee.text !== 'Delta') return null;
  const [first, second] = law.arguments;
  if (first === undefined || second !== undefined || first.value.kind === 'generator') return null;
  return first.name === null || first.name.text === 'value' ? first.value : null;
}

function bodiesOf(s: Stmt): readonly (readonly Stmt[])[] {
  return s.kind === 'for' ? [s.body] : s.kind === 'if' ? [s.then, s.otherwise ?? []] : [];
}
