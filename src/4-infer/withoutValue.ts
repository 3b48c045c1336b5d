/**
 * Independent draws and estimates that are no finite numbers: the law of an unknown had no distribution for some values of the
 * unknowns it depends on (`Gamma(1, m)` where m may be negative), or a report has no value or an infinite one. Said here, because no R-hat
 * would tell.
 */
import type { Diagnostic } from '../errors/diagnostic.js';
import { elementName, keptDraws, sizeOf, type VariableResult } from './posterior.js';

/** A warning for each unknown and prediction, a note for each report, of which some draw is not finite: its first element that is not. */
export function drawsWithoutValue(variables: readonly VariableResult[]): readonly Diagnostic[] {
  return variables.flatMap((variable): Diagnostic[] => {
    const { name, shape, kind, elements } = variable;
    const draws = keptDraws(variable)?.values;
    if (!(draws instanceof Float64Array)) return [];
    const size = sizeOf(shape),
      existing = elements === undefined ? null : new Set(elements);
    const first = draws.findIndex((x, k) => !Number.isFinite(x) && (existing === null || existing.has(k % size)));
    if (first < 0) return [];
    const element = first % size,
      count = draws.length / size;
    let bad = 0;
    for (let d = 0; d < count; d++) if (!Number.isFinite(draws[d * size + element]!)) bad++;
    const message = `${elementName(name, shape, element)} is ${draws[first]} in ${bad} of ${count} draws`;
    return kind === 'report'
      ? [{ code: 'not-finite', severity: 'note', message }]
      : [
          {
            code: 'not-finite',
            severity: 'warning',
            message,
            hint: 'For some values of other unknowns the arguments of its distribution lie outside of their domain: restrict these unknowns, or write exp(...) of them.',
          },
        ];
  });
}

/** A note for each report that is not finite at the estimates: its first element that is not. */
export function estimatesWithoutValue(variables: readonly VariableResult[]): readonly Diagnostic[] {
  return variables.flatMap(({ name, shape, kind, result, elements }): Diagnostic[] => {
    if (kind !== 'report' || result.form !== 'closed') return [];
    const existing = elements ?? Int32Array.from({ length: sizeOf(shape) }, (_, element) => element);
    const first = existing.find((element) => !Number.isFinite(result.mean[element]!));
    return first === undefined
      ? []
      : [{ code: 'not-finite', severity: 'note', message: `${elementName(name, shape, first)} is ${result.mean[first]} at the estimates` }];
  });
}
