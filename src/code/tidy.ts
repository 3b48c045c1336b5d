/**
 * Tidying: temporaries that are read once, in the same loop and function, are written where they
 * are read; unread ones disappear; a `choose` whose branches need no steps becomes a conditional
 * expression. Legal because the scheduler only reads a temporary where its value is still valid.
 */
import { children, mapChildren } from '../expr/expr.js';
import type { Expr, Index } from '../expr/expr.js';
import { primitives } from '../expr/primitives.js';
import type { Branch, Cell, Schedule, Step, StepArgument } from './steps.js';

/** Deepest expression that is written in one piece. */
const depthLimit = 40;

interface Use {
  count: number;
  context: object | null;
}

/** A schedule that computes the same with fewer names. */
export function tidy(schedule: Schedule): Schedule {
  const counter = new Counter();
  const functions = schedule.functions.map((f) => {
    const uses = new Map<Index, Use>();
    counter.block(f.body, uses, f.body);
    return { uses, entry: { ...f, body: new Tidier(uses).block(f.body) } };
  });
  const preparation = new Map<Index, Use>();
  for (const { uses } of functions) for (const [variable, use] of uses) preparation.set(variable, use);
  counter.block(schedule.preparation, preparation, schedule.preparation);
  return {
    storages: schedule.storages,
    preparation: new Tidier(preparation).block(schedule.preparation),
    functions: functions.map((f) => f.entry),
  };
}

class Counter {
  private readonly repeats = new Map<string, readonly number[]>();

  /**
   * Counts reads, last step first, so that what only unread temporaries read does not count, and
   * notes in which context (loop body, function body) a read stands.
   */
  block(steps: readonly Step[], uses: Map<Index, Use>, context: object): void {
    const read = (e: Expr, weight = 1): void => {
      if (e.op === 'index') {
        const use = uses.get(e);
        if (use === undefined) uses.set(e, { count: weight, context });
        else use.count += weight;
      } else if (e.op === 'apply') {
        const repeats = this.repetitions(e.fn, e.args.length);
        e.args.forEach((a, k) => {
          read(a, weight * repeats[k]!);
        });
      } else for (const child of children(e)) read(child, weight);
    };
    const cell = (c: Cell | null): void => {
      if (c?.offset != null) read(c.offset);
    };
    const branch = (b: Branch): void => {
      read(b.value);
      this.block(b.steps, uses, context);
    };
    for (let k = steps.length - 1; k >= 0; k--) {
      const step = steps[k]!;
      switch (step.do) {
        case 'let':
          if (step.mutable || uses.has(step.variable)) read(step.value);
          break;
        case 'assign':
          read(step.value);
          break;
        case 'choose':
          if (uses.has(step.variable)) {
            branch(step.then);
            branch(step.otherwise);
            read(step.test);
          }
          break;
        case 'store':
          read(step.value);
          cell(step.into);
          break;
        case 'fill':
        case 'return':
          read(step.value);
          break;
        case 'for':
          this.block(step.body, uses, step);
          // The upper bound is printed into the loop's test and so evaluated each time.
          read(step.to, 2);
          read(step.from);
          break;
        case 'if':
          this.block(step.otherwise, uses, context);
          this.block(step.then, uses, context);
          read(step.test);
          break;
        case 'call':
          cell(step.into);
          for (const a of step.args) {
            if (a.kind === 'value') read(a.value);
            if (a.kind === 'cell') read(a.offset);
          }
          break;
        case 'arrayFunction':
          for (const shape of step.shapes)
            shape.forEach((d) => {
              read(d, 2);
            });
          break;
        case 'allocate':
          read(step.size);
          break;
        case 'relativeWeight':
          read(step.of, 2);
          break;
        case 'function':
          this.block(step.body, uses, step);
          break;
        case 'uniform':
        case 'fault':
          break;
      }
    }
  }

  /** How often the text of a primitive repeats each argument; a repeated argument must stay a name. */
  private repetitions(fn: string, arity: number): readonly number[] {
    const known = this.repeats.get(fn);
    if (known !== undefined) return known;
    const javascript = primitives.get(fn)?.javascript;
    const marks = Array.from({ length: arity }, (_, k) => `\u0001${k}\u0002`);
    const text = javascript === undefined || javascript === null ? '' : javascript(...marks);
    const repeats = marks.map((mark) => Math.max(1, text.split(mark).length - 1));
    this.repeats.set(fn, repeats);
    return repeats;
  }
}

class Tidier {
  private readonly uses: ReadonlyMap<Index, Use>;
  private readonly inlined = new Map<Index, { readonly value: Expr; readonly depth: number }>();
  /** Context in which a variable was introduced. */
  private context: object = {};

  constructor(uses: ReadonlyMap<Index, Use>) {
    this.uses = uses;
  }

  block(steps: readonly Step[], context: object = steps): readonly Step[] {
    const outer = this.context;
    this.context = context;
    const out: Step[] = [];
    for (const step of steps) {
      const tidied = this.step(step);
      if (tidied !== null) out.push(tidied);
    }
    this.context = outer;
    return out;
  }

  private step(step: Step): Step | null {
    switch (step.do) {
      case 'let': {
        if (step.mutable) return { ...step, value: this.expr(step.value) };
        if (!this.uses.has(step.variable)) return null;
        return this.introduce(step.variable, this.expr(step.value));
      }
      case 'choose': {
        if (!this.uses.has(step.variable)) return null;
        const test = this.expr(step.test);
        const then = this.branch(step.then),
          otherwise = this.branch(step.otherwise);
        if (then.steps.length > 0 || otherwise.steps.length > 0) return { ...step, test, then, otherwise };
        return this.introduce(step.variable, { op: 'cond', test, then: then.value, otherwise: otherwise.value });
      }
      case 'assign':
      case 'return':
      case 'fill':
        return { ...step, value: this.expr(step.value) };
      case 'store':
        return { ...step, into: this.cell(step.into), value: this.expr(step.value) };
      case 'for':
        return { ...step, from: this.expr(step.from), to: this.expr(step.to), body: this.block(step.body, step) };
      case 'if': {
        const test = this.expr(step.test);
        return { ...step, test, then: this.block(step.then, this.context), otherwise: this.block(step.otherwise, this.context) };
      }
      case 'call':
        return {
          ...step,
          into: step.into === null ? null : this.cell(step.into),
          args: step.args.map((a): StepArgument => {
            if (a.kind === 'value') return { ...a, value: this.expr(a.value) };
            return a.kind === 'cell' ? { ...a, offset: this.expr(a.offset) } : a;
          }),
        };
      case 'arrayFunction':
        return { ...step, shapes: step.shapes.map((shape) => shape.map((d) => this.expr(d))) };
      case 'allocate':
        return { ...step, size: this.expr(step.size) };
      case 'function':
        return { ...step, body: this.block(step.body, step) };
      case 'relativeWeight':
        return { ...step, of: this.expr(step.of) };
      case 'uniform':
      case 'fault':
        return step;
    }
  }

  private branch(branch: Branch): Branch {
    const steps = this.block(branch.steps, this.context);
    return { steps, value: this.expr(branch.value) };
  }

  private introduce(variable: Index, value: Expr): Step | null {
    const use = this.uses.get(variable)!;
    const depth = this.depth(value);
    const atom = value.op === 'const' || value.op === 'index';
    if (atom || (use.count === 1 && use.context === this.context && depth <= depthLimit)) {
      this.inlined.set(variable, { value, depth });
      return null;
    }
    return { do: 'let', variable, value, mutable: false };
  }

  private depth(e: Expr): number {
    let depth = 0;
    for (const child of children(e)) depth = Math.max(depth, this.depth(child) + 1);
    return depth;
  }

  private cell(cell: Cell): Cell {
    return { storage: cell.storage, offset: cell.offset === null ? null : this.expr(cell.offset) };
  }

  private expr(e: Expr): Expr {
    if (e.op === 'index') return this.inlined.get(e)?.value ?? e;
    return rebuild(e, (x) => this.expr(x));
  }
}

/** Like `mapChildren` without folding: what is plain stays as the scheduler made it. */
function rebuild(e: Expr, f: (e: Expr) => Expr): Expr {
  switch (e.op) {
    case 'apply':
      return { op: 'apply', fn: e.fn, args: e.args.map(f) };
    case 'cond':
      return { op: 'cond', test: f(e.test), then: f(e.then), otherwise: f(e.otherwise) };
    default:
      return mapChildren(e, f);
  }
}
