/**
 * Conditions on data in formulas for readers: what the types of data decide is decided (data are finite, `positive` ones above
 * 0), and a condition that stands inside of others is asked first, once, where that makes the formula shorter:
 * `t >= (event ? inf : c) ? 0 : 1` is `event ? 1 : t >= c ? 0 : 1`. Invariant: the value is unchanged for all data that are accepted.
 */
import type { ModelGraph } from '../2-graph/graph.js';
import { type Apply, type Expr, children, cond, equal, freeIndices, num, rewrite, visit } from '../expr/expr.js';
import { simplify } from '../expr/simplify.js';

/** A comparison as a number, where the types of the data in it decide it; null where they do not. */
export function decided({ fn, args: [a, b] }: Apply, graph: ModelGraph): Expr | null {
  if (a === undefined || b === undefined) return null;
  const sign = order(a, b, graph);
  if (sign === null) return null;
  switch (fn) {
    case 'eq':
      return sign === 'at least' ? null : truth(sign === 'equal');
    case 'ne':
      return sign === 'at least' ? null : truth(sign !== 'equal');
    case 'lt':
      return truth(sign === 'below');
    case 'le':
      return sign === 'at least' ? null : truth(sign !== 'above');
    case 'gt':
      return sign === 'at least' ? null : truth(sign === 'above');
    case 'ge':
      return truth(sign !== 'below');
    default:
      return null;
  }
}

/**
 * The formula with conditions on data asked first, where it is shorter so. `tidied` brings what is left of a case to its readable form, which
 * asks for cases in turn; what is tried is taken off `nodes`, and where none are left the formula stays as it is.
 */
export function byCases(e: Expr, graph: ModelGraph, nodes: { left: number }, tidied: (e: Expr) => Expr): Expr {
  const tests = innerTests(e, graph),
    length = tests.length === 0 ? 0 : size(e);
  for (const test of tests) {
    if (nodes.left < length) return e;
    nodes.left -= length;
    const where = (holds: boolean): Expr =>
      tidied(simplify(rewrite(e, (x) => (x.op === 'cond' && equal(x.test, test) ? (holds ? x.then : x.otherwise) : x))));
    const whole = cond(test, where(true), where(false));
    if (size(whole) < length) return whole;
  }
  return e;
}

/** Tests of data alone that hold no choice themselves, and can be asked outside of the formula; that of the formula itself is outside already. */
function innerTests(e: Expr, graph: ModelGraph): readonly Expr[] {
  const found: Expr[] = [],
    free = freeIndices(e);
  visit(e, (x) => {
    if (x.op !== 'cond' || x === e || found.length === mostTests || !isOfData(x.test, graph)) return;
    if ([...freeIndices(x.test)].every((i) => free.has(i)) && !found.some((test) => equal(test, x.test))) found.push(x.test);
  });
  return found;
}
const mostTests = 8;

/** How the first compares with the second, whatever the data are; null where that depends on them. */
function order(a: Expr, b: Expr, graph: ModelGraph): 'below' | 'equal' | 'at least' | 'above' | null {
  if (isDatum(a, graph) && equal(a, b)) return 'equal';
  if (isDatum(b, graph) && b.op === 'ref') {
    const turned = isDatum(a, graph) ? null : order(b, a, graph);
    return turned === 'above' ? 'below' : turned === 'below' ? 'above' : null;
  }
  if (a.op !== 'ref' || !isDatum(a, graph) || b.op !== 'const') return null;
  if (b.value === Infinity) return 'below';
  if (b.value === -Infinity) return 'above';
  switch (graph.variables.get(a.variable)!.constraint.kind) {
    case 'positive':
      return b.value <= 0 ? 'above' : null;
    case 'unit':
    case 'simplex':
      return b.value < 0 ? 'above' : b.value === 0 ? 'at least' : b.value > 1 ? 'below' : null;
    default:
      return null;
  }
}

/** An element of the data. */
function isDatum(e: Expr, graph: ModelGraph): boolean {
  return e.op === 'ref' && graph.variables.get(e.variable)?.origin === 'data';
}
/** Made of data, and of some; without choices. */
function isOfData(e: Expr, graph: ModelGraph): boolean {
  let some = false,
    others = false;
  visit(e, (x) => {
    if (x.op === 'cond' || (x.op === 'ref' && !isDatum(x, graph))) others = true;
    else if (x.op === 'ref') some = true;
  });
  return some && !others;
}

function truth(holds: boolean): Expr {
  return num(holds ? 1 : 0);
}
/** Nodes of the formula as it is printed: what is shared is written each time. */
function size(e: Expr): number {
  const sizes = new Map<Expr, number>();
  const of = (x: Expr): number => {
    const known = sizes.get(x);
    if (known !== undefined) return known;
    const own = children(x).reduce((sum, child) => sum + of(child), 1);
    sizes.set(x, own);
    return own;
  };
  return of(e);
}
