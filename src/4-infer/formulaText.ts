/**
 * Formulas in their three forms: text in the syntax of the language, LaTeX, and a tree in JSON that can be
 * evaluated. Names are the program's: no storage, index or number of a host function is seen in text.
 */
import type { ModelGraph } from '../2-graph/graph.js';
import type { DerivedModel } from '../3-derive/model.js';
import {
  type Expr,
  type Index,
  add,
  addAll,
  apply,
  element,
  equal,
  freeIndices,
  index,
  isConst,
  mul,
  neg,
  num,
  one,
  pow,
  ref,
  rewrite,
  scalar,
  sub,
  substitute,
  variablesOf,
  zero,
} from '../expr/expr.js';
import { toNested } from '../expr/evaluate.js';
import { toJson } from '../expr/json.js';
import { printLatex, printText } from '../expr/print.js';
import { simplify } from '../expr/simplify.js';
import type { ExplainedBlock } from './backend.js';
import type { Formula } from './formulas.js';
import { hostName } from './wording.js';
import { readable } from './readable.js';

type Parameter = ExplainedBlock['parameters'][number];

/** What a reader of the formulas has to know of their names. */
export function notesOn(blocks: readonly ExplainedBlock[]): readonly string[] {
  return blocks.some((b) => b.parameters.some((p) => p.name === 'shift' && b.family?.includes('MvNormal')))
    ? ['The shift of a MvNormal is its precision times its mean.']
    : [];
}

/** Whether a formula of these blocks holds an expectation, which the notes then explain. */
export function readsExpectations(blocks: readonly ExplainedBlock[]): boolean {
  return blocks.some((b) => b.parameters.some((p) => /\bE\(/.test(p.text)));
}

/** The formulas of one law. */
export function render(formulas: readonly Formula[], model: DerivedModel): readonly Parameter[] {
  const { graph } = model;
  return formulas.map((f) =>
    parameter(
      withFreeNames({ ...f, expr: readable(f.expr, graph), shown: f.shown === undefined ? undefined : readable(f.shown, graph) }, model),
      model,
    ),
  );
}

function parameter(f: Formula, model: DerivedModel): Parameter {
  const { graph } = model;
  const indices = f.indices.map((i) => i.index),
    read = variablesOf(f.expr);
  const text = (e: Expr): string => printText(inNames(e, model), { variable: (name) => literal(name, graph) ?? name });
  const latex = (e: Expr): string => printLatex(inNames(e, model), { variable: (name) => (name.startsWith('$') ? 'constant' : name) });
  // The short form speaks of another quantity of the law, so no variable may be called like it.
  const value = gatherNumbers(f.shown !== undefined && !read.has('precision') ? f.shown : f.expr);
  const head = f.head?.(indices) ?? ref(f.name, f.of === undefined ? indices : []);
  const named = f.head !== undefined || /^\w+$/.test(f.name);
  const [values] = f.name === 'logWeight' ? f.indices : [];
  const link = f.name === 'derivative' ? 'by' : 'of';
  const name = f.of === undefined ? f.name : `${f.name} ${link} ${text(f.of)}`;
  return {
    name,
    text: `${f.of === undefined && named ? text(head) : name} = ${text(value)}${values === undefined ? '' : `  for ${values.index.name} in ${text(values.from)}..<${text(values.to)}`}`,
    latex: `${f.of !== undefined ? `\\text{${f.name} ${link} } ${latex(f.of)}` : named ? latex(head) : `\\text{${f.name}}`} = ${latex(value)}${values === undefined ? '' : `, \\quad ${latex(values.index)} = ${latex(values.from)}, \\ldots, ${latex(simplify(sub(values.to, one)))}`}`,
    json: {
      indices: indices.map((i) => i.name),
      ranges: f.indices.map((i) => ({ from: toJson(i.from), to: toJson(i.to) })),
      value: toJson(f.expr),
      ...(f.of === undefined ? {} : { of: toJson(f.of) }),
      ...(f.expectationOver === undefined ? {} : { expectationOver: f.expectationOver }),
      ...constantsOf(f, graph),
    },
  };
}

/** The formula with indices that no variable and no loop of it is named like: `logWeight[i]` where the program has a `k`. */
function withFreeNames(f: Formula, model: DerivedModel): Formula {
  const own = new Set(f.indices.map((i) => i.index));
  const taken = new Set([
    ...variablesOf(withExpectations(f.expr, model)),
    ...(f.shown === undefined ? [] : variablesOf(f.shown)),
    ...[...freeIndices(f.expr)].flatMap((i) => (own.has(i) ? [] : [i.name])),
  ]);
  const names = new Set([...own].map((i) => i.name));
  const renamed = new Map<Index, Index>(
    [...own].map((i) => {
      if (!taken.has(i.name)) return [i, i];
      const name = [...'ijklmnpqrstuvw'].find((letter) => !taken.has(letter) && !names.has(letter)) ?? `${i.name}_`;
      names.add(name);
      return [i, index(name)];
    }),
  );
  const put = (e: Expr): Expr => substitute(e, renamed);
  return {
    ...f,
    indices: f.indices.map((i) => ({ ...i, index: renamed.get(i.index)! })),
    expr: put(f.expr),
    shown: f.shown === undefined ? undefined : put(f.shown),
  };
}

// --- names ------------------------------------------------------------------------------------

/** Expectations, host functions and masks as the program's names say them. */
function inNames(e: Expr, model: DerivedModel): Expr {
  return rewrite(withExpectations(e, model), (x) =>
    x.op === 'element' && x.array.fn.startsWith('host:')
      ? { ...x, array: { ...x.array, fn: hostName(x.array.fn, model.graph.hostFunctions) } }
      : x,
  );
}

/** Longest literal array that stands in a text as it is. */
const longestLiteral = 6;

/** `[0.2, 0.3, 0.5]` for the storage of a short literal array; null for names of the program. */
function literal(name: string, graph: ModelGraph): string | null {
  if (!name.startsWith('$')) return null;
  const value = graph.variables.get(name)?.value;
  if (value === undefined || value.shape.length !== 1 || value.values.length > longestLiteral) return 'constant';
  return `[${[...value.values].map((x) => printText(num(x))).join(', ')}]`;
}

/** Tables of expectations as the expectations they hold: `E|mu|x_i[k, i]` reads E(mu[k, i]). */
function withExpectations(e: Expr, model: DerivedModel): Expr {
  return rewrite(e, (x) => {
    if (x.op !== 'ref' || !x.variable.startsWith('E|')) return x;
    const [, name, statistic] = x.variable.split('|');
    if (name === undefined || statistic === undefined) return x;
    if (name.endsWith('=')) {
      // Tables of probabilities count values from the lowest.
      const own = name.slice(0, -1),
        low = model.finiteRange(own)?.low ?? zero;
      return apply('E', apply('eq', ref(own, x.at.slice(0, -1)), simplify(add(x.at[x.at.length - 1]!, low))));
    }
    const own = ref(name, x.at),
      whole = ref(name, x.at.slice(0, -2));
    switch (statistic) {
      case 'x':
      case 'x_i':
      case 'X_ij':
        return apply('E', own);
      case 'x^2':
        return apply('E', pow(own, num(2)));
      case '1/x':
        return apply('E', pow(own, num(-1)));
      case 'log x':
      case 'log x_i':
        return apply('E', apply('log', own));
      case 'log(1-x)':
        return apply('E', apply('log', sub(one, own)));
      case 'x_i x_j': {
        const lead = x.at.slice(0, -2),
          [i, j] = x.at.slice(-2);
        return apply('E', equal(i!, j!) ? pow(ref(name, [...lead, i!]), num(2)) : mul(ref(name, [...lead, i!]), ref(name, [...lead, j!])));
      }
      case 'inverse(X)_ij':
        return apply('E', element({ fn: 'inverse', args: [scalar(whole)], dims: [zero, zero] }, x.at.slice(-2)));
      case 'logdet X':
        return apply('E', element({ fn: 'logdet', args: [scalar(own)], dims: [] }, []));
      default:
        return statistic.startsWith('x^') ? apply('E', pow(own, num(Number(statistic.slice(2))))) : x;
    }
  });
}

/** Sums of more terms are kept balanced, since everything that reads them is recursive. */
const longSum = 500;

/** Numbers of a sum gathered into one: `1 + a - 1 + b` reads a + b. */
function gatherNumbers(e: Expr): Expr {
  const parts: { term: Expr; sign: 1 | -1 }[] = [];
  let constant = 0;
  const walk = (x: Expr, sign: 1 | -1): void => {
    if (x.op === 'apply' && (x.fn === 'add' || x.fn === 'sub')) {
      walk(x.args[0]!, sign);
      walk(x.args[1]!, x.fn === 'add' ? sign : sign === 1 ? -1 : 1);
    } else if (isConst(x)) constant += sign * x.value;
    else parts.push({ term: x, sign });
  };
  walk(e, 1);
  // The number stands first where it is not zero, as a prior's part usually does.
  if (parts.length > longSum) return addAll([num(constant), ...parts.map((p) => (p.sign === 1 ? p.term : neg(p.term)))]);
  return parts.reduce<Expr>((sum, p) => (p.sign === 1 ? add(sum, p.term) : sub(sum, p.term)), num(constant));
}

/** Values of literal arrays and of arrays of the host that a formula reads, by the names it has for them. */
function constantsOf(f: Formula, graph: ModelGraph): { readonly constants?: Readonly<Record<string, unknown>> } {
  const names = new Set(
    [f.expr, ...f.indices.flatMap((i) => [i.from, i.to])].flatMap((e) => [...variablesOf(e)]).filter((name) => name.startsWith('$')),
  );
  const read = [...names].flatMap((name) => {
    const value = graph.variables.get(name)?.value;
    return value === undefined ? [] : [[name, toNested(value)] as const];
  });
  return read.length === 0 ? {} : { constants: Object.fromEntries(read) };
}
