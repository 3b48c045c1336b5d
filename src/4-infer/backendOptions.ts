/** What reading options and starts has in common for the backends. */
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { didYouMean, renderDiagnostics } from '../errors/render.js';
import type { BoundModel } from '../2-graph/bound.js';
import type { OptionDoc, RunRequest } from './backend.js';

/** @throws ModelError with all of the diagnostics, always. */
export function refuse(diagnostics: readonly Diagnostic[]): never {
  throw new ModelError(diagnostics, renderDiagnostics(diagnostics, '', 'options'));
}

/** An option that a backend does not have, with the one that may be meant. */
export function unknownOption(backend: string, name: string, known: readonly OptionDoc[]): Diagnostic {
  const near = didYouMean(
    name,
    known.map((o) => o.name),
  );
  return {
    code: 'wrong-option',
    severity: 'error',
    message: `${backend} has no option '${name}'`,
    hint: near === null ? `Options: ${known.map((o) => o.name).join(', ')}.` : `Did you mean '${near}'?`,
  };
}

/** The names in an option, separated by commas; none where it was not given. */
export function namesIn(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/**
 * Start values by name, row-major; names that are not unknown are left to whoever read them. @throws ModelError where a shape does not fit.
 */
export function startValues(bound: BoundModel, init: RunRequest['init']): ReadonlyMap<string, Float64Array | Int32Array> {
  const out = new Map<string, Float64Array | Int32Array>();
  for (const [name, value] of Object.entries(init ?? {})) {
    const v = bound.variables.get(name);
    if (v === undefined || v.status !== 'latent') continue;
    const flat = (Array.isArray(value) ? value.flat(Infinity) : [value]).map(Number);
    if (flat.length !== v.values.length) {
      refuse([
        {
          code: 'wrong-start',
          severity: 'error',
          message: `the start of '${name}' has ${flat.length} numbers, but '${name}' has ${v.values.length}`,
          hint: 'Give one number for each element, nested as the variable is.',
        },
      ]);
    }
    out.set(name, v.values instanceof Int32Array ? Int32Array.from(flat) : Float64Array.from(flat));
  }
  return out;
}
