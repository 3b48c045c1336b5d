/**
 * Binding: a plated graph and a user's values become a graph with numbers.
 *
 * In order: values are read; sizes follow from shapes; shapes of all variables follow from sizes;
 * what depends on data alone is computed; then everything that can be wrong with data is checked
 * (`bindChecks.ts`). A mistake poisons what depends on it and nothing else, so that all mistakes
 * are reported together. Nothing is allocated before its size was found acceptable.
 */
import type { Diagnostic, Span } from '../errors/diagnostic.js';
import { didYouMean } from '../errors/render.js';
import { type Expr, freeIndices, variablesOf, visit } from '../expr/expr.js';
import { printText } from '../expr/print.js';
import { checkExtents, checkLoops, checkObligations, checkReads, checkRegions, integerRange, settleGaps } from './bindChecks.js';
import { type BindContext, type Holes, expressionsOfSteps, maximumBytes, stepsOf } from './bindContext.js';
import { checkLaws } from './bindLaws.js';
import { checkValues } from './bindValues.js';
import type { BoundModel, BoundVariable, ElementOrder, Status } from './bound.js';
import { type Bounds, Evaluator, HostFailure, type Stored, type Unfinished } from './compute.js';
import { checkConstraint, checkFloors, checkIntervals } from './constraints.js';
import { orderElements } from './elementOrder.js';
import { type Reading, elementName, nameAt, readValue } from './data.js';
import type { ModelGraph, Statement, Variable } from './graph.js';
import { codedColumns } from './codedColumns.js';
import { groupsWithoutData } from './groups.js';
import * as messages from './bindMessages.js';
import { orderedGroups } from './query.js';

export interface BindOptions {
  /** `sample`: data that some `observe` generates may be left out. */
  readonly mode: 'infer' | 'sample';
}

/** A user reads the first few errors; the rest is a count. */
const shownErrors = 20;
const largestInt = 2 ** 31 - 1;

/**
 * Binds values to a graph. `model` is null where a diagnostic is an error; notes are in both the
 * model and the diagnostics. Never throws for a user's mistake.
 */
export function bind(
  graph: ModelGraph,
  values: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>,
  options: BindOptions,
): { readonly model: BoundModel | null; readonly diagnostics: readonly Diagnostic[] } {
  const given = new Map(values instanceof Map ? (values as ReadonlyMap<string, unknown>) : Object.entries(values));
  const binding = new Binding(graph, given, options.mode);
  const model = binding.run();
  const errors = binding.diagnostics.filter((d) => d.severity === 'error');
  const others = binding.diagnostics.filter((d) => d.severity !== 'error');
  if (errors.length === 0) return { model, diagnostics: others };
  const shown = errors.length > shownErrors ? [...errors.slice(0, shownErrors), messages.andMore(errors.length - shownErrors)] : errors;
  return { model: null, diagnostics: [...shown, ...others] };
}

/** What is known so far; checks read it and report. */
class Binding implements BindContext {
  readonly graph: ModelGraph;
  readonly mode: 'infer' | 'sample';
  readonly diagnostics: Diagnostic[] = [];
  readonly sizes = new Map<string, number>();
  /** Shapes of variables whose dimensions are known. */
  readonly shapes = new Map<string, readonly number[]>();
  /** Values of variables that have any: given, partial, computed. */
  readonly storages = new Map<string, Stored>();
  readonly status = new Map<string, Status>();
  readonly definitions: ReadonlyMap<string, readonly Statement[]>;
  readonly observations: ReadonlyMap<string, readonly Statement[]>;
  readonly evaluator: Evaluator;
  readonly holes = new Map<string, Holes>();
  private readonly given: ReadonlyMap<string, unknown>;
  private readonly readings = new Map<string, Reading>();
  /** Names whose values are wrong or absent: what depends on them is not checked further. */
  private readonly poisoned = new Set<string>();
  private readonly reads = new Map<string, ReadonlySet<string>>();
  private readonly valueBounds = new Map<string, Bounds | null>();
  /** Variables whose bounds are being looked for: a recursion finds none. */
  private readonly boundsOpen = new Set<string>();
  private readonly orders = new Map<number, ElementOrder>();
  private readonly orderedGroups: readonly (readonly Statement[])[];
  private bytes = 0;

  constructor(graph: ModelGraph, given: ReadonlyMap<string, unknown>, mode: 'infer' | 'sample') {
    this.graph = graph;
    this.given = given;
    this.mode = mode;
    this.definitions = byTarget(graph.statements.filter((s) => s.kind !== 'observe'));
    this.observations = byTarget(graph.statements.filter((s) => s.kind === 'observe'));
    this.evaluator = new Evaluator(this.sizes, this.storages, graph.hostFunctions);
    this.orderedGroups = orderedGroups(graph);
  }

  report(diagnostic: Diagnostic): void {
    this.diagnostics.push(diagnostic);
  }
  private get failed(): boolean {
    return this.diagnostics.some((d) => d.severity === 'error');
  }

  run(): BoundModel | null {
    this.noteNames();
    this.readAll();
    this.resolveSizes();
    this.storeGiven();
    this.setStatuses();
    if (!checkExtents(this)) return null;
    try {
      this.computeShapes();
      settleGaps(this);
      // A datum whose gaps nobody reads is given after all: what depends on it may be computed now.
      this.setStatuses();
      this.computeShapes();
      // Ranges that computed quantities give are known only now.
      const open = this.graph.statements.filter((s) => s.kind === 'factor' || s.target === null || !this.poisoned.has(s.target.variable));
      if (open.filter((s) => !checkLoops(this, s)).length > 0) return null;
      checkFloors(this);
      checkIntervals(this);
      checkObligations(this);
      checkRegions(this);
      checkReads(this);
      this.orderGroups();
      checkLaws(this);
      if (!this.failed) checkValues(this);
      if (!this.failed && this.mode === 'infer')
        for (const diagnostic of [...groupsWithoutData(this.graph, this.storages), ...codedColumns(this.graph, this.levels())])
          this.report(diagnostic);
    } catch (thrown) {
      if (!(thrown instanceof HostFailure)) throw thrown;
      this.report(thrown.diagnostic);
    }
    if (this.failed) return null;
    return this.boundModel();
  }

  private orderGroups(): void {
    for (const statements of this.orderedGroups) {
      // What data alone give was computed element by element.
      if (statements.every((s) => s.kind === 'let' && this.status.get(s.target.variable) === 'given')) continue;
      const order = orderElements(this, statements);
      if (order !== null) this.orders.set(statements[0]!.id, order);
    }
  }

  /** Words of the columns that were coded. */
  private levels(): ReadonlyMap<string, readonly string[]> {
    return new Map([...this.readings].flatMap(([name, { levels }]) => (levels === null ? [] : [[name, levels] as const])));
  }

  // --- names and values -----------------------------------------------------------------------

  private noteNames(): void {
    const declared = [...this.graph.variables.keys(), ...this.graph.sizes.keys()].filter((name) => !name.includes('$'));
    const unknown: string[] = [];
    for (const [name, value] of this.given) {
      const variable = this.graph.variables.get(name);
      const named = (variable !== undefined && variable.origin !== 'constant') || this.graph.sizes.has(name);
      if (!named) {
        const reading = readValue(value);
        if (reading.kind === 'nested-object') this.report(messages.nestedObject(name, reading.keys));
        else unknown.push(name);
      } else if (variable !== undefined && (variable.origin === 'let' || variable.origin === 'report' || variable.origin === 'predict')) {
        this.report(messages.computedValue(name, variable.span));
      }
    }
    if (unknown.length === 0) return;
    const free = declared.filter((name) => !this.given.has(name));
    const near = unknown.flatMap((name) => {
      const other = didYouMean(name, free);
      return other === null ? [] : [{ given: name, declared: other }];
    });
    this.report(messages.ignoredValues(unknown, near));
  }

  private readAll(): void {
    for (const variable of this.graph.variables.values()) {
      if (variable.origin === 'constant') {
        const { shape, values } = variable.value!;
        const gaps = values.some((x) => Number.isNaN(x)) ? Uint8Array.from(values, (x) => (Number.isNaN(x) ? 1 : 0)) : null;
        this.readings.set(variable.name, {
          kind: 'array',
          shape,
          values: values.slice(),
          gaps,
          open: false,
          levels: null,
          firstWord: null,
        });
        continue;
      }
      if (variable.origin !== 'data' && variable.origin !== 'sample' && variable.origin !== 'param') continue;
      const value = this.given.get(variable.name);
      // A missing scalar of data is a gap; any other null stands for a value that is not passed.
      if (value === undefined || (value === null && (variable.origin !== 'data' || variable.dims.length > 0))) continue;
      const reading = readValue(value);
      const { name, span } = variable;
      switch (reading.kind) {
        case 'nested-object':
          this.report(messages.nestedObject(nameAt(name, reading.at), reading.keys, span));
          break;
        case 'ragged':
          this.report(messages.raggedArray(nameAt(name, reading.at), reading.expected, reading.found, span));
          break;
        case 'not-a-number':
          this.report(messages.notANumber(nameAt(name, reading.at), reading.found, span));
          break;
        case 'array': {
          const rank = reading.shape.length;
          if (rank !== variable.dims.length && !(reading.open && rank < variable.dims.length)) {
            this.report(messages.wrongShape(name, this.typeText(variable), null, reading.shape, span));
            break;
          }
          this.readings.set(name, reading);
          if (variable.origin !== 'data') this.report(messages.conditioned(name, this.mode, span));
          continue;
        }
      }
      this.poisoned.add(name);
    }
  }

  /** The declared type as a user writes it: `real[N, D]`, `simplex[K]`. */
  typeText(variable: Variable): string {
    const { constraint } = variable;
    const base =
      constraint.kind === 'none'
        ? variable.scalar
        : constraint.kind === 'interval'
          ? `interval(${printText(constraint.low)}, ${printText(constraint.high)})`
          : constraint.kind;
    return variable.dims.length === 0 ? base : `${base}[${variable.dims.map((d) => printText(d)).join(', ')}]`;
  }

  // --- sizes ----------------------------------------------------------------------------------

  private resolveSizes(): void {
    const missing: { name: string; type: string; span: Span }[] = [];
    /** Data that `sample` could have generated had it been observed by itself. */
    const indirect: string[] = [];
    let generated = false;
    for (const variable of this.graph.variables.values()) {
      if (variable.origin !== 'data' || this.readings.has(variable.name) || this.poisoned.has(variable.name)) continue;
      if (this.observations.has(variable.name)) {
        generated = true;
        if (this.mode === 'sample') continue;
      }
      if (this.mode === 'sample' && this.isObservedInExpression(variable.name)) indirect.push(variable.name);
      missing.push({ name: variable.name, type: this.typeText(variable), span: variable.span });
      this.poisoned.add(variable.name);
    }
    for (const size of this.graph.sizes.values()) {
      const claims: { value: number; from: string }[] = [];
      const number = this.givenSize(size.name, size.span);
      if (number === 'bad') {
        this.poisoned.add(size.name);
        continue;
      }
      if (number !== null) claims.push({ value: number, from: 'the value given for it' });
      let open = false;
      for (const { variable, axis } of size.sources) {
        const reading = this.readings.get(variable);
        if (reading === undefined) continue;
        const extent = reading.shape[axis];
        if (extent === undefined) {
          open = true;
          continue;
        }
        claims.push({ value: extent, from: reading.shape.length > 1 ? `axis ${axis} of ${variable}` : `the length of ${variable}` });
      }
      const [first] = claims;
      if (first === undefined) {
        if (open) this.sizes.set(size.name, 0);
        // A size that missing or wrong data would give is not a second mistake.
        else if (!size.sources.some((s) => this.poisoned.has(s.variable)) && !this.poisoned.has(size.name)) {
          missing.push({ name: size.name, type: 'int', span: size.span });
          this.poisoned.add(size.name);
        }
        continue;
      }
      const other = claims.find((c) => c.value !== first.value);
      if (other !== undefined) {
        this.report(messages.sizeConflict(size.name, first, other, size.span));
        this.poisoned.add(size.name);
        continue;
      }
      this.sizes.set(size.name, first.value);
    }
    if (missing.length > 0)
      this.report(
        messages.missingData(missing, this.mode === 'infer' && generated, indirect, missing[0]!.span, this.missingDimension(missing)),
      );
  }

  /** A number that is missing and that the shape of data would tell, were it not declared; only where nothing else is missing. */
  private missingDimension(missing: readonly { readonly name: string }[]): { readonly name: string; readonly of: string } | undefined {
    const [only] = missing;
    if (missing.length !== 1) return undefined;
    const { name } = only!;
    for (const [of] of this.readings)
      if (this.graph.variables.get(of)!.dims.some((d) => d.op === 'ref' && d.variable === name)) return { name, of };
    return undefined;
  }

  /** True where an observed expression depends on the variable, through `let`s or not. */
  private isObservedInExpression(name: string): boolean {
    const seen = new Set<string>();
    const stack = this.graph.statements.flatMap((s) => (s.kind === 'observe' ? [...variablesOf(s.value.body)] : []));
    for (let n = stack.pop(); n !== undefined; n = stack.pop()) {
      if (seen.has(n)) continue;
      seen.add(n);
      for (const s of this.definitions.get(n) ?? []) if (s.kind === 'let') stack.push(...variablesOf(s.value));
    }
    return seen.has(name);
  }

  /** A size passed as a number, null where it is not passed. */
  private givenSize(name: string, span: Span): number | 'bad' | null {
    const value = this.given.get(name);
    if (value === undefined || value === null || this.poisoned.has(name)) return null;
    const reading = this.readings.get(name) ?? readValue(value);
    const number = reading.kind === 'array' && reading.shape.length === 0 ? reading.values[0]! : Number.NaN;
    if (Number.isInteger(number) && number >= 0 && number <= Number.MAX_SAFE_INTEGER) return number;
    this.report(messages.badSize(name, Number.isNaN(number) ? 'something else' : messages.showNumber(number), span));
    return 'bad';
  }

  // --- values into storages -------------------------------------------------------------------

  private storeGiven(): void {
    // Dimensions may read other data (`data K: int` then `real[K]`): scalars come first.
    const pending = [...this.readings.keys()].sort((a, b) => this.readings.get(a)!.shape.length - this.readings.get(b)!.shape.length);
    for (const name of pending) {
      const variable = this.graph.variables.get(name)!;
      const reading = this.readings.get(name)!;
      if (!variable.dims.every((d) => this.known(d))) {
        // Of a conditioned variable the dimensions may depend on what is computed later.
        if (variable.origin !== 'data' && variable.origin !== 'constant') continue;
        this.poisoned.add(name);
        continue;
      }
      this.store(variable, reading);
    }
  }

  /** Checks shape, type and constraint, and stores the values. */
  private store(variable: Variable, reading: Reading): void {
    const { name, span } = variable;
    const shape = variable.dims.map((d) => Math.max(0, this.evaluator.value(d)));
    const agrees = reading.open
      ? reading.shape.every((d, axis) => d === shape[axis]) && reading.values.length === shape.reduce((p, d) => p * d, 1)
      : shape.length === reading.shape.length && shape.every((d, axis) => d === reading.shape[axis]);
    if (!agrees) {
      this.report(messages.wrongShape(name, this.typeText(variable), shape, reading.shape, span));
      this.poisoned.add(name);
      return;
    }
    if (!this.checkNumbers(variable, reading, shape)) {
      this.poisoned.add(name);
      return;
    }
    const values = variable.scalar === 'real' ? reading.values : Int32Array.from(reading.values);
    if (reading.gaps !== null && variable.scalar === 'real')
      for (let k = 0; k < values.length; k++) if (reading.gaps[k] === 1) values[k] = 0;
    this.storages.set(name, { shape, values, gaps: reading.gaps });
    this.shapes.set(name, shape);
    if (reading.levels !== null) this.report(messages.codedLevels(name, reading.levels, span));
    if (!checkConstraint(this, variable, { shape, values, gaps: reading.gaps })) this.poisoned.add(name);
  }

  private checkNumbers(variable: Variable, reading: Reading, shape: readonly number[]): boolean {
    const { name, span } = variable;
    const { values } = reading;
    if (reading.levels !== null && variable.scalar !== 'int') {
      const code = Math.max(
        0,
        reading.levels.findIndex((level) => Number.isNaN(Number(level))),
      );
      this.report(
        messages.wordsForNumbers(
          name,
          elementName(name, values.indexOf(code), shape),
          this.typeText(variable),
          reading.levels[code] ?? '',
          span,
        ),
      );
      return false;
    }
    if (reading.firstWord !== null) {
      this.report(messages.wordAmongNumbers(name, this.typeText(variable), reading.firstWord, span));
      return false;
    }
    const integer = variable.scalar !== 'real';
    for (let k = 0; k < values.length; k++) {
      const x = values[k]!;
      if (Number.isNaN(x)) continue;
      // A program may write `inf` in an array of bounds; data may not hold it.
      if (!Number.isFinite(x) && variable.origin === 'constant' && !integer) continue;
      if (!Number.isFinite(x)) {
        this.report(messages.notFinite(elementName(name, k, shape), x, span));
        return false;
      }
      if (!integer) continue;
      const fits = variable.scalar === 'bool' ? x === 0 || x === 1 : Number.isInteger(x) && x >= -largestInt - 1 && x <= largestInt;
      if (!fits) {
        this.report(messages.notAnInteger(elementName(name, k, shape), x, variable.scalar, span));
        return false;
      }
    }
    return true;
  }

  // --- what depends on what -------------------------------------------------------------------

  /** True where the value can be computed now: sizes known, everything it reads stored without gaps. */
  known(e: Expr): boolean {
    let known = true;
    visit(e, (x) => {
      if (x.op === 'size') known &&= this.sizes.has(x.name);
      else if (x.op === 'ref')
        known &&= this.storages.has(x.variable) && this.status.get(x.variable) !== 'partial' && !this.poisoned.has(x.variable);
    });
    return known;
  }

  /** True where an earlier mistake makes every further judgement of the expression idle. */
  isPoisoned(e: Expr): boolean {
    let poisoned = false;
    visit(e, (x) => {
      if (x.op === 'size') poisoned ||= !this.sizes.has(x.name);
      else if (x.op === 'ref') poisoned ||= this.poisoned.has(x.variable);
    });
    return poisoned;
  }

  poison(name: string): void {
    this.poisoned.add(name);
  }

  private setStatuses(): void {
    for (const variable of this.graph.variables.values()) {
      const { name } = variable;
      if (this.status.get(name) === 'given' && this.storages.has(name)) continue;
      const stored = this.storages.get(name);
      if (stored !== undefined) {
        const observed = this.observations.has(name) || (variable.origin !== 'data' && variable.origin !== 'constant');
        this.status.set(name, stored.gaps !== null && observed ? 'partial' : 'given');
      } else if (variable.origin === 'let' || variable.origin === 'report') this.status.set(name, 'given');
      else if (variable.origin === 'data' && this.poisoned.has(name)) this.status.set(name, 'given');
      else this.status.set(name, 'latent');
    }
    // The largest set of `let`s that read only what is given: strike out until nothing changes.
    for (let changed = true; changed; ) {
      changed = false;
      for (const variable of this.graph.variables.values()) {
        if ((variable.origin !== 'let' && variable.origin !== 'report') || this.status.get(variable.name) !== 'given') continue;
        const reads = (this.definitions.get(variable.name) ?? []).flatMap((s) => (s.kind === 'let' ? [s.value, ...s.guards] : []));
        if (reads.every((e) => [...variablesOf(e)].every((n) => this.status.get(n) === 'given'))) continue;
        this.status.set(variable.name, 'deterministic');
        changed = true;
      }
    }
  }

  // --- shapes and `let`s of data ----------------------------------------------------------------

  private computeShapes(): void {
    const visiting = new Set<string>();
    const ensure = (name: string): void => {
      if (visiting.has(name)) return;
      visiting.add(name);
      const variable = this.graph.variables.get(name);
      if (variable === undefined || this.poisoned.has(name)) return;
      for (const d of variable.dims) for (const other of variablesOf(d)) ensure(other);
      this.setShape(variable);
      if (this.status.get(name) !== 'given' || this.storages.has(name)) return;
      this.computeLets(name, ensure);
    };
    for (const name of this.graph.variables.keys()) ensure(name);
  }

  private setShape(variable: Variable): void {
    const { name, span } = variable;
    if (this.shapes.has(name)) return;
    if (!variable.dims.every((d) => this.known(d) && freeIndices(d).size === 0)) {
      this.poisoned.add(name);
      return;
    }
    const shape: number[] = [];
    for (const d of variable.dims) {
      const extent = this.evaluator.value(d);
      if (Number.isNaN(extent) || (Number.isFinite(extent) && !Number.isInteger(extent))) {
        this.report(messages.notACount(`a dimension of ${name}, ${printText(d)},`, extent, span));
        this.poisoned.add(name);
        return;
      }
      shape.push(Math.max(0, extent));
    }
    const bytes = shape.reduce((product, d) => product * d, variable.scalar === 'real' ? 8 : 4);
    const reading = this.readings.get(name);
    if (reading === undefined && this.bytes + bytes > maximumBytes) {
      this.report(messages.tooLarge(`${name}[${shape.join(', ')}]`, bytes, maximumBytes, span));
      this.poisoned.add(name);
      return;
    }
    if (reading === undefined) this.bytes += bytes;
    this.shapes.set(name, shape);
    if (reading !== undefined && !this.storages.has(name)) {
      this.store(variable, reading);
      if (this.storages.has(name)) this.status.set(name, reading.gaps === null ? 'given' : 'partial');
    }
  }

  /** Computes a `let` of data alone together with those it is mutually recursive with. */
  private computeLets(name: string, ensure: (name: string) => void): void {
    const group = this.recursionGroup(name);
    const statements: Statement[] = [];
    for (const member of group) {
      const variable = this.graph.variables.get(member)!;
      this.setShape(variable);
      for (const s of this.definitions.get(member) ?? []) {
        for (const e of expressionsOf(s)) for (const other of variablesOf(e)) if (!group.has(other)) ensure(other);
        statements.push(s);
      }
    }
    const reads = statements.flatMap(expressionsOf);
    const outside = (e: Expr): boolean => [...variablesOf(e)].every((n) => group.has(n) || this.storages.has(n));
    if ([...group].some((n) => this.poisoned.has(n)) || !reads.every((e) => outside(e) && !this.isPoisoned(e))) {
      for (const n of group) this.poisoned.add(n);
      return;
    }
    if (!statements.every((s) => checkLoops(this, s))) {
      for (const n of group) this.poisoned.add(n);
      return;
    }
    const defined = new Map<string, Uint8Array>();
    for (const member of group) {
      const shape = this.shapes.get(member)!;
      const length = shape.reduce((product, d) => product * d, 1);
      const isBool = this.graph.variables.get(member)!.scalar === 'bool';
      this.storages.set(member, { shape, values: isBool ? new Int32Array(length) : new Float64Array(length), gaps: null });
      defined.set(member, new Uint8Array(length));
    }
    const ordered = this.orderedGroups.find((g) => g.some((s) => statements.includes(s)));
    if (ordered !== undefined && ordered.every((s) => statements.includes(s))) {
      this.runOrdered(ordered);
      return;
    }
    const recursive = group.size > 1 || statements.some((s) => s.kind === 'let' && variablesOf(s.value).has(s.target.variable));
    if (recursive) this.runRecursion(statements, defined);
    else for (const s of statements) this.runOnce(s);
  }

  private runOnce(s: Statement): void {
    if (s.kind !== 'let') return;
    const { shape, values } = this.storages.get(s.target.variable)!;
    const position = this.evaluator.position(shape, s.target.at);
    const value = this.evaluator.compile(s.value);
    this.evaluator.walk(stepsOf(s), () => {
      const k = position();
      if (k >= 0) values[k] = value();
      return true;
    });
  }

  /** Element by element in the order that data give. */
  private runOrdered(statements: readonly Statement[]): void {
    const order = orderElements(this, statements);
    if (order === null) {
      for (const s of statements) if (s.kind === 'let') this.poisoned.add(s.target.variable);
      return;
    }
    // Reads what it writes, so nothing may be kept from element to element.
    const defined = new Map(
      statements.flatMap((s): [string, Uint8Array][] => (s.kind === 'let' ? [[s.target.variable, new Uint8Array(0)]] : [])),
    );
    const evaluator = new Evaluator(this.sizes, this.storages, this.graph.hostFunctions, { defined, incomplete: false });
    const runs = statements.flatMap((s) => {
      if (s.kind !== 'let') return [];
      const { shape, values } = this.storages.get(s.target.variable)!;
      return [
        {
          boxes: s.plates.map((p) => evaluator.box(p.index)),
          position: evaluator.position(shape, s.target.at),
          value: evaluator.compile(s.value),
          values,
        },
      ];
    });
    for (let at = 0; at < order.rows.length; at += order.width) {
      const { boxes, position, value, values } = runs[order.rows[at]!]!;
      boxes.forEach((box, k) => {
        box.value = order.rows[at + 1 + k]!;
      });
      const k = position();
      if (k >= 0) values[k] = value();
    }
  }

  /**
   * Passes over all statements, forwards and backwards in turn, side by side along their outermost
   * loops, until every element is there: an element is kept once everything it reads is. A recursion
   * takes one or two passes in its direction.
   */
  private runRecursion(statements: readonly Statement[], defined: ReadonlyMap<string, Uint8Array>): void {
    const unfinished: Unfinished = { defined, incomplete: false };
    const evaluator = new Evaluator(this.sizes, this.storages, this.graph.hostFunctions, unfinished);
    const runs = statements.flatMap((s) => {
      if (s.kind !== 'let') return [];
      const { shape, values } = this.storages.get(s.target.variable)!;
      const marks = defined.get(s.target.variable)!;
      const position = evaluator.position(shape, s.target.at);
      const value = evaluator.compile(s.value);
      const [outer, ...inner] = s.plates;
      const rest = { ...s, plates: inner };
      const open: { element: string | null; progress: boolean } = { element: null, progress: false };
      const body = (): boolean => {
        const k = position();
        if (k < 0 || marks[k] === 1) return true;
        unfinished.incomplete = false;
        const x = value();
        if (unfinished.incomplete) {
          open.element ??= elementName(s.target.variable, k, shape);
          return true;
        }
        values[k] = x;
        marks[k] = 1;
        open.progress = true;
        return true;
      };
      const steps = outer === undefined ? stepsOf(s) : stepsOf(rest);
      const box = outer === undefined ? null : evaluator.box(outer.index);
      const from = outer === undefined ? 0 : evaluator.value(outer.from);
      const to = outer === undefined ? 1 : evaluator.value(outer.to);
      const run = (i: number, backwards: boolean): void => {
        if (i < from || i >= to) return;
        if (box !== null) box.value = i;
        evaluator.walk(steps, body, backwards);
      };
      return [{ from, to, open, run, span: s.span }];
    });
    const first = Math.min(...runs.map((r) => r.from)),
      last = Math.max(...runs.map((r) => r.to)) - 1;
    for (let backwards = false, idle = 0; idle < 2; backwards = !backwards) {
      for (const r of runs) {
        r.open.element = null;
        r.open.progress = false;
      }
      for (let k = first; k <= last; k++) for (const r of runs) r.run(backwards ? last - (k - first) : k, backwards);
      if (runs.every((r) => r.open.element === null)) return;
      idle = runs.some((r) => r.open.progress) ? 0 : idle + 1;
    }
    const stuck = runs.find((r) => r.open.element !== null)!;
    this.report(messages.cannotCompute(stuck.open.element!, stuck.span));
    for (const name of defined.keys()) this.poisoned.add(name);
  }

  /** The given `let`s that a given `let` depends on and that depend on it. */
  private recursionGroup(name: string): Set<string> {
    const readers = new Map<string, string[]>();
    const below = new Set<string>([name]);
    for (const reader of below) {
      for (const n of this.readsOf(reader)) {
        if (this.storages.has(n)) continue;
        below.add(n);
        const list = readers.get(n);
        if (list === undefined) readers.set(n, [reader]);
        else list.push(reader);
      }
    }
    const group = new Set<string>([name]);
    for (const n of group) for (const reader of readers.get(n) ?? []) group.add(reader);
    return group;
  }

  /** Names that the definitions of a variable read. */
  private readsOf(name: string): ReadonlySet<string> {
    const known = this.reads.get(name);
    if (known !== undefined) return known;
    const reads = new Set((this.definitions.get(name) ?? []).flatMap((s) => expressionsOf(s).flatMap((e) => [...variablesOf(e)])));
    this.reads.set(name, reads);
    return reads;
  }

  // --- bounds -----------------------------------------------------------------------------------

  /** Smallest and largest value of an integer variable; null where unknown. */
  boundsOfVariable(name: string): Bounds | null {
    const known = this.valueBounds.get(name);
    // What was not known before may have been computed since.
    if (known !== undefined && (known !== null || this.boundsOpen.has(name) || !this.storages.has(name))) return known;
    this.valueBounds.set(name, null);
    this.boundsOpen.add(name);
    const variable = this.graph.variables.get(name);
    let bounds: Bounds | null = null;
    if (variable !== undefined && variable.scalar !== 'real' && !this.poisoned.has(name)) {
      const stored = this.storages.get(name);
      if (stored !== undefined && this.status.get(name) === 'given') bounds = extremes(stored);
      else {
        const law = integerRange(this, variable);
        const data = stored === undefined ? null : extremes(stored);
        bounds = law === null || data === null ? law : { low: Math.min(law.low, data.low), high: Math.max(law.high, data.high) };
      }
    }
    this.valueBounds.set(name, bounds);
    this.boundsOpen.delete(name);
    return bounds;
  }

  // --- result -----------------------------------------------------------------------------------

  private boundModel(): BoundModel {
    const variables = new Map<string, BoundVariable>();
    for (const variable of this.graph.variables.values()) {
      const { name } = variable;
      const shape = this.shapes.get(name)!;
      const length = shape.reduce((product, d) => product * d, 1);
      const stored = this.storages.get(name);
      const status = this.status.get(name)!;
      const bounds = variable.scalar === 'bool' ? { low: 0, high: 1 } : this.boundsOfVariable(name);
      const values = room(variable, stored?.values ?? null, length, bounds);
      variables.set(name, {
        name,
        shape,
        status,
        values,
        ...(status === 'partial' ? { mask: Int32Array.from(stored!.gaps!) } : {}),
        ...this.computedCells(variable, shape),
        ...(this.holes.has(name) ? { absent: this.holes.get(name)!.cells } : {}),
        ...(bounds !== null && bounds.low >= 0 && Number.isFinite(bounds.high) && bounds.high >= bounds.low
          ? { range: bounds.high + 1 }
          : {}),
      });
    }
    return {
      graph: this.graph,
      sizes: this.sizes,
      variables,
      orders: this.orders,
      notes: this.diagnostics.filter((d) => d.severity !== 'error'),
    };
  }

  /** Which elements of a sampled variable are defined by `let`. */
  private computedCells(variable: Variable, shape: readonly number[]): { readonly computed?: Uint8Array } {
    const lets =
      variable.origin === 'sample' || variable.origin === 'param'
        ? (this.definitions.get(variable.name) ?? []).filter((s) => s.kind === 'let')
        : [];
    if (lets.length === 0) return {};
    const computed = new Uint8Array(shape.reduce((product, d) => product * d, 1));
    for (const s of lets) {
      const position = this.evaluator.position(shape, s.target.at);
      this.evaluator.walk(stepsOf(s), () => {
        const k = position();
        if (k >= 0) computed[k] = 1;
        return true;
      });
    }
    return { computed };
  }
}

/** Every expression a `let` statement reads. */
function expressionsOf(s: Statement): Expr[] {
  const own = s.kind === 'let' ? [s.value, ...s.target.at] : [];
  return [...own, ...expressionsOfSteps(stepsOf(s))];
}

function byTarget(statements: readonly Statement[]): Map<string, Statement[]> {
  const map = new Map<string, Statement[]>();
  for (const s of statements) {
    if (s.kind === 'factor' || s.target === null) continue;
    const known = map.get(s.target.variable);
    if (known === undefined) map.set(s.target.variable, [s]);
    else known.push(s);
  }
  return map;
}

/**
 * Where values are held: 32 bits for integers that are known to fit, as indices and labels do. A power of data, a sum
 * of populations or a count without a largest value may need more; doubles hold whole numbers up to 2^53 as they are.
 */
function room(
  { scalar }: Variable,
  stored: Float64Array | Int32Array | null,
  length: number,
  bounds: Bounds | null,
): Float64Array | Int32Array {
  const isSmall =
    scalar !== 'real' &&
    bounds !== null &&
    bounds.low >= -largestInt - 1 &&
    bounds.high <= largestInt &&
    (stored === null || stored instanceof Int32Array || stored.every((x) => Number.isInteger(x)));
  if (stored === null) return isSmall ? new Int32Array(length) : new Float64Array(length);
  if (isSmall) return stored instanceof Int32Array ? stored : Int32Array.from(stored);
  return stored instanceof Float64Array ? stored : Float64Array.from(stored);
}

function extremes({ values, gaps }: Stored): Bounds {
  let low = Number.POSITIVE_INFINITY,
    high = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < values.length; k++) {
    if (gaps?.[k] === 1) continue;
    const x = values[k]!;
    if (x < low) low = x;
    if (x > high) high = x;
  }
  return { low, high };
}
