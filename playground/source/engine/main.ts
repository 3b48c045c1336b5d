/** The engine: a web worker with the whole package in it. A page has one that checks while a program is written, and one that runs. */
import type { Posterior } from '../../../src/index.js';
import type { FromEngine, ToEngine } from '../protocol.js';
import { check } from './check.js';
import { pageOf, run } from './run.js';

const tell = (message: FromEngine): void => {
  self.postMessage(message);
};

/** What an engine knows between two messages. */
class Engine {
  private latestCheck = 0;
  private stop: AbortController | null = null;
  private posterior: Posterior | null = null;

  hear(message: ToEngine): void {
    switch (message.kind) {
      case 'check': {
        const { id } = message;
        this.latestCheck = id;
        // A check gives way to messages that have come meanwhile.
        const current = async (): Promise<boolean> => {
          await new Promise((resolve) => {
            setTimeout(resolve, 0);
          });
          return this.latestCheck === id;
        };
        void check(id, message.project, message.backend, tell, current);
        return;
      }
      case 'run':
        void this.run(message);
        return;
      case 'stop':
        this.stop?.abort();
        return;
      case 'page':
        if (this.posterior !== null) tell({ kind: 'page', html: pageOf(this.posterior) });
    }
  }

  private async run({ project, settings }: Extract<ToEngine, { kind: 'run' }>): Promise<void> {
    this.stop = new AbortController();
    this.posterior = null;
    this.posterior = await run(project, settings, this.stop.signal, tell);
    this.stop = null;
  }
}

const engine = new Engine();
self.addEventListener('message', (event: MessageEvent<ToEngine>) => {
  engine.hear(event.data);
});
tell({ kind: 'ready' });
