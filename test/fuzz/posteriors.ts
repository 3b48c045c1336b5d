/** What must hold of every posterior, whatever the program. */
import type { Posterior } from '../../src/index.js';

/** Draws and means are numbers, or a warning says which are not; the summary and the files can be made. @throws Error where not. */
export function checkPosterior(posterior: Posterior): void {
  const said = posterior.warnings.length > 0 || posterior.result.warnings.length > 0;
  for (const { name, result } of posterior.result.variables) {
    const values =
      result.form === 'draws' ? result.values : result.form === 'closed' ? (result.draws?.values ?? new Float64Array(0)) : result.mean;
    const broken = values.findIndex((x) => !Number.isFinite(x));
    if (broken >= 0 && !said) throw new Error(`value ${broken} of ${name} is ${values[broken]} without a warning`);
  }
  const summary = posterior.summary();
  for (const [name, row] of Object.entries(summary.variables))
    if (row.mean !== null && Number.isNaN(row.mean) && !said) throw new Error(`the mean of ${name} is not a number, without a warning`);
  for (const warning of posterior.warnings)
    if (/undefined|\[object/.test(warning.message)) throw new Error(`a warning says ${warning.message}`);
  posterior.files();
}
