/**
 * What is handed to other programs: the draws of a run with what belongs to them, and the files made of it.
 */
import type { PointwiseLikelihood } from '../../4-infer/pointwise.js';
import type { VariableResult } from '../../4-infer/posterior.js';
import type { BoundModel } from '../../2-graph/bound.js';
import type { RunContext } from '../record.js';

/** A file by its name below the place it is written to; contents come in pieces, so that none is in memory as a whole. */
export interface ExportedFile {
  readonly name: string;
  readonly pieces: Iterable<string | Uint8Array>;
}

export interface ExportSource {
  readonly backend: string;
  readonly variables: readonly VariableResult[];
  readonly context: RunContext;
  readonly seconds: { readonly warmup: number; readonly sampling: number };
  /** Program and data; null where they are not known. */
  readonly bound: BoundModel | null;
  /** Log joint density by draw, [chains * draws]; null where it is not known. */
  readonly logJoint: Float64Array | null;
  /** Of each observation in each draw; null where it is not known. */
  readonly likelihood: PointwiseLikelihood | null;
}
