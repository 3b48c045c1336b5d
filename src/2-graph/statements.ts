/**
 * Statements of the program as statements of the graph: guards, plates, targets, laws and values, each checked against the types of the
 * variables.
 */
import type { Diagnostic, Span } from '../errors/diagnostic.js';
import { type ArrayExpr, type Expr, type Index, add, apply, index, one, ref, variablesOf, visit, zero } from '../expr/expr.js';
import type { Stmt, Syntax, TargetSyntax } from '../1-parse/ast.js';
import { applied } from './builtins.js';
import type { Context } from './context.js';
import type { Placed } from './declarations.js';
import { lowerType } from './declaredTypes.js';
import type { Dependences } from './dependences.js';
import type { Plate, Statement, Target } from './graph.js';
import { withoutImplied } from './impliedGuards.js';
import { lowerLaw } from './laws.js';
import { discreteObservation, latentCondition, observedLatent, raggedEvent, ranksDiffer, shapeMismatch, typeMismatch } from './messages.js';
import { diagonalPlate, type Places, type TargetPlace } from './places.js';
import { mentions } from './regions.js';
import type { Declared, Environment, Guard } from './scope.js';
import { compareDimensions, indexPlusOffset, printDimension, printType } from './shapes.js';
import { type DrawSyntax, restrictedLaw } from './typeInference.js';
import { isPoison, partOf } from './types.js';

type LetSyntax = Extract<Stmt, { readonly value: Syntax; readonly target: TargetSyntax }>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function isScalarData(e: Expr): boolean {
  let ok = true;
  visit(e, (x) => {
    if (x.op === 'ref' && x.at.length > 0) ok = false;
  });
  return ok;
}

/** Lowers statements one after the other; their types must be known. */
export class StatementLowering {
  readonly statements: Statement[] = [];
  private readonly context: Context;
  private readonly places: Places;
  private readonly dependences: Dependences;
  private readonly byName: ReadonlyMap<string, Declared>;

  constructor(context: Context, places: Places, dependences: Dependences, byName: ReadonlyMap<string, Declared>) {
    this.context = context;
    this.places = places;
    this.dependences = dependences;
    this.byName = byName;
  }

  private plates(environment: Environment): readonly Plate[] {
    return environment.plates.map((l) => ({ index: l.index, ...this.context.range(l) }));
  }

  private guards(list: readonly Guard[]): readonly Expr[] | null {
    const out: Expr[] = [];
    for (const g of list) {
      const v = this.context.expression(g.test, g.environment);
      if (isPoison(v)) return null;
      if (v.dims.length > 0 || v.scalar === 'real') {
        this.context.report(
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
      this.dependences.forbidLatents(v.body, (name) => latentCondition(g.test.span, name));
      out.push(g.negated ? applied('not', v.body) : v.body);
    }
    return withoutImplied(out);
  }

  private emit(statement: DistributiveOmit<Statement, 'id'>): void {
    this.statements.push({ ...statement, id: this.statements.length } as Statement);
  }

  /** Adds what a statement of the program becomes to `statements`. */
  lower(p: Placed): void {
    const { statement: s, environment, declared } = p;
    const guards = this.guards(environment.guards);
    const definition = declared?.definitions.find((d) => d.statement === s) ?? null;
    switch (s.kind) {
      case 'data':
        lowerType(this.context, s.type, environment);
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
        const place = definition === null ? null : this.places.placeOf(declared!, definition);
        if (s.kind === 'param') this.lowerParam(s, environment, guards, declared!, place);
        else if ('value' in s) this.lowerLet(s, environment, guards, declared!, place);
        else this.lowerDraw(s, environment, guards, declared!, place);
      }
    }
  }

  private lowerFactor(s: Stmt & { kind: 'factor' }, environment: Environment, guards: readonly Expr[] | null): void {
    const value = this.context.expression(s.value, environment);
    if (isPoison(value)) return;
    if (value.dims.length > 0) {
      this.context.report(
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
    const value = this.context.expression(s.value, environment);
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
    const type = lowerType(this.context, s.type, environment);
    if (isPoison(type) || place === null || guards === null) return;
    if (type.scalar !== 'real') {
      this.context.report(typeMismatch(s.type.span, 'A `param`', 'continuous', type.text));
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
    const restricted = restrictedLaw(this.context, s, environment);
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
    const value = this.context.expression(s.value, environment);
    const law = lowerLaw(this.context, s.law, environment);
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
      this.context.report(differs());
      return;
    }
    const message = 'the observed value must have the shape of the distribution';
    if (!law.eventDims.every((d, k) => this.context.agree(value.dims[leading.length + k]!, d, environment, s.value.span, message, differs)))
      return;
    if (!law.batch.every((d, k) => this.context.agree(leading[k]!, d, environment, s.value.span, message, differs))) return;
    if (law.discrete && value.scalar === 'real') {
      this.context.report(discreteObservation(s.value.span, law.family?.name ?? 'This distribution', printType(value.scalar, value.dims)));
      return;
    }
    if (guards === null) return;

    const indices = law.batch.length > 0 ? law.indices : leading.map((_, d) => index(['n', 'm', 'l'][d] ?? `n${d}`));
    const own = leading.map((dim, d): Plate => ({ index: indices[d]!, from: zero, to: dim }));
    const part: ArrayExpr = leading.length > 0 ? partOf(value, indices) : { indices: value.indices, dims: value.dims, body: value.body };
    const { observed, plates } = this.withoutDiagonals(part, [...this.plates(environment), ...own], environment);
    this.dependences.forbidLatents(observed.body, (name) => observedLatent(s.value.span, name));
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
    const type = this.context.typeOf(variable);
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
    const type = this.context.typeOf(v);
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
      this.context.report(differs());
      return false;
    }
    const plates = new Set(environment.plates.map((p) => p.index));
    const event = trailing.slice(trailing.length - type.eventRank);
    if (type.eventRank > 0 && event.some((d) => mentions(d, plates))) {
      this.context.report(raggedEvent(span, v.text));
      return false;
    }
    return trailing.every(
      (d, k) =>
        place.axes.length + k < this.leadingRank(v) ||
        mentions(d, plates) ||
        this.context.agree(
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
}
