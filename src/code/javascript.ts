/**
 * The JavaScript printer: a schedule becomes the body of `function (runtime, arrays) {...}`.
 *
 * Every identifier in the text is made here (a0 arrays, i1 loop indices, t2 temporaries, v3 locals,
 * f4 local functions, p5 procedures): names of storages, indices and functions of the module never
 * appear, not even in comments. The only names taken over are those of entry points, procedures and
 * primitives, which are the compiler's own and checked to be plain words.
 */
import { InternalError } from '../errors/diagnostic.js';
import { children } from '../expr/expr.js';
import type { Expr, Index } from '../expr/expr.js';
import { primitives } from '../expr/primitives.js';
import { logStepHigh, logStepLow, powerOffset } from './exponential.js';
import type { Storage } from './loop.js';
import type { Cell, Schedule, Step, StepArgument } from './steps.js';

/** The text of a schedule. */
export interface PrintedText {
  readonly source: string;
  /** Characters of the longest of its functions. */
  readonly longestFunction: number;
}

/**
 * Prints a schedule. With `inlineRandom`, loops that draw nothing but uniforms keep the random
 * stream's state in locals.
 * @throws InternalError for a name that is not a plain word.
 */
export function printJavaScript(schedule: Schedule, inlineRandom: boolean): PrintedText {
  return new Printer(schedule, inlineRandom).module();
}

/** Binding strength of an operator's text; an operand weaker than its operator is parenthesised. */
const strength = { conditional: 1, or: 2, and: 3, equality: 4, comparison: 5, sum: 6, product: 7, unary: 8, atom: 9 };

interface Text {
  readonly text: string;
  readonly strength: number;
}
const atom = (text: string): Text => ({ text, strength: strength.atom });

interface Operator {
  readonly sign: string;
  readonly strength: number;
}
const operators: Readonly<Record<string, Operator | undefined>> = {
  add: { sign: '+', strength: strength.sum },
  sub: { sign: '-', strength: strength.sum },
  mul: { sign: '*', strength: strength.product },
  div: { sign: '/', strength: strength.product },
};
const comparisons: Readonly<Record<string, Operator | undefined>> = {
  lt: { sign: '<', strength: strength.comparison },
  le: { sign: '<=', strength: strength.comparison },
  gt: { sign: '>', strength: strength.comparison },
  ge: { sign: '>=', strength: strength.comparison },
  eq: { sign: '===', strength: strength.equality },
  ne: { sign: '!==', strength: strength.equality },
};

class Printer {
  private readonly schedule: Schedule;
  private readonly storages: ReadonlyMap<string, Storage>;
  private readonly scalars: ReadonlySet<string>;
  private readonly arrays = new Map<string, string>();
  private readonly indices = new Map<Index, string>();
  private readonly locals = new Map<string, string>();
  private readonly localFunctions = new Map<string, string>();
  /** Declarations of what the text takes from the runtime, by their text. */
  private readonly imports = new Map<string, string>();
  /** Lists of arrays and of dimensions that are built once, by their text. */
  private readonly lists = new Map<string, string>();
  /** Local functions that stand beside the entry points. */
  private readonly functions: string[] = [];
  /** What they take from their surroundings, and the cells it is put into. */
  private readonly handed = new Map<
    string,
    { readonly cells: readonly string[]; readonly temporaries: readonly Index[]; readonly locals: readonly string[] }
  >();
  /** Arrays that occur in the text. */
  private readonly used = new Set<string>();
  /** Arrays that are replaced at run time by ones of the size needed. */
  private readonly allocated = new Set<string>();
  private readonly inlineRandom: boolean;
  /** Whether the stream's state is in locals here. */
  private streaming = false;
  private count = 0;

  constructor(schedule: Schedule, inlineRandom: boolean) {
    this.schedule = schedule;
    this.inlineRandom = inlineRandom;
    this.storages = new Map(schedule.storages.map((s) => [s.name, s]));
    this.scalars = new Set(schedule.storages.filter((s) => s.place === 'local').map((s) => s.name));
    let position = 0;
    for (const storage of schedule.storages) if (storage.place !== 'local') this.arrays.set(storage.name, `a${position++}`);
  }

  module(): PrintedText {
    const body = this.block(this.schedule.preparation, new Set(), '');
    const entries = this.schedule.functions.map((f) => {
      const lines = this.functionBody(f.parameters, f.body, new Set(), '  ');
      return {
        name: word(f.name),
        text: [`function (${f.parameters.map((p) => this.local(p)).join(', ')}) {`, ...lines, '  }'].join('\n'),
      };
    });
    const heads: string[] = [];
    for (const [name, text] of this.imports) heads.push(`const ${text} = ${name};`);
    const arrays = [...this.arrays]
      .filter(([name]) => this.used.has(name))
      .map(([name, text]) => `${this.allocated.has(name) ? 'let' : 'const'} ${text} = arrays[${text.slice(1)}];`);
    const lists = [...this.lists].map(([text, name]) => `const ${name} = ${text};`);
    const source = [
      "'use strict';",
      ...heads,
      ...arrays,
      ...lists,
      ...body,
      ...this.functions,
      'return {',
      ...entries.map((e) => `  ${e.name}: ${e.text},`),
      '};',
      '',
    ].join('\n');
    return { source, longestFunction: Math.max(0, ...[...entries.map((e) => e.text), ...this.functions].map((text) => text.length)) };
  }

  // --- steps ------------------------------------------------------------------------------------

  /** A function's body with the scalar locals that it owns declared at its head. */
  private functionBody(parameters: readonly string[], steps: readonly Step[], owned: ReadonlySet<string>, indent: string): string[] {
    const mine = [...localsOf(steps, this.scalars)].filter((name) => !owned.has(name) && !parameters.includes(name));
    const lines = this.block(steps, new Set([...owned, ...mine, ...parameters]), `${indent}  `);
    return mine.length === 0 ? lines : [`${indent}  let ${mine.map((name) => `${this.local(name)} = 0`).join(', ')};`, ...lines];
  }

  private block(steps: readonly Step[], owned: ReadonlySet<string>, indent: string): string[] {
    return steps.flatMap((step) => this.step(step, owned, indent));
  }

  private step(step: Step, owned: ReadonlySet<string>, indent: string): string[] {
    const inner = `${indent}  `;
    switch (step.do) {
      case 'let':
        return [`${indent}${step.mutable ? 'let' : 'const'} ${this.index(step.variable, 't')} = ${this.text(step.value)};`];
      case 'assign':
        return [`${indent}${this.update(this.index(step.variable, 't'), step.variable, step.value)}`];
      case 'uniform': {
        const name = this.index(step.variable, 't');
        if (!this.streaming) return [`${indent}const ${name} = ${this.taken('runtime.random', 'random')}.uniform();`];
        return [
          `${indent}${generatorStep(`${name}h`)}`,
          `${indent}${generatorStep(`${name}l`)}`,
          `${indent}const ${name} = ((${name}h >>> 5) * 67108864 + (${name}l >>> 6)) * ${2 ** -53};`,
        ];
      }
      case 'relativeWeight': {
        // Written out rather than called: beyond a few calls the engine stops inlining.
        const name = this.index(step.variable, 't'),
          x = this.text(step.of),
          i = `${name}i`,
          r = `${name}r`,
          square = `${name}s`;
        const powers = this.taken('runtime.powers', 'powers'),
          fractions = this.taken('runtime.fractions', 'fractions');
        return [
          `${indent}let ${name} = 0;`,
          `${indent}if (${x} >= -37) {`,
          `${inner}const ${i} = (${x} * ${64 / Math.LN2} - 0.5) | 0, ${r} = (${x} - ${i} * ${logStepHigh}) - ${i} * ${logStepLow}, ${square} = ${r} * ${r};`,
          `${inner}${name} = ${powers}[(${i} >> 6) + ${powerOffset}] * ${fractions}[${i} & 63] * (1 + ${r} + ${square} * (0.5 + ${r} * ${1 / 6} + ${square} * (${1 / 24} + ${r} * ${1 / 120})));`,
          `${indent}}`,
        ];
      }
      case 'store':
        return [`${indent}${this.cell(step.into)} ${step.accumulate ? '+=' : '='} ${this.text(step.value)};`];
      case 'fill':
        return [`${indent}${this.array(step.storage)}.fill(${this.text(step.value)});`];
      case 'return':
        return [`${indent}return ${this.text(step.value)};`];
      case 'fault':
        return [`${indent}runtime.fault(${step.code});`];
      case 'allocate': {
        this.allocated.add(step.storage);
        return [`${indent}${this.array(step.storage)} = new Float64Array(${this.text(step.size)});`];
      }
      case 'choose': {
        const name = this.index(step.variable, 't');
        return [
          `${indent}let ${name};`,
          `${indent}if (${this.test(step.test).text}) {`,
          ...this.block(step.then.steps, owned, inner),
          `${inner}${name} = ${this.text(step.then.value)};`,
          `${indent}} else {`,
          ...this.block(step.otherwise.steps, owned, inner),
          `${inner}${name} = ${this.text(step.otherwise.value)};`,
          `${indent}}`,
        ];
      }
      case 'if': {
        if (step.then.length === 0 && step.otherwise.length === 0) return [];
        const otherwise = step.otherwise.length === 0 ? [] : [`${indent}} else {`, ...this.block(step.otherwise, owned, inner)];
        return [`${indent}if (${this.test(step.test).text}) {`, ...this.block(step.then, owned, inner), ...otherwise, `${indent}}`];
      }
      case 'for': {
        const i = this.index(step.index, 'i'),
          from = this.text(step.from),
          to = this.at(step.to, strength.sum);
        const head = step.descending
          ? `let ${i} = ${to} - 1, ${i}e = ${from}; ${i} >= ${i}e; ${i}--`
          : `let ${i} = ${from}; ${i} < ${to}; ${i}++`;
        // With its state in locals a draw costs no memory traffic and the loop stays small enough
        // for the engine to peel, which doubles the speed of a mixture's sweep.
        const streams = this.inlineRandom && !this.streaming && drawsOnlyUniforms(step.body);
        if (!streams) return [`${indent}for (${head}) {`, ...this.block(step.body, owned, inner), `${indent}}`];
        const state = `${this.taken('runtime.random', 'random')}.state`;
        this.streaming = true;
        const body = this.block(step.body, owned, `${inner}  `);
        this.streaming = false;
        return [
          `${indent}{`,
          `${inner}const q = ${state};`,
          `${inner}let q0 = q[0] | 0, q1 = q[1] | 0, q2 = q[2] | 0, q3 = q[3] | 0, q4 = 0;`,
          `${inner}for (${head}) {`,
          ...body,
          `${inner}}`,
          `${inner}q[0] = q0; q[1] = q1; q[2] = q2; q[3] = q3;`,
          `${indent}}`,
        ];
      }
      case 'call': {
        const args = step.args.flatMap((a) => this.argument(a));
        const call = `${this.taken(`runtime.procedure(${JSON.stringify(word(step.procedure))})`, 'p')}(${[this.taken('runtime.random', 'random'), ...args].join(', ')})`;
        return [
          ...step.args.flatMap((a) => (a.kind === 'function' ? this.handing(a.name, indent) : [])),
          `${indent}${step.into === null ? call : `${this.cell(step.into)} = ${call}`};`,
        ];
      }
      case 'arrayFunction': {
        const shape = (dims: readonly Expr[]): string => `[${dims.map((d) => this.text(d)).join(', ')}]`;
        const host = hostNumber(step.fn);
        const fixed =
          step.shapes.every((dims) => dims.every((d) => d.op === 'const')) &&
          ![...step.args, step.out].some((name) => this.allocated.has(name));
        // Lists of fixed memory are built once, not at every call.
        const list = (text: string): string => (fixed ? this.list(text) : text);
        const args = list(`[${step.args.map((name) => this.array(name)).join(', ')}]`),
          shapes = list(`[${step.shapes.map(shape).join(', ')}]`);
        if (host !== null) return [`${indent}${this.array(step.out)}[0] = runtime.host(${host}, ${args}, ${shapes});`];
        return [
          `${indent}${this.taken(`runtime.arrayFunction(${JSON.stringify(word(step.fn))})`, 'p')}(${this.array(step.out)}, ${args}, ${shapes});`,
        ];
      }
      case 'function': {
        const name = this.localFunction(step.name);
        const hoisted = this.hoisted(step, name, owned);
        if (hoisted) return [];
        const lines = this.functionBody(step.parameters, step.body, owned, indent);
        return [`${indent}const ${name} = (${step.parameters.map((p) => this.local(p)).join(', ')}) => {`, ...lines, `${indent}};`];
      }
    }
  }

  /**
   * A local function made once, beside the entry points, so that declaring it for each element allocates nothing: what it
   * takes from around it stands in an array of its own, filled whenever it is handed to a procedure. False where it changes what it takes.
   */
  private hoisted(step: Step & { do: 'function' }, name: string, owned: ReadonlySet<string>): boolean {
    const { temporaries, locals, changed } = takenFrom(step, owned);
    if (changed) return false;
    const cells = `c${this.count++}`;
    const outside = [...temporaries.map((i) => this.index(i, 't')), ...locals.map((l) => this.local(l))];
    const inside = outside.map((_, k) => `${cells}[${k}]`);
    temporaries.forEach((i, k) => {
      this.indices.set(i, inside[k]!);
    });
    locals.forEach((l, k) => {
      this.locals.set(l, inside[temporaries.length + k]!);
    });
    const lines = this.functionBody(step.parameters, step.body, new Set(locals), '');
    temporaries.forEach((i, k) => {
      this.indices.set(i, outside[k]!);
    });
    locals.forEach((l, k) => {
      this.locals.set(l, outside[temporaries.length + k]!);
    });
    if (outside.length > 0) this.functions.push(`const ${cells} = new Float64Array(${outside.length});`);
    this.functions.push(`const ${name} = (${step.parameters.map((p) => this.local(p)).join(', ')}) => {`, ...lines, '};');
    this.handed.set(step.name, { cells: inside, temporaries, locals });
    return true;
  }

  private handing(name: string, indent: string): readonly string[] {
    const handed = this.handed.get(name);
    if (handed === undefined) return [];
    const outside = [...handed.temporaries.map((i) => this.index(i, 't')), ...handed.locals.map((l) => this.local(l))];
    return outside.map((text, k) => `${indent}${handed.cells[k]} = ${text};`);
  }

  private argument(a: StepArgument): readonly string[] {
    switch (a.kind) {
      case 'value':
        return [this.text(a.value)];
      case 'array':
        return [this.array(a.storage)];
      case 'cell':
        return [this.array(a.storage), this.text(a.offset)];
      case 'function':
        return [this.localFunction(a.name)];
    }
  }

  /** `name = name + x` as `name += x`. */
  private update(name: string, variable: Index, value: Expr): string {
    const sign = value.op === 'apply' ? operators[value.fn]?.sign : undefined;
    if (value.op === 'apply' && (sign === '+' || sign === '*') && value.args[0] === variable)
      return `${name} ${sign}= ${this.text(value.args[1]!)};`;
    return `${name} = ${this.text(value)};`;
  }

  private cell(cell: Cell): string {
    return cell.offset === null ? this.local(cell.storage) : `${this.array(cell.storage)}[${this.text(cell.offset)}]`;
  }

  // --- expressions ------------------------------------------------------------------------------

  private text(e: Expr): string {
    return this.print(e).text;
  }

  private at(e: Expr, least: number): string {
    const printed = this.print(e);
    return printed.strength < least ? `(${printed.text})` : printed.text;
  }

  private print(e: Expr): Text {
    switch (e.op) {
      case 'const':
        return literal(e.value);
      case 'index':
        return atom(this.index(e, 't'));
      case 'ref':
        return atom(this.cell({ storage: e.variable, offset: e.at[0] ?? null }));
      case 'cond':
        return {
          text: `${this.within(this.test(e.test), strength.or)} ? ${this.at(e.then, strength.or)} : ${this.at(e.otherwise, strength.conditional)}`,
          strength: strength.conditional,
        };
      case 'apply':
        return this.apply(e.fn, e.args);
      default:
        throw new InternalError(`the printer met an expression that was not scheduled: ${e.op}`);
    }
  }

  private apply(fn: string, args: readonly Expr[]): Text {
    const operator = operators[fn];
    if (operator !== undefined) {
      return {
        text: `${this.at(args[0]!, operator.strength)} ${operator.sign} ${this.at(args[1]!, operator.strength + 1)}`,
        strength: operator.strength,
      };
    }
    if (isTest(fn)) {
      const test = this.test({ op: 'apply', fn, args });
      return { text: `${this.within(test, strength.or)} ? 1 : 0`, strength: strength.conditional };
    }
    switch (fn) {
      case 'neg':
        return { text: `-${this.at(args[0]!, strength.atom)}`, strength: strength.unary };
      case 'sqrt':
        return atom(`Math.sqrt(${this.text(args[0]!)})`);
      default:
        break;
    }
    const host = hostNumber(fn);
    if (host !== null)
      return atom(`runtime.host(${host}, [${args.map((a) => `[${this.text(a)}]`).join(', ')}], [${args.map(() => '[]').join(', ')}])`);
    const javascript = primitives.get(fn)?.javascript;
    if (javascript === undefined) throw new InternalError(`unknown primitive ${fn}`);
    if (javascript === null)
      return atom(`${this.taken(`runtime.scalar(${JSON.stringify(word(fn))})`, 's')}(${args.map((a) => this.text(a)).join(', ')})`);
    const bare = javascript(...args.map((_, k) => `\u0001${k}\u0002`));
    const call = /^Math\.\w+\([\u0001\u0002\d,\s]*\)$/.test(bare);
    const text = javascript(...args.map((a) => (call ? this.text(a) : this.at(a, strength.atom))));
    return call || /^\([^()]*\)$/.test(text) ? atom(text) : atom(`(${text})`);
  }

  /** An expression where only whether it is non-zero matters. */
  private test(e: Expr): Text {
    if (e.op === 'apply') {
      const comparison = comparisons[e.fn];
      if (comparison !== undefined) {
        return {
          text: `${this.at(e.args[0]!, comparison.strength + 1)} ${comparison.sign} ${this.at(e.args[1]!, comparison.strength + 1)}`,
          strength: comparison.strength,
        };
      }
      if (e.fn === 'and' || e.fn === 'or') {
        const own = e.fn === 'and' ? strength.and : strength.or;
        const sides = e.args.map((a) => this.within(this.test(a), own + 1));
        return { text: sides.join(e.fn === 'and' ? ' && ' : ' || '), strength: own };
      }
      if (e.fn === 'not') return { text: `!(${this.test(e.args[0]!).text})`, strength: strength.unary };
    }
    return { text: `${this.at(e, strength.comparison)} !== 0`, strength: strength.equality };
  }

  private within(text: Text, least: number): string {
    return text.strength < least ? `(${text.text})` : text.text;
  }

  // --- names ------------------------------------------------------------------------------------

  private index(i: Index, prefix: string): string {
    let name = this.indices.get(i);
    if (name === undefined) {
      name = `${prefix}${this.count++}`;
      this.indices.set(i, name);
    }
    return name;
  }

  private array(storage: string): string {
    const name = this.arrays.get(storage);
    if (name === undefined) throw new InternalError('an array is used but not declared');
    this.used.add(storage);
    return name;
  }

  private local(storage: string): string {
    if (this.storages.get(storage)?.place !== 'local') throw new InternalError('a storage is used as a scalar local but is none');
    let name = this.locals.get(storage);
    if (name === undefined) {
      name = `v${this.count++}`;
      this.locals.set(storage, name);
    }
    return name;
  }

  private localFunction(name: string): string {
    let text = this.localFunctions.get(name);
    if (text === undefined) {
      text = `f${this.count++}`;
      this.localFunctions.set(name, text);
    }
    return text;
  }

  private list(text: string): string {
    let name = this.lists.get(text);
    if (name === undefined) {
      name = `c${this.count++}`;
      this.lists.set(text, name);
    }
    return name;
  }

  /** A name for something taken from the runtime once, at the top. */
  private taken(expression: string, prefix: string): string {
    let name = this.imports.get(expression);
    if (name === undefined) {
      name = `${prefix}${this.count++}`;
      this.imports.set(expression, name);
    }
    return name;
  }
}

/**
 * Scalar locals that a function must declare: those it uses itself, those that two of its local
 * functions share, and those whose value a local function may find as its last call left it. What
 * one local function sets before it reads is left to that function, where it costs far less.
 */
function localsOf(steps: readonly Step[], scalars: ReadonlySet<string>): ReadonlySet<string> {
  if (scalars.size === 0) return scalars;
  const own = new Set<string>(),
    inner = new Map<string, number>();
  const go = (step: Step): void => {
    if (step.do === 'function') {
      for (const name of localsOf(step.body, scalars)) {
        if (step.parameters.includes(name)) continue;
        inner.set(name, (inner.get(name) ?? 0) + 1);
        if (!setsBeforeReading(step.body, name)) own.add(name);
      }
      return;
    }
    visitStorages(step, (name) => {
      if (scalars.has(name)) own.add(name);
    });
    for (const block of nestedBlocks(step)) block.forEach(go);
  };
  steps.forEach(go);
  for (const [name, count] of inner) if (count > 1) own.add(name);
  return own;
}

/** Temporaries and scalar locals of its surroundings that a local function reads, and whether it changes one. */
function takenFrom(
  step: Step & { do: 'function' },
  owned: ReadonlySet<string>,
): { readonly temporaries: readonly Index[]; readonly locals: readonly string[]; readonly changed: boolean } {
  const declared = new Set<Index>(),
    used = new Set<Index>(),
    assigned = new Set<Index>(),
    named = new Set<string>(),
    stored = new Set<string>();
  const go = (inner: Step): void => {
    visitStorages(
      inner,
      (name) => {
        named.add(name);
      },
      (i) => {
        used.add(i);
      },
    );
    switch (inner.do) {
      case 'let':
      case 'choose':
      case 'uniform':
      case 'relativeWeight':
        declared.add(inner.variable);
        break;
      case 'for':
        declared.add(inner.index);
        break;
      case 'assign':
        assigned.add(inner.variable);
        break;
      case 'store':
      case 'call':
        if (inner.into !== null) stored.add(inner.into.storage);
        break;
      default:
        break;
    }
    for (const block of nestedBlocks(inner)) block.forEach(go);
  };
  step.body.forEach(go);
  const locals = [...named].filter((name) => owned.has(name) && !step.parameters.includes(name));
  return {
    temporaries: [...used].filter((i) => !declared.has(i)),
    locals,
    changed: [...assigned].some((i) => !declared.has(i)) || locals.some((name) => stored.has(name)),
  };
}

/** Whether every read of a local in a block follows a store to it in the same run of the block. */
function setsBeforeReading(steps: readonly Step[], name: string): boolean {
  const touching = steps.filter((step) => touches(step, name));
  const first = touching[0];
  if (first === undefined) return true;
  if (first.do === 'store' && first.into.storage === name && !first.accumulate && !reads(first.value, name)) return true;
  // A loop may not run, so nothing after it may rely on it.
  return (
    touching.length === 1 &&
    !mentions(first).has(name) &&
    first.do !== 'function' &&
    nestedBlocks(first).every((block) => setsBeforeReading(block, name))
  );
}

function touches(step: Step, name: string): boolean {
  return mentions(step).has(name) || nestedBlocks(step).some((block) => block.some((inner) => touches(inner, name)));
}

function reads(e: Expr, name: string): boolean {
  return (e.op === 'ref' && e.variable === name) || children(e).some((child) => reads(child, name));
}

function nestedBlocks(step: Step): readonly (readonly Step[])[] {
  switch (step.do) {
    case 'for':
    case 'function':
      return [step.body];
    case 'if':
      return [step.then, step.otherwise];
    case 'choose':
      return [step.then.steps, step.otherwise.steps];
    default:
      return [];
  }
}

/** Storages that a step names itself, nested steps left out. */
function mentions(step: Step): ReadonlySet<string> {
  const out = new Set<string>();
  visitStorages(step, (name) => {
    out.add(name);
  });
  return out;
}

function visitStorages(step: Step, note: (name: string) => void, noteIndex: (i: Index) => void = () => undefined): void {
  const read = (e: Expr): void => {
    if (e.op === 'ref') note(e.variable);
    if (e.op === 'index') noteIndex(e);
    else for (const child of children(e)) read(child);
  };
  const cell = (c: Cell): void => {
    note(c.storage);
    if (c.offset !== null) read(c.offset);
  };
  switch (step.do) {
    case 'let':
    case 'assign':
    case 'return':
    case 'fill':
      read(step.value);
      break;
    case 'choose':
      read(step.test);
      read(step.then.value);
      read(step.otherwise.value);
      break;
    case 'store':
      cell(step.into);
      read(step.value);
      break;
    case 'for':
      read(step.from);
      read(step.to);
      break;
    case 'if':
      read(step.test);
      break;
    case 'call':
      if (step.into !== null) cell(step.into);
      for (const a of step.args) {
        if (a.kind === 'value') read(a.value);
        if (a.kind === 'cell') read(a.offset);
      }
      break;
    case 'arrayFunction':
      step.shapes.forEach((dims) => {
        dims.forEach(read);
      });
      break;
    case 'allocate':
      read(step.size);
      break;
    case 'relativeWeight':
      read(step.of);
      break;
    case 'function':
    case 'uniform':
    case 'fault':
      break;
  }
}

/** One step of xoshiro128** on the locals q0..q3, as in `random/generator.ts`; the result in `name`. */
function generatorStep(name: string): string {
  return (
    `let ${name} = Math.imul(q1, 5); ${name} = Math.imul((${name} << 7) | (${name} >>> 25), 9); ` +
    'q4 = q1 << 9; q2 ^= q0; q3 ^= q1; q1 ^= q2; q0 ^= q3; q2 ^= q4; q3 = (q3 << 11) | (q3 >>> 21);'
  );
}

/** Whether a loop's only use of the random stream is by uniforms drawn in its own text. */
function drawsOnlyUniforms(steps: readonly Step[]): boolean {
  let draws = false;
  const alone = (step: Step): boolean => {
    switch (step.do) {
      case 'uniform':
        draws = true;
        return true;
      case 'call':
      case 'function':
      case 'return':
        return false;
      case 'for':
        return step.body.every(alone);
      case 'if':
        return step.then.every(alone) && step.otherwise.every(alone);
      case 'choose':
        return step.then.steps.every(alone) && step.otherwise.steps.every(alone);
      default:
        return true;
    }
  };
  return steps.every(alone) && draws;
}

/** A number as text that reads back as exactly the same number. */
function literal(value: number): Text {
  const text = Object.is(value, -0) ? '-0' : String(value);
  return { text, strength: text.startsWith('-') ? strength.unary : strength.atom };
}

function isTest(fn: string): boolean {
  return comparisons[fn] !== undefined || fn === 'and' || fn === 'or' || fn === 'not';
}

function hostNumber(fn: string): number | null {
  const digits = /^host:(\d+)$/.exec(fn);
  return digits === null ? null : Number(digits[1]);
}

/** @throws InternalError unless the name can stand in the text as it is. */
function word(name: string): string {
  if (!/^[A-Za-z][A-Za-z0-9$]*$/.test(name)) throw new InternalError('a name of the compiler is not a plain word');
  return name;
}
