/**
 * Draws as a Zarr store (format 2, uncompressed, with consolidated metadata) in ArviZ's InferenceData layout: groups
 * `posterior`, `posterior_predictive`, `log_likelihood`, `sample_stats`, `observed_data`; dimensions `chain` and `draw`
 * first, then the sizes of the program where an array has them. Chunks are made when they are written.
 */
import type { BoundModel } from '../../2-graph/bound.js';
import { keptDraws, sizeOf, type VariableResult } from '../../4-infer/posterior.js';
import { drawnTable } from '../files.js';
import { freeNames, numbersRows } from '../freeNames.js';
import type { ExportedFile, ExportSource } from './exported.js';

/** Bytes of a chunk, where a single draw is not larger. */
const chunkBytes = 1 << 22;

interface ZarrArray {
  /** Below its group. */
  readonly name: string;
  readonly type: '<f8' | '<i8';
  readonly shape: readonly number[];
  readonly dimensions: readonly string[];
  /** Chunks go over the first axes, whole over the others. */
  readonly chunk: readonly number[];
  /** The element at a row-major number. */
  at(element: number): number;
}

interface ZarrGroup {
  readonly name: string;
  readonly arrays: readonly ZarrArray[];
}

/** The files of the store; none where there are no draws. */
export function zarrFiles(source: ExportSource): readonly ExportedFile[] {
  const groups = groupsOf(source);
  if (groups.length === 0) return [];
  const metadata: Record<string, unknown> = { '.zgroup': { zarr_format: 2 }, '.zattrs': {} };
  const chunks: ExportedFile[] = [];
  for (const { name: group, arrays } of groups) {
    metadata[`${group}/.zgroup`] = { zarr_format: 2 };
    metadata[`${group}/.zattrs`] = {
      inference_library: 'credence',
      inference_library_version: source.context.versions['credence'] ?? '',
      backend: source.backend,
      seed: source.context.seed,
    };
    for (const array of arrays) {
      const path = `${group}/${array.name}`,
        { shape, chunk, type, dimensions } = array;
      metadata[`${path}/.zarray`] = {
        zarr_format: 2,
        shape,
        chunks: chunk,
        dtype: type,
        compressor: null,
        fill_value: type === '<f8' ? 'NaN' : null,
        order: 'C',
        filters: null,
      };
      metadata[`${path}/.zattrs`] = { _ARRAY_DIMENSIONS: dimensions };
      for (const at of chunksOf(array))
        chunks.push({
          name: `${path}/${at.length === 0 ? '0' : at.join('.')}`,
          pieces: {
            *[Symbol.iterator]() {
              yield bytesOf(array, at);
            },
          },
        });
    }
  }
  const text = (value: unknown): readonly string[] => [`${JSON.stringify(value, null, 2)}\n`];
  return [
    ...Object.entries(metadata).map(([name, value]) => ({ name, pieces: text(value) })),
    ...chunks,
    { name: '.zmetadata', pieces: text({ metadata, zarr_consolidated_format: 1 }) },
  ];
}

function groupsOf(source: ExportSource): readonly ZarrGroup[] {
  const { variables, bound, logJoint, likelihood } = source,
    table = drawnTable(variables);
  if (table === null) return [];
  const { chains, draws, chainNumbers } = table;
  // What xarray takes for a dimension's coordinate may be no variable.
  const names = freeNames([...variables.map(({ name }) => name), ...(bound?.variables.keys() ?? [])], numbersRows);
  const drawn = (
    name: string,
    shape: readonly number[],
    dimensions: readonly string[],
    isWhole: boolean,
    at: (draw: number, element: number) => number,
  ): ZarrArray => {
    const size = sizeOf(shape);
    return array(names.get(name) ?? name, [chains, draws, ...shape], ['chain', 'draw', ...dimensions], isWhole, (k) =>
      at(Math.floor(k / size), k % size),
    );
  };
  const ofVariable = (variable: VariableResult): readonly ZarrArray[] => {
    const { name, shape, discrete, elements } = variable,
      values = keptDraws(variable)?.values,
      size = sizeOf(shape);
    if (values === undefined || values.length !== chains * draws * size) return [];
    const exists = elements === undefined ? null : new Set(elements);
    return [
      drawn(name, shape, dimensionsOf(name, shape, bound), discrete && exists === null, (draw, k) =>
        exists === null || exists.has(k) ? values[draw * size + k]! : Number.NaN,
      ),
    ];
  };
  const group = (name: string, arrays: readonly ZarrArray[]): readonly ZarrGroup[] =>
    arrays.length === 0 ? [] : [{ name, arrays: [...arrays, ...coordinates(arrays, chainNumbers)] }];
  return [
    ...group('posterior', variables.filter(({ kind }) => kind !== 'predict').flatMap(ofVariable)),
    ...group('posterior_predictive', variables.filter(({ kind }) => kind === 'predict').flatMap(ofVariable)),
    ...group('sample_stats', logJoint === null ? [] : [drawn('lp', [], [], false, (draw) => logJoint[draw]!)]),
    ...group(
      'log_likelihood',
      likelihood?.values === null || likelihood === null
        ? []
        : likelihoodArrays(likelihood.names, likelihood.values, chains * draws, bound).map(({ name, shape, dimensions, at }) =>
            drawn(name, shape, dimensions, false, at),
          ),
    ),
    ...group('observed_data', bound === null ? [] : observedArrays(bound, names)),
  ];
}

function array(
  name: string,
  shape: readonly number[],
  dimensions: readonly string[],
  isWhole: boolean,
  at: (element: number) => number,
): ZarrArray {
  const row = 8 * sizeOf(shape.slice(2)),
    isDrawn = dimensions[0] === 'chain';
  const chunk = shape.map((length, axis) =>
    Math.max(
      1,
      isDrawn && axis === 0 ? 1 : isDrawn && axis === 1 ? Math.min(length, Math.max(1, Math.floor(chunkBytes / Math.max(1, row)))) : length,
    ),
  );
  return { name, type: isWhole ? '<i8' : '<f8', shape, dimensions, chunk, at };
}

/** The program's sizes where the array has them, each once; other axes have names of their own. */
function dimensionsOf(name: string, shape: readonly number[], bound: BoundModel | null): readonly string[] {
  const dims = bound?.graph.variables.get(name)?.dims,
    used = new Set<string>(['chain', 'draw']);
  return shape.map((length, axis) => {
    const dim = dims?.[axis],
      isSize = dim?.op === 'size' && bound?.sizes.get(dim.name) === length && !bound.graph.variables.has(dim.name) && !used.has(dim.name);
    const found = dim?.op === 'size' && isSize ? dim.name : `${name}_dim_${axis}`;
    used.add(found);
    return found;
  });
}

/** Numbers along each dimension: those of the chains, else from 0. */
function coordinates(arrays: readonly ZarrArray[], chainNumbers: readonly number[]): readonly ZarrArray[] {
  const lengths = new Map(arrays.flatMap(({ dimensions, shape }) => dimensions.map((name, axis) => [name, shape[axis]!] as const)));
  return [...lengths].map(([name, length]) => array(name, [length], [name], true, (k) => (name === 'chain' ? (chainNumbers[k] ?? k) : k)));
}

interface LikelihoodArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dimensions: readonly string[];
  at(draw: number, element: number): number;
}

/** Under the names of the data where each unit is one of their elements; else one array over units. */
function likelihoodArrays(
  names: readonly string[],
  values: Float64Array,
  draws: number,
  bound: BoundModel | null,
): readonly LikelihoodArray[] {
  const byName = new Map<string, Map<string, number>>();
  for (const [unit, name] of names.entries()) {
    const own = name.replace(/\[[\d,]*\]$/, ''),
      units = byName.get(own) ?? new Map<string, number>();
    units.set(name, unit);
    byName.set(own, units);
  }
  const arrays: LikelihoodArray[] = [];
  for (const [name, units] of byName) {
    // Observations of vectors have fewer indices than the data.
    const rank = [...units.keys()].map((unit) => /\[(.*)\]$/.exec(unit)?.[1]?.split(',').length ?? 0)[0] ?? 0;
    const shape = bound?.variables.get(name)?.shape.slice(0, rank),
      places = new Map<number, number>();
    if (shape === undefined || shape.length !== rank) {
      arrays.length = 0;
      break;
    }
    for (const [unit, number] of units) {
      const at = /\[(.*)\]$/.exec(unit)?.[1]?.split(',').map(Number) ?? [];
      places.set(
        at.reduce((sum, i, axis) => sum * shape[axis]! + i, 0),
        number,
      );
    }
    arrays.push({
      name,
      shape,
      dimensions: dimensionsOf(name, shape, bound),
      at: (draw, element) => {
        const unit = places.get(element);
        return unit === undefined ? Number.NaN : values[unit * draws + draw]!;
      },
    });
  }
  return arrays.length > 0
    ? arrays
    : [{ name: 'log_likelihood', shape: [names.length], dimensions: ['unit'], at: (draw, unit) => values[unit * draws + draw]! }];
}

/** Data that the program observes, as they were given. */
function observedArrays(bound: BoundModel, zarrNames: ReadonlyMap<string, string>): readonly ZarrArray[] {
  const names = new Set(bound.graph.statements.flatMap((s) => (s.kind === 'observe' && s.target !== null ? [s.target.variable] : [])));
  return [...names].flatMap((name) => {
    const variable = bound.variables.get(name);
    if (variable === undefined || (variable.status !== 'given' && variable.status !== 'partial')) return [];
    const { shape, values, mask, absent } = variable,
      isWhole = values instanceof Int32Array && mask === undefined && absent === undefined;
    return [
      array(zarrNames.get(name)!, shape, dimensionsOf(name, shape, bound), isWhole, (k) =>
        mask?.[k] === 1 || absent?.[k] === 1 ? Number.NaN : values[k]!,
      ),
    ];
  });
}

/** Numbers of the chunks, row by row. */
function* chunksOf({ shape, chunk }: ZarrArray): Generator<readonly number[]> {
  const counts = shape.map((length, axis) => Math.ceil(length / chunk[axis]!));
  for (let k = 0; k < sizeOf(counts); k++) {
    const at: number[] = [];
    for (let axis = counts.length - 1, rest = k; axis >= 0; axis--) {
      at.unshift(rest % counts[axis]!);
      rest = Math.floor(rest / counts[axis]!);
    }
    yield at;
  }
}

/** A chunk, filled up where it reaches beyond the array. Only the second axis is cut so that it may. */
function bytesOf({ shape, chunk, type, at }: ZarrArray, number: readonly number[]): Uint8Array {
  const size = sizeOf(chunk),
    view = new DataView(new ArrayBuffer(8 * size)),
    index = chunk.map(() => 0);
  for (let k = 0; k < size; k++) {
    let flat = 0,
      isInside = true;
    for (let axis = 0; axis < shape.length; axis++) {
      const i = number[axis]! * chunk[axis]! + index[axis]!;
      if (i >= shape[axis]!) isInside = false;
      flat = flat * shape[axis]! + i;
    }
    const x = isInside ? at(flat) : type === '<f8' ? Number.NaN : 0;
    if (type === '<f8') view.setFloat64(8 * k, x, true);
    else view.setBigInt64(8 * k, BigInt(x), true);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      if (index[axis]! < chunk[axis]!) break;
      index[axis] = 0;
    }
  }
  return new Uint8Array(view.buffer);
}
