/**
 * Formulas for people: an expression as text in the syntax of the language, or as LaTeX.
 *
 * Sums, products and signs are put back into the form a person would write (a - b, a / b, sqrt),
 * comprehensions over whole arrays become the arrays' names, and parentheses stand only where the
 * grammar needs them. Two indices of the same name in one scope are told apart by a number.
 */
import { add, apply, freeIndices, index, isConst, lgamma, neg, num, pow, substitute, sub, variablesOf, visit } from './expr.js';
import type { Apply, ArrayExpr, Expr, Index, Ref, Reduce } from './expr.js';
import { equationOf, isRoot } from './implicit.js';
import { primitives } from './primitives.js';

export interface PrintStyle {
  /** What to call a variable; its own name where absent. */
  readonly variable?: ((name: string) => string) | undefined;
  /** Significant digits of numbers (integers are printed whole); 6 where absent. */
  readonly digits?: number | undefined;
}

/** The expression in the syntax of the language: `sum(x[n,j]*w[j] for j in 0..<D)`. */
export function printText(e: Expr, style: PrintStyle = {}): string {
  return new Printer(textForm, style, namesIn([e])).top(e);
}

/** A comprehension in the syntax of the language: `5*Sigma[k]`, `[i + 1 for i in 0..<N]`. */
export function printTextArray(a: ArrayExpr, style: PrintStyle = {}): string {
  return new Printer(textForm, style, namesIn([a.body, ...a.dims])).array(a).text;
}

/** The expression as LaTeX in mathematics mode: `\sum_{j=0}^{D-1} x_{n,j} w_j`. */
export function printLatex(e: Expr, style: PrintStyle = {}): string {
  return new Printer(latexForm, style, namesIn([e])).top(e);
}

/** A piece of output and how tightly its outermost operator binds. */
interface Piece {
  readonly text: string;
  readonly level: number;
}

/** Binding strength, loosest first, as in the grammar. */
const level = { conditional: 1, or: 2, and: 3, comparison: 4, sum: 5, product: 6, negation: 7, power: 8, atom: 9 } as const;

/** The choices in which text and LaTeX differ. */
interface Form {
  name(name: string): string;
  number(x: number, digits: number): Piece;
  /** A named array or function value with subscripts. */
  subscript(base: string, at: readonly string[]): string;
  parenthesise(text: string): string;
  times(factors: readonly string[]): string;
  fraction(numerator: Piece, denominator: Piece): Piece;
  power(base: Piece, exponent: string): Piece;
  exponentLevel: number;
  root(radicand: string): Piece;
  call(fn: string, args: readonly string[]): Piece;
  /** The argument at which a map has a value. */
  solution(argument: string, map: string, value: string): Piece;
  comparison(fn: string): string;
  junction(fn: 'and' | 'or'): string;
  not(operand: Piece): Piece;
  /** Several nested reductions of one kind at once, outermost index first. */
  reduction(kind: Reduce['kind'], body: Piece, ranges: readonly Range[]): Piece;
  conditional(test: Piece, then: Piece, otherwise: Piece): Piece;
  comprehension(body: string, ranges: readonly Range[]): Piece;
  /** The text of an upper bound shown as inclusive. */
  inclusive: boolean;
  /** Tightens a subscript. */
  compact(text: string): string;
}
interface Range {
  readonly index: string;
  readonly from: string;
  readonly to: string;
}

class Printer {
  private readonly form: Form;
  private readonly style: PrintStyle;
  /** Names of variables, sizes and of the indices in scope: no two things share one. */
  private readonly taken: Set<string>;
  private readonly indices = new Map<Index, string>();

  constructor(form: Form, style: PrintStyle, taken: ReadonlySet<string>) {
    this.form = form;
    this.style = style;
    this.taken = new Set([...taken].map((name) => style.variable?.(name) ?? name));
  }

  top(e: Expr): string {
    // Free indices have the first claim on their names: they are the plates of the program.
    for (const i of freeIndices(e)) this.bind(i);
    return this.print(e).text;
  }

  private bind(i: Index): string {
    const known = this.indices.get(i);
    if (known !== undefined) return known;
    // A second `i` becomes `j`, as on paper; other names get a number.
    const letters = 'ijkl';
    const position = i.name === '' ? -1 : letters.indexOf(i.name);
    const others = position < 0 ? [] : [...letters.slice(position + 1)];
    let name = [i.name, ...others].find((candidate) => !this.taken.has(candidate)) ?? i.name;
    for (let k = 2; this.taken.has(name); k++) name = `${i.name}${k}`;
    this.taken.add(name);
    this.indices.set(i, name);
    return name;
  }

  private inScope<T>(indices: readonly Index[], action: () => T): T {
    const added = indices.filter((i) => !this.indices.has(i));
    for (const i of indices) this.bind(i);
    const result = action();
    for (const i of added) {
      this.taken.delete(this.indices.get(i)!);
      this.indices.delete(i);
    }
    return result;
  }

  private nameOf(i: Index): string {
    return this.form.name(this.bind(i));
  }

  /** An implicit function as the equation that it solves. */
  private solution(e: Apply): Piece {
    const t = index('t');
    const { map, value } = equationOf(e, t, (fn) => primitives.get(fn));
    return this.inScope([t], () =>
      this.form.solution(
        this.nameOf(t),
        this.fit(this.print(map), level.comparison + 1),
        this.fit(this.print(value), level.comparison + 1),
      ),
    );
  }

  /** The text with parentheses if it binds less tightly than `atLeast`. */
  private fit(piece: Piece, atLeast: number): string {
    return piece.level >= atLeast ? piece.text : this.form.parenthesise(piece.text);
  }

  print(e: Expr): Piece {
    const { form } = this;
    switch (e.op) {
      case 'const':
        return form.number(e.value, this.style.digits ?? 6);
      case 'index':
        return { text: this.nameOf(e), level: level.atom };
      case 'size':
        return { text: form.name(e.name), level: level.atom };
      case 'ref':
        return this.reference(e);
      case 'cond':
        return form.conditional(this.print(e.test), this.print(e.then), this.print(e.otherwise));
      case 'reduce':
        return this.reduction(e);
      case 'element': {
        const whole = this.arrayCall(e.array.fn, e.array.args);
        if (e.at.length === 0) return whole;
        const base = whole.level === level.atom ? whole.text : form.parenthesise(whole.text);
        return { text: form.subscript(base, this.subscripts(e.at)), level: level.atom };
      }
      case 'apply':
        return this.application(e.fn, e.args, e);
    }
  }

  private reference(e: Ref): Piece {
    const base = this.form.name(this.style.variable?.(e.variable) ?? e.variable);
    return { text: e.at.length === 0 ? base : this.form.subscript(base, this.subscripts(e.at)), level: level.atom };
  }

  private subscripts(at: readonly Expr[]): string[] {
    return at.map((x) => this.form.compact(this.print(x).text));
  }

  private application(fn: string, args: readonly Expr[], e: Expr): Piece {
    const { form } = this;
    switch (fn) {
      case 'add':
      case 'sub':
        return this.sum(e);
      case 'mul':
      case 'div':
      case 'neg':
        return this.signed(e);
      case 'pow':
        return this.signed(e);
      case 'xlogy':
        return this.signed({ op: 'apply', fn: 'mul', args: [args[0]!, { op: 'apply', fn: 'log', args: [args[1]!] }] });
      case 'xlog1my':
        return this.signed({ op: 'apply', fn: 'mul', args: [args[0]!, { op: 'apply', fn: 'log', args: [sub(num(1), args[1]!)] }] });
      // What programs call it.
      case 'logRisingFactorial':
        return this.sum(sub(lgamma(add(args[1]!, args[0]!)), lgamma(args[0]!)));
      case 'digammaRise':
        return this.sum(sub(apply('digamma', add(args[1]!, args[0]!)), apply('digamma', args[0]!)));
      case 'lt':
      case 'le':
      case 'gt':
      case 'ge':
      case 'eq':
      case 'ne': {
        const [a, b] = args.map((x) => this.fit(this.print(x), level.comparison + 1));
        return { text: `${a} ${form.comparison(fn)} ${b}`, level: level.comparison };
      }
      case 'and':
      case 'or': {
        const own = fn === 'and' ? level.and : level.or;
        return { text: args.map((x) => this.fit(this.print(x), own)).join(` ${form.junction(fn)} `), level: own };
      }
      case 'not':
        return form.not(this.print(args[0]!));
      default:
        if (isRoot(fn)) return this.solution({ op: 'apply', fn, args });
        return form.call(
          fn,
          args.map((x) => this.print(x).text),
        );
    }
  }

  /** a + b - c: positive terms first where the first one is negative. */
  private sum(e: Expr): Piece {
    const terms: { negative: boolean; factors: Factors }[] = [];
    const collect = (x: Expr, negative: boolean): void => {
      if (x.op === 'apply' && x.fn === 'add') {
        collect(x.args[0]!, negative);
        collect(x.args[1]!, negative);
        return;
      }
      if (x.op === 'apply' && x.fn === 'sub') {
        collect(x.args[0]!, negative);
        collect(x.args[1]!, !negative);
        return;
      }
      if (x.op === 'apply' && x.fn === 'neg' && isSum(x.args[0]!)) {
        collect(x.args[0]!, !negative);
        return;
      }
      const factors = factorise(x);
      terms.push({ negative: negative !== factors.negative, factors });
    };
    collect(e, false);
    const first = terms.findIndex((t) => !t.negative);
    if (first > 0) terms.unshift(...terms.splice(first, 1));
    const text = terms
      .map((t, k) => {
        const piece = this.product(t.factors);
        // A comparison or a conditional as a term needs parentheses; a product does not.
        const body = this.fit(piece, level.product);
        if (k === 0) return t.negative ? `-${body}` : body;
        return `${t.negative ? ' - ' : ' + '}${body}`;
      })
      .join('');
    return { text, level: level.sum };
  }

  private signed(e: Expr): Piece {
    const factors = factorise(e);
    const piece = this.product(factors);
    if (!factors.negative) return piece;
    // Unary minus binds tighter than a product: -a*b is (-a)*b, the same number as -(a*b).
    return {
      text: `-${this.fit(piece, level.product)}`,
      level: piece.level < level.product ? level.negation : Math.min(piece.level, level.negation),
    };
  }

  private product(factors: Factors): Piece {
    const numerator = this.factors(factors.above);
    if (factors.below.length === 0) return numerator;
    return this.form.fraction(numerator, this.factors(factors.below));
  }

  private factors(list: readonly Expr[]): Piece {
    if (list.length === 0) return { text: '1', level: level.atom };
    const pieces = list.map((x) => this.atomic(x));
    if (pieces.length === 1) return pieces[0]!;
    // The last factor may be a sum sign of LaTeX, which takes everything to its right.
    const last = pieces.length - 1;
    return {
      text: this.form.times(pieces.map((p, k) => this.fit(p, k === last ? level.product : level.product + 1))),
      level: level.product,
    };
  }

  /** A factor, already free of signs, products and negative powers. */
  private atomic(x: Expr): Piece {
    if (x.op !== 'apply' || x.fn !== 'pow') return this.print(x);
    const [base, exponent] = [x.args[0]!, x.args[1]!];
    if (isConst(exponent, 0.5)) return this.form.root(this.print(base).text);
    return this.form.power(this.print(base), this.fit(this.print(exponent), this.form.exponentLevel));
  }

  private reduction(e: Reduce): Piece {
    const nest: Reduce[] = [e];
    for (let body = e.body; body.op === 'reduce' && body.kind === e.kind && e.kind !== 'argmax'; body = body.body) nest.push(body);
    const ranges: Range[] = [];
    const go = (depth: number): Piece => {
      const reduce = nest[depth];
      if (reduce === undefined) return this.print(nest[nest.length - 1]!.body);
      // Bounds lie outside the scope of the index they bound.
      const from = this.print(reduce.from);
      const to = this.upper(reduce.to);
      return this.inScope([reduce.index], () => {
        ranges.push({ index: this.nameOf(reduce.index), from: this.fit(from, level.sum), to: this.fit(to, level.sum) });
        return go(depth + 1);
      });
    };
    const body = go(0);
    return this.form.reduction(e.kind, body, ranges);
  }

  private upper(to: Expr): Piece {
    const piece = this.print(this.form.inclusive ? minusOne(to) : to);
    return { text: this.form.compact(piece.text), level: piece.level };
  }

  /** An array: by its name where it is one, elementwise where its elements are, else as a comprehension. */
  array(a: ArrayExpr): Piece {
    if (a.indices.length === 0) return this.print(a.body);
    const diagonal = diagonalOf(a);
    if (diagonal !== null) {
      if (isConst(diagonal, 1)) return this.form.call('eye', [this.print(a.dims[0]!).text]);
      if (!freeIndices(diagonal).has(a.indices[0]!)) {
        const eye = this.form.call('eye', [this.print(a.dims[0]!).text]).text;
        return { text: this.form.times([this.fit(this.print(diagonal), level.product), eye]), level: level.product };
      }
      return this.form.call('diag', [this.array({ indices: [a.indices[0]!], dims: [a.dims[0]!], body: diagonal }).text]);
    }
    const whole = wholeArrays(a);
    if (whole !== null) return this.print(whole);
    if (freeIndicesOfBody(a).length === 0 && a.indices.length <= 2) {
      return this.form.call('fill', [this.print(a.body).text, ...a.dims.map((d) => this.print(d).text)]);
    }
    const bounds = a.dims.map((d) => this.upper(d));
    return this.inScope(a.indices, () =>
      this.form.comprehension(
        this.print(a.body).text,
        a.indices.map((i, axis) => ({ index: this.nameOf(i), from: '0', to: this.fit(bounds[axis]!, level.sum) })),
      ),
    );
  }

  private arrayCall(fn: string, args: readonly ArrayExpr[]): Piece {
    const pieces = args.map((a) => this.array(a));
    if (!this.form.inclusive)
      return this.form.call(
        fn,
        pieces.map((p) => p.text),
      );
    const [a, b] = pieces;
    const base = a === undefined ? '' : this.fit(a, level.atom);
    switch (fn) {
      case 'inverse':
        return { text: `${base}^{-1}`, level: level.power };
      case 'logdet':
        return { text: `\\log\\left|${a!.text}\\right|`, level: level.product };
      case 'det':
        return { text: `\\left|${a!.text}\\right|`, level: level.atom };
      case 'solve':
        return { text: `${base}^{-1} ${this.fit(b!, level.atom)}`, level: level.product };
      default:
        return this.form.call(
          fn,
          pieces.map((p) => p.text),
        );
    }
  }
}

/** A product taken apart: sign * prod(above) / prod(below). */
interface Factors {
  readonly negative: boolean;
  readonly above: readonly Expr[];
  readonly below: readonly Expr[];
}

function factorise(e: Expr): Factors {
  let negative = false;
  const above: Expr[] = [];
  const below: Expr[] = [];
  const go = (x: Expr, inverted: boolean): void => {
    if (x.op === 'const' && (x.value < 0 || Object.is(x.value, -0))) {
      negative = !negative;
      go(num(-x.value), inverted);
      return;
    }
    if (x.op === 'apply') {
      switch (x.fn) {
        case 'neg':
          negative = !negative;
          go(x.args[0]!, inverted);
          return;
        case 'mul':
          go(x.args[0]!, inverted);
          go(x.args[1]!, inverted);
          return;
        case 'div':
          go(x.args[0]!, inverted);
          go(x.args[1]!, !inverted);
          return;
        case 'xlogy':
        case 'xlog1my': {
          const inner = x.fn === 'xlogy' ? x.args[1]! : sub(num(1), x.args[1]!);
          go(x.args[0]!, inverted);
          go({ op: 'apply', fn: 'log', args: [inner] }, inverted);
          return;
        }
        case 'pow': {
          const [base, exponent] = [x.args[0]!, x.args[1]!];
          const opposite = negated(exponent);
          if (opposite !== null) {
            go(pow(base, opposite), !inverted);
            return;
          }
          // (-a)^b keeps its sign inside.
          (inverted ? below : above).push(x);
          return;
        }
      }
    }
    (inverted ? below : above).push(x);
  };
  go(e, false);
  const isOne = (x: Expr): boolean => x.op === 'const' && x.value === 1;
  const numbersFirst = [...above.filter((x) => x.op === 'const'), ...above.filter((x) => x.op !== 'const')];
  return { negative, above: numbersFirst.filter((x) => !isOne(x)), below: below.filter((x) => !isOne(x)) };
}

/** The expression without its leading minus sign, or null where it has none. */
function negated(e: Expr): Expr | null {
  if (e.op === 'const') return e.value < 0 ? num(-e.value) : null;
  if (e.op === 'apply' && e.fn === 'neg') return e.args[0]!;
  if (e.op === 'apply' && e.fn === 'mul' && e.args[0]!.op === 'const' && e.args[0]!.value < 0) {
    return { op: 'apply', fn: 'mul', args: [neg(e.args[0]!), e.args[1]!] };
  }
  return null;
}

function isSum(e: Expr): boolean {
  return e.op === 'apply' && (e.fn === 'add' || e.fn === 'sub');
}

/** `to - 1` without a trailing `+ 1 - 1`. */
function minusOne(to: Expr): Expr {
  if (to.op === 'apply' && to.fn === 'add' && to.args[1]!.op === 'const') {
    const rest = num(to.args[1]!.value - 1);
    return rest.value === 0 ? to.args[0]! : { op: 'apply', fn: 'add', args: [to.args[0]!, rest] };
  }
  if (to.op === 'apply' && to.fn === 'sub' && to.args[1]!.op === 'const') return sub(to.args[0]!, num(to.args[1]!.value + 1));
  return sub(to, num(1));
}

function freeIndicesOfBody(a: ArrayExpr): Index[] {
  const free = freeIndices(a.body);
  return a.indices.filter((i) => free.has(i));
}

/** d of `i == j ? d : 0` over a square, d in terms of i. */
function diagonalOf(a: ArrayExpr): Expr | null {
  const [i, j] = a.indices;
  if (i === undefined || j === undefined || a.indices.length !== 2) return null;
  const { body } = a;
  if (body.op === 'cond' && isConst(body.otherwise, 0) && body.test.op === 'apply' && body.test.fn === 'eq') {
    const [l, r] = body.test.args;
    if ((l === i && r === j) || (l === j && r === i)) return substitute(body.then, new Map([[j, i]]));
  }
  if (body.op === 'apply' && body.fn === 'eq') {
    const [l, r] = body.args;
    if ((l === i && r === j) || (l === j && r === i)) return num(1);
  }
  if (body.op === 'apply' && body.fn === 'mul') {
    for (const [c, x] of [
      [body.args[0]!, body.args[1]!],
      [body.args[1]!, body.args[0]!],
    ] as const) {
      if (freeIndices(c).has(i) || freeIndices(c).has(j)) continue;
      const inner = diagonalOf({ ...a, body: x });
      if (inner !== null) return isConst(inner, 1) ? c : { op: 'apply', fn: 'mul', args: [c, inner] };
    }
  }
  return null;
}

/**
 * The body with whole arrays in place of their elements, where every element it reads ends in
 * exactly the array's indices (or, of a matrix, in their transpose) and the rest is arithmetic.
 */
function wholeArrays(a: ArrayExpr): Expr | null {
  const own = new Set(a.indices);
  const usesOwn = (e: Expr): boolean => [...freeIndices(e)].some((i) => own.has(i));
  let reads = 0;
  const go = (e: Expr): Expr | null => {
    if (!usesOwn(e)) return e;
    if (e.op === 'ref' || e.op === 'element') {
      const { at } = e;
      const lead = at.slice(0, at.length - a.indices.length);
      const tail = at.slice(at.length - a.indices.length);
      if (lead.some(usesOwn) || at.length < a.indices.length) return null;
      if (e.op === 'element' && [...e.array.args.flatMap((x) => [x.body, ...x.dims]), ...e.array.dims].some(usesOwn)) return null;
      const whole: Expr = e.op === 'ref' ? { ...e, at: lead } : { ...e, at: lead };
      reads++;
      if (tail.every((x, k) => x === a.indices[k])) return whole;
      if (tail.length === 2 && tail[0] === a.indices[1] && tail[1] === a.indices[0]) return { op: 'apply', fn: 'transpose', args: [whole] };
      return null;
    }
    if (e.op === 'apply' && ['add', 'sub', 'mul', 'div', 'neg'].includes(e.fn)) {
      const args = e.args.map(go);
      return args.some((x) => x === null) ? null : { ...e, args: args as Expr[] };
    }
    return null;
  };
  const whole = go(a.body);
  return reads > 0 ? whole : null;
}

/** Names of variables and sizes: indices must not be called like one of them. */
function namesIn(list: readonly Expr[]): Set<string> {
  const names = new Set<string>();
  for (const e of list) {
    for (const name of variablesOf(e)) names.add(name);
    visit(e, (x) => {
      if (x.op === 'size') names.add(x.name);
    });
  }
  return names;
}

function numberText(x: number, digits: number): string {
  if (Number.isInteger(x) && Math.abs(x) < 1e15) return String(x);
  return String(Number(x.toPrecision(digits)));
}

// --- text -------------------------------------------------------------------------------------

const textComparisons: Readonly<Record<string, string>> = { lt: '<', le: '<=', gt: '>', ge: '>=', eq: '==', ne: '!=' };

const textForm: Form = {
  name: (name) => name,
  number: (x, digits) => {
    if (Number.isNaN(x)) return { text: 'nan', level: level.atom };
    const magnitude = Math.abs(x) === Number.POSITIVE_INFINITY ? 'inf' : numberText(Math.abs(x), digits);
    return x < 0 || Object.is(x, -0) ? { text: `-${magnitude}`, level: level.negation } : { text: magnitude, level: level.atom };
  },
  subscript: (base, at) => `${base}[${at.join(',')}]`,
  parenthesise: (text) => `(${text})`,
  times: (factors) => factors.join('*'),
  fraction: (a, b) => ({
    text: `${a.level >= level.product ? a.text : `(${a.text})`}/${b.level > level.product ? b.text : `(${b.text})`}`,
    level: level.product,
  }),
  power: (base, exponent) => ({ text: `${base.level > level.power ? base.text : `(${base.text})`}^${exponent}`, level: level.power }),
  exponentLevel: level.power,
  root: (radicand) => ({ text: `sqrt(${radicand})`, level: level.atom }),
  call: (fn, args) => ({ text: `${fn}(${args.join(', ')})`, level: level.atom }),
  solution: (argument, map, value) => ({ text: `(the ${argument} with ${map} = ${value})`, level: level.atom }),
  comparison: (fn) => textComparisons[fn]!,
  junction: (fn) => (fn === 'and' ? '&&' : '||'),
  not: (operand) => ({ text: `!${operand.level >= level.negation ? operand.text : `(${operand.text})`}`, level: level.negation }),
  reduction: (kind, body, ranges) => ({ text: `${kind}(${body.text} for ${textRanges(ranges)})`, level: level.atom }),
  conditional: (test, then, otherwise) => ({
    text: `${test.level > level.conditional ? test.text : `(${test.text})`} ? ${then.level > level.conditional ? then.text : `(${then.text})`} : ${otherwise.text}`,
    level: level.conditional,
  }),
  comprehension: (body, ranges) => ({ text: `[${body} for ${textRanges(ranges)}]`, level: level.atom }),
  inclusive: false,
  compact: (text) => text.replaceAll(/ ([+\-<>=!&|]{1,2}) /g, '$1'),
};

function textRanges(ranges: readonly Range[]): string {
  return ranges.map((r) => `${r.index} in ${r.from}..<${r.to}`).join(', ');
}

// --- LaTeX ------------------------------------------------------------------------------------

const latexComparisons: Readonly<Record<string, string>> = { lt: '<', le: '\\le', gt: '>', ge: '\\ge', eq: '=', ne: '\\ne' };

const greek: ReadonlyMap<string, string> = new Map([
  ['α', 'alpha'],
  ['β', 'beta'],
  ['γ', 'gamma'],
  ['δ', 'delta'],
  ['ε', 'epsilon'],
  ['ζ', 'zeta'],
  ['η', 'eta'],
  ['θ', 'theta'],
  ['ι', 'iota'],
  ['κ', 'kappa'],
  ['λ', 'lambda'],
  ['μ', 'mu'],
  ['ν', 'nu'],
  ['ξ', 'xi'],
  ['π', 'pi'],
  ['ρ', 'rho'],
  ['σ', 'sigma'],
  ['τ', 'tau'],
  ['υ', 'upsilon'],
  ['φ', 'phi'],
  ['χ', 'chi'],
  ['ψ', 'psi'],
  ['ω', 'omega'],
  ['Γ', 'Gamma'],
  ['Δ', 'Delta'],
  ['Θ', 'Theta'],
  ['Λ', 'Lambda'],
  ['Ξ', 'Xi'],
  ['Π', 'Pi'],
  ['Σ', 'Sigma'],
  ['Υ', 'Upsilon'],
  ['Φ', 'Phi'],
  ['Ψ', 'Psi'],
  ['Ω', 'Omega'],
]);
const greekNames: ReadonlySet<string> = new Set(greek.values());

/** Functions with a command of their own. */
const latexCalls: ReadonlyMap<string, string> = new Map([
  ['exp', '\\exp'],
  ['log', '\\log'],
  ['log10', '\\log_{10}'],
  ['log2', '\\log_{2}'],
  ['sin', '\\sin'],
  ['cos', '\\cos'],
  ['tan', '\\tan'],
  ['atan', '\\arctan'],
  ['tanh', '\\tanh'],
  ['min', '\\min'],
  ['max', '\\max'],
  ['lgamma', '\\log\\Gamma'],
  ['digamma', '\\psi'],
  ['trigamma', '\\psi_{1}'],
  ['lbeta', '\\log\\mathrm{B}'],
  ['Phi', '\\Phi'],
  ['logPhi', '\\log\\Phi'],
  ['normalQuantile', '\\Phi^{-1}'],
]);

const latexReductions: Readonly<Record<Reduce['kind'], string>> = {
  sum: '\\sum',
  prod: '\\prod',
  min: '\\min',
  max: '\\max',
  logsumexp: '\\operatorname{logsumexp}',
  argmax: '\\operatorname{arg\\,max}',
};

const latexForm: Form = {
  name: latexName,
  number: (x, digits) => {
    if (Number.isNaN(x)) return { text: '\\mathrm{nan}', level: level.atom };
    const sign = x < 0 || Object.is(x, -0) ? '-' : '';
    const magnitude = Math.abs(x) === Number.POSITIVE_INFINITY ? '\\infty' : numberText(Math.abs(x), digits);
    const [mantissa, exponent] = magnitude.split('e');
    const text = exponent === undefined ? magnitude : `${mantissa === '1' ? '' : `${mantissa} \\times `}10^{${Number(exponent)}}`;
    return {
      text: sign + text,
      level: sign !== '' ? level.negation : exponent === undefined ? level.atom : mantissa === '1' ? level.power : level.product,
    };
  },
  subscript: (base, at) => {
    // A name that carries its own subscript (beta_0) shares it: \beta_{0,n}.
    const own = /^(.*)_\{(.*)\}$/s.exec(base);
    const parts = own === null ? at : [own[2]!, ...at];
    const head = own === null ? (/^\\?[A-Za-z]+$|^\\mathit\{[^{}]*\}$|^\\left\(.*\\right\)$/s.test(base) ? base : `{${base}}`) : own[1]!;
    const text = parts.join(',');
    return `${head}_${/^([A-Za-z0-9]|\\[A-Za-z]+)$/.test(text) ? text : `{${text}}`}`;
  },
  parenthesise: (text) => `\\left(${text}\\right)`,
  // A digit after a factor would read as one number: 2 \cdot 3.
  times: (factors) => factors.reduce((text, f) => `${text}${/^[0-9]/.test(f) ? ' \\cdot ' : ' '}${f}`),
  fraction: (a, b) => ({ text: `\\frac{${a.text}}{${b.text}}`, level: level.product + 0.5 }),
  power: (base, exponent) => {
    const text = base.level === level.atom ? base.text : `\\left(${base.text}\\right)`;
    return { text: `${text.includes('^') && !text.endsWith('\\right)') ? `{${text}}` : text}^{${exponent}}`, level: level.power };
  },
  exponentLevel: 0,
  root: (radicand) => ({ text: `\\sqrt{${radicand}}`, level: level.atom }),
  call: (fn, args) => latexCall(fn, args),
  solution: (argument, map, value) => ({ text: `\\left(${argument} : ${map} = ${value}\\right)`, level: level.atom }),
  comparison: (fn) => latexComparisons[fn]!,
  junction: (fn) => (fn === 'and' ? '\\land' : '\\lor'),
  not: (operand) => ({
    text: `\\lnot ${operand.level >= level.negation ? operand.text : `\\left(${operand.text}\\right)`}`,
    level: level.negation,
  }),
  reduction: (kind, body, ranges) => {
    const signs = ranges
      .map((r) =>
        kind === 'sum' || kind === 'prod'
          ? `${latexReductions[kind]}_{${r.index}=${r.from}}^{${r.to}}`
          : `${latexReductions[kind]}_{${r.index}=${r.from},\\ldots,${r.to}}`,
      )
      .join(' ');
    // A sum takes everything up to the next plus; a product only one factor.
    const least = kind === 'sum' ? level.product : level.product + 1;
    return { text: `${signs} ${body.level >= least ? body.text : `\\left(${body.text}\\right)`}`, level: level.product };
  },
  conditional: (test, then, otherwise) =>
    then.text === '1' && otherwise.text === '0'
      ? { text: `\\mathbb{1}\\left[${test.text}\\right]`, level: level.atom }
      : otherwise.text === '0'
        ? {
            text: `\\mathbb{1}\\left[${test.text}\\right] ${then.level >= level.product ? then.text : `\\left(${then.text}\\right)`}`,
            level: level.product,
          }
        : {
            text: `\\begin{cases} ${then.text} & \\text{if } ${test.text} \\\\ ${otherwise.text} & \\text{otherwise} \\end{cases}`,
            level: level.conditional,
          },
  comprehension: (body, ranges) => ({
    text: `\\left[${body}\\right]_{${ranges.map((r) => `${r.index}=${r.from},\\ldots,${r.to}`).join('; ')}}`,
    level: level.atom,
  }),
  inclusive: true,
  compact: (text) => text.replaceAll(/ ([+-]) /g, '$1'),
};

function latexCall(fn: string, args: readonly string[]): Piece {
  const list = args.join(', ');
  switch (fn) {
    case 'abs':
      return { text: `\\left|${list}\\right|`, level: level.atom };
    case 'floor':
      return { text: `\\left\\lfloor ${list} \\right\\rfloor`, level: level.atom };
    case 'ceil':
      return { text: `\\left\\lceil ${list} \\right\\rceil`, level: level.atom };
    case 'lchoose':
      return { text: `\\log\\binom{${args[0]}}{${args[1]}}`, level: level.atom };
    case 'transpose':
      return { text: `${args[0]}^{\\top}`, level: level.power };
    case 'eye':
      return { text: `I_{${list}}`, level: level.atom };
    default: {
      const command = latexCalls.get(fn) ?? `\\operatorname{${latexEscape(fn)}}`;
      return { text: `${command}\\left(${list}\\right)`, level: level.atom };
    }
  }
}

/** A program's name as mathematics: Greek letters, `x1` and `x_a` with subscripts, long names upright. */
function latexName(name: string): string {
  const parts = /^([^_0-9]+)(?:_(.+)|([0-9]+))$/.exec(name);
  if (parts !== null) {
    const label = parts[2] ?? parts[3]!;
    return `${latexWord(parts[1]!)}_{${/^[0-9]+$/.test(label) ? label : latexWord(label)}}`;
  }
  return latexWord(name);
}

function latexWord(word: string): string {
  if (greekNames.has(word)) return `\\${word}`;
  const letter = greek.get(word);
  if (letter !== undefined) return `\\${letter}`;
  if (/^[A-Za-z]$/.test(word)) return word;
  return `\\mathit{${latexEscape(word)}}`;
}

function latexEscape(text: string): string {
  return text.replaceAll(/[\\{}_$%&#~^]/g, (c) => (c === '\\' ? '\\backslash ' : c === '~' || c === '^' ? `\\${c}{}` : `\\${c}`));
}
