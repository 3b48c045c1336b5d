/**
 * What is derived, in words: names of elements and loops, of closed forms, terms in the program's own names, and why there is no
 * closed form. Every refusal names the term and the statement it comes from.
 */
import type { ClosedForm, NoClosedForm } from '../3-derive/closedForm.js';
import type { LatentRegion } from '../3-derive/model.js';
import type { HostFunction, ModelGraph, Statement } from '../2-graph/graph.js';
import { placeIn } from '../errors/render.js';
import { printText } from '../expr/print.js';
import { apply, type Expr, ref, rewrite, visit } from '../expr/expr.js';
import type { RegionPlan } from './derivation.js';
import { literalOf } from './readable.js';

/** Name of a region's element as the program writes it: `mu[k]`. */
export function regionName(region: LatentRegion): string {
  return printText(ref(region.variable.name, region.at));
}
/** `for k in 0..<K`, empty for a single element. */
export function regionLoops(region: LatentRegion): string {
  if (region.plates.length === 0) return '';
  return `for ${region.plates.map((p) => `${p.index.name} in ${printText(p.from)}..<${printText(p.to)}`).join(', ')}`;
}

/** How a closed form is called in words. */
export function formName(form: ClosedForm): string {
  switch (form.kind) {
    case 'exponential':
      return form.bounded ? `truncated ${form.family.name}` : form.family.name;
    case 'powerGamma':
      return form.bounded ? 'truncated power of a Gamma' : 'power of a Gamma';
    case 'powerLaw':
      return form.bounded ? 'truncated Pareto' : 'Pareto';
    case 'tilted':
      return form.slots.length === 0 ? 'Uniform' : 'truncated Exponential';
    case 'piecewiseNormal':
      return 'piecewise truncated Normal';
    case 'shiftedCount':
      return `shifted ${form.family}`;
    case 'finite':
      return 'Categorical';
  }
}

/** What a function of the host is called where formulas speak of it: its own name, `host function` where it has none. */
export function hostName(fn: string, hosts: readonly HostFunction[]): string {
  const host = hosts[Number(fn.slice('host:'.length))];
  return host === undefined || host.name === '' ? 'host function' : host.name;
}

/** A term in the program's names: gaps, constants and host functions are not called as their storages are. */
export function inWords(
  e: Expr,
  graph: Pick<ModelGraph, 'hostFunctions' | 'variables'> = { hostFunctions: [], variables: new Map() },
): string {
  const plain = rewrite(e, (x) => {
    if (x.op === 'ref' && x.variable.endsWith('!')) return ref(x.variable.slice(0, -1), x.at);
    if (x.op === 'ref' && x.variable.endsWith('?')) return apply('missing', ref(x.variable.slice(0, -1), x.at));
    if (x.op === 'ref' && x.variable.startsWith('$')) return literalOf(x, graph) ?? ref('constant', x.at);
    return x.op === 'element' && x.array.fn.startsWith('host:')
      ? { ...x, array: { ...x.array, fn: hostName(x.array.fn, graph.hostFunctions) } }
      : x;
  });
  return printText(plain);
}

/** The statement as it stands in the program, on one line. */
export function sourceLine(source: string, span: Statement['span']): string {
  return source.slice(span.start, span.end).replace(/\s+/g, ' ').trim();
}

/** Characters of a statement that are shown where it is referred to. */
const longestQuote = 72;
/** Characters of a term that are shown where it is in the way. */
const longestTerm = 160;

function cutTo(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest - 1).trimEnd()}…` : text;
}

/**
 * Where a statement stands and how it begins: `line 12: observe y[n] ~ Normal(m, 1)`, with the column where others stand before it on its
 * line.
 */
export function placeOf(statement: Statement, { source, statements }: Pick<ModelGraph, 'source' | 'statements'>): string | null {
  if (source === undefined) return null;
  const { start } = statement.span,
    { line, column } = placeIn(source, start);
  const alone = !statements.some((s) => s.span.start < start && s.span.start > start - column);
  const text = sourceLine(source.text, statement.span);
  return `line ${line}${alone ? '' : `, column ${column}`}: ${cutTo(text, longestQuote)}`;
}

/** Why a region has no closed form; empty where it has one. */
export function refusalText({ recognised, graph }: RegionPlan): string {
  return recognised.kind === 'none' ? refusalOf(recognised, graph) : '';
}

/** Why there is no closed form: the term, what is wrong with it, and the statement it comes from. */
export function refusalOf(r: NoClosedForm, graph: ModelGraph): string {
  if (r.term === null) return r.reason;
  const statement = graph.statements.find((s) => s.id === r.factor);
  const place = statement === undefined ? null : placeOf(statement, graph);
  const term = cutTo(inWords(r.term, graph), longestTerm),
    host = hostIn(r.term, graph);
  const said =
    host !== null
      ? `${term}: ${host} is a host function, which nothing is known of`
      : r.reason === 'opaque'
        ? `the term ${term} is not a statistic of any family`
        : `${term}: ${r.reason}`;
  return `${said}${place === null ? '' : ` (${place})`}`;
}

/** The name of a host function in a term; null where there is none. */
function hostIn(e: Expr, { hostFunctions }: ModelGraph): string | null {
  let found: string | null = null;
  visit(e, (x) => {
    if (x.op === 'element' && x.array.fn.startsWith('host:')) found = hostName(x.array.fn, hostFunctions);
  });
  return found;
}
