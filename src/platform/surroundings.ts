/**
 * What the surroundings offer beyond the language: workers, cores, files. Interfaces only.
 */

/** A worker thread with a message port, as far as we use one. */
export interface WorkerThread {
  /** `transfer`: buffers handed over instead of copied. */
  post(message: unknown, transfer: readonly ArrayBuffer[]): void;
  /** `failed` is called with a message when the thread cannot start or dies of an error. */
  listen(received: (message: unknown) => void, failed: (message: string) => void): void;
  terminate(): void;
}

export type WorkerConstructor = new (url: URL, options: { type: 'module' }) => WorkerThread;

/** The other end of a worker thread's port. */
export interface ThreadPort {
  post(message: unknown, transfer: readonly ArrayBuffer[]): void;
  listen(received: (message: unknown) => void): void;
}

/** A file to write: its name in the directory and its text in pieces. */
export interface TextFile {
  readonly name: string;
  readonly pieces: Iterable<string>;
}

/** What files are written over: those of an earlier result of the same kind. */
export interface EarlierResult {
  /** Names of the files that may be of one. */
  readonly names: readonly string[];
  /** The file among them that tells such a result, and how it begins. */
  readonly record: string;
  readonly begins: RegExp;
}

export interface Platform {
  /** Number of processors this process may use; 1 if unknown. */
  readonly cores: number;
  /** Bytes of memory that this process may still take; null if unknown. */
  readonly memory: number | null;
  /** Null where there are no workers. */
  readonly worker: WorkerConstructor | null;
  /** Null outside a worker thread. */
  readonly port: ThreadPort | null;
  /**
   * Writes files into a directory, made if needed, and takes away what else an earlier result has left there. A file appears whole or not
   * at all. Null where there are no files. @throws Error with a message fit for a user, also where files of others would be lost.
   */
  readonly save: ((directory: string, files: readonly TextFile[], earlier: EarlierResult) => Promise<void>) | null;
}
