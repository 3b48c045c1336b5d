/**
 * `--opt kernel.NAME=...`: the user's choice of kernel for a block, parsed with the language's own
 * grammar and checked against what was derived.
 */
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { didYouMean, renderDiagnostics } from '../errors/render.js';
import type { ArgumentSyntax, Syntax } from '../1-parse/ast.js';
import { parse } from '../1-parse/parse.js';
import { print } from '../1-parse/print.js';
import { lower } from '../2-graph/lower.js';
import type { ConstantArray, Law, ModelGraph } from '../2-graph/graph.js';
import { equal, type Expr, freeIndices, type Index, ref, rewrite, substitute } from '../expr/expr.js';
import { printText } from '../expr/print.js';
import { mapLaw } from '../distributions/law/law.js';
import type { OptionDoc } from './backend.js';
import type { BlockRequest } from './blocks/plan.js';
import type { DrawRequest } from './collapse.js';
import type { Chooser } from './mcmc.js';
import type { RegionPlan } from './derivation.js';
import type { ChosenKernel, KernelChoice } from './plan.js';
import { isCounts } from './compositions.js';
import { floorOf, regionSupport } from '../3-derive/closedForm.js';
import type { LatentRegion } from '../3-derive/model.js';
import type { Support } from '../distributions/family.js';
import { supportOf } from '../distributions/law/form.js';

export const kernelOptions: readonly OptionDoc[] = [
  {
    name: 'kernel.NAME',
    type: 'kernel',
    default: 'derived',
    doc: 'kernel of the block NAME: conjugate, enumerate, transfer (counts with a fixed total), slice, rw(scale: 1, adapt: true), independent(D) or propose(D), D a distribution in which names are current values',
  },
  {
    name: 'block',
    type: 'text',
    default: 'derived',
    doc: 'what is drawn together: derived (chains, hierarchies and regressions whole, where they are Normal or finite given the rest; mh: nothing), none, or variables joined by +, sets separated by commas: a+b,c+d',
  },
];

/** Name under which a proposal is lowered beside the program. */
const proposalName = 'proposal_';

interface Request {
  readonly option: string;
  readonly name: string;
  readonly text: string;
  readonly syntax: Syntax;
}

function fail(diagnostics: readonly Diagnostic[]): never {
  throw new ModelError(diagnostics, renderDiagnostics(diagnostics, '', 'options'));
}
const kernelsHint = 'Kernels: conjugate, enumerate, transfer, slice, rw(scale: 1), independent(D), propose(D).';
function optionError(message: string, hint?: string): Diagnostic {
  return { code: 'wrong-option', severity: 'error', message, hint };
}

/**
 * A chooser that obeys the options and falls back to a backend's own choice.
 * @throws ModelError for unknown options, blocks that do not exist and kernels that cannot be parsed.
 */
export function chooserFromOptions(
  graph: ModelGraph,
  options: Readonly<Record<string, string>>,
  fallback: (plan: RegionPlan) => ChosenKernel,
): Chooser {
  const wrong: Diagnostic[] = [];
  const requests = new Map<string, Request>();
  const unknowns = unknownsOf(graph);
  for (const [option, text] of Object.entries(options)) {
    if (option === 'block') continue;
    if (!option.startsWith('kernel.')) {
      const near = didYouMean(option, ['block', 'kernel']);
      wrong.push(
        optionError(
          `there is no option '${option}'`,
          near === null ? 'Options of this backend: kernel.NAME, block.' : `Did you mean '${near}'?`,
        ),
      );
      continue;
    }
    const name = option.slice('kernel.'.length);
    if (!unknowns.includes(name)) {
      const near = didYouMean(name, unknowns);
      wrong.push(
        optionError(
          `no unknown is called '${name}' in '${option}=${text}'`,
          near === null ? namesOfUnknowns(graph) : `Did you mean '${near}'?`,
        ),
      );
      continue;
    }
    const parsed = parse(`report kernel_ = ${text}`);
    const statement = parsed.program?.statements[0];
    if (statement === undefined || statement.kind !== 'report' || parsed.program!.statements.length !== 1) {
      wrong.push(optionError(`'${text}' is not a kernel (${option})`, kernelsHint));
      continue;
    }
    requests.set(name, { option, name, text, syntax: statement.value });
  }
  if (wrong.length > 0) fail(wrong);
  return (plan) => {
    const request = requests.get(plan.region.variable.name);
    const chosen =
      request === undefined
        ? fallback(plan)
        : { choice: choiceOf(request, plan, graph), reason: `asked for by --opt ${request.option}`, asked: true };
    refuseCounts(plan, chosen.choice);
    return chosen;
  };
}

/** Counts with a total move several at a time: slices and walks of single ones cannot, and with an unknown total nothing moves alone. */
function refuseCounts({ region }: RegionPlan, choice: KernelChoice): void {
  if (!isCounts(region)) return;
  const { name } = region.variable,
    { span } = region.statement;
  const refuse = (message: string, hint: string): never => {
    throw new ModelError([{ code: 'no-kernel', severity: 'error', span, message, hint }], message);
  };
  if (region.movingSupport)
    refuse(
      `'${name}' is a vector of counts whose total is unknown: it and the total could only move together, and no kernel does that`,
      'Give the total or the counts, or write the counts as Poisson draws: those of a total that is Poisson are independent.',
    );
  if (choice.kind === 'slice' || choice.kind === 'walk')
    refuse(
      `'${name}' is a vector of counts with a fixed total: single counts cannot move alone`,
      `Use transfer, enumerate, or propose it whole: kernel.${name}=propose(Multinomial(...)).`,
    );
}

/** `collapse=names` of gibbs. */
export const collapseOption: OptionDoc = {
  name: 'collapse',
  type: 'names',
  default: 'none',
  doc: 'conjugate parents, separated by commas, that are integrated out where the finite unknowns that feed them are drawn, and drawn back after',
};

/** The block request with the parents to integrate out. @throws ModelError for names that are no unknowns. */
export function collapseRequest(graph: ModelGraph, options: Readonly<Record<string, string>>): DrawRequest {
  const text = options['collapse'];
  const request = blockRequest(graph, options, 'derived');
  if (text === undefined || text === 'none') return request;
  const unknowns = unknownsOf(graph),
    names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !unknowns.includes(name));
  if (unknown !== undefined) {
    const near = didYouMean(unknown, unknowns);
    fail([
      optionError(
        `no unknown is called '${unknown}' in 'collapse=${text}'`,
        near === null ? namesOfUnknowns(graph) : `Did you mean '${near}'?`,
      ),
    ]);
  }
  return { ...request, collapse: [...new Set(names)] };
}

/** What is to be drawn together: the option, else `fallback`. @throws ModelError for names that are no unknowns. */
export function blockRequest(graph: ModelGraph, options: Readonly<Record<string, string>>, fallback: 'derived' | 'none'): BlockRequest {
  const text = options['block'];
  if (text === undefined) return { kind: fallback };
  if (text === 'none' || text === 'derived') return { kind: text };
  const unknowns = unknownsOf(graph);
  const groups = text.split(',').map((set) => set.split('+').map((name) => name.trim()));
  const wrong: Diagnostic[] = [];
  for (const name of groups.flat()) {
    if (unknowns.includes(name)) continue;
    const near = didYouMean(name, unknowns);
    wrong.push(
      optionError(
        `no unknown is called '${name}' in 'block=${text}'`,
        near === null ? `Use none, derived, or unknowns joined by +: ${unknowns.join(', ')}.` : `Did you mean '${near}'?`,
      ),
    );
  }
  const twice = groups.flat().find((name, k, all) => all.indexOf(name) !== k);
  if (twice !== undefined) wrong.push(optionError(`'${twice}' stands in 'block=${text}' more than once`));
  if (wrong.length > 0) fail(wrong);
  return { kind: 'groups', groups };
}
/** Data may be unknown where they have gaps; who looks for a name does not look for theirs. */
function namesOfUnknowns(graph: ModelGraph): string {
  const names = unknownsOf(graph).filter((name) => graph.variables.get(name)?.origin !== 'data');
  return names.length === 0 ? 'The program has no unknowns.' : `Unknowns: ${names.join(', ')}.`;
}

function unknownsOf(graph: ModelGraph): readonly string[] {
  return [...graph.variables.values()]
    .filter((v) => v.origin !== 'constant' && v.origin !== 'let' && v.origin !== 'report')
    .map((v) => v.name);
}

function choiceOf(request: Request, plan: RegionPlan, graph: ModelGraph): KernelChoice {
  const { syntax, text, name } = request;
  const { recognised } = plan;
  const word = syntax.kind === 'name' ? syntax.name : syntax.kind === 'call' && 'text' in syntax.callee ? syntax.callee.text : null;
  const args: readonly ArgumentSyntax[] = syntax.kind === 'call' ? syntax.arguments : [];
  switch (word) {
    case 'conjugate':
      if (recognised.kind === 'none' || recognised.kind === 'finite')
        fail([
          optionError(
            `'${name}' has no conjugate conditional`,
            recognised.kind === 'finite'
              ? 'It takes finitely many values: use enumerate.'
              : 'See credence explain for the term that prevents it.',
          ),
        ]);
      if (floorOf(plan.region) !== undefined)
        fail([
          optionError(
            `'${name}' has no conjugate conditional: the floor of its type cuts the support`,
            'Use rw(scale: 0.2), the default, or a proposal.',
          ),
        ]);
      return { kind: 'conjugate', form: recognised };
    case 'enumerate':
      if (isCounts(plan.region)) return { kind: 'compositions' };
      if (recognised.kind !== 'finite') fail([optionError(`'${name}' does not take finitely many values`, 'Use slice or rw(scale: 1).')]);
      return { kind: 'enumerate', form: recognised };
    case 'transfer':
      if (!isCounts(plan.region))
        fail([
          optionError(
            `'${name}' is no vector of counts with a fixed total`,
            'transfer moves counts between two cells; use enumerate, slice or rw(scale: 1).',
          ),
        ]);
      return { kind: 'transfer' };
    case 'slice':
      if (recognised.kind === 'finite') return { kind: 'enumerate', form: recognised };
      if (plan.region.eventRank === 2)
        fail([optionError(`'${name}' is a matrix: slice sampling works on scalars and vectors`, 'Use rw(scale: 0.2).')]);
      return { kind: 'slice' };
    case 'rw': {
      const unknown = args.find((a, k) => (a.name === null ? k > 0 : a.name.text !== 'scale' && a.name.text !== 'adapt'));
      if (unknown !== undefined)
        fail([
          optionError(
            `'${request.option}=${text}' has an argument that rw does not take`,
            'The arguments of rw are scale and adapt: rw(scale: 1, adapt: true).',
          ),
        ]);
      const scale = numberArgument(args, 'scale', 0, 1, request),
        adapt = booleanArgument(args, 'adapt', true, request);
      if (!(scale > 0)) fail([optionError(`the scale of '${request.option}=${text}' must be positive`)]);
      return { kind: 'walk', scale, adapt };
    }
    case 'independent':
    case 'propose': {
      const inner = args[0]?.value;
      if (inner === undefined) {
        if (word === 'independent' && recognised.kind === 'finite') return { kind: 'uniform', form: recognised };
        fail([
          optionError(
            `${word} needs a distribution in '${request.option}=${text}'`,
            `For example kernel.${name}=${word}(${isCounts(plan.region) ? 'Multinomial(n, probs)' : 'Normal(0, 1)'}).`,
          ),
        ]);
      }
      return { kind: word, ...proposalLaw(inner, plan, graph, request), text: text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')) };
    }
    default:
      fail([optionError(`'${text}' is not a kernel (${request.option})`, kernelsHint)]);
  }
}

function numberArgument(args: readonly ArgumentSyntax[], name: string, position: number, fallback: number, request: Request): number {
  const a = args.find((x) => x.name?.text === name) ?? (args[position]?.name === null ? args[position] : undefined);
  if (a === undefined) return fallback;
  if (a.value.kind !== 'number') fail([optionError(`${name} of '${request.option}=${request.text}' must be a positive number`)]);
  return a.value.value;
}
function booleanArgument(args: readonly ArgumentSyntax[], name: string, fallback: boolean, request: Request): boolean {
  const a = args.find((x) => x.name?.text === name);
  if (a === undefined) return fallback;
  if (a.value.kind !== 'boolean') fail([optionError(`${name} of '${request.option}=${request.text}' must be true or false`)]);
  return a.value.value;
}

/** The graph's variables as declarations, so that a proposal may use them by name; sizes that are expressions get names. */
function declarations(graph: ModelGraph): { readonly text: string; readonly sizes: ReadonlyMap<string, Expr> } {
  const sizes = new Map<string, Expr>();
  const lines: string[] = [];
  for (const v of graph.variables.values()) {
    if (v.origin === 'constant' || v.name.includes('$')) continue;
    const dims = v.dims.map((d) => {
      if (d.op === 'size') return d.name;
      if (d.op === 'const' || (d.op === 'ref' && d.at.length === 0)) return printText(d);
      const known = [...sizes].find(([, e]) => equal(e, d));
      const name = known?.[0] ?? `size_${sizes.size}_`;
      sizes.set(name, d);
      return name;
    });
    lines.push(`data ${v.name}: ${v.scalar === 'real' ? 'real' : 'int'}${dims.length === 0 ? '' : `[${dims.join(', ')}]`}`);
  }
  return { text: lines.join('\n'), sizes };
}

/**
 * The law of a proposal: lowered as a prediction from all variables of the program, so that every
 * name is in scope and means its current value; its loops are the region's own.
 */
function proposalLaw(
  syntax: Syntax,
  plan: RegionPlan,
  graph: ModelGraph,
  request: Request,
): { readonly law: Law; readonly constants: ReadonlyMap<string, ConstantArray> } {
  const span = { start: 0, end: 0 };
  const whole = { text: proposalName, span };
  const statement = { kind: 'predict' as const, target: { name: whole, at: [], span }, type: null, law: syntax, span };
  const scope = declarations(graph);
  const text = `${scope.text}\n${print({ statements: [statement], span })}`;
  const parsed = parse(text);
  if (parsed.program === null) fail(parsed.diagnostics);
  const lowered = lower(parsed.program, []);
  const errors = lowered.diagnostics.filter((d) => d.severity === 'error');
  if (lowered.graph === null || errors.length > 0) {
    const indices = [...new Set(plan.region.at.flatMap((a) => [...freeIndices(a)]))].map(({ name }) => name);
    const usesIndex = errors.some(
      (d) => d.code === 'unknown-name' && d.span !== undefined && indices.includes(text.slice(d.span.start, d.span.end)),
    );
    const hint = `a proposal stands for each element: write ${request.name} for ${request.name}[${indices.join(', ')}], and leave ${indices.join(', ')} out everywhere`;
    fail(
      errors.map(
        (d): Diagnostic => ({
          code: d.code,
          severity: 'error',
          message: `in ${request.option}=${request.text}: ${d.message}`,
          hint: usesIndex ? hint : d.hint,
        }),
      ),
    );
  }
  const predicted = lowered.graph.statements.find((s) => s.kind === 'predict' && s.target.variable === proposalName);
  if (predicted === undefined || predicted.kind !== 'predict') fail([optionError(`'${request.text}' is not a distribution`)]);
  // A chain that only ever visits the integers, or only ever leaves them, has another posterior than the program's.
  const proposed = lowered.graph.variables.get(proposalName)!.scalar,
    own = plan.region.variable.scalar;
  if ((proposed === 'real') !== (own === 'real'))
    fail([
      optionError(
        `'${request.text}' proposes ${proposed === 'real' ? 'real numbers' : 'integers'}, and '${request.name}' takes ${own === 'real' ? 'real numbers' : 'integers'}`,
        `A proposal is of the same numbers as ${request.name}: ${own === 'real' ? 'Normal(0, 1)' : 'Poisson(3)'}, say.`,
      ),
    ]);
  // Names now refer to the second lowering's indices: the prediction's loops become the element's address.
  const map = new Map<Index, Expr>();
  const at = plan.region.at;
  const rank = lowered.graph.variables.get(proposalName)!.dims.length - predicted.plates.length;
  refuseOtherKind(request, plan.region, { loops: predicted.plates.length, rank, kind: supportOf(predicted.law).kind });
  predicted.plates.forEach((p, d) => map.set(p.index, at[d]!));
  // Literal arrays of the proposal are constants that the program itself does not have.
  const constants = new Map<string, ConstantArray>();
  const renamed = new Map<string, string>();
  for (const v of lowered.graph.variables.values()) {
    if (v.value === undefined || sameConstant(graph.variables.get(v.name)?.value, v.value)) continue;
    const name = `${v.name}@${request.name}`;
    renamed.set(v.name, name);
    constants.set(name, v.value);
  }
  const inProgram = (e: Expr): Expr =>
    rewrite(substitute(e, map), (x) =>
      x.op === 'size'
        ? (scope.sizes.get(x.name) ?? x)
        : x.op === 'ref' && renamed.has(x.variable)
          ? ref(renamed.get(x.variable)!, x.at)
          : x,
    );
  return { law: mapLaw(predicted.law, inProgram), constants };
}

/** Of a law of other vectors or matrices no value, or only some, lie where the unknown does. @throws ModelError */
function refuseOtherKind(
  { name, text }: Request,
  region: LatentRegion,
  proposed: { readonly loops: number; readonly rank: number; readonly kind: Support['kind'] },
): void {
  const { eventRank } = region,
    { kind } = regionSupport(region),
    hint =
      eventRank === 0
        ? `A proposal stands for one element of ${name}: Normal(0, 1), say.`
        : `The elements of ${name} are proposed together, by ${lawsOf[kind] ?? 'a law of its kind'}.`;
  if (proposed.loops > region.at.length) fail([optionError(`'${text}' has more dimensions than '${name}'`, hint)]);
  if (proposed.rank === eventRank && (eventRank === 0 || proposed.kind === kind)) return;
  const [its, own] = [proposed, { rank: eventRank, kind }].map((e) => (e.rank === 0 ? 'a number' : (eventsOf[e.kind] ?? 'an array')));
  fail([optionError(`'${text}' proposes ${its}, and ${name} is drawn as ${own}`, hint)]);
}
const eventsOf: Readonly<Partial<Record<Support['kind'], string>>> = {
  vector: 'a vector of real numbers',
  simplex: 'a simplex',
  counts: 'a vector of counts with a total',
  cov: 'a covariance matrix',
  corr: 'a correlation matrix',
};
const lawsOf: Readonly<Partial<Record<Support['kind'], string>>> = {
  vector: 'MvNormal, say',
  simplex: 'Dirichlet, say',
  counts: 'Multinomial, say',
  cov: 'Wishart or InverseWishart, say',
  corr: 'LKJ, say',
};
function sameConstant(a: ConstantArray | undefined, b: ConstantArray): boolean {
  return (
    a !== undefined &&
    a.shape.length === b.shape.length &&
    a.shape.every((d, k) => d === b.shape[k]) &&
    a.values.every((x, k) => x === b.values[k])
  );
}
