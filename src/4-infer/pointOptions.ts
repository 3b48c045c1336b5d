/**
 * Options that backends of a point (map, laplace) have in common.
 */
import type { Diagnostic } from '../errors/diagnostic.js';
import { didYouMean } from '../errors/render.js';
import type { OptionDoc } from './backend.js';
import { refuse, unknownOption } from './backendOptions.js';
import type { ModeSettings } from './mode.js';

export const pointOptions: readonly OptionDoc[] = [
  { name: 'restarts', type: 'integer', default: '10', doc: 'random starts, fewer by default for large data; the highest maximum is kept' },
  { name: 'iterations', type: 'integer', default: '2000', doc: 'steps of L-BFGS at most from each start, and of Newton after them' },
  {
    name: 'tolerance',
    type: 'number',
    default: '1e-10',
    doc: 'relative change of the log density in a step below which Newton steps take over',
  },
];

/** The settings of a search; options of the backend's own are read by `own`. @throws ModelError for all that is wrong with them. */
export function readPointOptions(
  backend: string,
  known: readonly OptionDoc[],
  given: Readonly<Record<string, string>>,
  own: (name: string, text: string) => Diagnostic | null,
): ModeSettings {
  const wrong: Diagnostic[] = [];
  const out: { restarts: number | null; iterations: number; tolerance: number } = { restarts: null, iterations: 2000, tolerance: 1e-10 };
  for (const [name, text] of Object.entries(given)) {
    if (name !== 'restarts' && name !== 'iterations' && name !== 'tolerance') {
      if (known.some((o) => o.name === name)) {
        const d = own(name, text);
        if (d !== null) wrong.push(d);
        continue;
      }
      wrong.push(unknownOption(backend, name, known));
      continue;
    }
    const value = Number(text);
    const fine = name === 'tolerance' ? value > 0 : Number.isInteger(value) && value >= 1;
    if (text.trim() === '' || !fine)
      wrong.push({
        code: 'wrong-option',
        severity: 'error',
        message: `${name} must be ${name === 'tolerance' ? 'a positive number' : 'a whole number of at least 1'}, got '${text}'`,
      });
    else out[name] = value;
  }
  if (wrong.length > 0) refuse(wrong);
  return out;
}

/** Names in the list of an option, all of which must be among the known ones, or what is wrong with it. */
export function unknownsNamed(option: string, text: string, known: readonly string[]): readonly string[] | Diagnostic {
  const list = [
    ...new Set(
      text
        .split(/[,+]/)
        .map((n) => n.trim())
        .filter((n) => n !== ''),
    ),
  ];
  const wrong = list.find((n) => !known.includes(n));
  if (wrong === undefined && list.length > 0) return list;
  const near = wrong === undefined ? null : didYouMean(wrong, known);
  return {
    code: 'wrong-option',
    severity: 'error',
    message: wrong === undefined ? `${option}: no unknown is named` : `${option}: '${wrong}' is no unknown of the program`,
    hint:
      near === null
        ? known.length === 0
          ? 'The program has no unknowns.'
          : `The unknowns are ${known.join(', ')}.`
        : `Did you mean '${near}'?`,
  };
}
