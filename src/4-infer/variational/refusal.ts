/** How a backend that takes expectations says that it does not apply. */
import { printText } from '../../expr/print.js';
import { MeanFieldRefusal } from '../../3-derive/meanField.js';
import { refuse } from '../backendOptions.js';

/** The derivation, with a refusal turned into a diagnostic that names the term and another backend. @throws ModelError with the given code. */
export function derivedFor<T>(backend: string, code: string, hint: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MeanFieldRefusal)) throw error;
    const of = error.variable === null ? '' : ` of '${error.variable.replace(/=$/, '')}'`;
    refuse([{ code, severity: 'error', message: `${backend} does not apply: the term ${printText(error.term)}${of} ${error.message}`, hint }]);
  }
}
