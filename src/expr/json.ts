/**
 * Expressions as plain JSON, for other programs to evaluate and for files.
 *
 * Every index gets a name of its own, so scope need not be tracked by a reader. Law:
 * `fromJson(toJson(e))` equals `e` (free indices by name). Reading trusts nothing: unknown forms,
 * functions, wrong arities and excessive depth are refused; objects are read by their own keys.
 */
import { ModelError } from '../errors/diagnostic.js';
import { arrayFunctions } from '../numeric/linearAlgebra.js';
import { freeIndices, visit } from './expr.js';
import type { ArrayExpr, Expr, Index, ReduceKind } from './expr.js';
import { primitives } from './primitives.js';

/**
 * A JSON tree of an expression; numbers that JSON lacks are the words `inf`, `-inf`, `nan`, `-0`. `missing` applied to an
 * element of data is 1 where the data have a gap there, else 0.
 */
export type ExprJson =
  | { readonly op: 'const'; readonly value: number | 'inf' | '-inf' | 'nan' | '-0' }
  | { readonly op: 'index'; readonly name: string }
  | { readonly op: 'size'; readonly name: string }
  | { readonly op: 'ref'; readonly variable: string; readonly at: readonly ExprJson[] }
  | { readonly op: 'apply'; readonly fn: string; readonly args: readonly ExprJson[] }
  | {
      readonly op: 'reduce';
      readonly kind: ReduceKind;
      readonly index: string;
      readonly from: ExprJson;
      readonly to: ExprJson;
      readonly body: ExprJson;
    }
  | { readonly op: 'cond'; readonly test: ExprJson; readonly then: ExprJson; readonly otherwise: ExprJson }
  | {
      readonly op: 'element';
      readonly fn: string;
      readonly args: readonly ArrayJson[];
      readonly dims: readonly ExprJson[];
      readonly at: readonly ExprJson[];
    };

/** `[body for indices[0] in 0..<dims[0], ...]`. */
export interface ArrayJson {
  readonly indices: readonly string[];
  readonly dims: readonly ExprJson[];
  readonly body: ExprJson;
}

/** Deeper trees than this are refused: a reader in any language recurses. */
const maximumDepth = 500;

/** The expression as a JSON tree. Indices keep their names where these are unique, else get a number. */
export function toJson(e: Expr): ExprJson {
  const names = indexNames([e]);
  return write(e, names);
}

function indexNames(list: readonly Expr[]): ReadonlyMap<Index, string> {
  const names = new Map<Index, string>();
  const taken = new Set<string>();
  const give = (i: Index): void => {
    if (names.has(i)) return;
    let name = i.name;
    for (let k = 2; taken.has(name); k++) name = `${i.name}${k}`;
    taken.add(name);
    names.set(i, name);
  };
  for (const e of list) for (const i of freeIndices(e)) give(i);
  for (const e of list) {
    visit(e, (x) => {
      if (x.op === 'index') give(x);
      if (x.op === 'reduce') give(x.index);
      if (x.op === 'element') for (const a of x.array.args) for (const i of a.indices) give(i);
    });
  }
  return names;
}

function write(e: Expr, names: ReadonlyMap<Index, string>): ExprJson {
  const go = (x: Expr): ExprJson => write(x, names);
  switch (e.op) {
    case 'const':
      return { op: 'const', value: writeNumber(e.value) };
    case 'index':
      return { op: 'index', name: names.get(e)! };
    case 'size':
      return { op: 'size', name: e.name };
    case 'ref':
      return { op: 'ref', variable: e.variable, at: e.at.map(go) };
    case 'apply':
      return { op: 'apply', fn: e.fn, args: e.args.map(go) };
    case 'reduce':
      return { op: 'reduce', kind: e.kind, index: names.get(e.index)!, from: go(e.from), to: go(e.to), body: go(e.body) };
    case 'cond':
      return { op: 'cond', test: go(e.test), then: go(e.then), otherwise: go(e.otherwise) };
    case 'element':
      return {
        op: 'element',
        fn: e.array.fn,
        args: e.array.args.map((a) => writeArray(a, names)),
        dims: e.array.dims.map(go),
        at: e.at.map(go),
      };
  }
}

function writeArray(a: ArrayExpr, names: ReadonlyMap<Index, string>): ArrayJson {
  return { indices: a.indices.map((i) => names.get(i)!), dims: a.dims.map((d) => write(d, names)), body: write(a.body, names) };
}

function writeNumber(x: number): number | 'inf' | '-inf' | 'nan' | '-0' {
  if (Number.isNaN(x)) return 'nan';
  if (Object.is(x, -0)) return '-0';
  if (Number.isFinite(x)) return x;
  return x > 0 ? 'inf' : '-inf';
}

/**
 * The expression of a JSON tree.
 * @throws ModelError (code `bad-formula`) for anything that `toJson` would not write, except host functions, which have no text.
 */
export function fromJson(json: unknown): Expr {
  return new Reader().expression(json, 0, '$');
}

class Reader {
  /** One index for each name: `toJson` made the names unique. */
  private readonly indices = new Map<string, Index>();

  private index(name: unknown, path: string): Index {
    if (typeof name !== 'string' || name === '') return refuse(path, 'an index name');
    const known = this.indices.get(name);
    if (known !== undefined) return known;
    const fresh: Index = { op: 'index', name };
    this.indices.set(name, fresh);
    return fresh;
  }

  expression(json: unknown, depth: number, path: string): Expr {
    if (depth > maximumDepth) return refuse(path, `at most ${maximumDepth} levels of nesting`);
    const node = record(json, path);
    const child = (key: string): Expr => this.expression(node.get(key), depth + 1, `${path}.${key}`);
    const list = (key: string): Expr[] =>
      array(node.get(key), `${path}.${key}`).map((x, k) => this.expression(x, depth + 1, `${path}.${key}[${k}]`));
    const op = node.get('op');
    switch (op) {
      case 'const':
        return { op, value: readNumber(node.get('value'), path) };
      case 'index':
        return this.index(node.get('name'), path);
      case 'size':
        return { op, name: text(node.get('name'), `${path}.name`) };
      case 'ref':
        return { op, variable: text(node.get('variable'), `${path}.variable`), at: list('at') };
      case 'apply': {
        const fn = text(node.get('fn'), `${path}.fn`);
        const primitive = fn === 'missing' ? { arity: 1 } : primitives.get(fn);
        if (primitive === undefined) return refuse(`${path}.fn`, 'a known scalar function');
        const args = list('args');
        if (args.length !== primitive.arity) return refuse(`${path}.args`, `${primitive.arity} arguments of ${fn}`);
        if (fn === 'missing' && args[0]!.op !== 'ref') return refuse(`${path}.args[0]`, 'an element of a variable');
        return { op, fn, args };
      }
      case 'reduce': {
        const kind = reduceKinds.find((k) => k === node.get('kind'));
        if (kind === undefined) return refuse(`${path}.kind`, `one of ${reduceKinds.join(', ')}`);
        return {
          op,
          kind,
          index: this.index(node.get('index'), `${path}.index`),
          from: child('from'),
          to: child('to'),
          body: child('body'),
        };
      }
      case 'cond':
        return { op, test: child('test'), then: child('then'), otherwise: child('otherwise') };
      case 'element': {
        const fn = text(node.get('fn'), `${path}.fn`);
        if (!arrayFunctions.has(fn)) return refuse(`${path}.fn`, 'a known array function');
        const args = array(node.get('args'), `${path}.args`).map((a, k) => this.array(a, depth + 1, `${path}.args[${k}]`));
        const dims = list('dims');
        const at = list('at');
        if (at.length !== dims.length) return refuse(`${path}.at`, `${dims.length} indices`);
        return { op, array: { fn, args, dims }, at };
      }
      default:
        return refuse(`${path}.op`, 'one of const, index, size, ref, apply, reduce, cond, element');
    }
  }

  private array(json: unknown, depth: number, path: string): ArrayExpr {
    const node = record(json, path);
    const indices = array(node.get('indices'), `${path}.indices`).map((name, k) => this.index(name, `${path}.indices[${k}]`));
    const dims = array(node.get('dims'), `${path}.dims`).map((d, k) => this.expression(d, depth + 1, `${path}.dims[${k}]`));
    if (dims.length !== indices.length || new Set(indices).size !== indices.length)
      return refuse(path, 'one dimension for each index, indices all different');
    return { indices, dims, body: this.expression(node.get('body'), depth + 1, `${path}.body`) };
  }
}

const reduceKinds: readonly ReduceKind[] = ['sum', 'prod', 'min', 'max', 'logsumexp', 'argmax'];

/** Own properties only: a key such as `__proto__` is an ordinary, unknown key. */
function record(json: unknown, path: string): ReadonlyMap<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return refuse(path, 'an object');
  return new Map(Object.entries(json));
}
function array(json: unknown, path: string): readonly unknown[] {
  return Array.isArray(json) ? json : refuse(path, 'an array');
}
function text(json: unknown, path: string): string {
  return typeof json === 'string' ? json : refuse(path, 'a text');
}
function readNumber(json: unknown, path: string): number {
  if (typeof json === 'number') return json;
  switch (json) {
    case 'inf':
      return Number.POSITIVE_INFINITY;
    case '-inf':
      return Number.NEGATIVE_INFINITY;
    case 'nan':
      return Number.NaN;
    case '-0':
      return -0;
    default:
      return refuse(`${path}.value`, 'a number, or one of the words inf, -inf, nan, -0');
  }
}

function refuse(path: string, expected: string): never {
  const message = `the formula in JSON is malformed at ${path}: expected ${expected}`;
  throw new ModelError([{ code: 'bad-formula', severity: 'error', message, expected }], message);
}
