/**
 * The chain runner on hand-written programs: what is recorded, that results do not depend on how or
 * where chains run, moments against draws, faults. Worker threads run from a build made here, because
 * they load `worker.js`, which the sources do not have.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type ResourceLimits, Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProgressEvent, RunRequest } from '../../src/4-infer/backend.js';
import { automaticWorkers, runChains as runAll } from '../../src/4-infer/chains.js';
import type { ChainProgram } from '../../src/4-infer/chainProgram.js';
import { type ChainOutput, chainOutput } from '../../src/4-infer/chainOutput.js';
import { collectChains } from '../../src/4-infer/collect.js';
import type { ChainLedger as Ledger } from '../../src/4-infer/ledger.js';
import type { ChainThreads as Threads } from '../../src/4-infer/threads.js';
import { ChainRun, type HostCall } from '../../src/4-infer/runChain.js';
import type { DrawsForm, MomentsForm } from '../../src/4-infer/posterior.js';
import { ChainDraws } from '../../src/5-report/diagnostics/chainDraws.js';
import { rhatWithoutRanks } from '../../src/5-report/diagnostics/rhat.js';
import { outOfMemory } from '../../src/memory.js';
import type { WorkerThread } from '../../src/platform/surroundings.js';
import { fakeProgram } from './fakeProgram.js';
import { oneChain } from './oneChain.js';

/** A thread of Node with as much memory as a test gives it. */
class NodeThread implements WorkerThread {
  private readonly worker: Worker;

  constructor(url: URL, resourceLimits: ResourceLimits) {
    this.worker = new Worker(url, { resourceLimits });
  }
  post(message: unknown, transfer: readonly ArrayBuffer[]): void {
    this.worker.postMessage(message, transfer);
  }
  listen(received: (message: unknown) => void, failed: (message: string) => void): void {
    this.worker.on('message', received);
    this.worker.on('error', (error) => failed(error instanceof Error ? error.message : String(error)));
  }
  terminate(): void {
    void this.worker.terminate();
  }
}

function request(changes: Partial<RunRequest> = {}): RunRequest {
  return oneChain({ chains: 2, draws: 50, warmup: 20, ...changes });
}

const runChains = async (program: ChainProgram, settings: RunRequest, hosts: readonly HostCall[]): Promise<readonly ChainOutput[]> =>
  (await runAll(program, settings, hosts)).outputs;

/** What a chain of a run of `draws` draws hands back. */
function outputOf(program: ChainProgram, run: ChainRun, draws: number): ChainOutput {
  return chainOutput(program, { checkpoint: run.checkpoint(), pieces: run.takePieces() }, draws, draws);
}

/** Outputs without their times, which are never the same. */
function numbers(outputs: readonly ChainOutput[]): unknown {
  return outputs.map(({ seconds: _seconds, ...rest }) => rest);
}

function form<Form>(result: ReturnType<typeof collectChains>, name: string): Form {
  return result.variables.find((variable) => variable.name === name)!.result as Form;
}

describe('a chain', () => {
  it('gives the same draws however it is cut into pieces', () => {
    const settings = { seed: 's', warmup: 7, draws: 11, thin: 3 };
    const [whole, cut] = [1000, 1].map((piece) => {
      const run = new ChainRun(fakeProgram(), 0, settings, []);
      while (!run.finished) run.advance(piece);
      return outputOf(fakeProgram(), run, 11);
    });
    expect(numbers([whole!])).toEqual(numbers([cut!]));
  });

  it('does the same where a draw takes half of the room, or more than all of it', () => {
    for (const size of [100_000, 300_000]) {
      const settings = { seed: 's', warmup: 0, draws: 5, thin: 1 },
        program = fakeProgram({ size });
      const ends = [1000, 1].map((piece) => {
        const run = new ChainRun(program, 0, settings, []),
          seen: number[] = [];
        while (!run.finished) {
          run.advance(piece);
          seen.push(run.kept);
        }
        return { pieces: run.takePieces(), seen };
      });
      const [whole, cut] = ends.map(({ pieces }) =>
        pieces.flatMap(({ values }) => Array.from(values[0]!.filter((_, i) => i % size === 0))),
      );
      expect(new Set(whole).size).toBe(5);
      expect(whole).toEqual(cut);
      // Memory is handed over to another thread: no two pieces share any.
      const buffers = ends[0]!.pieces.flatMap(({ values }) => values.map((v) => v!.buffer));
      expect(new Set(buffers).size).toBe(buffers.length);
    }
  });

  it('keeps the state after every thin-th sweep', () => {
    const all = new ChainRun(fakeProgram(), 0, { seed: 's', warmup: 5, draws: 12, thin: 1 }, []);
    const thinned = new ChainRun(fakeProgram(), 0, { seed: 's', warmup: 5, draws: 4, thin: 3 }, []);
    for (const run of [all, thinned]) while (!run.finished) run.advance(1000);
    const every = outputOf(fakeProgram(), all, 12).values[0]!;
    const third = outputOf(fakeProgram(), thinned, 4).values[0]!;
    expect([...third]).toEqual([2, 5, 8, 11].flatMap((draw) => [every[2 * draw], every[2 * draw + 1]]));
  });

  it('reads data, starts state from its values and recomputes reports for every draw', async () => {
    const [output] = await runChains(fakeProgram(), request({ chains: 1 }), []);
    const [x, z, shifted] = output!.values;
    expect([...shifted!]).toEqual(Array.from({ length: 50 }, (_, draw) => x![2 * draw]! + 7));
    expect(z).toBeInstanceOf(Uint8Array);
    expect(new Set(z)).toEqual(new Set([0, 1, 2]));
  });

  it('counts proposals after warm-up only', async () => {
    const outputs = await runChains(fakeProgram(), request({ draws: 2000, warmup: 500 }), []);
    for (const { counters } of outputs) {
      expect(counters[0]!.proposed).toBe(2000);
      // 0.25 in sampling (0.9 in warm-up); five standard errors of 2000 trials are 0.048.
      expect(Math.abs(counters[0]!.accepted / 2000 - 0.25)).toBeLessThan(0.05);
    }
  });

  it('has a stream of its own, fixed by the seed', async () => {
    const [a, b] = await runChains(fakeProgram(), request(), []);
    const [again] = await runChains(fakeProgram(), request(), []);
    const [other] = await runChains(fakeProgram(), request({ seed: '2' }), []);
    expect(a!.values[0]).toEqual(again!.values[0]);
    expect(a!.values[0]).not.toEqual(b!.values[0]);
    expect(a!.values[0]).not.toEqual(other!.values[0]);
  });

  it('does not depend on the number of chains run beside it', async () => {
    const [alone] = await runChains(fakeProgram(), request({ chains: 1 }), []);
    const [among] = await runChains(fakeProgram(), request({ chains: 3 }), []);
    expect(numbers([alone!])).toEqual(numbers([among!]));
  });

  it('leaves the values of the program alone', async () => {
    const program = fakeProgram();
    await runChains(program, request(), []);
    expect(program.storages[1]!.values).toEqual(Int32Array.of(1));
  });

  it('names the element and the draw that is not finite', async () => {
    const broken = fakeProgram({ source: fakeProgram().source.replace('z[0] =', 'if (x[1] > 3) x[1] = NaN; z[0] =') });
    const result = collectChains(broken, await runChains(broken, request({ draws: 500 }), []));
    expect(result.converged).toBe(false);
    expect(result.warnings).toHaveLength(1);
    expect(result.warnings[0]!.message).toMatch(/^x\[1\] is NaN in draw \d+ of chain 0$/);
  });

  it('reports how far it is', async () => {
    const events: ProgressEvent[] = [];
    await runChains(fakeProgram(), request({ onProgress: (event) => events.push(event) }), []);
    expect(events.at(-1)).toEqual({ chain: 1, phase: 'sampling', done: 50, total: 50 });
    expect(events.some((event) => event.phase === 'warmup')).toBe(true);
  });

  it('runs host functions on the calling thread and lets their errors through', async () => {
    const program = fakeProgram({
      usesHostFunctions: true,
      source: fakeProgram().source.replace('z[0] =', 'x[0] = runtime.host(0, [[x[0]]], [[]]); z[0] ='),
    });
    const [output] = await runChains(program, request({ chains: 1, workers: 4 }), [(x) => Math.min(Number(x), -1)]);
    expect(Math.max(...output!.values[0]!.filter((_, i) => i % 2 === 0))).toBe(-1);
    await expect(
      runChains(program, request({ workers: 4 }), [
        () => {
          throw new RangeError('mine');
        },
      ]),
    ).rejects.toThrow(new RangeError('mine'));
  });
});

describe('a run that is stopped', () => {
  it('has the chains that give most draws together, and says so', async () => {
    let reached = 0;
    // So slow, on any machine, that no chain is far when somebody asks whether to stop: a sweep takes milliseconds, and it is asked ten
    // times a second.
    const slow = fakeProgram({ work: 2_000_000 });
    const settings = request({
      chains: 3,
      draws: 100,
      onProgress: ({ chain }) => {
        reached = chain;
      },
      stopped: () => reached > 0,
    });
    const { outputs, notes } = await runAll(slow, settings, []);
    // Chain 0 is whole, chain 1 has hardly begun: one chain of 100 draws is more than two of a few.
    expect(outputs.map(({ chain, draws }) => [chain, draws])).toEqual([[0, 100]]);
    expect(notes.map(({ code, message }) => [code, message])).toEqual([
      ['stopped-early', 'the run ended with 100 of 100 draws of 1 of 3 chains: chains 1, 2 had not come as far'],
    ]);
  });

  it('begins no more chains, however short they are, and names some of those that are missing', async () => {
    let isStopped = false,
      begun = 0;
    // What a signal does: it is heard in a turn of the event loop, and comes as soon as there is one.
    const signal = setTimeout(() => {
      isStopped = true;
    }, 0);
    const settings = request({ chains: 5000, warmup: 0, draws: 1, onProgress: () => void begun++, stopped: () => isStopped });
    // Each takes about a millisecond, a hundredth of what passes between two turns.
    const { outputs, notes } = await runAll(fakeProgram({ work: 200_000 }), settings, []);
    clearTimeout(signal);
    expect(begun).toBeLessThan(4000);
    const { length } = outputs;
    const first = Array.from({ length: 10 }, (_, k) => length + k).join(', ');
    expect(notes.map(({ message }) => message)).toEqual([
      `the run ended with 1 of 1 draws of ${length} of 5000 chains: chains ${first} and ${5000 - length - 10} others had not come as far`,
    ]);
  });

  it('before its first draw has no result', async () => {
    const slow = fakeProgram({ work: 1_000_000 });
    await expect(runAll(slow, request({ warmup: 100_000, stopped: () => true }), [])).rejects.toThrow(
      /stopped before any chain had kept a draw/,
    );
  });

  it('with chains in step has draws of all of them', async () => {
    let events = 0;
    const slow = fakeProgram({ work: 20_000 });
    const { outputs } = await runAll(
      slow,
      request({
        chains: 3,
        warmup: 10,
        draws: 100_000,
        inStep: true,
        onProgress: () => {
          events++;
        },
        stopped: () => events > 30,
      }),
      [],
    );
    expect(outputs).toHaveLength(3);
    expect(new Set(outputs.map(({ draws }) => draws)).size).toBe(1);
  });
});

describe('running moments', () => {
  it.each([10, 57, 200])('agree with the draws of the same chains (%i draws)', async (draws) => {
    const settings = request({ chains: 3, draws });
    const kept = collectChains(fakeProgram(), await runChains(fakeProgram(), settings, []));
    const program = fakeProgram({ moments: true });
    const running = collectChains(program, await runChains(program, settings, []));
    for (const [name, size] of [
      ['x', 2],
      ['z', 1],
    ] as const) {
      const { values } = form<DrawsForm>(kept, name);
      const moments = form<MomentsForm>(running, name);
      for (let element = 0; element < size; element++) {
        const sample = ChainDraws.of(values, 3, draws, element, size);
        expect(moments.mean[element]).toBeCloseTo(sample.mean(), 12);
        expect(moments.variance[element]).toBeCloseTo(sample.standardDeviation() ** 2, 11);
        expect(moments.rhat[element]).toBeCloseTo(rhatWithoutRanks(sample), 11);
      }
    }
    const { values } = form<DrawsForm>(kept, 'z');
    const shares = [0, 1, 2].map((value) => values.filter((z) => z === value).length / values.length);
    expect([...form<MomentsForm>(running, 'z').probabilities!].map((p, i) => p - shares[i]!)).toEqual([0, 0, 0]);
  });

  it('give the Monte Carlo error of an autoregression: sd / sqrt(n (1 - r) / (1 + r)), r = 1/2', async () => {
    const program = fakeProgram({ moments: true, size: 50 });
    const result = collectChains(program, await runChains(program, request({ chains: 2, draws: 4096 }), []));
    const errors = form<MomentsForm>(result, 'x').mcse;
    // Batches of 64 draws see all but 1/32 of the long-run variance; 50 elements average the noise.
    const truth = Math.sqrt(4 / 3) / Math.sqrt((2 * 4096) / 3);
    expect(Math.abs(errors.reduce((sum, x) => sum + x, 0) / 50 / truth - 1)).toBeLessThan(0.05);
  });
});

describe('worker threads', () => {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
  // Below node_modules: imports of packages resolve, and the test runner leaves the files alone.
  const folder = join(root, 'node_modules', '.cache', 'credence-chains-test');
  let built: { runChains: typeof runChains };
  let all: typeof runAll;
  let modules: { readonly ChainThreads: typeof Threads; readonly ChainLedger: typeof Ledger } | null = null;

  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    try {
      execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', root, '--outDir', folder, '--declaration', 'false'], {
        stdio: 'ignore',
      });
    } catch {
      // Type errors are the type check's business; the files are written all the same.
    }
    const { runChains: ofBuild } = (await import(pathToFileURL(join(folder, '4-infer', 'chains.js')).href)) as { runChains: typeof runAll };
    all = ofBuild;
    const load = (name: string): Promise<unknown> => import(pathToFileURL(join(folder, '4-infer', name)).href);
    modules = {
      ...((await load('threads.js')) as { ChainThreads: typeof Threads }),
      ...((await load('ledger.js')) as { ChainLedger: typeof Ledger }),
    };
    built = { runChains: async (program, request, hosts) => (await ofBuild(program, request, hosts)).outputs };
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Enough work to be worth threads: half a second for all chains together, where a thread is loaded in a tenth. */
  const long = fakeProgram({ work: 40_000 });
  const settings = request({ chains: 3, draws: 200, warmup: 100 });

  it('are not started for a run that is over at once, of which every chain is told', async () => {
    const events: ProgressEvent[] = [];
    await built.runChains(
      fakeProgram({ work: 1 }),
      { ...settings, draws: 5, warmup: 5, workers: 2, onProgress: (event) => events.push(event) },
      [],
    );
    expect(new Set(events.map((event) => event.chain))).toEqual(new Set([0, 1, 2]));
  });

  it('give the draws of the calling thread, whatever their number', async () => {
    const here = numbers(await runChains(long, settings, []));
    for (const workers of [1, 2, 5]) {
      const events: ProgressEvent[] = [];
      const outputs = await built.runChains(long, { ...settings, workers, onProgress: (event) => events.push(event) }, []);
      expect(numbers(outputs)).toEqual(here);
      expect(new Set(events.map((event) => event.chain))).toEqual(new Set([0, 1, 2]));
    }
  });

  it('hand over moments as well', async () => {
    const program = fakeProgram({ work: 40_000, moments: true });
    expect(numbers(await built.runChains(program, { ...settings, workers: 2 }, []))).toEqual(
      numbers(await runChains(program, settings, [])),
    );
  });

  it('and their run end with what a listener throws', async () => {
    for (const workers of [0, 2]) {
      const angry = {
        ...settings,
        workers,
        onProgress: ({ phase }: ProgressEvent): void => {
          if (phase === 'sampling') throw new RangeError('mine');
        },
      };
      await expect(built.runChains(long, angry, [])).rejects.toThrow(new RangeError('mine'));
    }
  });

  it('surface an error with its message', async () => {
    // Far more work than is done before threads are started, so that the error happens in one.
    const failing = fakeProgram({
      work: 400_000,
      source: fakeProgram().source.replace('z[0] =', 'if (counter[1] > 200) throw new Error("stopped at sweep " + counter[1]); z[0] ='),
    });
    await expect(built.runChains(failing, { ...settings, workers: 2 }, [])).rejects.toThrow(/internal error: .*stopped at sweep 201/);
    await expect(runChains(failing, { ...settings, chains: 1 }, [])).rejects.toThrow(/internal error: .*stopped at sweep 201/);
  });

  it('are done without where they cannot be loaded', async () => {
    expect(numbers(await runChains(long, { ...settings, workers: 2 }, []))).toEqual(numbers(await runChains(long, settings, [])));
  });

  it('that die are replaced, and their chains go on with the same draws', async () => {
    const here = numbers(await runChains(fakeProgram({ work: 200_000 }), settings, []));
    // The threads share the program's data: the first one to come so far marks them and dies.
    const mortal = fakeProgram({
      work: 200_000,
      source: fakeProgram().source.replace('z[0] =', 'if (counter[1] === 150 && data[0] === 5) { data[0] = 6; process.exit(9); } z[0] ='),
    });
    const { outputs, notes } = await all(mortal, { ...settings, workers: 2 }, []);
    expect(numbers(outputs)).toEqual(here);
    expect(notes.map(({ code, severity }) => [code, severity])).toEqual([['thread-died', 'warning']]);
    expect(notes[0]!.message).toMatch(
      /^the thread of chain [012] died \(it ended with code 9\); the chain went on from .* in another one, with the same draws$/,
    );
  });

  it.each([
    ['once', 'data[0] === 5', 1],
    ['again and again', 'true', 3],
  ] as const)('whose heap is exhausted %s are named', async (_, when, deaths) => {
    const small = class extends NodeThread {
      constructor(url: URL) {
        super(url, { maxOldGenerationSizeMb: 48 });
      }
    };
    const hungry = fakeProgram({
      work: 20_000,
      source: fakeProgram().source.replace(
        'z[0] =',
        `if (counter[1] === 150 && ${when}) { data[0] = 6; const held = []; for (;;) held.push({ held, at: [held.length] }); } z[0] =`,
      ),
    });
    const own = request({ chains: 1, draws: 200, warmup: 100, workers: 1 });
    const { ChainThreads, ChainLedger } = modules!;
    const ledger = await ChainLedger.open(hungry, own),
      threads = new ChainThreads(small, 1, hungry, own, ledger);
    try {
      expect(await threads.loaded()).toBe(true);
      const advanced = threads.advance(200);
      if (deaths > 1) {
        // Of which the run makes the diagnostic that says what helps.
        const thrown: unknown = await advanced.catch((error: unknown) => error);
        expect(thrown).toMatchObject({
          message: expect.stringMatching(
            /the threads of chain 0 died 3 times at the same place, at last with: .*reaching memory limit/,
          ) as unknown,
        });
        expect(outOfMemory(thrown)).toMatchObject({ code: 'out-of-memory' });
        return;
      }
      await advanced;
      const { outputs, notes } = await ledger.result(200);
      expect(numbers(outputs)).toEqual(numbers(await runChains(fakeProgram({ work: 20_000 }), { ...own, workers: 0 }, [])));
      expect(notes.map(({ message }) => message)).toEqual([
        expect.stringMatching(
          /^the thread of chain 0 died \(Worker terminated due to reaching memory limit: JS heap out of memory\); the chain went on from .* in another one, with the same draws$/,
        ),
      ]);
    } finally {
      threads.end();
    }
  });

  it('that die again and again are given up', async () => {
    const doomed = fakeProgram({
      work: 200_000,
      source: fakeProgram().source.replace('z[0] =', 'if (counter[1] === 250) process.exit(9); z[0] ='),
    });
    await expect(all(doomed, { ...settings, workers: 2 }, [])).rejects.toThrow(
      /internal error: the threads of chain \d died 3 times at the same place, at last with: it ended with code 9/,
    );
  });

  it('end with what there is when the run is stopped', async () => {
    let last = 0;
    const endless = { ...settings, chains: 2, draws: 1_000_000, workers: 2 };
    const { outputs, notes } = await all(
      long,
      {
        ...endless,
        onProgress: ({ phase, done }) => {
          if (phase === 'sampling') last = done;
        },
        stopped: () => last > 60,
      },
      [],
    );
    expect(outputs.length).toBeGreaterThan(0);
    expect(notes.map(({ code }) => code)).toEqual(['stopped-early']);
    // What was drawn is the beginning of the whole run.
    const { draws } = outputs[0]!;
    const whole = await runChains(long, { ...endless, draws, workers: 0 }, []);
    for (const output of outputs) expect(output.values).toEqual(whole[output.chain]!.values);
  });

  it('stop at the same draw, whatever their number, when there are enough', async () => {
    const enough = ({ variables }: ReturnType<typeof collectChains>): boolean => (variables[0]!.result as DrawsForm).draws >= 130;
    for (const workers of [0, 1, 2]) {
      const { outputs } = await all(long, { ...settings, draws: 10_000, workers, enough }, []);
      // Rounds of 100, 125, 157 draws.
      expect(outputs.map(({ draws }) => draws)).toEqual([157, 157, 157]);
    }
  });

  it('are at most one for each chain by default', async () => {
    expect(await automaticWorkers(1)).toBe(1);
    expect(await automaticWorkers(1000)).toBeLessThan(1000);
  });
});
