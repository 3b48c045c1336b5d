/**
 * A run while it goes on, in `DIR/unfinished`: what it was asked (`inputs`), and for each chain its draws so far
 * (`chain-K.draws`, to which is only ever added) and its last checkpoint (`chain-K.checkpoint`, replaced whole). A checkpoint
 * says how many bytes of draws belong to it, so whatever a killed process left behind is a run that can go on.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { type ChainState, type Checkpoint, type Diagnostic, type DrawPiece, type InferOptions, type RunStore, version } from '../index.js';
import { failure } from './files.js';

/** What a run was asked: enough to ask it again. */
export interface RunInputs {
  readonly version: string;
  /** Path of the program as it was given, and its text. */
  readonly fileName: string;
  readonly program: string;
  /** Data and settings by name, as they were read. */
  readonly values: ReadonlyMap<string, unknown>;
  readonly options: InferOptions;
}

/** Where a run that goes on, or was cut off, is kept in the directory of its results. */
export const folderName = 'unfinished';
/** Bytes on disk of one draw of one number: as it comes, and as text in draws.csv. */
const bytesPerValue = 8 + 19;
/** Length of a frame of draws, before it. */
const headerBytes = 8;

export class UnfinishedRun implements RunStore {
  private readonly folder: string;
  private readonly inputs: RunInputs;
  private readonly goesOn: boolean;
  /** Bytes of draws kept so far, by chain. */
  private readonly lengths = new Map<number, number>();

  private constructor(folder: string, inputs: RunInputs, goesOn: boolean) {
    this.folder = folder;
    this.inputs = inputs;
    this.goesOn = goesOn;
  }

  /** A run that begins now; what another one left unfinished there is forgotten once it does. */
  static begin(directory: string, inputs: Omit<RunInputs, 'version'>): UnfinishedRun {
    return new UnfinishedRun(path.join(directory, folderName), { ...inputs, version }, false);
  }

  /** A run that was cut off. @throws ModelError where there is none, or it cannot be read. */
  static find(directory: string): { readonly run: UnfinishedRun; readonly inputs: RunInputs } {
    const folder = path.join(directory, folderName), file = path.join(folder, 'inputs');
    if (!fs.existsSync(file)) {
      const finished = fs.existsSync(path.join(directory, 'summary.json'));
      throw refused(directory, finished ? { code: 'nothing-to-resume', message: 'The run there is finished.', hint: `its results are in ${directory}` }
        : { code: 'nothing-to-resume', message: 'No run was cut off there.', hint: 'name the directory that was given to --out' });
    }
    const inputs = damagedUnless<RunInputs>(directory, () => deserialize(fs.readFileSync(file)), (x) => isInputs(x));
    if (inputs.version !== version) throw refused(directory, { code: 'other-version', message: `The run was made by version ${inputs.version}; this is ${version}. Another version may draw other numbers.`, hint: 'run it again from the beginning' });
    return { run: new UnfinishedRun(folder, inputs, true), inputs };
  }

  async open(identity: string, chains: number, values: number | null): Promise<readonly (ChainState | null)[]> {
    const print = createHash('sha256').update(identity).digest('hex'), printFile = path.join(this.folder, 'program');
    if (this.goesOn && fs.existsSync(printFile)) {
      if (fs.readFileSync(printFile, 'utf8') !== print) throw refused(path.dirname(this.folder), { code: 'damaged-run', message: `What was kept in ${path.dirname(this.folder)} belongs to another program.`, hint: 'run it again from the beginning' });
      return Array.from({ length: chains }, (_, chain) => this.chain(chain));
    }
    if (values !== null) this.refuseWithoutRoom(values);
    fs.rmSync(this.folder, { recursive: true, force: true });
    fs.mkdirSync(this.folder, { recursive: true });
    writeWhole(path.join(this.folder, 'inputs'), serialize(this.inputs));
    writeWhole(printFile, print);
    return [];
  }

  async keep(checkpoint: Checkpoint, pieces: readonly DrawPiece[]): Promise<void> {
    const { chain } = checkpoint;
    const length = (this.lengths.get(chain) ?? 0) + (pieces.length === 0 ? 0 : await append(this.file(chain, 'draws'), pieces));
    this.lengths.set(chain, length);
    writeWhole(this.file(chain, 'checkpoint'), serialize({ checkpoint, length }));
  }

  /** The results are written: nothing is left to go on with. */
  forget(): void {
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
    return damagedUnless<ChainState>(directory, () => {
      const { checkpoint, length } = deserialize(fs.readFileSync(file)) as { readonly checkpoint: Checkpoint; readonly length: number };
      const draws = this.file(chain, 'draws'), pieces: DrawPiece[] = [];
      if (length > 0) {
        fs.truncateSync(draws, length);
        const handle = fs.openSync(draws, 'r');
        try {
          for (let at = 0; at < length;) {
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
    }, ({ checkpoint, pieces }) => checkpoint.chain === chain && pieces.reduce((sum, { count }) => sum + count, 0) === checkpoint.kept);
  }

  private refuseWithoutRoom(values: number): void {
    const { bavail, bsize } = fs.statfsSync(path.dirname(this.folder));
    const free = bavail * bsize, needed = values * bytesPerValue;
    if (needed <= free) return;
    throw refused(path.dirname(this.folder), { code: 'no-room', message: `The draws will take about ${gigabytes(needed)}; ${gigabytes(free)} are free in ${path.dirname(this.folder)}.`, hint: 'ask for fewer --draws, a larger --thin, or --keep fewer variables' });
  }

  private file(chain: number, ending: string): string { return path.join(this.folder, `chain-${chain}.${ending}`); }
}

function gigabytes(bytes: number): string { return `${(bytes / 1e9).toPrecision(3)} GB`; }

function isInputs(x: unknown): x is RunInputs {
  return typeof x === 'object' && x !== null && 'program' in x && typeof x.program === 'string' && 'values' in x && x.values instanceof Map && 'options' in x;
}

/** Adds frames to a file and answers how many bytes. */
async function append(file: string, pieces: readonly DrawPiece[]): Promise<number> {
  let length = 0;
  const handle = await fs.promises.open(file, 'a');
  try {
    for (const piece of pieces) {
      const frame = serialize(piece), header = Buffer.alloc(headerBytes);
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

/** A file that is there whole or not at all. */
function writeWhole(file: string, contents: string | Uint8Array): void {
  fs.writeFileSync(`${file}.partial`, contents, { flush: true });
  fs.renameSync(`${file}.partial`, file);
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
  if (found === null) throw refused(directory, { code: 'damaged-run', message: `What was kept in ${directory} is damaged.`, hint: 'run it again from the beginning' });
  return found;
}

function refused(directory: string, problem: Omit<Diagnostic, 'severity'>): Error {
  return failure(directory, '', [{ ...problem, severity: 'error' }]);
}
