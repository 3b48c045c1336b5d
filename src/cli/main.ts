#!/usr/bin/env node
/**
 * The command line: which commands and flags there are, and what the process answers. Commands are
 * loaded when they are called, so that help and misspelt flags answer at once.
 * Exit status: 0 done; 1 a run that must not be trusted; 2 wrong program, data or options; 3 our fault.
 */
import { fileURLToPath } from 'node:url';
import { Command, CommanderError, Option } from 'commander';
import { version } from '../version.js';
import { heedNohup } from './hangup.js';
import { outliveReaders, printError, reportFailure, usageStatus } from './output.js';

/** Flags that may be given several times. */
function several(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** Flags of every command that reads a program. */
function withProgram(command: Command, argument: '<model>' | '[model]' = '<model>'): Command {
  return withData(command.argument(argument, 'the program, a .cred file'));
}

/** Flags of every command that reads data. */
function withData(command: Command): Command {
  return command
    .option('--data <source>', 'file.json, name=file.json, name=file.csv:column,... or file.csv (several times)', several)
    .option('--set <name=value>', 'one value in JSON, such as K=3 (several times)', several)
    .option(
      '--levels <name=a,b,...>',
      'the order of the categories of a column; NAME alone codes numbers that are names (several times)',
      several,
    )
    .option('--missing <cell>', 'a cell of tables that means a missing value, such as . or -999 (several times)', several);
}

/** Runs a command's module and answers with its exit status. */
function runs<A extends readonly unknown[]>(
  load: () => Promise<(...given: A) => Promise<number> | number>,
): (...given: A) => Promise<void> {
  return async (...given) => {
    const run = await load();
    process.exitCode = await run(...given);
  };
}

function credence(): Command {
  const program = new Command('credence')
    .description('A probabilistic programming language that derives its inference and shows the derivation.')
    .version(version)
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({ outputError: (text, write) => write(`credence: ${text.trimEnd()}${usageHint(text)}\n`) })
    .exitOverride();

  withProgram(program.command('infer'), '[model]')
    .description('infer the unknowns of a program from data')
    .option('--backend <name>', 'the algorithm; credence backends lists them (default: auto)')
    .option('--chains <count>', 'independent chains (default: 4)')
    .option('--draws <count>', 'kept draws of each chain (default: 1000)')
    .option('--warmup <count>', 'sweeps before the first kept draw (default: 1000)')
    .option('--thin <count>', 'sweeps for each kept draw (default: 1)')
    .option('--seed <seed>', 'any text or number (default: 1)')
    .option('--workers <count>', 'worker threads, or auto (default: auto)')
    .option('--keep <names>', 'variables to keep, separated by commas', several)
    .option('--opt <name=value>', 'an option of the backend (several times)', several)
    .option('--init <file.json>', 'start values by name')
    .option('--out <directory>', 'write draws.csv, summary.json, run.json, data.json and pointwise.csv there')
    .option('--pointwise', 'WAIC and leave-one-out of each datum, however many there are')
    .option('--plot', 'small plots below the summary')
    .addOption(new Option('--json', 'print the summary as JSON and nothing else').conflicts('plot'))
    .option('--quiet', 'no progress and no notes')
    .option('--max-seconds <seconds>', 'end chains after so many seconds, with the draws that there are')
    .option('--until <ess=size>', 'end chains once every unknown has this effective size (--draws is then the most: 100000)')
    .option('--resume <directory>', 'go on with a run that was cut off; its --out directory')
    .action(runs(async () => (await import('./commands/infer.js')).infer));

  withProgram(program.command('sample'))
    .description('draw from a program everything that is not given, as JSON lines')
    .option('-n, --count <count>', 'number of draws (default: 1)')
    .option('--seed <seed>', 'any text or number (default: 1)')
    .option('--observed', 'only declared data, ready for --data')
    .action(runs(async () => (await import('./commands/sample.js')).sample));

  withProgram(program.command('logp'))
    .description('log joint density at a point')
    .option('--at <values.json>', 'a value for each unknown (needed where there are any)')
    .option('--by-factor', 'the density of each statement')
    .option('--gradient', 'density and gradient as JSON')
    .option('--unconstrained', 'in the coordinates of gradient samplers, log Jacobian included')
    .action(runs(async () => (await import('./commands/logp.js')).logp));

  withProgram(program.command('explain'))
    .description('show what a backend derives for a program')
    .option('--backend <name>', 'the algorithm (default: auto)')
    .option('--opt <name=value>', 'an option of the backend (several times)', several)
    .addOption(new Option('--format <format>', 'how formulas are written').choices(['text', 'latex', 'json']).default('text'))
    .option('--code', 'show the generated code (needs data)')
    .action(runs(async () => (await import('./commands/explain.js')).explain));

  withProgram(program.command('check'))
    .description('test a backend on a program: is its inference right?')
    .option('--backend <name>', 'the algorithm to test')
    .option(
      '--method <names>',
      'ratio, laws, exact, rank, geweke, agreement, sbc, power (several; default: all that apply but power)',
      several,
    )
    .option('--opt <name=value>', 'an option of the backend (several times)', several)
    .option('--seed <seed>', 'any text or number (default: 1)')
    .option('--false-alarm <rate>', 'probability that a right backend fails anything (default: 0.001)')
    .option('--draws <count>', 'draws of each of the four chains of a run that is compared (default: 2000)')
    .option('--warmup <count>', 'sweeps before them, and of every adaptation (default: 500)')
    .option('--simulations <count>', 'data sets of sbc (default: 200)')
    .option('--steps <count>', 'steps of geweke (default: 4000)')
    .option('--repetitions <count>', 'chains of rank (default: 1000)')
    .option('--out <directory>', 'write check.json there')
    .option('--json', 'print the report as JSON and nothing else')
    .option('--quiet', 'no progress')
    .action(runs(async () => (await import('./commands/check.js')).check));

  program
    .command('compare')
    .description('runs side by side: evidence, bounds, WAIC, leave-one-out')
    .argument('<directories...>', 'directories that credence infer --out has written')
    .option('--json', 'print the comparison as JSON')
    .action(runs(async () => (await import('./commands/compare.js')).compare));

  withData(program.command('predict').argument('<directory>', 'a directory that credence infer --out has written'))
    .description('predictions of a finished run for new data')
    .option('--draws <count>', 'predictions drawn (default: one for each draw of the run)')
    .option('--seed <seed>', 'any text or number (default: 1)')
    .option('--out <directory>', 'write draws.csv, summary.json and run.json of the predictions there')
    .option('--json', 'print the summary as JSON and nothing else')
    .option('--quiet', 'no notes')
    .action(runs(async () => (await import('./commands/predict.js')).predict));

  program
    .command('summary')
    .description('diagnostics of draws, of a run or of another program')
    .argument('<files...>', 'draws.csv, CmdStan CSV (a file for each chain), a table with a header, .parquet; or the directory of a run')
    .addOption(new Option('--json', 'print the summary as JSON and nothing else').conflicts('plot'))
    .option('--plot', 'small plots below the summary')
    .option('--against <files...>', 'other draws of the same quantities: do means and variances agree?')
    .action(runs(async () => (await import('./commands/summary.js')).summary));

  program
    .command('export')
    .description('draws of a finished run for other programs')
    .argument('<directory>', 'a directory that credence infer --out has written')
    .addOption(
      new Option('--format <format>', 'cmdstan: CSV files, one a chain; zarr: a store as ArviZ lays it out; parquet: one file')
        .choices(['cmdstan', 'zarr', 'parquet'])
        .makeOptionMandatory(),
    )
    .requiredOption('--out <path>', 'the directory to make, for parquet the file')
    .action(runs(async () => (await import('./commands/export.js')).exportRun));

  program
    .command('report')
    .description('write one self-contained page about a run: DIR/report.html')
    .argument('<directory>', 'a directory that credence infer --out has written')
    .action(runs(async () => (await import('./commands/report.js')).report));

  program
    .command('graph')
    .description('draw the plated graph of a program')
    .argument('<model>', 'the program, a .cred file')
    .addOption(new Option('--format <format>', 'the form of the drawing').choices(['svg', 'dot', 'mermaid', 'json']).default('svg'))
    .action(runs(async () => (await import('./commands/graph.js')).graph));

  program
    .command('backends')
    .description('list algorithms with their options')
    .argument('[name]', 'only this one')
    .action(runs(async () => (await import('./commands/lists.js')).listBackends));
  program
    .command('distributions')
    .description('list distributions with their arguments')
    .argument('[name]', 'only this one')
    .action(runs(async () => (await import('./commands/lists.js')).listDistributions));

  program.addHelpText(
    'after',
    `
For example:
  credence infer model.cred --data data.csv --out results
  credence report results

credence COMMAND --help tells the flags of a command. To read on this computer: ${fileURLToPath(new URL('../../README.md', import.meta.url))} and docs/ beside it.`,
  );
  return program;
}

/** What may be meant where Commander knows no better: words of a command line that it cannot place. */
function usageHint(message: string): string {
  const flag = /^error: unknown option '--?([A-Za-z_]\w*)'$/.exec(message.trim())?.[1];
  if (flag !== undefined)
    return `\n  hint: credence ${process.argv[2] ?? ''} --help lists the flags; a value for the program is --set ${flag}=..., an option of a backend --opt ${flag}=...`;
  const files = process.argv.slice(3).filter((word) => /\.(?:csv|json)$/.test(word));
  if (message.includes('too many arguments') && files.length > 0) return `\n  hint: data come with a flag: --data ${files[0]}`;
  return message.includes('unknown command') && !message.includes('Did you mean')
    ? '\n  hint: credence --help lists the commands; to run a program, credence infer MODEL.cred'
    : '';
}

async function main(): Promise<void> {
  outliveReaders();
  heedNohup();
  const [first] = process.argv.slice(2);
  if (first?.endsWith('.cred') === true) {
    printError(
      `credence: error[wrong-option]: No command stands before ${first}.\n  hint: credence infer ${process.argv.slice(2).join(' ')}`,
    );
    process.exitCode = usageStatus;
    return;
  }
  try {
    await credence().parseAsync(process.argv);
  } catch (thrown) {
    // Commander has printed its message; help and version are no errors.
    process.exitCode = thrown instanceof CommanderError ? (thrown.exitCode === 0 ? 0 : usageStatus) : reportFailure(thrown);
  }
}

await main();
