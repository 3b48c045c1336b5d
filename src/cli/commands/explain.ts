/**
 * `credence explain`: what a backend derives for a program, with or without data.
 */
import { ModelError } from '../../index.js';
import { failure } from '../files.js';
import { printError, write } from '../output.js';
import { readOptions } from '../sources.js';
import { printNotes, type ProgramFlags, readProgram } from './program.js';

export interface ExplainFlags extends ProgramFlags {
  readonly backend?: string;
  readonly opt?: readonly string[];
  readonly format: 'text' | 'latex' | 'json';
  readonly code?: boolean;
}

/** @throws ModelError for a wrong program, wrong data, or where the backend does not apply. */
export async function explain(path: string, flags: ExplainFlags): Promise<number> {
  const { model, values } = readProgram(path, flags);
  const options = {
    backend: flags.backend,
    options: flags.opt === undefined ? undefined : readOptions(flags.opt),
    onNotes: printNotes(model),
  };
  const given = values.size > 0 || flags.code === true;
  const derive = (): ReturnType<typeof model.explain> => {
    if (!given) return model.explain(options);
    try {
      return model.explain({ ...options, data: values });
    } catch (thrown) {
      // Formulas need no data: with a part of them sizes stay symbols. Code needs all.
      const onlyMissing =
        thrown instanceof ModelError && thrown.diagnostics.every((d) => d.severity !== 'error' || d.code === 'missing-data');
      if (!onlyMissing || flags.code === true) throw thrown;
      printError(`${path}: note[missing-data]: Not all data are given; the derivation is of the program without data.`);
      return model.explain(options);
    }
  };
  const derivation = derive();
  if (flags.code === true) {
    if (derivation.code === null)
      throw failure('--code', '', [
        { code: 'no-code', severity: 'error', message: `The backend ${derivation.backend} shows no generated code.` },
      ]);
    await write(`${derivation.code.trimEnd()}\n`);
    return 0;
  }
  const text =
    flags.format === 'json' ? JSON.stringify(derivation, null, 2) : flags.format === 'latex' ? derivation.toLatex() : derivation.toText();
  await write(`${text}\n`);
  return 0;
}
