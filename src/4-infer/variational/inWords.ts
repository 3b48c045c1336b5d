/**
 * Updates of factors and points for readers: the parameters of a complete conditional in expectation over the other
 * factors (Bishop 2006, eq. 10.9). Invariant: the value is that of the update that runs, which reads expanded products from tables.
 */
import type { ClosedForm } from '../../3-derive/closedForm.js';
import type { MeanFieldBlock } from '../../3-derive/meanField.js';
import type { DerivedModel } from '../../3-derive/model.js';
import { equal, type Expr, type Index, substitute } from '../../expr/expr.js';
import { type Expectation, expectationOf } from '../expectation.js';
import { focused } from '../focus.js';
import { type Formula, formulasOf, weightFormulas } from '../formulas.js';
import type { RegionPlan } from '../derivation.js';
import { readable } from '../readable.js';

/**
 * An update as formulas: those that can be evaluated, which read tables of expectations, shown as the conditional's own in expectation.
 * @param plan the region's conditional; without it, or where it has another form, the formulas are shown as they are evaluated.
 */
export function updateFormulas(
  block: MeanFieldBlock,
  form: ClosedForm,
  plan: RegionPlan | undefined,
  model: DerivedModel,
  law: Expectation,
): readonly Formula[] {
  const expected = { ...block.collected, contributions: block.expected };
  const evaluable = form.kind === 'finite' ? weightFormulas(form, expected, model) : formulasOf(form, expected, model);
  const focus = plan === undefined ? null : focused(model, plan);
  return focus === null || focus.form.kind !== form.kind
    ? evaluable
    : shownAs(
        evaluable,
        formulasOf(focus.form, focus.collected, focus.model, (e) => expectationOf(readable(e, model.graph), law)),
      );
}

/** The formulas that can be evaluated, shown as others of the same names are written. */
function shownAs(evaluable: readonly Formula[], written: readonly Formula[]): readonly Formula[] {
  return evaluable.map((f) => {
    const other = written.find(
      (w) =>
        w.name === f.name &&
        w.indices.length === f.indices.length &&
        (w.of === undefined ? f.of === undefined : f.of !== undefined && equal(w.of, f.of)),
    );
    if (other === undefined) return f;
    const own = new Map<Index, Expr>(other.indices.map((i, k) => [i.index, f.indices[k]!.index]));
    return { ...f, shown: substitute(other.shown ?? other.expr, own) };
  });
}
