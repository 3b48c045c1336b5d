/**
 * The public surface: what `import ... from 'credence'` offers, and all that the command line uses.
 * Names only; no logic.
 * @module
 */
export {
  compile,
  type ExplainOptions,
  type LogDensity,
  type LogDensityTerm,
  model,
  Model,
  type NotesListener,
  type SampleOptions,
  type Values,
} from './model.js';
export type { Data } from './pipeline.js';
export { type BackendOptions, commonOptions, type InferOptions } from './request.js';
export { openRun, type OpenedRun } from './finishedRun.js';
export { version } from './version.js';

export {
  type ElementDiagnostics,
  filesOfRuns,
  type Nested,
  Posterior,
  type PredictOptions,
  recordOfRuns,
  type ShapedArray,
} from './5-report/posterior.js';
export type { CriterionSummary, LooSummary, RunContext, Summary, SummaryRow } from './5-report/record.js';
export type { ElementSummary } from './5-report/rows.js';
export type { VariableSummary } from './5-report/summary.js';
export { type ExportFormat, exportFormats } from './5-report/interchange/export.js';
export { type DrawsInput, readDraws } from './5-report/interchange/readDraws.js';
export type { ExportedFile } from './5-report/interchange/exported.js';
export type { RunFiles, RunRecord, StoredRun } from './5-report/storedRun.js';
export { renderSummary } from './5-report/render.js';
export { renderPlots } from './5-report/terminalPlots.js';
export {
  compare,
  type ComparedRun,
  compareRuns,
  type Comparison,
  type ComparisonRow,
  type Difference,
  type PointwiseRow,
  readRun,
} from './5-report/comparison/compare.js';
export type { Loo, Predictive, Waic } from './5-report/comparison/predictive.js';
export { renderComparison } from './5-report/comparison/renderComparison.js';
export { Derivation } from './5-report/derivation.js';
export type { ExplainedBlock, Explanation, OptionDoc, ProgressEvent, RunStore } from './4-infer/backend.js';
export type { ChainState, Checkpoint, DrawPiece } from './4-infer/checkpoint.js';
export type { Recorded } from './4-infer/chainProgram.js';
export type {
  ClosedForm,
  DrawsForm,
  DrawValues,
  ExchangeableGroup,
  MomentsForm,
  PlanEntry,
  RunResult,
  Seconds,
  Traces,
  VariableResult,
} from './4-infer/posterior.js';
export { backends, laterBackends } from './4-infer/registry.js';
export type { DrawingFormat } from './2-graph/draw.js';

export type { Family, Parameter } from './distributions/family.js';
export { families } from './distributions/registry.js';

export { type Diagnostic, InternalError, ModelError, type Severity, type Span } from './errors/diagnostic.js';
export { didYouMean, renderDiagnostics } from './errors/render.js';

export { parseCsv, parseCsvPieces, type Table, type TableOptions, tableValue } from './input/csv.js';
export { parseDataJson, parseJsonValue } from './input/json.js';
export { coded } from './input/levels.js';
export { tensor, type Tensor } from './input/tensor.js';
