/**
 * Lowering of whole programs: types of variables first, then every statement once.
 *
 * Order of statements is free and definitions may be recursive, so types are found by rounds: a
 * definition that needs a type not yet known waits, another definition of the same variable may give
 * it (`z[0] ~ MvNormal(...)` tells what `z[t-1]` is). Only the second pass reports.
 */
import type { Diagnostic, Span } from '../errors/diagnostic.js';
import { didYouMean } from '../errors/render.js';
import {
  type ArrayExpr,
  type Expr,
  type Index,
  apply,
  add,
  children,
  equal,
  index,
  isConst,
  num,
  one,
  ref,
  rewrite,
  sub,
  variablesOf,
  visit,
  zero,
} from '../expr/expr.js';
import { tidy } from '../expr/affine.js';
import type { Family } from '../distributions/family.js';
import type { Program, Stmt, Syntax, TargetSyntax } from '../1-parse/ast.js';
import type { Lost } from '../1-parse/salvage.js';
import { applied } from './builtins.js';
import type { Context } from './context.js';
import { type Declarations, type Placed, declare, pathOfCalls, suspectsOfRecursion } from './declarations.js';
import { type DeclaredType, type Restricted, lowerType, restrict } from './declaredTypes.js';
import { functionEnvironment, localPosition, lowerExpression, lowerRange } from './expressions.js';
import type {
  Constraint,
  HostFunction,
  Law,
  ModelGraph,
  Plate,
  ScalarType,
  ShapeObligation,
  SizeSource,
  Statement,
  Target,
  Variable,
} from './graph.js';
import { iidRank, lowerLaw, mapLaw } from './laws.js';
import { withMapBounds } from './mapBounds.js';
import {
  cycle,
  definedForEach,
  discreteObservation,
  latentBound,
  latentCondition,
  observedLatent,
  predictUsed,
  raggedEvent,
  ranksDiffer,
  recursiveFunction,
  selfReference,
  shapeMismatch,
  tangledReference,
  tooDeep,
  typeMismatch,
  wrongLeftIndex,
} from './messages.js';
import { arraysOfStatement, readsOf, scheduleStatements, targetOf } from './query.js';
import {
  type Axis,
  type Place,
  type Region,
  axisOf,
  checkRegions,
  extentOf,
  fullAxis,
  maximumOver,
  mentions,
  rectangleOf,
} from './regions.js';
import type { Declared, Definition, Environment, Guard, Loop, ProgramFunction, VariableType } from './scope.js';
import { type IndexRange, compareDimensions, indexPlusOffset, printDimension, printType, unknownDimension } from './shapes.js';
import {
  type ArrayValue,
  type HoleValue,
  type LawValue,
  type Poison,
  type Value,
  buildValue,
  elementOf,
  isPoison,
  joinScalars,
  partOf,
  pending,
  poison,
} from './types.js';

export interface LoweringResult {
  readonly graph: ModelGraph | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Calls and inlined functions beyond this make a program too large; real models use some hundred. */
const largestWork = 50_000;
/** Mistakes before a suggestion is looked for no longer. */
const mostSuggestions = 100;
/** Nesting of expressions, functions included; the parser allows less in one expression. */
const deepestNesting = 600;
/** Nesting at which the type of another variable is not looked for any more. */
const deepestAttempt = 100;
/** Rounds of type inference; each settles at least one variable or ends. */
const mostRounds = 64;

interface Check {
  readonly expression: Expr;
  make(name: string): Diagnostic;
  among: 'latent' | 'predict';
}

/** What one definition says of its variable. */
interface DefinitionType {
  readonly scalar: ScalarType;
  readonly trailing: readonly Expr[];
  readonly eventRank: number;
  readonly constraint: Constraint;
}

/** Where a statement defines elements; `diagonals` are loops of one step, one for each place that repeats an index. */
interface TargetPlace extends Place {
  readonly diagonals: readonly Plate[];
}

export class Lowerer implements Context {
  readonly families: ReadonlyMap<string, Family>;
  readonly holes: readonly HoleValue[];
  readonly lost: Lost;
  readonly functions: ReadonlyMap<string, ProgramFunction>;
  private readonly suspects: ReadonlySet<string>;
  private readonly declarations: Declarations;

  private readonly found: Diagnostic[] = [];
  private readonly seen = new Set<string>();
  /** False while types are inferred: what is wrong then is found again by the second pass. */
  private reporting = true;
  private failed = false;
  private waited = false;
  private work = 0;
  private depth = 0;

  private readonly types = new Map<Declared, VariableType | Poison>();
  private attempted = new Set<Declared>();
  private inferring = false;
  private readonly bounds = new Map<Loop, IndexRange>();
  private readonly diagonals = new Map<Syntax, Plate>();
  private readonly checks: Check[] = [];
  private readonly obligations: ShapeObligation[] = [];
  private readonly constants = new Map<object, Variable>();
  private readonly hosts: HostFunction[] = [];
  private readonly hostNumbers = new Map<number, number>();
  private readonly byName = new Map<string, Declared>();
  private readonly settling = new Set<string>();
  private readonly statements: Statement[] = [];

  constructor(program: Program, holes: readonly HoleValue[], families: ReadonlyMap<string, Family>, lost: Lost) {
    this.families = families;
    this.holes = holes;
    this.lost = lost;
    this.declarations = declare(program, (d) => {
      this.report(d);
    });
    this.functions = this.declarations.functions;
    this.suspects = suspectsOfRecursion(this.functions);
    for (const v of this.declarations.variables) this.byName.set(v.name, v);
  }

  // --- Context --------------------------------------------------------------------------------

  report(diagnostic: Diagnostic): Poison {
    this.failed = true;
    if (!this.reporting) return poison;
    // What is too large is so as a whole; one message says it.
    const key =
      diagnostic.code === 'program-too-large'
        ? diagnostic.code
        : `${diagnostic.code}:${diagnostic.span?.start ?? -1}:${diagnostic.span?.end ?? -1}`;
    if (!this.seen.has(key)) {
      this.seen.add(key);
      this.found.push(diagnostic);
    }
    return poison;
  }

  suggestion(name: string, candidates: () => readonly string[]): string | null {
    // Thousands of wrong names against thousands of right ones would take minutes.
    return this.reporting && this.found.length < mostSuggestions ? didYouMean(name, candidates()) : null;
  }

  spend(): boolean {
    return ++this.work <= largestWork;
  }

  expression(syntax: Syntax, environment: Environment): Value {
    if (this.depth >= deepestNesting) return this.report(tooDeep(syntax.span));
    this.depth++;
    try {
      return lowerExpression(this, syntax, environment);
    } finally {
      this.depth--;
    }
  }

  law(syntax: Syntax, environment: Environment): LawValue | Poison {
    return lowerLaw(this, syntax, environment);
  }

  typeOf(variable: Declared): VariableType | Poison {
    const known = this.types.get(variable);
    if (known !== undefined) return known;
    // Long chains of definitions wait for the next round rather than nest.
    if (this.inferring && !this.attempted.has(variable) && this.depth < deepestAttempt) {
      this.attempt(variable);
      const now = this.types.get(variable);
      if (now !== undefined) return now;
    }
    if (!this.inferring) return poison;
    this.waited = true;
    return pending;
  }

  range(loop: Loop): IndexRange {
    const known = this.bounds.get(loop);
    if (known !== undefined) return known;
    const before = this.waited;
    this.waited = false;
    const range = lowerRange(this, loop.range, loop.outside, 'A loop') ?? { from: unknownDimension, to: unknownDimension };
    // Bounds that wait for a type are asked for again.
    if (!this.waited && !this.inferring) this.bounds.set(loop, range);
    this.waited ||= before;
    return range;
  }

  requireData(e: Expr, span: Span, what: string): void {
    if (this.reporting && !isConst(e)) this.checks.push({ expression: e, make: (name) => latentBound(span, what, name), among: 'latent' });
  }

  agree(left: Expr, right: Expr, environment: Environment, span: Span, message: string, otherwise: () => Diagnostic): boolean {
    const result = compareDimensions(left, right);
    if (result === 'equal') return true;
    if (result === 'different') {
      this.report(otherwise());
      return false;
    }
    if (this.reporting) this.oblige(left, right, environment, span, message);
    return true;
  }

  /** Lengths that depend on loop indices are compared by the sum of their differences over all indices. */
  private oblige(left: Expr, right: Expr, environment: Environment, span: Span, message: string): void {
    const loops = [...environment.plates, ...environment.loops].map((l) => ({ index: l.index, range: this.range(l) }));
    let difference: Expr | null = null;
    for (const l of [...loops].reverse()) {
      const e: Expr = difference ?? apply('abs', sub(left, right));
      if (!mentions(e, new Set([l.index]))) continue;
      const fresh = index(l.index.name);
      difference = {
        op: 'reduce',
        kind: 'sum',
        index: fresh,
        from: l.range.from,
        to: l.range.to,
        body: elementOf({ indices: [l.index], dims: [l.range.to], body: e }, [fresh]),
      };
    }
    const entry = difference === null ? { left, right } : { left: difference, right: zero };
    let free = false;
    for (const e of [entry.left, entry.right]) if (hasFreeIndex(e)) free = true;
    if (!free) this.obligations.push({ ...entry, message, span });
  }

  constant(key: object, scalar: ScalarType, shape: readonly number[], values: Float64Array, span: Span): ArrayValue {
    let variable = this.constants.get(key);
    if (variable === undefined) {
      variable = {
        name: `$${this.constants.size}`,
        origin: 'constant',
        scalar,
        dims: shape.map(num),
        eventRank: 0,
        constraint: { kind: 'none' },
        ragged: false,
        value: { shape, values },
        reported: false,
        span,
      };
      this.constants.set(key, variable);
    }
    const { name } = variable;
    return buildValue(scalar, variable.dims, (...at) => ref(name, at));
  }

  host(hole: number): number {
    const known = this.hostNumbers.get(hole);
    if (known !== undefined) return known;
    const value = this.holes[hole];
    if (value?.kind !== 'function') return 0;
    this.hosts.push({ name: value.name, call: value.call });
    this.hostNumbers.set(hole, this.hosts.length - 1);
    return this.hosts.length - 1;
  }

  settled(e: Expr): Expr {
    let relevant = false;
    visit(e, (x) => {
      if (x.op === 'ref') relevant = true;
    });
    if (!relevant) return e;
    return tidy(rewrite(e, (x) => (x.op === 'ref' ? (this.settledReference(x.variable, x.at) ?? x) : x)));
  }

  private settledReference(name: string, at: readonly Expr[]): Expr | null {
    const variable = this.byName.get(name);
    const definition = variable?.definitions[0];
    if (variable === undefined || definition === undefined || variable.definitions.length > 1 || this.settling.has(name)) return null;
    const { statement, environment } = definition;
    if (statement.kind !== 'let' || statement.target.at.length > 0 || environment.guards.length > 0) return null;
    this.settling.add(name);
    const value = this.quietly(() => this.expression(statement.value, environment));
    this.settling.delete(name);
    if (isPoison(value) || value.dims.length > 0 || at.length !== environment.plates.length) return null;
    const indices = environment.plates.map((p) => p.index);
    return this.settled(elementOf({ indices, dims: at, body: value.body }, at));
  }

  private quietly<T>(f: () => T): T {
    const before = { reporting: this.reporting, failed: this.failed };
    this.reporting = false;
    try {
      return f();
    } finally {
      this.reporting = before.reporting;
      this.failed = before.failed;
    }
  }

  // --- types ----------------------------------------------------------------------------------

  private inferTypes(): void {
    // Data whose dimensions are given by its own shape.
    const circular: Declared[] = [];
    this.inferring = true;
    this.reporting = false;
    for (let round = 0; round < mostRounds; round++) {
      const before = this.typeKeys();
      this.attempted = new Set();
      this.waited = false;
      // Definitions stand in any order, so the rounds go both ways.
      const variables = round % 2 === 0 ? this.declarations.variables : this.declarations.variables.slice().reverse();
      for (const v of variables) if (!this.attempted.has(v)) this.attempt(v);
      // A definition that came before the one it reads has seen a type that was not the last word: `let h[0] = 1` alone is an int.
      if (!this.waited && (round === 0 || this.typeKeys() === before)) break;
      if (this.typeKeys() !== before) continue;
      // Only recursion without a beginning is left: it speaks of scalars.
      const open = this.declarations.variables.filter((v) => !this.types.has(v));
      const assumed = open.find((v) => v.origin !== 'data') ?? open[0];
      if (assumed === undefined) break;
      if (assumed.origin === 'data') {
        this.types.set(assumed, poison);
        circular.push(assumed);
      } else this.types.set(assumed, this.assumedType(assumed));
    }
    this.inferring = false;
    this.reporting = true;
    this.failed = false;
    this.work = 0;
    for (const v of circular) this.report(selfReference(v.span, v.text));
    for (const v of this.declarations.variables) if (!this.types.has(v)) this.report(tooDeep(v.span));
  }

  private typeKeys(): string {
    return this.declarations.variables
      .map((v) => {
        const t = this.types.get(v);
        return t === undefined ? '?' : isPoison(t) ? '!' : `${t.scalar}${t.dims.length}`;
      })
      .join(' ');
  }

  private assumedType(v: Declared): VariableType {
    const places = v.definitions.map((d) => this.placeOf(v, d)).filter((p): p is TargetPlace => p !== null);
    return {
      scalar: 'real',
      dims: this.extents(places, v),
      eventRank: 0,
      ragged: raggedRank(places),
      constraint: { kind: 'none' },
      here: null,
    };
  }

  private attempt(v: Declared): void {
    this.attempted.add(v);
    // The definition that could not be read may be the one that says what the variable is.
    if (this.lost.names.has(v.text)) {
      this.types.set(v, poison);
      return;
    }
    const places: TargetPlace[] = [];
    const parts: DefinitionType[] = [];
    let waits = false;
    const before = this.waited;
    for (const d of v.definitions) {
      this.waited = false;
      const place = this.placeOf(v, d);
      const part = this.definitionType(v, d);
      if (this.waited) waits = true;
      if (place !== null) places.push(place);
      if (part !== null) parts.push(part);
    }
    this.waited = before || waits;
    const first = parts[0];
    if (first === undefined) {
      if (!waits) this.types.set(v, poison);
      return;
    }
    const known = this.types.get(v);
    const old = known !== undefined && !isPoison(known) ? known.scalar : first.scalar;
    const random = parts.find((p) => p.eventRank > 0) ?? first;
    const constraint = parts.find((p) => p.constraint.kind !== 'none')?.constraint ?? first.constraint;
    // Regions under conditions need not all exist.
    const rectangle = v.local || v.definitions.some((d) => d.environment.guards.length > 0) ? null : rectangleOf(places);
    const leading = rectangle ?? this.extents(places, v);
    const plates = this.platesOf(v);
    // Rows of different lengths are stored in a rectangle as long as the longest.
    const uneven = first.trailing.map((d) => mentions(d, new Set(plates.map((p) => p.index))));
    const raggedTrailing = uneven.lastIndexOf(true) + 1;
    this.types.set(v, {
      scalar: parts.map((p) => p.scalar).reduce(joinScalars, old),
      dims: [...leading, ...first.trailing.map((d, k) => (uneven[k] ? maximumOver(d, plates) : d))],
      eventRank: random.eventRank,
      constraint,
      ragged: raggedTrailing > 0 ? leading.length + raggedTrailing : rectangle === null ? raggedRank(places) : 0,
      here: v.local && v.definitions.length === 1 ? first.trailing : null,
    });
  }

  private platesOf(v: Declared): readonly { readonly index: Index; readonly range: IndexRange }[] {
    return v.definitions.flatMap((d) => d.environment.plates).map((l) => ({ index: l.index, range: this.range(l) }));
  }

  private extents(places: readonly TargetPlace[], v: Declared): readonly Expr[] {
    const rank = Math.min(...places.map((p) => p.axes.length));
    if (!Number.isFinite(rank)) return [];
    const plates = this.platesOf(v);
    return [...Array(rank).keys()].map((axis) =>
      extentOf(
        places.map((p) => {
          const a = p.axes[axis]!;
          return a.ragged ? { ...a, from: zero, to: maximumOver(a.to, plates) } : a;
        }),
      ),
    );
  }

  private definitionType(v: Declared, d: Definition): DefinitionType | null {
    const s = d.statement;
    switch (s.kind) {
      case 'data':
      case 'param': {
        const t = lowerType(this, s.type, d.environment);
        return isPoison(t)
          ? null
          : {
              scalar: t.scalar,
              trailing: t.dims,
              eventRank: s.kind === 'param' ? t.eventRank : this.observedRank(v, t),
              constraint: t.constraint,
            };
      }
      case 'sample':
      case 'predict': {
        const r = this.restrictedLaw(s, d.environment);
        if (isPoison(r)) return null;
        const { law } = r;
        return {
          scalar: law.discrete ? 'int' : 'real',
          trailing: [...law.batch, ...law.eventDims],
          eventRank: law.eventDims.length,
          constraint: r.constraint,
        };
      }
      case 'let':
      case 'report': {
        const value = this.expression(s.value, d.environment);
        return isPoison(value) ? null : { scalar: value.scalar, trailing: value.dims, eventRank: 0, constraint: { kind: 'none' } };
      }
      default:
        return null;
    }
  }

  /** Data observed as whole vectors are vectors of one draw each. */
  private observedRank(v: Declared, t: DeclaredType): number {
    if (t.eventRank > 0) return t.eventRank;
    let rank = 0;
    for (const { statement } of this.declarations.placed) {
      if (
        statement.kind !== 'observe' ||
        nameOf(statement.value) !== v.text ||
        statement.law.kind !== 'call' ||
        'hole' in statement.law.callee
      )
        continue;
      rank = Math.max(rank, this.eventRankOf(statement.law));
    }
    return Math.min(rank, t.dims.length);
  }
  private eventRankOf(law: Syntax): number {
    if (law.kind !== 'call' || 'hole' in law.callee)
      return law.kind === 'generator'
        ? this.eventRankOf(law.body)
        : law.kind === 'array' && law.elements[0] !== undefined
          ? this.eventRankOf(law.elements[0])
          : 0;
    const family = this.families.get(law.callee.text);
    if (family !== undefined) return family.eventRank;
    const [, source] = law.arguments;
    if (
      law.callee.text === 'pushforward' &&
      source?.value.kind === 'call' &&
      !('hole' in source.value.callee) &&
      source.value.callee.text === 'iid'
    )
      return iidRank(source.value);
    return Math.max(0, ...law.arguments.map((a) => this.eventRankOf(a.value)));
  }

  private restrictedLaw(s: DrawSyntax, environment: Environment): (Restricted & { readonly constraint: Constraint }) | Poison {
    const law = lowerLaw(this, s.law, environment);
    if (s.type === null) return isPoison(law) ? law : { law, ordered: null, constraint: { kind: 'none' } };
    const type = lowerType(this, s.type, environment);
    if (isPoison(law)) return law;
    if (isPoison(type)) return type;
    const r = restrict(this, law, type, s.type, environment);
    return isPoison(r) ? r : { ...r, constraint: type.constraint };
  }

  // --- targets --------------------------------------------------------------------------------

  /** Position and region of a target: loop indices and places, one for each index written. */
  private placeOf(v: Declared, d: Definition): TargetPlace | null {
    const { statement: s, environment } = d;
    const plates = environment.plates.map((l) => ({ loop: l, range: this.range(l) }));
    const indices = new Set(plates.map((p) => p.loop.index));
    const axis = (e: Expr): Axis | null => {
      const form = indexPlusOffset(e, indices);
      if (form === null) return null;
      return axisOf(form.index, form.offset, plates.find((p) => p.loop.index === form.index)?.range ?? null, indices);
    };
    if (s.kind === 'data') return { at: [], axes: [], diagonals: [] };
    if (v.local) {
      const at = localPosition(this, environment.plates);
      return { at, axes: at.map((e) => axis(e)!), diagonals: [] };
    }
    const { target } = s as { target: TargetSyntax };
    const at: Expr[] = [],
      axes: Axis[] = [],
      diagonals: Plate[] = [];
    const used = new Set<Index>();
    let ok = true;
    for (const syntax of target.at) {
      const value = this.expression(syntax, environment);
      if (isPoison(value)) {
        ok = false;
        continue;
      }
      const e = value.dims.length === 0 && value.scalar !== 'real' ? tidy(this.settled(value.body)) : null;
      const form = e === null ? null : indexPlusOffset(e, indices);
      if (e === null || form === null || (form.offset.op === 'ref' && form.offset.at.length > 0)) {
        this.report(wrongLeftIndex(syntax.span, target.name.text));
        ok = false;
        continue;
      }
      this.requireData(form.offset, syntax.span, 'An index on the left');
      if (form.index !== null && used.has(form.index)) {
        const plate = this.diagonal(syntax, e, environment);
        diagonals.push(plate);
        at.push(plate.index);
        axes.push({ index: plate.index, from: plate.from, to: plate.to, ragged: true });
        continue;
      }
      if (form.index !== null) used.add(form.index);
      at.push(e);
      axes.push(axis(e)!);
    }
    if (!ok) return null;
    for (const l of environment.plates) {
      if (used.has(l.index)) continue;
      const written = [...target.at.map(() => null), ...environment.plates.filter((p) => !used.has(p.index))]
        .filter((p) => p !== null)
        .map((p) => p.name.text);
      this.report(
        definedForEach(
          target.span,
          target.name.text,
          l.name.text,
          `${target.name.text}[${[...at.map(printDimension), ...written].join(', ')}]`,
        ),
      );
      return null;
    }
    return { at, axes, diagonals };
  }

  /** The loop of a repeated place, always the same one for the same place. */
  private diagonal(place: Syntax, e: Expr, environment: Environment): Plate {
    const known = this.diagonals.get(place);
    if (known !== undefined && equal(known.from, e)) return known;
    const plate = diagonalPlate(e, environment);
    this.diagonals.set(place, plate);
    return plate;
  }

  // --- statements -----------------------------------------------------------------------------

  lower(): LoweringResult {
    this.inferTypes();
    for (const loop of this.declarations.loops) this.range(loop);
    for (const [name, fn] of this.functions) this.checkFunction(name, fn);
    for (const p of this.declarations.placed) this.lowerStatement(p);
    for (const v of this.declarations.variables) this.checkVariable(v);
    const statements = this.checkOrder(this.statements);
    this.checkLatents(statements);
    const errors = this.found.some((d) => d.severity === 'error');
    const diagnostics = [...this.found].sort((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0));
    return { graph: errors ? null : this.graph(statements), diagnostics };
  }

  /** Names inside functions that are never called are checked as well. */
  private checkFunction(name: string, fn: ProgramFunction): void {
    const path = this.suspects.has(name) ? pathOfCalls(this.functions, name) : null;
    if (path !== null) {
      this.report(recursiveFunction(fn.name.span, path));
      return;
    }
    const environment: Environment = { scope: this.declarations.root, plates: [], loops: [], guards: [], conditional: true, calls: [] };
    this.expression(
      fn.body,
      functionEnvironment(
        environment,
        fn.parameters.map((p): [string, Value] => [p.text, poison]),
        name,
      ),
    );
  }

  private plates(environment: Environment): readonly Plate[] {
    return environment.plates.map((l) => ({ index: l.index, ...this.range(l) }));
  }

  private guards(list: readonly Guard[]): readonly Expr[] | null {
    const out: Expr[] = [];
    for (const g of list) {
      const v = this.expression(g.test, g.environment);
      if (isPoison(v)) return null;
      if (v.dims.length > 0 || v.scalar === 'real') {
        this.report(
          typeMismatch(
            g.test.span,
            'The condition of `if`',
            'a condition (bool, or 0/1)',
            printType(v.scalar, v.dims),
            'compare it: `if x > 0 { ... }`',
          ),
        );
        return null;
      }
      if (this.reporting) this.checks.push({ expression: v.body, make: (name) => latentCondition(g.test.span, name), among: 'latent' });
      out.push(g.negated ? applied('not', v.body) : v.body);
    }
    return out;
  }

  private emit(statement: DistributiveOmit<Statement, 'id'>): void {
    this.statements.push({ ...statement, id: this.statements.length } as Statement);
  }

  private lowerStatement(p: Placed): void {
    const { statement: s, environment, declared } = p;
    const guards = this.guards(environment.guards);
    const definition = declared?.definitions.find((d) => d.statement === s) ?? null;
    switch (s.kind) {
      case 'data':
        lowerType(this, s.type, environment);
        return;
      case 'factor':
        this.lowerFactor(s, environment, guards);
        return;
      case 'observe':
        this.lowerObserve(s, environment, guards);
        return;
      case 'param':
      case 'sample':
      case 'predict':
      case 'let':
      case 'report': {
        const place = definition === null ? null : this.placeOf(declared!, definition);
        if (s.kind === 'param') this.lowerParam(s, environment, guards, declared!, place);
        else if ('value' in s) this.lowerLet(s, environment, guards, declared!, place);
        else this.lowerDraw(s, environment, guards, declared!, place);
      }
    }
  }

  private lowerFactor(s: Stmt & { kind: 'factor' }, environment: Environment, guards: readonly Expr[] | null): void {
    const value = this.expression(s.value, environment);
    if (isPoison(value)) return;
    if (value.dims.length > 0) {
      this.report(
        typeMismatch(
          s.value.span,
          'The value of `factor`',
          'a scalar',
          printType(value.scalar, value.dims),
          'add up the terms with sum(...)',
        ),
      );
      return;
    }
    if (guards !== null) this.emit({ kind: 'factor', value: value.body, plates: this.plates(environment), guards, span: s.span });
  }

  private lowerLet(s: LetSyntax, environment: Environment, guards: readonly Expr[] | null, v: Declared, place: TargetPlace | null): void {
    const value = this.expression(s.value, environment);
    if (isPoison(value) || place === null || guards === null) return;
    if (!this.agreesWithType(v, place, value.dims, printType(value.scalar, value.dims), environment, s.target.span)) return;
    const own = value.dims.map((dim, d): Plate => ({ index: value.indices[d]!, from: zero, to: dim }));
    this.emit({
      kind: 'let',
      target: { variable: v.name, at: [...place.at, ...value.indices] },
      value: value.body,
      recursive: false,
      plates: [...this.plates(environment), ...place.diagonals, ...own],
      guards,
      span: s.span,
    });
  }

  private lowerParam(
    s: Stmt & { kind: 'param' },
    environment: Environment,
    guards: readonly Expr[] | null,
    v: Declared,
    place: TargetPlace | null,
  ): void {
    const type = lowerType(this, s.type, environment);
    if (isPoison(type) || place === null || guards === null) return;
    if (type.scalar !== 'real') {
      this.report(typeMismatch(s.type.span, 'A `param`', 'continuous', type.text));
      return;
    }
    if (!this.agreesWithType(v, place, type.dims, type.text, environment, s.target.span)) return;
    const own = type.dims
      .slice(0, type.dims.length - type.eventRank)
      .map((dim, d): Plate => ({ index: index(['i', 'j', 'k'][d] ?? `i${d}`), from: zero, to: dim }));
    this.emit({
      kind: 'param',
      target: { variable: v.name, at: [...place.at, ...own.map((p) => p.index)] },
      declaredPlates: own.length,
      plates: [...this.plates(environment), ...place.diagonals, ...own],
      guards,
      span: s.span,
    });
  }

  private lowerDraw(s: DrawSyntax, environment: Environment, guards: readonly Expr[] | null, v: Declared, place: TargetPlace | null): void {
    const restricted = this.restrictedLaw(s, environment);
    if (isPoison(restricted) || place === null || guards === null) return;
    const { law, ordered } = restricted;
    if (
      !this.agreesWithType(
        v,
        place,
        [...law.batch, ...law.eventDims],
        printType(law.discrete ? 'int' : 'real', [...law.batch, ...law.eventDims]),
        environment,
        s.target.span,
      )
    )
      return;
    const own = law.batch.map((dim, d): Plate => ({ index: law.indices[d]!, from: zero, to: dim }));
    const plates = [...this.plates(environment), ...place.diagonals, ...own];
    this.emit({
      kind: s.kind,
      target: { variable: v.name, at: [...place.at, ...law.indices] },
      law: law.law,
      plates,
      guards,
      span: s.span,
    });
    // K! orders of equal density become one.
    if (ordered !== null && s.kind === 'sample')
      this.emit({ kind: 'factor', value: apply('lgamma', add(ordered, one)), plates: plates.slice(0, -1), guards, span: s.span });
  }

  private lowerObserve(s: Stmt & { kind: 'observe' }, environment: Environment, guards: readonly Expr[] | null): void {
    const value = this.expression(s.value, environment);
    const law = lowerLaw(this, s.law, environment);
    if (isPoison(value) || isPoison(law)) return;
    const event = law.eventDims.length;
    const drawn = printType(law.discrete ? 'int' : 'real', [...law.batch, ...law.eventDims]);
    const differs = (): Diagnostic =>
      shapeMismatch(
        s.value.span,
        'The observed value and the distribution',
        printType(value.scalar, value.dims),
        `a draw of type ${drawn}`,
      );
    const leading = value.dims.slice(0, Math.max(0, value.dims.length - event));
    if (value.dims.length < event || (law.batch.length > 0 && law.batch.length !== leading.length)) {
      this.report(differs());
      return;
    }
    const message = 'the observed value must have the shape of the distribution';
    if (!law.eventDims.every((d, k) => this.agree(value.dims[leading.length + k]!, d, environment, s.value.span, message, differs))) return;
    if (!law.batch.every((d, k) => this.agree(leading[k]!, d, environment, s.value.span, message, differs))) return;
    if (law.discrete && value.scalar === 'real') {
      this.report(discreteObservation(s.value.span, law.family?.name ?? 'This distribution', printType(value.scalar, value.dims)));
      return;
    }
    if (guards === null) return;

    const indices = law.batch.length > 0 ? law.indices : leading.map((_, d) => index(['n', 'm', 'l'][d] ?? `n${d}`));
    const own = leading.map((dim, d): Plate => ({ index: indices[d]!, from: zero, to: dim }));
    const part: ArrayExpr = leading.length > 0 ? partOf(value, indices) : { indices: value.indices, dims: value.dims, body: value.body };
    const { observed, plates } = this.withoutDiagonals(part, [...this.plates(environment), ...own], environment);
    this.checks.push({ expression: observed.body, make: (name) => observedLatent(s.value.span, name), among: 'latent' });
    this.emit({
      kind: 'observe',
      target: this.observedTarget(observed, plates),
      value: observed,
      law: law.law,
      plates,
      guards,
      span: s.span,
    });
  }

  /** An observed datum whose place repeats an index, with a loop of one step for the repetition. */
  private withoutDiagonals(
    observed: ArrayExpr,
    plates: readonly Plate[],
    environment: Environment,
  ): { readonly observed: ArrayExpr; readonly plates: readonly Plate[] } {
    const { body } = observed;
    if (body.op !== 'ref' || this.byName.get(body.variable)?.origin !== 'data') return { observed, plates };
    const indices = new Set(plates.map((p) => p.index));
    const used = new Set<Index>(),
      diagonals: Plate[] = [];
    const at = body.at.map((e) => {
      const repeated = indexPlusOffset(e, indices)?.index ?? null;
      if (repeated === null || !used.has(repeated)) {
        if (repeated !== null) used.add(repeated);
        return e;
      }
      const plate = diagonalPlate(e, environment);
      diagonals.push(plate);
      return plate.index;
    });
    return { observed: { ...observed, body: ref(body.variable, at) }, plates: [...plates, ...diagonals] };
  }

  /** The datum itself, where the left side is one: its address is affine and the event is whole. */
  private observedTarget(observed: ArrayExpr, plates: readonly Plate[]): Target | null {
    const { body } = observed;
    if (body.op !== 'ref') return null;
    const variable = this.byName.get(body.variable);
    if (variable?.origin !== 'data') return null;
    const type = this.typeOf(variable);
    if (isPoison(type)) return null;
    const split = body.at.length - observed.indices.length;
    const at = body.at.slice(0, split),
      event = body.at.slice(split);
    if (
      split < 0 ||
      event.some((e, d) => e !== observed.indices[d] || compareDimensions(observed.dims[d]!, type.dims[split + d]!) !== 'equal')
    )
      return null;
    const own = new Set(plates.map((p) => p.index));
    const used = new Set<Index>();
    for (const e of at) {
      const form = indexPlusOffset(e, own);
      if (
        form === null ||
        mentions(e, new Set(observed.indices)) ||
        (variablesOf(e).size > 0 && form.index === null && !isScalarData(form.offset))
      )
        return null;
      if (form.index !== null && used.has(form.index)) return null;
      if (form.index !== null) used.add(form.index);
    }
    return { variable: body.variable, at };
  }

  /** The definition's shape against the variable's type, found from the first definition that has one. */
  private agreesWithType(
    v: Declared,
    place: TargetPlace,
    trailing: readonly Expr[],
    text: string,
    environment: Environment,
    span: Span,
  ): boolean {
    const type = this.typeOf(v);
    if (isPoison(type)) return false;
    const rank = place.axes.length + trailing.length;
    const expected = printType(type.scalar, type.dims);
    const differs = (): Diagnostic =>
      ranksDiffer(
        span,
        v.text,
        expected,
        `${v.text}${place.at.length > 0 ? `[${place.at.map(printDimension).join(', ')}]` : ''} of type ${text}`,
      );
    if (rank !== type.dims.length) {
      this.report(differs());
      return false;
    }
    const plates = new Set(environment.plates.map((p) => p.index));
    const event = trailing.slice(trailing.length - type.eventRank);
    if (type.eventRank > 0 && event.some((d) => mentions(d, plates))) {
      this.report(raggedEvent(span, v.text));
      return false;
    }
    return trailing.every(
      (d, k) =>
        place.axes.length + k < this.leadingRank(v) ||
        mentions(d, plates) ||
        this.agree(
          type.dims[place.axes.length + k]!,
          d,
          environment,
          span,
          `the statements that define \`${v.text}\` must agree in shape`,
          differs,
        ),
    );
  }
  /** Axes that some definition addresses by index: their extent is a union, not a shape. */
  private leadingRank(v: Declared): number {
    return Math.max(
      0,
      ...v.definitions.map((d) =>
        'target' in d.statement ? (v.local ? d.environment.plates.length : (d.statement as { target: TargetSyntax }).target.at.length) : 0,
      ),
    );
  }

  private checkVariable(v: Declared): void {
    if (v.origin === 'data') return;
    const type = this.typeOf(v);
    if (isPoison(type)) return;
    const regions: Region[] = [];
    for (const d of v.definitions) {
      const place = this.quietly(() => this.placeOf(v, d));
      if (place === null) return;
      const rest = type.dims.slice(place.axes.length).map(fullAxis);
      regions.push({
        axes: [...place.axes, ...rest],
        guards: d.environment.guards.map((g) => ({ test: g.test, negated: g.negated })),
        span: (d.statement as { target: TargetSyntax }).target.span,
      });
    }
    // A local exists only inside its iteration: nothing outside can miss it.
    const checked = v.local ? regions.map((r) => ({ ...r, axes: r.axes.map((a) => ({ ...a, from: zero, to: a.to })) })) : regions;
    const wrong = checkRegions(v.text, checked);
    if (wrong !== null && !(wrong.code === 'gap' && this.lost.anything)) this.report(wrong);
  }

  // --- whole graph ----------------------------------------------------------------------------

  /** Reports cycles; marks recursive `let`s. */
  private checkOrder(statements: readonly Statement[]): readonly Statement[] {
    const { cycles, recursive } = scheduleStatements(statements);
    for (const c of cycles) {
      const first = c[0]!;
      const elements = c.map((s) => this.printElement(targetOf(s)!.variable, targetOf(s)!.at));
      if (c.length > 1) {
        this.report(cycle(first.span, [...elements, elements[0]!]));
        continue;
      }
      const own = targetOf(first)!.variable;
      const read = new Set(
        readsOf(first)
          .filter((r) => r.variable === own)
          .map((r) => this.printElement(own, r.at)),
      );
      this.report(
        read.has(elements[0]!) || targetOf(first)!.at.length === 0
          ? selfReference(first.span, elements[0]!)
          : tangledReference(first.span, elements[0]!, [...read]),
      );
    }
    return statements.map((s) => (s.kind === 'let' && recursive.has(s) ? { ...s, recursive: true } : s));
  }
  private printElement(name: string, at: readonly Expr[]): string {
    const text = this.textOf(name);
    return at.length === 0 ? text : `${text}[${at.map(printDimension).join(', ')}]`;
  }
  private textOf(name: string): string {
    return this.byName.get(name)?.text ?? name;
  }

  private checkLatents(statements: readonly Statement[]): void {
    const latent = this.reaching(statements, (v) => v.origin === 'sample' || v.origin === 'param' || v.origin === 'predict');
    const predicted = this.reaching(statements, (v) => v.origin === 'predict');
    for (const s of statements) {
      if (s.kind !== 'sample' && s.kind !== 'observe' && s.kind !== 'factor') continue;
      for (const a of arraysOfStatement(s))
        this.checks.push({ expression: a.body, make: (name) => predictUsed(s.span, name), among: 'predict' });
    }
    for (const c of this.checks) {
      for (const name of variablesOf(c.expression)) {
        if (!(c.among === 'latent' ? latent : predicted).has(name)) continue;
        this.report(c.make(this.textOf(name)));
        break;
      }
    }
  }

  /** Variables of a kind and every `let` that depends on one of them. */
  private reaching(statements: readonly Statement[], start: (v: Declared) => boolean): ReadonlySet<string> {
    const out = new Set<string>();
    for (const v of this.declarations.variables) if (start(v)) out.add(v.name);
    const lets = statements.flatMap((s) => (s.kind === 'let' ? [{ name: s.target.variable, reads: variablesOf(s.value) }] : []));
    for (let changed = true; changed; ) {
      changed = false;
      for (const l of lets) {
        if (out.has(l.name)) continue;
        for (const r of l.reads)
          if (out.has(r)) {
            out.add(l.name);
            changed = true;
            break;
          }
      }
    }
    return out;
  }

  private graph(statements: readonly Statement[]): ModelGraph {
    const variables = new Map<string, Variable>();
    for (const v of this.declarations.variables) {
      const type = this.typeOf(v);
      if (isPoison(type)) continue;
      variables.set(v.name, {
        name: v.name,
        origin: v.origin,
        scalar: type.scalar,
        dims: type.dims,
        eventRank: type.eventRank,
        constraint: type.constraint,
        // A local exists only where its loop and conditions put it: cells before the loop's start are not gaps.
        ragged: type.ragged > 0 || v.local,
        reported: v.origin !== 'let' && v.origin !== 'data',
        span: v.span,
      });
    }
    const used = new Set<string>();
    for (const s of statements)
      for (const a of arraysOfStatement(s)) for (const e of [a.body, ...a.dims]) for (const name of variablesOf(e)) used.add(name);
    for (const v of variables.values()) for (const e of v.dims) for (const name of variablesOf(e)) used.add(name);
    for (const c of this.constants.values()) if (used.has(c.name)) variables.set(c.name, c);
    const sizes = new Map<string, SizeSource>(
      [...this.declarations.sizes].map(([name, s]) => [name, { name, sources: s.sources, span: s.span }]),
    );
    return {
      sizes,
      variables,
      statements: withMapBounds(variables, statements.map(folded)),
      obligations: this.obligations,
      hostFunctions: this.hosts,
    };
  }
}

type DrawSyntax = Extract<Stmt, { readonly law: Syntax; readonly target: TargetSyntax }>;
type LetSyntax = Extract<Stmt, { readonly value: Syntax; readonly target: TargetSyntax }>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** `L[i, i]` is `L[i, j]` in a loop over j of the one step j = i, so that what follows knows of no diagonals. */
function diagonalPlate(e: Expr, environment: Environment): Plate {
  const taken = environment.plates.map((l) => l.name.text);
  return { index: index(['i', 'j', 'k', 'l', 'm', 'n'].find((name) => !taken.includes(name)) ?? 'i'), from: e, to: tidy(add(e, one)) };
}

function raggedRank(places: readonly TargetPlace[]): number {
  return Math.max(0, ...places.map((p) => p.axes.reduce((rank, a, d) => (a.ragged ? d + 1 : rank), 0)));
}

/** The variable an observed expression is an element, slice or whole of. */
function nameOf(s: Syntax): string | null {
  return s.kind === 'name' ? s.name : s.kind === 'index' ? nameOf(s.array) : null;
}

function isScalarData(e: Expr): boolean {
  let ok = true;
  visit(e, (x) => {
    if (x.op === 'ref' && x.at.length > 0) ok = false;
  });
  return ok;
}

function hasFreeIndex(e: Expr): boolean {
  const free = (x: Expr, bound: ReadonlySet<Index>): boolean => {
    if (x.op === 'index') return !bound.has(x);
    if (x.op === 'reduce') return free(x.from, bound) || free(x.to, bound) || free(x.body, new Set([...bound, x.index]));
    return children(x).some((c) => free(c, bound));
  };
  return free(e, new Set());
}

/** Comparisons of constants that substitution left behind are decided. */
function fold(e: Expr): Expr {
  return rewrite(e, (x) => (x.op === 'apply' && x.args.every((a) => isConst(a)) ? applied(x.fn, ...x.args) : x));
}
function foldArray(a: ArrayExpr): ArrayExpr {
  return { indices: a.indices, dims: a.dims.map(fold), body: fold(a.body) };
}
function foldLaw(law: Law): Law {
  return mapLaw(law, foldArray);
}
function folded(s: Statement): Statement {
  const around = { guards: s.guards.map(fold), plates: s.plates.map((p) => ({ index: p.index, from: fold(p.from), to: fold(p.to) })) };
  switch (s.kind) {
    case 'sample':
    case 'predict':
      return { ...s, ...around, law: foldLaw(s.law) };
    case 'observe':
      return { ...s, ...around, value: foldArray(s.value), law: foldLaw(s.law) };
    case 'let':
    case 'factor':
      return { ...s, ...around, value: fold(s.value) };
    case 'param':
      return { ...s, ...around };
  }
}
