/**
 * The platform the program runs on: Node (`node.ts`, loaded on demand so that browsers never see it) or
 * a browser. What a platform offers is stated in `surroundings.ts`.
 */

import type { Platform, WorkerThread } from './surroundings.js';

/** Seconds on a clock that only moves forwards. */
export function seconds(): number {
  return performance.now() / 1000;
}

/** Lets timers, messages and signals in before going on. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

/** The platform that the code runs on. */
export async function currentPlatform(): Promise<Platform> {
  if (typeof process !== 'undefined' && typeof process.versions?.node === 'string') {
    // A bundle made for browsers has an empty module in its place (`browser` of package.json), and may meet a `process` all the same.
    const { nodePlatform }: Partial<typeof import('./node.js')> = await import('./node.js');
    if (nodePlatform !== undefined) return nodePlatform();
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
    memory: null,
    worker: typeof Worker === 'undefined' ? null : BrowserWorker,
    port:
      isPage || typeof scope.postMessage !== 'function'
        ? null
        : {
            post: (message, transfer) => scope.postMessage(message, transfer),
            listen: (received) => scope.addEventListener('message', (event) => received(event.data)),
          },
    save: null,
  };
}

class BrowserWorker implements WorkerThread {
  private readonly worker: Worker;

  constructor(url: URL, options: { type: 'module' }) {
    if (url.origin === location.origin) {
      this.worker = new Worker(url, options);
      return;
    }
    // A page may import modules of another host, but start only workers of its own: so one that imports.
    const own = URL.createObjectURL(new Blob([`import ${JSON.stringify(url.href)};`], { type: 'text/javascript' }));
    this.worker = new Worker(own, options);
    // The text is read before the first message comes, or never.
    for (const event of ['message', 'error']) this.worker.addEventListener(event, () => URL.revokeObjectURL(own), { once: true });
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
