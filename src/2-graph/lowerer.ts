/**
 * Lowering of whole programs: types of variables first (`typeInference.ts`), then every statement once (`statements.ts`), then what can be said
 * only of all of them: order, regions, dependence on unknowns. Only the second and the third pass report mistakes.
 */
import { type Diagnostic, InternalError, type Span } from '../errors/diagnostic.js';
import { type Expr, type Index, apply, children, index, isConst, num, ref, rewrite, sub, variablesOf, visit, zero } from '../expr/expr.js';
import { tidy } from '../expr/affine.js';
import type { Family } from '../distributions/family.js';
import type { Program, Syntax, TargetSyntax } from '../1-parse/ast.js';
import type { Lost } from '../1-parse/salvage.js';
import type { Context } from './context.js';
import { type Declarations, declare, pathOfCalls, suspectsOfRecursion } from './declarations.js';
import { Dependences } from './dependences.js';
import { functionEnvironment, lowerExpression } from './expressions.js';
import { folded } from './folded.js';
import type { HostFunction, ModelGraph, ScalarType, ShapeObligation, SizeSource, Statement, Variable } from './graph.js';
import { lowerLaw } from './laws.js';
import { withMapBounds } from './mapBounds.js';
import { circularShapes, cycle, latentBound, recursiveFunction, selfReference, tangledReference, tooDeep } from './messages.js';
import { Places } from './places.js';
import { arraysOfStatement, readsOf, scheduleStatements, targetOf } from './query.js';
import { type Region, checkRegions, fullAxis, mentions } from './regions.js';
import { Reports } from './reports.js';
import type { Declared, Environment, Loop, ProgramFunction, VariableType } from './scope.js';
import { type IndexRange, compareDimensions, printDimension } from './shapes.js';
import { StatementLowering } from './statements.js';
import { type Budget, TypeInference } from './typeInference.js';
import {
  type ArrayValue,
  type HoleValue,
  type LawValue,
  type Poison,
  type Value,
  buildValue,
  elementOf,
  isPoison,
  poison,
} from './types.js';

/** A graph where the program has no mistake, and what there is to say. */
export interface LoweringResult {
  readonly graph: ModelGraph | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Calls and inlined functions beyond this make a program too large; real models use some hundred. */
const largestWork = 50_000;
/** Nesting of expressions, functions included; the parser allows less in one expression. */
const deepestNesting = 600;
/** Names of a circle that are told. */
const mostCircular = 5;

/** The context that the parts of lowering share, and the order in which they work. */
export class Lowerer implements Context {
  readonly families: ReadonlyMap<string, Family>;
  readonly holes: readonly HoleValue[];
  readonly lost: Lost;
  readonly functions: ReadonlyMap<string, ProgramFunction>;
  private readonly suspects: ReadonlySet<string>;
  private readonly declarations: Declarations;
  private readonly byName: ReadonlyMap<string, Declared>;

  private readonly reports = new Reports();
  private readonly dependences = new Dependences();
  private readonly budget: Budget = { work: 0, depth: 0 };
  private readonly places: Places;
  private readonly inference: TypeInference;
  private readonly lowering: StatementLowering;

  private readonly obligations: ShapeObligation[] = [];
  private readonly constants = new Map<object, Variable>();
  private readonly hosts: HostFunction[] = [];
  private readonly hostNumbers = new Map<number, number>();
  /** Names whose definition is being looked through, so that a recursion ends. */
  private readonly settling = new Set<string>();

  constructor(program: Program, holes: readonly HoleValue[], families: ReadonlyMap<string, Family>, lost: Lost) {
    this.families = families;
    this.holes = holes;
    this.lost = lost;
    this.declarations = declare(program, (d) => {
      this.report(d);
    });
    this.functions = this.declarations.functions;
    this.suspects = suspectsOfRecursion(this.functions);
    this.byName = new Map(this.declarations.variables.map((v) => [v.name, v]));
    this.places = new Places(this);
    this.inference = new TypeInference(this, this.declarations, this.places, this.reports, this.budget);
    this.lowering = new StatementLowering(this, this.places, this.dependences, this.byName);
  }

  report(diagnostic: Diagnostic): Poison {
    return this.reports.report(diagnostic);
  }

  suggestion(name: string, candidates: () => readonly string[]): string | null {
    return this.reports.suggestion(name, candidates);
  }

  indicesOfLocal(name: string): string | null {
    const local = this.declarations.variables.find((v) => v.local && v.text === name);
    return local === undefined ? null : local.definitions[0]!.environment.plates.map((plate) => plate.name.text).join(', ');
  }

  typeOf(variable: Declared): VariableType | Poison {
    return this.inference.typeOf(variable);
  }

  range(loop: Loop): IndexRange {
    return this.inference.range(loop);
  }

  spend(): boolean {
    return ++this.budget.work <= largestWork;
  }

  expression(syntax: Syntax, environment: Environment): Value {
    if (this.budget.depth >= deepestNesting) return this.report(tooDeep(syntax.span));
    this.budget.depth++;
    try {
      return lowerExpression(this, syntax, environment);
    } finally {
      this.budget.depth--;
    }
  }

  law(syntax: Syntax, environment: Environment): LawValue | Poison {
    return lowerLaw(this, syntax, environment);
  }

  requireData(e: Expr, span: Span, what: string): void {
    if (this.reports.reporting && !isConst(e)) this.dependences.forbidLatents(e, (name) => latentBound(span, what, name));
  }

  agree(left: Expr, right: Expr, environment: Environment, span: Span, message: string, otherwise: () => Diagnostic): boolean {
    const result = compareDimensions(left, right);
    if (result === 'equal') return true;
    if (result === 'different') {
      this.report(otherwise());
      return false;
    }
    if (this.reports.reporting) this.oblige(left, right, environment, span, message);
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
    if ((statement.kind !== 'let' && statement.kind !== 'report') || statement.target.at.length > 0 || environment.guards.length > 0)
      return null;
    this.settling.add(name);
    const value = this.reports.quietly(() => this.expression(statement.value, environment));
    this.settling.delete(name);
    if (isPoison(value) || value.dims.length > 0 || at.length !== environment.plates.length) return null;
    const indices = environment.plates.map((p) => p.index);
    return this.settled(elementOf({ indices, dims: at, body: value.body }, at));
  }

  lower(): LoweringResult {
    this.inference.infer();
    for (const loop of this.declarations.loops) this.range(loop);
    for (const [name, fn] of this.functions) this.checkFunction(name, fn);
    const dropped = this.declarations.placed.filter((p) => {
      const before = this.lowering.statements.length;
      this.lowering.lower(p);
      return p.statement.kind !== 'data' && this.lowering.statements.length === before;
    });
    for (const v of this.declarations.variables) this.checkVariable(v);
    const statements = this.checkOrder(this.lowering.statements);
    this.dependences.check(
      statements,
      this.declarations.variables,
      (name) => this.textOf(name),
      (d) => {
        this.report(d);
      },
    );
    this.checkTypes();
    if (dropped.length > 0 && this.isWhole())
      throw new InternalError(`a statement was dropped without a mistake: ${dropped[0]!.statement.kind}`);
    return { graph: this.reports.hasErrors() ? null : this.graph(statements), diagnostics: this.reports.sorted() };
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

  /** True where no mistake is known here, nor to whoever read the text or took the host values. */
  private isWhole(): boolean {
    return (
      !this.reports.hasErrors() && !this.lost.anything && this.lost.names.size === 0 && this.holes.every(({ kind }) => kind !== 'unusable')
    );
  }

  /** Where nothing else is wrong, what has no type waits for others that wait for it: nothing of it would be in the graph. */
  private checkTypes(): void {
    if (!this.isWhole()) return;
    const waiting = this.declarations.variables.filter((v) => isPoison(this.typeOf(v))),
      [first] = waiting;
    if (first === undefined) return;
    const names = [...new Set(waiting.map((v) => v.text))];
    this.report(names.length === 1 ? selfReference(first.span, first.text) : circularShapes(first.span, names.slice(0, mostCircular)));
  }

  private checkVariable(v: Declared): void {
    if (v.origin === 'data') return;
    const type = this.typeOf(v);
    if (isPoison(type)) return;
    const regions: Region[] = [];
    for (const d of v.definitions) {
      const place = this.reports.quietly(() => this.places.placeOf(v, d));
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

function hasFreeIndex(e: Expr): boolean {
  const free = (x: Expr, bound: ReadonlySet<Index>): boolean => {
    if (x.op === 'index') return !bound.has(x);
    if (x.op === 'reduce') return free(x.from, bound) || free(x.to, bound) || free(x.body, new Set([...bound, x.index]));
    return children(x).some((c) => free(c, bound));
  };
  return free(e, new Set());
}
