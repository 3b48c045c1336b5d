/**
 * Node's part of the platform: worker_threads, processors, files. The only module besides the
 * command line that imports Node built-ins; loaded on demand by `platform.ts`. Namespace imports, so
 * that a bundler for browsers may put an empty module in their place.
 */
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import * as threads from 'node:worker_threads';
import type { EarlierResult, Platform, TextFile, ThreadPort, WorkerThread } from './surroundings.js';

/** Node's threads, files and processors. */
export function nodePlatform(): Platform {
  return { cores: os.availableParallelism(), memory: availableMemory(), worker: NodeWorker, port: port(), save };
}

/** Containers limit more than the machine does; Node knows of them from 20.13 on. */
function availableMemory(): number {
  return typeof process.availableMemory === 'function' ? process.availableMemory() : os.freemem();
}

class NodeWorker implements WorkerThread {
  private readonly worker: threads.Worker;

  constructor(url: URL, _options: { type: 'module' }) {
    this.worker = new threads.Worker(url);
  }

  post(message: unknown, transfer: readonly ArrayBuffer[]): void {
    this.worker.postMessage(message, transfer);
  }

  listen(received: (message: unknown) => void, failed: (message: string) => void): void {
    this.worker.on('message', received);
    this.worker.on('messageerror', (error) => failed(error.message));
    // A thread that ends of itself has failed; `terminate` takes this listener away first.
    this.worker.on('exit', (code) => {
      if (code !== 0) failed(`it ended with code ${code}`);
    });
    this.worker.on('error', (error) => failed(error instanceof Error ? error.message : String(error)));
  }

  terminate(): void {
    this.worker.removeAllListeners('exit');
    this.worker.removeAllListeners('message');
    void this.worker.terminate();
  }
}

function port(): ThreadPort | null {
  const parent = threads.parentPort;
  if (parent === null) return null;
  return {
    post: (message, transfer) => parent.postMessage(message, transfer),
    listen: (received) => {
      parent.on('message', received);
    },
  };
}

/** Characters gathered before a write: few system calls, little memory. */
const chunkLength = 1 << 20;

/** By steps: `recursive` does not come back where a file system makes no directories. */
async function makeDirectory(directory: string): Promise<void> {
  const found = await fs.stat(directory).catch(() => null);
  if (found !== null && !found.isDirectory()) throw Object.assign(new Error(directory), { code: 'ENOTDIR' });
  if (found !== null) return;
  const parent = path.dirname(directory);
  // A drive that is not there has no parent.
  if (parent !== directory) await makeDirectory(parent);
  // Of two saves at once one finds what the other has made.
  await fs.mkdir(directory).catch(async (error: unknown) => {
    if (!(await fs.stat(directory).catch(() => null))?.isDirectory()) throw error;
  });
}

/** Bytes that tell what a file is. */
const beginningLength = 100;

/** @throws Error where files of these names stand there that no earlier result has left. */
async function refuseOverwriting(directory: string, { names, record, begins }: EarlierResult): Promise<void> {
  if (begins.test(await beginning(path.join(directory, record)))) return;
  for (const name of names) {
    const file = path.join(directory, name);
    // A directory in the way of a file is not lost: writing fails.
    const isLost = await fs.lstat(file).then(
      (found) => !found.isDirectory(),
      () => false,
    );
    if (isLost)
      throw new Error(
        name === record
          ? `cannot write to ${file}: the file there was not written by Credence, and would be lost`
          : `cannot write to ${file}: the file there is of no earlier result (there is no ${record} of one), and would be lost`,
      );
  }
}

/** The first characters of a file; none where there is no file on a disk: a pipe would not come back. */
async function beginning(file: string): Promise<string> {
  const found = await fs.stat(file).catch(() => null);
  if (found?.isFile() !== true) return '';
  const handle = await fs.open(file, 'r').catch(() => null);
  if (handle === null) return '';
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(beginningLength));
    return buffer.toString('latin1', 0, bytesRead);
  } catch {
    return '';
  } finally {
    await handle.close();
  }
}

/** Writes all files beside their targets, then renames: an error on the way leaves the directory as it was. */
async function save(directory: string, files: readonly TextFile[], earlier: EarlierResult): Promise<void> {
  await refuseOverwriting(directory, earlier);
  const written: string[] = [],
    obsolete = earlier.names.filter((name) => files.every((file) => file.name !== name));
  try {
    await makeDirectory(path.resolve(directory));
    for (const file of files) {
      const target = path.join(directory, file.name);
      written.push(target);
      await writeWhole(`${target}.partial`, file.pieces);
    }
    for (const target of written) await fs.rename(`${target}.partial`, target);
    for (const name of obsolete) await fs.rm(path.join(directory, name), { force: true });
  } catch (error) {
    for (const target of written) await fs.rm(`${target}.partial`, { force: true }).catch(() => undefined);
    const file = written.length === 0 ? directory : written[written.length - 1]!;
    throw new Error(`cannot write to ${file}: ${reason(error)}`, { cause: error });
  }
}

async function writeWhole(file: string, pieces: Iterable<string>): Promise<void> {
  const handle = await fs.open(file, 'w');
  try {
    let chunk = '';
    for (const piece of pieces) {
      chunk += piece;
      if (chunk.length >= chunkLength) {
        await handle.writeFile(chunk);
        chunk = '';
      }
    }
    await handle.writeFile(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function reason(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ENOSPC':
      return 'no space is left on the disk';
    case 'EDQUOT':
      return 'the disk quota is used up';
    case 'EACCES':
    case 'EPERM':
      return 'permission is denied';
    case 'EROFS':
      return 'the file system is read-only';
    case 'EEXIST':
    case 'ENOTDIR':
      return 'a file stands where a directory is needed';
    case 'EISDIR':
      return 'a directory stands where a file is needed';
    case 'ENOENT':
      return 'the directory cannot be made there';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
