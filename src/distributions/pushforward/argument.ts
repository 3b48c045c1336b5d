/**
 * The argument of a map: references to it, as a name that no program can have.
 */
import { rewrite, visit, type Expr, ref } from '../../expr/expr.js';

/** True where the expression refers to the argument. */
export function mentions(e: Expr, argument: string): boolean {
  let found = false;
  visit(e, (x) => {
    if (x.op === 'ref' && x.variable === argument) found = true;
  });
  return found;
}

/** The expression with every reference to the argument replaced. */
export function replaceArgument(e: Expr, argument: string, value: (at: readonly Expr[]) => Expr): Expr {
  return rewrite(e, (x) => (x.op === 'ref' && x.variable === argument ? value(x.at) : x));
}

/** The argument of a map: the name its references carry in the graph (no name of a program), and what the program calls it. */
export interface MapArgument {
  readonly name: string;
  readonly text: string;
}

/** The argument of a map with its name of the program: what messages and derivations show. */
export function named(e: Expr, argument: MapArgument): Expr {
  return replaceArgument(e, argument.name, (where) => ref(argument.text, where));
}
