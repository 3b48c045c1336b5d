/**
 * `credence check`: is a backend right on a program? Runs the methods, shows how far they are, prints the report.
 */
import { join } from 'node:path';
import { check as runCheck, type CheckReport, type Effort, renderCheck } from '../../testing-api.js';
import { failure } from '../files.js';
import { cannotWrite, prepareDirectory, type Results, writeWhole } from '../outDirectory.js';
import { usageStatus, write } from '../output.js';
import { CheckLine } from '../progress.js';
import { fileOf, readOptions } from '../sources.js';
import { type ProgramFlags, readProgram } from './program.js';

export interface CheckFlags extends ProgramFlags {
  readonly backend?: string;
  readonly method?: readonly string[];
  readonly opt?: readonly string[];
  readonly seed?: string;
  readonly falseAlarm?: string;
  readonly draws?: string;
  readonly warmup?: string;
  readonly simulations?: string;
  readonly steps?: string;
  readonly repetitions?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Columns of a table where nothing says how wide the reader's screen is. */
const defaultWidth = 100;
const failedStatus = 1;
const fileName = 'check.json';
const reports: Results = { names: [fileName], record: fileName, begins: /^\s*\{\s*"backend"\s*:/ };

/** @throws ModelError for whatever is wrong with program, data or options. */
export async function check(path: string, flags: CheckFlags): Promise<number> {
  if (flags.backend === undefined)
    throw failure('credence check', '', [
      {
        code: 'wrong-option',
        severity: 'error',
        message: 'It is not said which backend to check.',
        hint: `credence check ${path} --backend gibbs`,
      },
    ]);
  const { model, values } = readProgram(path, flags);
  if (flags.out !== undefined) prepareDirectory(flags.out, reports, [path, ...(flags.data ?? []).map(fileOf)]);
  const progress = flags.quiet === true ? null : new CheckLine();
  const report = await runCheck(model, values, {
    backend: flags.backend,
    seed: flags.seed,
    effort: effortOf(flags),
    methods: flags.method
      ?.flatMap((names) => names.split(','))
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    options: flags.opt === undefined ? undefined : readOptions(flags.opt),
    falseAlarm: flags.falseAlarm === undefined ? undefined : numberOf(flags.falseAlarm),
    onProgress: (event) => progress?.show(event),
  }).finally(() => progress?.finish());
  const json = `${JSON.stringify(report, null, 2)}\n`;
  if (flags.out !== undefined) save(flags.out, json);
  process.exitCode = statusOf(report);
  await write(flags.json === true ? json : renderCheck(report, process.stdout.columns || defaultWidth));
  return statusOf(report);
}

/** @throws ModelError (code `cannot-write`). */
function save(directory: string, json: string): void {
  try {
    writeWhole(join(directory, fileName), json);
  } catch (error) {
    throw cannotWrite(`--out ${directory}`, error);
  }
}

function statusOf({ verdict }: CheckReport): number {
  return verdict === 'passed' ? 0 : verdict === 'failed' ? failedStatus : usageStatus;
}

/** A text that is no number is left for the interface to refuse. */
function numberOf(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}

function effortOf(flags: CheckFlags): Partial<Effort> {
  const given = {
    draws: flags.draws,
    warmup: flags.warmup,
    simulations: flags.simulations,
    steps: flags.steps,
    repetitions: flags.repetitions,
  };
  return Object.fromEntries(Object.entries(given).flatMap(([name, text]) => (text === undefined ? [] : [[name, numberOf(text)]])));
}
