/**
 * `credence logp`: the log joint density at a point, whole or by statement.
 */
import { type LogDensity, type LogDensityTerm, type Model, renderDiagnostics } from '../../index.js';
import { failure } from '../files.js';
import { write } from '../output.js';
import { readNamedValues } from '../sources.js';
import { printNotes, type ProgramFlags, readProgram } from './program.js';

export interface LogpFlags extends ProgramFlags {
  readonly at?: string;
  readonly byFactor?: boolean;
  readonly gradient?: boolean;
  readonly unconstrained?: boolean;
}

/** @throws ModelError for whatever is wrong with program, data, point or options. */
export async function logp(path: string, flags: LogpFlags): Promise<number> {
  const { model, values } = readProgram(path, flags);
  const density = model.logDensity(values, { onNotes: printNotes(model) });
  const point = flags.at === undefined ? {} : readNamedValues('--at', flags.at);
  if (flags.gradient === true || flags.unconstrained === true) {
    if (flags.byFactor === true)
      throw failure('--by-factor', '', [
        { code: 'wrong-option', severity: 'error', message: '--by-factor goes with neither --gradient nor --unconstrained.' },
      ]);
    await write(derivatives(density, point, flags));
    return 0;
  }
  if (flags.byFactor !== true) {
    await write(`${density(point)}\n`);
    return 0;
  }
  const terms = density.byFactor(point);
  const total = terms.reduce((sum, { value }) => sum + value, 0);
  await write([...terms.map((term) => line(term, model)), `${String(total).padStart(22)}  in all`, ''].join('\n'));
  return 0;
}

/** The density alone in other coordinates, or JSON of density and gradient (and position). */
function derivatives(density: LogDensity, point: Parameters<LogDensity>[0], flags: LogpFlags): string {
  if (flags.unconstrained !== true) return `${JSON.stringify({ logp: density(point), gradient: density.gradient(point) })}\n`;
  const { value, position, gradient } = density.unconstrained(point);
  return flags.gradient === true ? `${JSON.stringify({ logp: value, position, gradient })}\n` : `${value}\n`;
}

/** Value, place and text of a statement. */
function line({ value, span, statement }: LogDensityTerm, model: Model): string {
  const place = renderDiagnostics([{ code: '', severity: 'note', message: '', span }], model.source, '').match(/^:(\d+:\d+)/)?.[1] ?? '';
  return `${String(value).padStart(22)}  ${place.padEnd(7)}  ${statement}`;
}
