/**
 * A run while it goes on, in `DIR/unfinished`: what it was asked (`inputs`), and for each chain its draws so far
 * (`chain-K.draws`, to which is only ever added) and its last checkpoint (`chain-K.checkpoint`, replaced whole). A checkpoint
 * says how many bytes of draws belong to it, so whatever a killed process left behind is a run that can go on.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { deserialize, serialize } from 'node:v8';
import {
  type ChainState,
  type Checkpoint,
  type Diagnostic,
  type DrawPiece,
  type InferOptions,
  renderDiagnostics,
  type RunStore,
  version,
} from '../index.js';
import { editedSince, type GivenFile } from './edited.js';
import { failure } from './files.js';
import { cannotWrite, writeWhole } from './outDirectory.js';
import { isAtWork, leave, takeOver, wasLeft } from './owner.js';

/** What a run was asked: enough to ask it again. */
export interface RunInputs {
  readonly version: string;
  /** What ran it (`engine`). */
  readonly engine: string;
  /** Path of the program as it was given, and its text. */
  readonly fileName: string;
  readonly program: string;
  /** Data and settings by name, as they were read. */
  readonly values: ReadonlyMap<string, unknown>;
  readonly options: InferOptions;
  /** The files of program and data, as they were when they were read. */
  readonly files: readonly GivenFile[];
}

/** Where a run that goes on, or was cut off, is kept in the directory of its results. */
export const folderName = 'unfinished';
/** Bytes on disk of one draw of one number: as it comes, and as text in draws.csv. */
const bytesPerValue = 8 + 19;
/** Length of a frame of draws, before it. */
const headerBytes = 8;

/** What draws depend on beside program, data and options: the functions of mathematics of the engine, on this kind of processor. */
export function engine(): string {
  return `V8 ${process.versions.v8} of Node ${process.versions.node} on ${process.arch}`;
}

/** What is said of a run that goes on under another engine than it began under. */
export function otherEngine(before: string): string {
  return renderDiagnostics(
    [
      {
        code: 'other-engine',
        severity: 'warning',
        message: `the run was begun by ${before} and goes on by ${engine()}: its last digits may differ from here on, and so may the draws`,
        hint: 'for the very draws of a run that was not cut off, go on with the version that began it',
      },
    ],
    '',
    '--resume',
  );
}

/** What is said of a run that goes on while its files hold something else by now; null where they do not. */
export function editedFiles(directory: string, files: readonly GivenFile[]): string | null {
  const edited = editedSince(files);
  return edited.length === 0
    ? null
    : renderDiagnostics(
        [
          {
            code: 'edited-since',
            severity: 'warning',
            message: `${edited.join(', ')} ${edited.length === 1 ? 'has' : 'have'} been written since the run began; it goes on with what ${edited.length === 1 ? 'it' : 'they'} held then`,
            hint: 'for a run on what is there now, begin anew in another directory',
          },
        ],
        '',
        `--resume ${directory}`,
      );
}

export class UnfinishedRun implements RunStore {
  private readonly folder: string;
  private readonly inputs: RunInputs;
  private readonly goesOn: boolean;
  private opened = false;
  /** Bytes of draws kept so far, by chain. */
  private readonly lengths = new Map<number, number>();

  private constructor(folder: string, inputs: RunInputs, goesOn: boolean) {
    this.folder = folder;
    this.inputs = inputs;
    this.goesOn = goesOn;
  }

  /**
   * A run that begins now. What another one left unfinished there is forgotten once it does, if that run ended of itself, with results.
   * @throws ModelError where a run is at work there, or lies there with draws that nobody has seen, and where the folder has files of others.
   */
  static begin(directory: string, inputs: Omit<RunInputs, 'version' | 'engine'>): UnfinishedRun {
    const folder = path.join(directory, folderName);
    refuseForeign(folder);
    refuseIfAtWork(folder);
    if (!wasLeft(folder) && fs.existsSync(folder) && fs.readdirSync(folder).some((name) => name.endsWith('.draws'))) {
      throw refused(directory, {
        code: 'unfinished-run',
        message: 'A run that was cut off lies there, with its draws.',
        hint: `credence infer --resume ${directory} goes on with it; name another directory, or delete ${folder}, to begin anew`,
      });
    }
    return new UnfinishedRun(folder, { ...inputs, version, engine: engine() }, false);
  }

  /** A run that was cut off. @throws ModelError where there is none, or it cannot be read. */
  static find(directory: string): { readonly run: UnfinishedRun; readonly inputs: RunInputs } {
    const folder = path.join(directory, folderName),
      file = path.join(folder, 'inputs');
    if (!fs.existsSync(file)) {
      throw refused(directory, { code: 'nothing-to-resume', ...whyNot(directory) });
    }
    const inputs = damagedUnless<RunInputs>(
      directory,
      () => deserialize(fs.readFileSync(file)),
      (x) => isInputs(x),
    );
    if (inputs.version !== version)
      throw refused(directory, {
        code: 'other-version',
        message: `The run was made by version ${inputs.version}; this is ${version}. Another version may draw other numbers.`,
        hint: 'run it again from the beginning',
      });
    refuseIfAtWork(folder);
    return { run: new UnfinishedRun(folder, inputs, true), inputs };
  }

  async open(identity: string, chains: number, values: number | null): Promise<readonly (ChainState | null)[]> {
    const printFile = path.join(this.folder, 'program'),
      goesOn = this.goesOn && fs.existsSync(printFile);
    if (!goesOn && values !== null) this.refuseWithoutRoom(values);
    try {
      fs.mkdirSync(this.folder, { recursive: true });
      if (!takeOver(this.folder)) throw atWork(this.folder);
      const print = createHash('sha256').update(identity).digest('hex');
      if (!goesOn) this.clear(printFile, print);
      else if (fs.readFileSync(printFile, 'utf8') !== print)
        throw refused(path.dirname(this.folder), {
          code: 'damaged-run',
          message: `What was kept in ${path.dirname(this.folder)} was made by other code: another program, or another build of Credence.`,
          hint: 'go on with the build that began it, or run it again from the beginning',
        });
    } catch (error) {
      throw error instanceof Error && error.name === 'ModelError' ? error : cannotWrite(`--out ${path.dirname(this.folder)}`, error);
    }
    this.opened = true;
    return goesOn ? Array.from({ length: chains }, (_, chain) => this.chain(chain)) : [];
  }

  /** Inputs alone, and whose they are. They go first and come whole: draws of another run are of no use with them. */
  private clear(printFile: string, print: string): void {
    const inputs = path.join(this.folder, 'inputs');
    if (!this.goesOn) fs.rmSync(inputs, { force: true });
    for (const name of fs.readdirSync(this.folder))
      if (name !== 'inputs' && name !== 'owner') fs.rmSync(path.join(this.folder, name), { force: true });
    if (!this.goesOn) writeWhole(inputs, serialize(this.inputs));
    writeWhole(printFile, print);
  }

  async keep(checkpoint: Checkpoint, pieces: readonly DrawPiece[]): Promise<void> {
    const { chain } = checkpoint;
    const before = this.lengths.get(chain) ?? 0,
      length = before + (pieces.length === 0 ? 0 : await append(this.file(chain, 'draws'), before, pieces));
    writeWhole(this.file(chain, 'checkpoint'), serialize({ checkpoint, length }));
    // Only now: where the checkpoint could not be written, its draws are written again.
    this.lengths.set(chain, length);
  }

  /** True of a run of chains that has begun: only such runs are kept, and can go on. */
  get isOpen(): boolean {
    return this.opened;
  }

  /** True where draws of this run are on the disk. */
  get holdsDraws(): boolean {
    return [...this.lengths.values()].some((length) => length > 0);
  }

  /** The run is over, with its results or with a word why there are none; it may be continued, or replaced. */
  leave(): void {
    leave(this.folder);
  }

  /** The results are written: nothing is left to go on with, of this run or of one before it. What another process is at work on stays. */
  forget(): void {
    if (isAtWork(this.folder) !== null) return;
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  /** What is kept of a chain; draws behind its checkpoint are cut off. */
  private chain(chain: number): ChainState | null {
    const file = this.file(chain, 'checkpoint');
    if (!fs.existsSync(file)) {
      fs.rmSync(this.file(chain, 'draws'), { force: true });
      return null;
    }
    const directory = path.dirname(this.folder);
    return damagedUnless<ChainState>(
      directory,
      () => {
        const { checkpoint, length } = deserialize(fs.readFileSync(file)) as { readonly checkpoint: Checkpoint; readonly length: number };
        const draws = this.file(chain, 'draws'),
          pieces: DrawPiece[] = [];
        if (length > 0) {
          fs.truncateSync(draws, length);
          const handle = fs.openSync(draws, 'r');
          try {
            for (let at = 0; at < length; ) {
              const frameLength = Number(readBytes(handle, at, headerBytes).readBigUInt64LE());
              pieces.push(deserialize(readBytes(handle, at + headerBytes, frameLength)) as DrawPiece);
              at += headerBytes + frameLength;
            }
          } finally {
            fs.closeSync(handle);
          }
        } else fs.rmSync(draws, { force: true });
        this.lengths.set(chain, length);
        return { checkpoint, pieces };
      },
      ({ checkpoint, pieces }) => checkpoint.chain === chain && pieces.reduce((sum, { count }) => sum + count, 0) === checkpoint.kept,
    );
  }

  private refuseWithoutRoom(values: number): void {
    const { bavail, bsize } = fs.statfsSync(path.dirname(this.folder));
    const free = bavail * bsize,
      needed = values * bytesPerValue;
    if (needed <= free) return;
    throw refused(path.dirname(this.folder), {
      code: 'no-room',
      message: `The draws will take about ${gigabytes(needed)}; ${gigabytes(free)} are free in ${path.dirname(this.folder)}.`,
      hint: 'ask for fewer --draws, a larger --thin, or --keep fewer variables',
    });
  }

  private file(chain: number, ending: string): string {
    return path.join(this.folder, `chain-${chain}.${ending}`);
  }
}

/** Why there is nothing to go on with in a directory. */
function whyNot(directory: string): { readonly message: string; readonly hint: string } {
  const file = path.join(directory, 'summary.json');
  if (!fs.existsSync(file))
    return {
      message: 'No run was cut off there.',
      hint: 'name the directory that was given to --out; only runs that draw by chains (gibbs, mh) are kept while they go on',
    };
  const record = path.join(directory, 'run.json');
  return fs.existsSync(record) && fs.readFileSync(record, 'utf8').includes('"code": "stopped-early"')
    ? {
        message: 'The run there was stopped, and has ended with what it had come to: only runs that draw by chains can go on.',
        hint: `its results are in ${directory}; for others run it again, with more time`,
      }
    : { message: 'The run there is finished.', hint: `its results are in ${directory}` };
}

/** Names of what a run keeps, of what it is writing, and of an owner that is being replaced. */
const kept = /^(?:(?:inputs|program|chain-\d+\.(?:draws|checkpoint))(?:\.partial)?|owner(?:\.\d+)?)$/;

/** The folder is emptied when a run begins and is gone when it has ended: nothing of anybody else may be in it. */
function refuseForeign(folder: string): void {
  const found = fs.lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return;
  const foreign = found.isDirectory() ? fs.readdirSync(folder).find((name) => !kept.test(name)) : '';
  if (foreign === undefined) return;
  throw refused(path.dirname(folder), {
    code: 'cannot-write',
    message: `A run keeps its draws in ${folder} while it goes on, and ${foreign === '' ? 'what is there is no folder of a run' : `${foreign} is there`}.`,
    hint: 'Name another directory.',
  });
}

function refuseIfAtWork(folder: string): void {
  if (isAtWork(folder) !== null) throw atWork(folder);
}

function atWork(folder: string): Error {
  const process = isAtWork(folder);
  return refused(path.dirname(folder), {
    code: 'run-at-work',
    message: `A run is at work there${process === null ? '' : ` (process ${process})`}.`,
    hint: `wait for it, or name another directory; if none is, delete ${path.join(folder, 'owner')}`,
  });
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toPrecision(3)} GB`;
}

function isInputs(x: unknown): x is RunInputs {
  return (
    typeof x === 'object' &&
    x !== null &&
    'program' in x &&
    typeof x.program === 'string' &&
    'engine' in x &&
    typeof x.engine === 'string' &&
    'values' in x &&
    x.values instanceof Map &&
    'options' in x &&
    'files' in x &&
    Array.isArray(x.files)
  );
}

/** Puts frames after the first `at` bytes of a file (what a write that failed left behind is cut off) and answers how many bytes. */
async function append(file: string, at: number, pieces: readonly DrawPiece[]): Promise<number> {
  let length = 0;
  const handle = await fs.promises.open(file, 'a');
  try {
    await handle.truncate(at);
    for (const piece of pieces) {
      const frame = serialize(piece),
        header = Buffer.alloc(headerBytes);
      header.writeBigUInt64LE(BigInt(frame.length));
      await handle.appendFile(header);
      await handle.appendFile(frame);
      length += headerBytes + frame.length;
    }
    await handle.datasync();
  } finally {
    await handle.close();
  }
  return length;
}

function readBytes(handle: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (fs.readSync(handle, bytes, 0, length, at) !== length) throw new Error('it ends too early');
  return bytes;
}

/** @throws ModelError where reading fails or what was read is not what was written. */
function damagedUnless<T>(directory: string, read: () => T, isSound: (value: T) => boolean): T {
  let found: T | null = null;
  try {
    const value = read();
    if (isSound(value)) found = value;
  } catch {
    // Whatever a damaged file makes of itself: there is one thing to say about it.
  }
  if (found === null)
    throw refused(directory, {
      code: 'damaged-run',
      message: `What was kept in ${directory} is damaged.`,
      hint: 'run it again from the beginning',
    });
  return found;
}

function refused(directory: string, problem: Omit<Diagnostic, 'severity'>): Error {
  return failure(directory, '', [{ ...problem, severity: 'error' }]);
}
