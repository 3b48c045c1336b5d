/**
 * The worker thread: receives a program once and a chain to advance at a time, and hands draws and checkpoints over
 * as they come. Says `ready` when it listens, because messages sent before that are lost in browsers.
 */
import { generatesCode } from '../code/module.js';
import { currentPlatform, seconds } from '../platform/platform.js';
import type { ThreadPort } from '../platform/surroundings.js';
import type { ProgressEvent } from './backend.js';
import type { ChainProgram } from './chainProgram.js';
import type { Checkpoint, DrawPiece } from './checkpoint.js';
import { type ChainRequest, ChainRun, Pace, progressOf } from './runChain.js';

export type ToWorker =
  /** `pause`: seconds from one checkpoint of a chain to the next; `stop`: a cell that is 1 once the run is to end. */
  | {
      readonly kind: 'program';
      readonly program: ChainProgram;
      readonly request: ChainRequest;
      readonly pause: number;
      readonly stop: Int32Array | null;
    }
  /** Advance a chain until it has kept `draws` draws; it begins at the checkpoint unless it is known here. */
  | { readonly kind: 'run'; readonly chain: number; readonly draws: number; readonly checkpoint: Checkpoint | null };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly event: ProgressEvent }
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint; readonly pieces: readonly DrawPiece[] }
  /** The chain is as far as was asked, or the run is to end; its checkpoint came before. */
  | { readonly kind: 'rests'; readonly chain: number }
  | { readonly kind: 'failed'; readonly message: string };

type Task = Extract<ToWorker, { kind: 'program' }>;

/** Seconds of work between two looks at the clock. */
const sliceSeconds = 0.1;

function serve(port: ThreadPort): void {
  const runs = new Map<number, ChainRun>();
  let task: Task | null = null;
  port.listen((received) => {
    const message = received as ToWorker;
    if (message.kind === 'program') {
      task = message;
      return;
    }
    try {
      if (task === null) throw new Error('a chain was asked for before its program came');
      const { chain, draws, checkpoint } = message;
      const run = runs.get(chain) ?? new ChainRun(task.program, chain, task.request, [], checkpoint);
      runs.set(chain, run);
      advance(run, draws, task, port);
      if (run.finished) runs.delete(chain);
    } catch (error) {
      post(port, { kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  });
  post(port, { kind: 'ready' });
}

function advance(run: ChainRun, draws: number, { pause, stop }: Task, port: ThreadPort): void {
  const pace = new Pace(sliceSeconds);
  let handedOver = seconds();
  while (run.kept < draws && !run.finished && !(stop !== null && Atomics.load(stop, 0) === 1)) {
    run.advance(Math.min(pace.next(run), run.sweepsTo(draws)));
    post(port, { kind: 'progress', event: progressOf(run) });
    if (seconds() - handedOver <= pause) continue;
    handOver(run, port);
    handedOver = seconds();
  }
  handOver(run, port);
  post(port, { kind: 'rests', chain: run.chain });
}

function handOver(run: ChainRun, port: ThreadPort): void {
  const checkpoint = run.checkpoint(),
    pieces = run.takePieces();
  port.post({ kind: 'checkpoint', checkpoint, pieces } satisfies FromWorker, buffersOf(checkpoint, pieces));
}

/** Memory that is handed over instead of copied. */
function buffersOf({ memory, moments }: Checkpoint, pieces: readonly DrawPiece[]): ArrayBuffer[] {
  const arrays: unknown[] = [
    ...memory,
    ...pieces.flatMap(({ values }) => values),
    ...moments.flatMap((state) => (state === null ? [] : Object.values(state))),
  ];
  return arrays.flatMap((array) => (ArrayBuffer.isView(array) && array.buffer instanceof ArrayBuffer ? [array.buffer] : []));
}

function post(port: ThreadPort, message: FromWorker): void {
  port.post(message, []);
}

const { port } = await currentPlatform();
// A worker that cannot run programs does not load: chains then run where their code was allowed.
if (port !== null && !generatesCode()) throw new Error('code generation is forbidden in this worker');
if (port !== null) serve(port);
