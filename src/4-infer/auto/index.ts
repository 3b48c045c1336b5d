/**
 * The backend that suits a program, and why. Estimates for programs with unknowns without priors, the posterior
 * itself where it has a closed form, draws elsewhere; an approximation runs only when it is named. The choice is read off the
 * derivation, without data, so it is cheap and the same every time; a backend that turns out not to apply once data are bound gives way to
 * the next.
 */
import type { BoundModel, Given } from '../../2-graph/bound.js';
import type { ModelGraph } from '../../2-graph/graph.js';
import { DerivedModel, latentRegions } from '../../3-derive/model.js';
import { type Diagnostic, InternalError, ModelError } from '../../errors/diagnostic.js';
import { renderDiagnostics } from '../../errors/render.js';
import type { Backend, ExplainedBlock, OptionDoc, RunRequest } from '../backend.js';
import { derive } from '../derivation.js';
import { type RunResult, sizeOf } from '../posterior.js';
import { givenOf } from '../programBuilder.js';

/** Those that `auto` may run, by preference where several apply. */
const ranked: readonly string[] = ['exact', 'em', 'map', 'gibbs', 'mh'];

/** Those that apply to every program. */
const samplers: readonly string[] = ['gibbs', 'mh'];

/** Refusals that are the backend's own: another one may do. Everything else is a mistake or a property of the model. */
const inapplicable: readonly string[] = [
  'not-exact',
  'too-many-configurations',
  'no-em',
  'nothing-to-estimate',
  'no-gradient',
  'no-coordinates',
  'no-marginal',
  'not-in-this-version',
];

/** Configurations are enumerated up to two to this power. */
const mostBits = 16;
/** Characters of a reason that are shown. */
const longestReason = 160;

type Options = Readonly<Record<string, string>>;

/** What was found of a backend that did not run. */
interface Lack {
  readonly names: readonly string[];
  readonly reason: string;
}

/** @param all the backends there are; what `auto` chooses among. */
export function autoBackend(all: readonly Backend[]): Backend {
  const candidates = ranked.flatMap((name) => all.filter((b) => b.name === name));
  const options = candidates
    .flatMap((b) => b.options)
    .filter((o, k, list) => list.findIndex((p) => p.name === o.name) === k)
    .map(
      (o): OptionDoc => ({
        ...o,
        default: 'that of the backend',
        doc: `${o.doc} (chooses among ${candidates
          .filter((b) => takes(b, o.name))
          .map((b) => b.name)
          .join(', ')})`,
      }),
    );
  return {
    name: 'auto',
    gives: null,
    runsChains: true,
    doc: 'the best that applies to the program, with the reason printed: map or em for unknowns without priors, else exact where it applies, else gibbs',
    options,
    explain(graph, given, source, chosen, bound) {
      const choice = new Choice(candidates, all, { graph, given, source, options: chosen, bound });
      for (;;) {
        const backend = choice.next();
        try {
          const explanation = backend.explain(graph, given, source, chosen, bound);
          return { ...explanation, notes: [choice.note(backend).message, ...explanation.notes] };
        } catch (thrown) {
          choice.passOver(backend, thrown);
        }
      }
    },
    async run(model: BoundModel, source: string, request: RunRequest): Promise<RunResult> {
      const choice = new Choice(candidates, all, {
        graph: model.graph,
        given: givenOf(model),
        source,
        options: request.options,
        bound: model,
      });
      for (;;) {
        const backend = choice.next();
        const note = choice.note(backend);
        let said = false;
        // A backend that has done a part of its work applies; one that refuses its data has not been chosen.
        const say = (): void => {
          if (!said) request.onNote?.(note);
          said = true;
        };
        try {
          const { enough, independentDraws, draws } = request,
            ignored = enough !== undefined && backend.runsChains !== true;
          const result = await backend.run(model, source, {
            ...request,
            draws: ignored ? (independentDraws ?? draws) : draws,
            onProgress: (event) => {
              if (event.done > 0) say();
              request.onProgress?.(event);
            },
          });
          say();
          return { ...result, warnings: [note, ...(ignored ? [untilSaysNothing(backend.name)] : []), ...result.warnings] };
        } catch (thrown) {
          choice.passOver(backend, thrown);
        }
      }
    },
  };
}

function untilSaysNothing(backend: string): Diagnostic {
  const why =
    backend === 'exact' ? 'its numbers are those of the posterior itself, and its draws are independent' : 'it climbs to an estimate';
  return {
    code: 'until-ignored',
    severity: 'note',
    message: `an effective size to reach (until) says nothing of ${backend}, which runs no chains: ${why}`,
  };
}

function takes(backend: Backend, option: string): boolean {
  return backend.options.some((o) => o.name === option || (o.name.endsWith('.NAME') && option.startsWith(o.name.slice(0, -'NAME'.length))));
}

interface Program {
  readonly graph: ModelGraph;
  readonly given: Given;
  readonly source: string;
  readonly options: Options;
  readonly bound: BoundModel | null;
}

/** Candidates for one program in order, with what the ones before lacked. */
class Choice {
  private readonly program: Program;
  private readonly order: readonly Backend[];
  private readonly others: readonly Lack[];
  private readonly lacking: Lack[];
  /** Options that left out others that suit the program. */
  private readonly restricting: readonly string[];
  private position: number;

  /** @throws ModelError where no backend takes all of the options. */
  constructor(candidates: readonly Backend[], all: readonly Backend[], program: Program) {
    const { wanted, reasons } = suitable(program.graph, program.given);
    const asked = Object.keys(program.options);
    const able = candidates.filter((b) => asked.every((o) => takes(b, o)));
    if (able.length === 0) throw conflict(candidates, asked);
    const own = wanted.flatMap((name) => able.filter((b) => b.name === name));
    // Options that none of the suitable ones takes are the user's own choice.
    this.order = own.length > 0 ? own : able;
    this.others = [
      ...candidates
        .filter((b) => !this.order.includes(b))
        .map(
          (b): Lack => ({
            names: [b.name],
            reason: able.includes(b) ? (reasons.get(b.name) ?? '') : `has no option ${asked.filter((o) => !takes(b, o)).join(', ')}`,
          }),
        ),
      { names: all.filter((b) => !candidates.includes(b)).map((b) => b.name), reason: 'approximations: run only where they are named' },
    ];
    this.lacking = [];
    this.restricting = asked.filter((o) => wanted.some((name) => candidates.some((b) => b.name === name && !takes(b, o))));
    this.program = program;
    this.position = 0;
  }

  /** The first that is left and whose derivation succeeds. @throws ModelError where none does, or for a mistake. */
  next(): Backend {
    const { graph, given, source, options, bound } = this.program;
    for (;;) {
      const backend = this.order[this.position];
      if (backend === undefined) throw new InternalError('auto has no candidates');
      // A sampler refuses nothing, and what comes last is not questioned.
      if (samplers.includes(backend.name) || this.isLast(backend)) return backend;
      try {
        const tooMany = enumeration(backend.explain(graph, given, source, options, null).blocks, bound);
        if (tooMany === null) return backend;
        this.lacks(backend, tooMany);
      } catch (thrown) {
        this.passOver(backend, thrown);
      }
    }
  }

  /** Remembers why a backend does not apply. @throws what it threw where no other can do better. */
  passOver(backend: Backend, thrown: unknown): void {
    const reason = thrown instanceof ModelError ? thrown.diagnostics.filter((d) => d.severity === 'error') : [];
    const isOwn = reason.length > 0 && reason.every((d) => inapplicable.includes(d.code));
    if (isOwn && this.isLast(backend) && this.restricting.length > 0) throw this.compelled(backend, (thrown as ModelError).diagnostics);
    if (this.isLast(backend) || !isOwn) throw thrown;
    this.lacks(backend, reason[0]!.message.replace(`${backend.name} does not apply: `, ''));
  }

  /** A refusal of a backend that was taken for the sake of options. */
  private compelled(backend: Backend, refusal: readonly Diagnostic[]): ModelError {
    const why = `auto took ${backend.name} because of ${this.restricting.join(', ')} (--opt): without it others may do.`;
    const diagnostics = refusal.map((d) => (d.severity === 'error' ? { ...d, hint: d.hint === undefined ? why : `${d.hint} ${why}` } : d));
    return new ModelError(diagnostics, renderDiagnostics(diagnostics, this.program.source, 'program'));
  }
  private isLast(backend: Backend): boolean {
    return backend === this.order.at(-1);
  }
  private lacks(backend: Backend, reason: string): void {
    this.lacking.push({ names: [backend.name], reason: reason.length > longestReason ? `${reason.slice(0, longestReason)}...` : reason });
    this.position = this.order.indexOf(backend) + 1;
  }

  /** What runs, and what each of the others lacked. */
  note(backend: Backend): Diagnostic {
    const behind = this.order
      .slice(this.order.indexOf(backend) + 1)
      .map((b): Lack => ({ names: [b.name], reason: afterwards(b.name, backend.name) }));
    const lacks = grouped([...this.lacking, ...behind, ...this.others]).filter((l) => l.names.length > 0 && l.reason !== '');
    return {
      code: 'chosen-backend',
      severity: 'note',
      message: [
        `auto runs ${backend.name}: ${inFavour(backend.name, this.program)}`,
        ...lacks.map((l) => `  not ${l.names.join(', ')}: ${l.reason}`),
      ].join('\n'),
    };
  }
}

/** Why the configurations that a derivation would enumerate are too many; null where they are not. */
function enumeration(blocks: readonly ExplainedBlock[], bound: BoundModel | null): string | null {
  const enumerated = blocks.filter((b) => b.enumerates !== undefined);
  const variables = [...new Set(enumerated.map((b) => b.enumerates!))];
  if (bound === null)
    return enumerated.some((b) => b.loops !== '')
      ? `it would enumerate the configurations of ${variables.join(', ')}, whose number grows with the data`
      : null;
  // Two values at least for every element.
  const bits = variables.reduce((sum, name) => {
    const v = bound.variables.get(name);
    return sum + (v === undefined ? 0 : sizeOf(v.shape) * Math.log2(Math.max(2, v.range ?? 2)));
  }, 0);
  return bits > mostBits
    ? `it would enumerate 2^${Math.round(bits)} configurations of ${variables.join(', ')}; 2^${mostBits} is the limit`
    : null;
}

/** Backends that suit what is unknown, by preference, and why others do not. */
function suitable(graph: ModelGraph, given: Given): { readonly wanted: readonly string[]; readonly reasons: ReadonlyMap<string, string> } {
  const regions = latentRegions(new DerivedModel(graph, given));
  const params = regions.filter((r) => r.law === null),
    latents = regions.filter((r) => r.law !== null);
  if (params.length === 0)
    return {
      wanted: ['exact', 'gibbs', 'mh'],
      reasons: new Map([
        ['em', 'there is no param to estimate'],
        ['map', 'there is no param to estimate'],
      ]),
    };
  const priors = new Map([
    ['exact', `${names(params)} ${params.length === 1 ? 'has' : 'have'} no prior: estimates are wanted, and there is no evidence`],
  ]);
  if (latents.length === 0)
    return { wanted: ['map', 'gibbs', 'mh'], reasons: new Map([...priors, ['em', 'there is nothing to take expectations of']]) };
  // Only what `map` sums out, and gaps in data, may be unknown beside the estimates: it would maximise the rest.
  if (latents.every((r) => r.variable.scalar !== 'real' || r.variable.origin === 'data'))
    return { wanted: ['em', 'map', 'gibbs', 'mh'], reasons: priors };
  return {
    wanted: ['em', 'gibbs', 'mh'],
    reasons: new Map([...priors, ['map', `it would maximise ${names(latents.filter((r) => r.variable.scalar === 'real'))} with the rest`]]),
  };
}

function names(regions: readonly { readonly variable: { readonly name: string } }[]): string {
  return [...new Set(regions.map((r) => r.variable.name))].join(', ');
}

function inFavour(backend: string, { graph, given, options }: Program): string {
  switch (backend) {
    case 'exact':
      return 'the posterior has a closed form';
    case 'map':
      return 'all unknowns are params, or finite and summed out: the likelihood is maximised by gradient';
    case 'em':
      return 'params are estimated with the other unknowns averaged over their posterior';
    case 'gibbs': {
      if (Object.keys(options).some((name) => name.startsWith('kernel.'))) return 'it draws as the options say';
      const { regions } = derive(new DerivedModel(graph, given));
      const apart = [...new Set(regions.filter((r) => r.recognised.kind === 'none').map((r) => r.region.variable.name))];
      if (apart.length === 0) return 'every block is drawn directly from its law given the rest';
      const all = new Set(regions.map((r) => r.region.variable.name)).size;
      return `${apart.length === all ? 'it needs no closed form' : `${all - apart.length} of ${all} variables ${all - apart.length === 1 ? 'is' : 'are'} drawn directly`}, ${apart.join(', ')} by slices or walks`;
    }
    default:
      return 'nothing else applies';
  }
}

/** Why one further down the order did not get its turn. */
function afterwards(name: string, chosen: string): string {
  if (name === 'mh') return 'walks where gibbs draws or slices';
  if (name === 'gibbs') return chosen === 'exact' ? 'would draw what has a closed form here' : 'would give params flat priors';
  return name === 'map' ? 'climbs where em has steps in closed form' : '';
}

function grouped(lacks: readonly Lack[]): readonly Lack[] {
  const out = new Map<string, string[]>();
  for (const { names: own, reason } of lacks) out.set(reason, [...(out.get(reason) ?? []), ...own]);
  return [...out].map(([reason, own]) => ({ names: own, reason }));
}

function conflict(candidates: readonly Backend[], options: readonly string[]): ModelError {
  const diagnostic: Diagnostic = {
    code: 'wrong-option',
    severity: 'error',
    message: `no backend that auto may choose takes ${options.length === 1 ? 'the option' : 'all of the options'} ${options.join(', ')}`,
    hint: options
      .map(
        (o) =>
          `${o}: ${
            candidates
              .filter((b) => takes(b, o))
              .map((b) => b.name)
              .join(', ') || 'none'
          }`,
      )
      .join('; '),
  };
  return new ModelError([diagnostic], renderDiagnostics([diagnostic], '', 'options'));
}
