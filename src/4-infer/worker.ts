/**
 * The worker thread: receives a program once and the number of a chain at a time, runs it, hands the
 * draws over. Says `ready` when it listens, because messages sent before that are lost in browsers.
 */
import { currentPlatform } from '../platform/platform.js';
import type { ThreadPort } from '../platform/surroundings.js';
import type { ProgressEvent } from './backend.js';
import type { ChainProgram } from './chainProgram.js';
import { type ChainOutput, type ChainRequest, progressOf, runChain } from './runChain.js';

export type ToWorker =
  | { readonly kind: 'program'; readonly program: ChainProgram; readonly request: ChainRequest }
  | { readonly kind: 'run'; readonly chain: number };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly event: ProgressEvent }
  | { readonly kind: 'done'; readonly output: ChainOutput }
  | { readonly kind: 'failed'; readonly message: string };

function serve(port: ThreadPort): void {
  const post = (message: FromWorker, transfer: readonly ArrayBuffer[]): void => port.post(message, transfer);
  let task: Extract<ToWorker, { kind: 'program' }> | null = null;
  port.listen((received) => {
    const message = received as ToWorker;
    if (message.kind === 'program') {
      task = message;
      return;
    }
    try {
      if (task === null) throw new Error('a chain was asked for before its program came');
      const output = runChain(task.program, message.chain, task.request, [], (run) => post({ kind: 'progress', event: progressOf(run) }, []));
      post({ kind: 'done', output }, buffersOf(output));
    } catch (error) {
      post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }, []);
    }
  });
  post({ kind: 'ready' }, []);
}

/** Memory of the draws: handed over instead of copied. */
function buffersOf(output: ChainOutput): ArrayBuffer[] {
  const buffers: ArrayBuffer[] = [];
  const add = (value: unknown): void => {
    if (ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer) buffers.push(value.buffer);
  };
  output.values.forEach(add);
  for (const moments of output.moments) if (moments !== null) Object.values(moments).forEach(add);
  return buffers;
}

const { port } = await currentPlatform();
if (port !== null) serve(port);
