/**
 * Probabilities and matrices that unknowns make: `[w, 1 - w^2]` does not sum to 1 whatever w is, `[[1, r], [0, 1]]` is not symmetric, and
 * no run would say so. They are computed at a few values of the unknowns; what is wrong at all of them is wrong by construction. Lists of
 * expressions in scalars and elements at fixed places are judged; what is indexed is not, since its elements may sum to 1 by their law.
 */
import { type ArrayExpr, type Expr, equal, freeIndices, isConst, num, rewrite, visit } from '../expr/expr.js';
import { printText } from '../expr/print.js';
import type { Domain } from '../distributions/family.js';
import type { BindContext } from './bindContext.js';
import type { Constraint } from './graph.js';

/** Between 0 and 1, where every scalar of a program about probabilities may be. */
const trials: readonly number[] = [0.31, 0.47, 0.62];
const tolerance = 1e-6;
/** Apart from each other by the golden section. */
const golden = 0.381966;
/** Definitions of definitions that are written out. */
const deepest = 20;

/** Elements of a matrix beyond which it is not looked at. */
const mostElements = 2500;

/** What is wrong with an array that unknowns make, whatever they are; null where nothing is known to be. */
export function problemOfUnknowns(b: BindContext, domain: Domain, array: ArrayExpr): string | null {
  const judge = judges[domain];
  if (judge === undefined || array.indices.length !== judge.rank || !array.dims.every((d) => b.known(d))) return null;
  const size = array.dims.every((d) => freeIndices(d).size === 0) ? array.dims.reduce((n, d) => n * b.evaluator.value(d), 1) : Infinity;
  if (size === 0 && judge.rank === 1) return 'an empty list';
  if (judge.rank > 1 && size > mostElements) return null;
  const body = withoutDefinitions(b, array.body, deepest);
  const unknowns = body === null ? null : scalarsOf(b, body);
  if (body === null || unknowns === null || unknowns.length === 0) return null;
  if ([...freeIndices(body)].some((i) => !array.indices.includes(i))) return null;
  let problem: string | null = null;
  for (const trial of trials) {
    const values = unknowns.map((_, k) => (trial + golden * k) % 1);
    const at = rewrite(body, (x) => {
      const k = unknowns.findIndex((unknown) => equal(unknown, x));
      return k < 0 ? x : num(values[k]!);
    });
    const found = judge.problem(b.evaluator.array({ ...array, body: at })());
    if (found === null) return null;
    problem ??= `${found} where ${unknowns.map((unknown, k) => `${printText(unknown)} is ${shown(values[k]!, 2)}`).join(' and ')}`;
  }
  return problem;
}

const shown = (x: number, digits: number): string => `${Number(x.toPrecision(digits))}`;

interface Values {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}
interface Judge {
  /** Number of dimensions. */
  readonly rank: number;
  problem(at: Values): string | null;
}

function sumProblem({ values }: Values): string | null {
  const total = values.reduce((sum, x) => sum + x, 0);
  return !Number.isFinite(total) || Math.abs(total - 1) <= tolerance ? null : `a list that does not sum to 1: to ${shown(total, 4)}`;
}
function asymmetry({ shape: [rows, columns], values }: Values): string | null {
  for (let i = 0; i < rows!; i++)
    for (let j = i + 1; j < columns!; j++) {
      const [above, below] = [values[i * columns! + j]!, values[j * columns! + i]!];
      if (Math.abs(above - below) > tolerance * Math.max(1, Math.abs(above), Math.abs(below)))
        return `a matrix that is not symmetric: element [${i},${j}] is ${shown(above, 4)} but [${j},${i}] is ${shown(below, 4)}`;
    }
  return null;
}
const judges: Readonly<Partial<Record<Domain, Judge>>> = {
  simplex: { rank: 1, problem: sumProblem },
  cov: { rank: 2, problem: asymmetry },
  precision: { rank: 2, problem: asymmetry },
};

/** The expression with definitions of scalars written out; null where there are too many. */
function withoutDefinitions(b: BindContext, e: Expr, depth: number): Expr | null {
  if (depth === 0) return null;
  let changed = false;
  const out = rewrite(e, (x) => {
    if (x.op !== 'ref' || x.at.length > 0 || b.known(x)) return x;
    const [definition, ...others] = b.definitions.get(x.variable) ?? [];
    if (others.length > 0 || definition?.kind !== 'let' || definition.recursive) return x;
    changed = true;
    return definition.value;
  });
  return changed ? withoutDefinitions(b, out, depth - 1) : out;
}

/** The unknowns of an expression; null where one is not a real number at a fixed place. */
function scalarsOf(b: BindContext, e: Expr): readonly Expr[] | null {
  const out: Expr[] = [];
  let isFixed = true;
  visit(e, (x) => {
    if (x.op !== 'ref' || b.known(x)) return;
    const variable = b.graph.variables.get(x.variable);
    const isScalar = variable !== undefined && variable.origin !== 'let' && variable.scalar === 'real' && variable.eventRank === 0;
    if (!isScalar || !free.includes(variable.constraint.kind) || !x.at.every((a) => isConst(a))) isFixed = false;
    else if (!out.some((unknown) => equal(unknown, x))) out.push(x);
  });
  return isFixed ? out : null;
}
/** Types whose numbers do not tell of each other. */
const free: readonly Constraint['kind'][] = ['none', 'positive', 'unit', 'interval'];
