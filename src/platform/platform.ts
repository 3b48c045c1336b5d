/**
 * What the surroundings offer beyond the language: workers, cores, a clock, files. One interface, two
 * surroundings: Node (`node.ts`, loaded on demand so that browsers never see it) and browsers.
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

export interface Platform {
  /** Number of processors this process may use; 1 if unknown. */
  readonly cores: number;
  /** Null where there are no workers. */
  readonly worker: WorkerConstructor | null;
  /** Null outside a worker thread. */
  readonly port: ThreadPort | null;
  /**
   * Writes files into a directory, made if needed. A file appears whole or not at all.
   * Null where there are no files. @throws Error with a message fit for a user.
   */
  readonly save: ((directory: string, files: readonly TextFile[]) => Promise<void>) | null;
}

/** Seconds on a clock that only moves forwards. */
export function seconds(): number {
  return performance.now() / 1000;
}

/** Lets timers, messages and signals in before going on. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, 0); });
}

export async function currentPlatform(): Promise<Platform> {
  if (typeof process !== 'undefined' && typeof process.versions?.node === 'string') {
    const { nodePlatform } = await import('./node.js');
    return nodePlatform();
  }
  return browserPlatform();
}

/** The worker scope, as far as it is not in the types of a page. */
interface WorkerScope {
  postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
}

function browserPlatform(): Platform {
  const isPage = typeof document !== 'undefined';
  const scope = globalThis as unknown as WorkerScope;
  return {
    cores: typeof navigator === 'undefined' ? 1 : navigator.hardwareConcurrency || 1,
    worker: typeof Worker === 'undefined' ? null : BrowserWorker,
    port: isPage || typeof scope.postMessage !== 'function' ? null : {
      post: (message, transfer) => scope.postMessage(message, transfer),
      listen: (received) => scope.addEventListener('message', (event) => received(event.data)),
    },
    save: null,
  };
}

class BrowserWorker implements WorkerThread {
  private readonly worker: Worker;

  constructor(url: URL, options: { type: 'module' }) {
    this.worker = new Worker(url, options);
  }

  post(message: unknown, transfer: readonly ArrayBuffer[]): void {
    this.worker.postMessage(message, [...transfer]);
  }

  listen(received: (message: unknown) => void, failed: (message: string) => void): void {
    this.worker.addEventListener('message', (event) => received(event.data));
    this.worker.addEventListener('error', (event) => {
      event.preventDefault();
      failed(event.message || 'the worker could not be loaded');
    });
  }

  terminate(): void {
    this.worker.terminate();
  }
}
