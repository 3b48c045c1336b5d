/**
 * How far a run is, on standard error: on a terminal one live line for each chain; elsewhere a plain
 * line now and then and one when a chain ends.
 */
import progressBars from 'cli-progress';
import type { ProgressEvent } from '../index.js';

/** Milliseconds between two plain lines of one chain. */
const plainInterval = 5000;
/** Milliseconds between two looks of a live line. */
const liveInterval = 100;

export class Progress {
  private readonly display: Display;

  constructor() {
    this.display = process.stderr.isTTY ? new LiveLines() : new PlainLines();
  }

  show(event: ProgressEvent): void {
    this.display.show(event);
  }

  /** Leaves the terminal as it was. */
  finish(): void {
    this.display.finish();
  }
}

interface Display {
  show(event: ProgressEvent): void;
  finish(): void;
}

class LiveLines implements Display {
  private readonly bars: progressBars.MultiBar;
  private readonly lines = new Map<number, { readonly bar: progressBars.SingleBar; total: number }>();

  constructor() {
    this.bars = new progressBars.MultiBar(
      {
        format: ' chain {chain} {bar} {percentage}% {phase} {value}/{total}{objective}',
        stream: process.stderr,
        barsize: 30,
        clearOnComplete: false,
        autopadding: true,
        fps: 10,
        // An interrupted run must leave the terminal as it was, and a handler of its own would keep it alive.
        hideCursor: false,
        linewrap: true,
        gracefulExit: false,
      },
      progressBars.Presets.shades_grey,
    );
  }

  show(event: ProgressEvent): void {
    const payload = {
      chain: event.chain,
      phase: event.phase,
      objective: event.objective === undefined ? '' : `, objective ${event.objective.toPrecision(8)}`,
    };
    let line = this.lines.get(event.chain);
    if (line === undefined) {
      line = { bar: this.bars.create(event.total, event.done, payload), total: event.total };
      this.lines.set(event.chain, line);
    }
    if (line.total !== event.total) {
      line.total = event.total;
      line.bar.setTotal(event.total);
    }
    line.bar.update(event.done, payload);
  }

  finish(): void {
    this.bars.stop();
  }
}

class PlainLines implements Display {
  private readonly last = new Map<number, { time: number; shown: string; latest: string }>();

  show(event: ProgressEvent): void {
    const text = `chain ${event.chain}: ${event.phase} ${event.done}/${event.total}${event.objective === undefined ? '' : `, objective ${event.objective.toPrecision(8)}`}`;
    const now = Date.now();
    const last = this.last.get(event.chain) ?? { time: now, shown: '', latest: '' };
    this.last.set(event.chain, last);
    last.latest = text;
    const isLast = event.done >= event.total && event.phase !== 'warmup';
    if ((!isLast && now - last.time < plainInterval) || last.shown === text) return;
    last.time = now;
    last.shown = text;
    process.stderr.write(`${text}\n`);
  }

  finish(): void {
    for (const { shown, latest } of this.last.values()) if (shown !== latest) process.stderr.write(`${latest}\n`);
  }
}

/** How far a check is, on standard error: one line that is written over on a terminal, a line for each method elsewhere. */
export class CheckLine {
  private method = '';
  private time = 0;

  show({ method, done, total }: { readonly method: string; readonly done: number; readonly total: number }): void {
    const now = Date.now();
    if (!process.stderr.isTTY) {
      if (method !== this.method) process.stderr.write(`${method} ...\n`);
    } else if (method !== this.method || now - this.time >= liveInterval) {
      process.stderr.write(`\r\x1b[K${method} ${Math.round((100 * done) / Math.max(1, total))} %`);
      this.time = now;
    }
    this.method = method;
  }

  /** Leaves the terminal as it was. */
  finish(): void {
    if (process.stderr.isTTY && this.method !== '') process.stderr.write('\r\x1b[K');
  }
}
