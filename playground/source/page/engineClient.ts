/** An engine in its worker. The worker's text is part of the page, so that it starts from a file as well as from a server. */
import { content as engineText } from 'playground:engine';
import type { FromEngine, ToEngine } from '../protocol.js';

export class EngineClient {
  private readonly worker: Worker;
  /** Messages to a worker that does not listen yet; null once it does. */
  private waiting: ToEngine[] | null = [];

  /** @param failed called with the reason where the worker cannot start, or dies. */
  constructor(hear: (message: FromEngine) => void, failed: (reason: string) => void) {
    const url = URL.createObjectURL(new Blob([engineText], { type: 'text/javascript' }));
    this.worker = new Worker(url);
    this.worker.addEventListener('message', (event: MessageEvent<FromEngine>) => {
      if (event.data.kind !== 'ready') {
        hear(event.data);
        return;
      }
      URL.revokeObjectURL(url);
      const { waiting } = this;
      this.waiting = null;
      for (const message of waiting ?? []) this.worker.postMessage(message);
    });
    this.worker.addEventListener('error', (event) => {
      event.preventDefault();
      failed(event.message || 'the worker could not be started');
    });
  }

  send(message: ToEngine): void {
    if (this.waiting === null) this.worker.postMessage(message);
    else this.waiting.push(message);
  }

  /** Ends it at once, with all that it has started. */
  end(): void {
    this.worker.terminate();
  }
}
