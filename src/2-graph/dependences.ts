/**
 * What must not depend on unknowns or on predictions: sizes and conditions, observed values, laws of the model. Noted while statements are lowered,
 * checked when all definitions are known.
 */
import type { Diagnostic } from '../errors/diagnostic.js';
import { type Expr, variablesOf } from '../expr/expr.js';
import type { Statement } from './graph.js';
import { predictUsed } from './messages.js';
import { arraysOfStatement } from './query.js';
import type { Declared } from './scope.js';

interface Check {
  readonly expression: Expr;
  make(name: string): Diagnostic;
  readonly among: 'latent' | 'predict';
}

/** Expressions that may not depend on variables of a kind. */
export class Dependences {
  private readonly checks: Check[] = [];

  /** Notes that an expression must not depend on unknowns. @param make the message, about the variable of that name */
  forbidLatents(expression: Expr, make: (name: string) => Diagnostic): void {
    this.checks.push({ expression, make, among: 'latent' });
  }

  /** Reports the first forbidden variable of each expression. @param textOf a variable's name as the program writes it */
  check(
    statements: readonly Statement[],
    variables: readonly Declared[],
    textOf: (name: string) => string,
    report: (diagnostic: Diagnostic) => void,
  ): void {
    const latent = reaching(statements, variables, (v) => v.origin === 'sample' || v.origin === 'param' || v.origin === 'predict');
    const predicted = reaching(statements, variables, (v) => v.origin === 'predict');
    for (const s of statements) {
      if (s.kind !== 'sample' && s.kind !== 'observe' && s.kind !== 'factor') continue;
      for (const a of arraysOfStatement(s))
        this.checks.push({ expression: a.body, make: (name) => predictUsed(s.span, name), among: 'predict' });
    }
    for (const c of this.checks) {
      for (const name of variablesOf(c.expression)) {
        if (!(c.among === 'latent' ? latent : predicted).has(name)) continue;
        report(c.make(textOf(name)));
        break;
      }
    }
  }
}

/** Variables of a kind and every `let` that depends on one of them. */
function reaching(statements: readonly Statement[], variables: readonly Declared[], start: (v: Declared) => boolean): ReadonlySet<string> {
  const out = new Set<string>();
  for (const v of variables) if (start(v)) out.add(v.name);
  const lets = statements.flatMap((s) => (s.kind === 'let' ? [{ name: s.target.variable, reads: variablesOf(s.value) }] : []));
  for (let changed = true; changed; ) {
    changed = false;
    for (const l of lets) {
      if (out.has(l.name)) continue;
      for (const r of l.reads)
        if (out.has(r)) {
          out.add(l.name);
          changed = true;
          break;
        }
    }
  }
  return out;
}
