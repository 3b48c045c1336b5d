/** How a backend that takes expectations says that it does not apply. */
import type { ModelGraph, Statement } from '../../2-graph/graph.js';
import { MeanFieldRefusal, oneHotOf } from '../../3-derive/meanField.js';
import { apply, type Expr, ref, rewrite } from '../../expr/expr.js';
import { refuse } from '../backendOptions.js';
import { inWords } from '../wording.js';

/**
 * The derivation, with a refusal turned into a diagnostic that names the term, its statement and another backend. @throws ModelError with
 * the given code.
 */
export function derivedFor<T>(backend: string, graph: ModelGraph, code: string, hint: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MeanFieldRefusal)) throw error;
    const variable = error.variable?.replace(/=$/, '') ?? null;
    const of = variable === null ? '' : ` of '${variable}'`;
    refuse([
      {
        code,
        severity: 'error',
        span: statementOf(error, variable, graph)?.span,
        message: `${backend} does not apply: the term ${inWords(asComparisons(error.term), graph)}${of} ${error.message}`,
        hint,
      },
    ]);
  }
}

/** `z[n] == k` for an element of the one-hot vector of z[n], whose name no program can have; k counts the values from the smallest. */
function asComparisons(term: Expr): Expr {
  return rewrite(term, (x) => {
    const variable = x.op === 'ref' ? x.variable.replace(/=$/, '') : null,
      value = x.op === 'ref' ? x.at.at(-1) : undefined;
    return x.op === 'ref' && variable !== null && value !== undefined && x.variable === oneHotOf(variable)
      ? apply('eq', ref(variable, x.at.slice(0, -1)), value)
      : x;
  });
}

/** The statement whose term it is, else the one that defines the unknown. */
function statementOf({ factor }: MeanFieldRefusal, variable: string | null, { statements }: ModelGraph): Statement | undefined {
  return statements.find((s) => s.id === factor) ?? statements.find((s) => s.kind !== 'factor' && s.target?.variable === variable);
}
