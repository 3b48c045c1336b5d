/**
 * What reaches the terminal: diagnostics in colour where somebody looks at them, results with
 * regard for slow and closed pipes, and the last word about failures.
 */
import * as util from 'node:util';

/** Exit status of a wrong program, wrong data or wrong options. */
export const usageStatus = 2;
/** Exit status of a fault of ours. */
const internalStatus = 3;

type Colour = 'red' | 'yellow' | 'cyan' | 'bold' | 'dim';

function coloured(colour: Colour, text: string): string {
  // `styleText` came with Node 20.12.
  return process.stderr.isTTY && process.env['NO_COLOR'] === undefined && typeof util.styleText === 'function'
    ? util.styleText(colour, text)
    : text;
}

/** A text on standard error, diagnostics in colour on a terminal. */
export function printError(text: string): void {
  process.stderr.write(`${text.split('\n').map(highlighted).join('\n')}\n`);
}

function highlighted(line: string): string {
  const title = /^(.*?)\b(error|warning|note)(\[[a-z-]+\]: )(.*)$/.exec(line);
  if (title !== null) {
    const [, before = '', severity = '', code = '', message = ''] = title;
    const colour = severity === 'error' ? 'red' : severity === 'warning' ? 'yellow' : 'cyan';
    return `${before}${coloured(colour, `${severity}${code}`)}${coloured('bold', message)}`;
  }
  const carets = /^(\s*\| \s*)(\^+)$/.exec(line);
  if (carets !== null) return `${carets[1]}${coloured('red', carets[2] ?? '')}`;
  return /^ {2}(?:hint|expected): /.test(line) ? coloured('cyan', line) : line;
}

/** Characters gathered before a write. */
const chunkLength = 1 << 20;

/** Writes a text, whole or in pieces, to standard output and waits while the reader is behind. */
export async function write(text: string | Iterable<string>): Promise<void> {
  let chunk = '';
  for (const piece of typeof text === 'string' ? [text] : text) {
    chunk += piece;
    if (chunk.length < chunkLength) continue;
    await written(chunk);
    chunk = '';
  }
  if (chunk !== '') await written(chunk);
}

function written(text: string): Promise<void> {
  return new Promise((resolve) => {
    if (process.stdout.write(text)) resolve();
    else process.stdout.once('drain', resolve);
  });
}

/** What a stream says whose reader is gone: a pipe that was closed, a terminal that was. */
const readerGone: readonly unknown[] = ['EPIPE', 'EIO', 'ECONNRESET'];

/**
 * A reader of results that has seen enough (`| head`) is no failure: the process ends with the status it has. Nobody need read
 * the progress: what cannot be said there, because its reader is gone or its disk is full, ends nothing.
 */
export function outliveReaders(): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!readerGone.includes(error.code)) {
      process.exitCode = usageStatus;
      printError(`credence: error[cannot-write]: standard output: ${error.message}`);
    }
    process.exit();
  });
}

/** Says what went wrong and answers with the exit status. */
export function reportFailure(thrown: unknown): number {
  if (thrown instanceof Error && thrown.name === 'ModelError') {
    printError(thrown.message);
    return usageStatus;
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const ours = message.startsWith('internal error: ')
    ? message
    : `internal error: ${message.replace(/\.$/, '')}. This is a fault of Credence, not of your program; please report it with the program.`;
  printError(`credence: ${ours}`);
  if (process.env['CREDENCE_DEBUG'] !== undefined) printError(thrown instanceof Error ? (thrown.stack ?? '') : '');
  else printError('Set CREDENCE_DEBUG=1 to see where it happened.');
  return internalStatus;
}
