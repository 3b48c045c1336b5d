/** One run: how it goes, what it draws, and in the end the parts of its report. */
import {
  backends,
  type BackendOptions,
  compile,
  type InferOptions,
  InternalError,
  parseDataJson,
  type Posterior,
} from '../../../src/index.js';
import { posteriorPage, posteriorParts } from '../../../src/report.js';
import type { FromEngine, Problem, Project, Settings } from '../protocol.js';
import { programName, refusalOf } from './check.js';
import { LiveTraces } from './traces.js';
import { problemOf, readValues } from './values.js';

/** Milliseconds between two pictures of the draws so far, and between two messages of one chain. */
const pictureEvery = 700,
  progressEvery = 100;

/** Runs a program, telling how it goes. @returns null where it was refused. */
export async function run(
  project: Project,
  settings: Settings,
  signal: AbortSignal,
  tell: (message: FromEngine) => void,
): Promise<Posterior | null> {
  try {
    const model = compile(project.program, programName);
    const { data, problems } = readValues(project, model.inputs);
    const { options, problems: ofSettings } = optionsOf(settings);
    const wrong = [...problems, ...ofSettings];
    if (wrong.length > 0) {
      tell({ kind: 'failed', problems: wrong });
      return null;
    }
    const telling = new Telling(tell);
    try {
      const posterior = await model.infer(data, {
        ...options,
        signal,
        store: telling.traces,
        onProgress: (event) => {
          telling.progress(event);
        },
      });
      telling.end();
      tell({ kind: 'drawn' });
      const { sections, ...head } = posteriorParts(programName, posterior);
      tell({ kind: 'judged', head });
      for (const section of sections) tell({ kind: 'section', section });
      tell({ kind: 'done' });
      return posterior;
    } finally {
      telling.end();
    }
  } catch (thrown) {
    tell({ kind: 'failed', problems: failureOf(thrown) });
    return null;
  }
}

/** The page of a run as a file of its own. */
export function pageOf(posterior: Posterior): string {
  return posteriorPage(programName, posterior);
}

/** Refusals as they are; everything else is a fault of ours, and says so. */
function failureOf(thrown: unknown): readonly Problem[] {
  try {
    return refusalOf(thrown)
      .filter(({ severity }) => severity === 'error')
      .map((diagnostic) => problemOf(diagnostic, diagnostic.span === undefined ? 'settings' : 'program'));
  } catch {
    return [
      {
        origin: 'settings',
        severity: 'error',
        code: 'internal',
        message: (thrown instanceof InternalError ? thrown : new InternalError(thrown instanceof Error ? thrown.message : String(thrown)))
          .message,
        expected: null,
        hint: null,
        span: null,
      },
    ];
  }
}

/** Settings as typed; numbers that are none go on as they are, for the library to refuse by name. */
function optionsOf({ backend, chains, draws, warmup, seed, thin, until, maxSeconds, init, options }: Settings): {
  readonly options: InferOptions;
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [],
    own = Object.create(null) as Record<string, string>;
  for (const text of options
    .split(/\s+(?=[\w.]+\s*=)/u)
    .map((part) => part.trim())
    .filter((part) => part !== '')) {
    const at = text.indexOf('=');
    if (at < 1)
      problems.push({
        origin: 'settings',
        severity: 'error',
        code: 'wrong-option',
        message: `The option ${JSON.stringify(text)} is not of the form name=value.`,
        expected: null,
        hint: `The options of ${backend} are ${
          backends
            .get(backend)
            ?.options.map(({ name }) => name)
            .join(', ') ?? 'not known'
        }.`,
        span: null,
      });
    else own[text.slice(0, at).trim()] = text.slice(at + 1).trim();
  }
  const count = (text: string): number | undefined => (text.trim() === '' ? undefined : Number(text)),
    ess = count(until);
  return {
    options: {
      backend,
      chains: count(chains),
      draws: count(draws),
      warmup: count(warmup),
      thin: count(thin),
      until: ess === undefined ? undefined : { ess },
      maxSeconds: count(maxSeconds),
      init: startOf(init, problems),
      seed: seed.trim() === '' ? undefined : seed.trim(),
      options: own satisfies BackendOptions,
    },
    problems,
  };
}

/** Values to start from, by name. */
function startOf(text: string, problems: Problem[]): InferOptions['init'] {
  if (text.trim() === '') return undefined;
  try {
    return Object.fromEntries(parseDataJson(text));
  } catch (thrown) {
    problems.push(
      ...refusalOf(thrown).map((diagnostic) => ({ ...problemOf(diagnostic, 'settings'), message: `Start values: ${diagnostic.message}` })),
    );
    return undefined;
  }
}

/** Messages of a run, no more often than anybody can read them. */
class Telling {
  readonly traces: LiveTraces;
  private readonly tell: (message: FromEngine) => void;
  private readonly last = new Map<number, number>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(tell: (message: FromEngine) => void) {
    this.tell = tell;
    this.traces = new LiveTraces(() => {
      this.timer ??= setTimeout(() => {
        this.draw();
      }, pictureEvery);
    });
  }

  progress({ chain, phase, done, total, objective }: Parameters<NonNullable<InferOptions['onProgress']>>[0]): void {
    const now = performance.now();
    if (done < total && now - (this.last.get(chain) ?? Number.NEGATIVE_INFINITY) < progressEvery) return;
    this.last.set(chain, now);
    this.tell({ kind: 'progress', chain, phase, done, total, objective: objective ?? null });
  }

  end(): void {
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private draw(): void {
    this.timer = null;
    const picture = this.traces.picture();
    if (picture !== null) this.tell({ kind: 'traces', ...picture });
  }
}
