/**
 * Whether draws may be trusted. Outside data plates an element is wrong where R-hat exceeds 1.01 and
 * the bulk effective size is below 100 a chain; a variable inside a data plate is wrong where some
 * R-hat exceeds 1.05 or more than 5 % of its elements exceed 1.01 (among many elements some do by
 * chance). Constant elements have no R-hat and are not judged; neither are independent draws.
 */
import { isOfChains } from '../4-infer/posterior.js';
import type { Diagnostic } from '../errors/diagnostic.js';
import type { ElementSummary } from './rows.js';
import { rowsOf, type VariableSummary } from './summary.js';

const largestRhat = 1.01;
const largestRhatInside = 1.05;
const fractionInside = 0.05;
const essPerChain = 100;

/** A warning for each variable that fails. */
export function judge(summaries: readonly VariableSummary[]): readonly Diagnostic[] {
  return summaries.flatMap((summary) => {
    const failure = judgeVariable(summary);
    return failure === null ? [] : [failure];
  });
}

function judgeVariable(summary: VariableSummary): Diagnostic | null {
  const { variable } = summary,
    { result } = variable;
  if (!isOfChains(result)) return null;
  const above: ElementSummary[] = [];
  let judged = 0;
  for (const element of rowsOf(summary)) {
    if (element.rhat !== null) judged++;
    if (rhatOf(element) > largestRhat) above.push(element);
  }
  if (above.length === 0) return null;
  const worst = above.reduce((a, b) => (rhatOf(b) > rhatOf(a) ? b : a));
  // Without draws there is no bulk ESS: R-hat decides alone.
  const short = above.filter((element) => (element.essBulk ?? 0) < essPerChain * result.chains);
  const fails = variable.insidePlate ? rhatOf(worst) > largestRhatInside || above.length > fractionInside * judged : short.length > 0;
  if (!fails) return null;
  const shown = variable.insidePlate ? worst : short.reduce((a, b) => (rhatOf(b) > rhatOf(a) ? b : a));
  const ess = shown.essBulk === null ? '' : ` with a bulk ESS of ${Math.round(shown.essBulk)}`;
  const others = above.length === 1 ? '' : `; ${above.length} of ${judged} elements of ${variable.name} are above ${largestRhat}`;
  return {
    code: 'not-converged',
    severity: 'warning',
    message: `R-hat of ${shown.name} is ${rhatOf(shown).toFixed(3)}${ess}${others}: the chains do not agree yet`,
    hint: 'Run longer (--until ess=400, or more --warmup and --draws), centre and scale regressors (standardise), or reparameterise the program.',
  };
}

function rhatOf(element: ElementSummary): number {
  return element.rhat ?? 1;
}
