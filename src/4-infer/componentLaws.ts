/**
 * The laws of a mixture's components: what an observation has for a law when its label is k, at a state of the
 * other unknowns. Only where that law is the same for all observations of the label (no regressors in it).
 */
import { guardedLogDensityOf } from '../distributions/law/density.js';
import { isDiscrete } from '../distributions/law/form.js';
import { type Law, mapLaw } from '../distributions/law/law.js';
import { InternalError } from '../errors/diagnostic.js';
import {
  type ArrayExpr,
  build,
  equal,
  type Expr,
  freeIndices,
  type Index,
  isConst,
  num,
  ref,
  rewrite,
  type Ref,
  variablesOf,
} from '../expr/expr.js';
import { simplify } from '../expr/simplify.js';
import { Evaluator, type Stored } from '../2-graph/compute.js';
import type { BoundModel } from '../2-graph/bound.js';
import type { Statement } from '../2-graph/graph.js';
import { DerivedModel } from '../3-derive/model.js';
import { givenOf } from './programBuilder.js';

/** A component at a state. */
export interface Component {
  /** Mean and covariance of an observation, where its law is normal; null elsewhere. */
  readonly normal: { readonly mean: readonly number[]; readonly covariance: readonly (readonly number[])[] } | null;
  /** Log density of an observation of one number. */
  logDensity(x: number): number;
}

/** A statement whose law is chosen by a finite label. */
export interface LabelledData {
  /** What is observed. */
  readonly statement: Extract<Statement, { kind: 'observe' }>;
  readonly label: string;
  readonly labels: number;
  /** Numbers of one observation. */
  readonly width: number;
  readonly discrete: boolean;
  /** Values of the observations, [observations, width] in the order of the labels; NaN where missing. */
  readonly values: Float64Array;
  /** Unknowns that the components' laws read. */
  readonly unknowns: ReadonlySet<string>;
  /** The components at a state: values by name of what is given and of `unknowns`, at least. */
  components(state: ReadonlyMap<string, Stored>): readonly Component[];
}

/** More labels make no picture. */
const mostLabels = 12;
const drawn = '%x';

/** Observations whose law depends on one label of a data plate, and on nothing else that differs between them. */
export function labelledData(bound: BoundModel): readonly LabelledData[] {
  const model = new DerivedModel(bound.graph, givenOf(bound));
  return bound.graph.statements.flatMap((s): readonly LabelledData[] => {
    if (s.kind !== 'observe' || s.guards.length > 0) return [];
    const law = mapLaw(s.law, (e) => sized(model.inline(e), bound));
    const labels = labelsOf(law, bound);
    const [label] = labels;
    if (label === undefined || labels.length > 1) return [];
    const [count, ...inner] = s.plates;
    const {
        variable,
        at: [at, ...rest],
      } = label,
      known = bound.variables.get(variable)!,
      least = model.finiteRange(variable)?.low;
    if (count === undefined || rest.length > 0 || at !== count.index || known.range === undefined || known.range > mostLabels) return [];
    if (least === undefined || !isConst(sized(least, bound), 0)) return [];
    const laws = Array.from({ length: known.range }, (_, k) =>
      mapLaw(law, (e) => simplify(rewrite(e, (x) => (x.op === 'ref' && x.variable === variable ? num(k) : x)))),
    );
    const free = new Set(laws.flatMap((one) => [...indicesOf(one)]));
    // The law may differ between the dimensions of an observation, not between observations.
    if (free.has(count.index) || inner.length > 1 || inner.some(({ from }) => !isConst(from, 0))) return [];
    const own = inner[0]?.index ?? null;
    const values = valuesOf(s, bound, own);
    if (values === null || (own === null && s.value.dims.length > 1) || (own !== null && s.value.dims.length > 0)) return [];
    return [
      {
        statement: s,
        label: variable,
        labels: known.range,
        width: values.width,
        discrete: isDiscrete(law),
        values: values.values,
        unknowns: new Set(laws.flatMap((one) => [...unknownsOf(one, bound)])),
        components: (state) => laws.map((one) => componentOf(one, state, bound, own, values.width)),
      },
    ];
  });
}

function sized(e: Expr, bound: BoundModel): Expr {
  return rewrite(e, (x) => (x.op === 'size' ? num(bound.sizes.get(x.name) ?? Number.NaN) : x));
}

/** References to finite unknowns in a law, each once. */
function labelsOf(law: Law, bound: BoundModel): readonly Ref[] {
  const found: Ref[] = [];
  mapLaw(law, (e) =>
    rewrite(e, (x) => {
      const known = x.op === 'ref' ? bound.variables.get(x.variable) : undefined;
      if (x.op === 'ref' && known?.status === 'latent' && known.range !== undefined && x.at.length > 0 && !found.some((y) => equal(x, y)))
        found.push(x);
      return x;
    }),
  );
  return found;
}

function unknownsOf(law: Law, bound: BoundModel): ReadonlySet<string> {
  const found = new Set<string>();
  mapLaw(law, (e) => {
    for (const name of variablesOf(e)) if (['latent', 'partial'].includes(bound.variables.get(name)?.status ?? '')) found.add(name);
    return e;
  });
  return found;
}

function indicesOf(law: Law): ReadonlySet<Index> {
  const free = new Set<Index>();
  mapLaw(law, (e) => {
    for (const i of freeIndices(e)) free.add(i);
    return e;
  });
  return free;
}

/** [observations, width] of what a statement over one plate (and its dimensions) observes. */
function valuesOf(
  s: LabelledData['statement'],
  bound: BoundModel,
  own: Index | null,
): { readonly values: Float64Array; readonly width: number } | null {
  const storages = new Map(
    [...bound.variables.values()]
      .filter(({ status }) => status === 'given' || status === 'partial')
      .map((v): [string, Stored] => [v.name, { shape: v.shape, values: v.values, gaps: null }]),
  );
  const masks = s.target === null ? undefined : bound.variables.get(s.target.variable)?.mask;
  const evaluator = new Evaluator(bound.sizes, storages, bound.graph.hostFunctions);
  const [count] = s.plates as [(typeof s.plates)[number]];
  try {
    const from = evaluator.value(sized(count.from, bound)),
      to = evaluator.value(sized(count.to, bound));
    const innerPlate = own === null ? null : s.plates[1]!;
    const width =
      innerPlate === null
        ? s.value.dims.reduce((product, d) => product * evaluator.value(sized(d, bound)), 1)
        : evaluator.value(sized(innerPlate.to, bound));
    const inner = own ?? s.value.indices[0] ?? null;
    const value = evaluator.compile(sized(s.value.body, bound)),
      out = new Float64Array(Math.max(0, to - from) * width);
    for (let n = from; n < to; n++) {
      evaluator.box(count.index).value = n;
      for (let d = 0; d < width; d++) {
        if (inner !== null) evaluator.box(inner).value = d;
        const at = (n - from) * width + d;
        out[at] = masks !== undefined && masks[n * width + d] === 1 ? Number.NaN : value();
      }
    }
    return { values: out, width };
  } catch (thrown) {
    // Bounds or values that read unknowns have no value here.
    if (thrown instanceof InternalError) return null;
    throw thrown;
  }
}

function componentOf(law: Law, state: ReadonlyMap<string, Stored>, bound: BoundModel, own: Index | null, width: number): Component {
  const point = new Float64Array(1);
  const storages = new Map([...state, [drawn, { shape: [1], values: point, gaps: null }]]);
  const evaluator = (): Evaluator => new Evaluator(bound.sizes, storages, bound.graph.hostFunctions);
  const density =
    width === 1 && own === null
      ? evaluator().compile(
          simplify(
            guardedLogDensityOf(
              law,
              build([], () => ref(drawn, [num(0)])),
            ),
          ),
        )
      : null;
  return {
    normal: normalOf(law, evaluator(), own, width),
    logDensity(x) {
      point[0] = x;
      return density === null ? Number.NaN : density();
    },
  };
}

function normalOf(law: Law, evaluator: Evaluator, own: Index | null, width: number): Component['normal'] {
  if (law.kind !== 'family' || (law.family !== 'Normal' && law.family !== 'MvNormal')) return null;
  const values = (a: ArrayExpr): Float64Array => evaluator.array(a)().values.slice();
  if (law.family === 'MvNormal') {
    const mean = values(law.parameters['mean']!),
      covariance = values(law.parameters['cov']!);
    return { mean: [...mean], covariance: Array.from({ length: width }, (_, i) => [...covariance.subarray(i * width, (i + 1) * width)]) };
  }
  const each = Array.from({ length: width }, (_, d) => {
    if (own !== null) evaluator.box(own).value = d;
    return { mean: evaluator.value(law.parameters['mean']!.body), sd: evaluator.value(law.parameters['sd']!.body) };
  });
  return { mean: each.map(({ mean }) => mean), covariance: each.map(({ sd }, i) => each.map((_, j) => (i === j ? sd * sd : 0))) };
}
