/**
 * The report of a run: its files read back, its program compiled once more for graph and derivation, and one
 * page of HTML made of both. What the program no longer gives is left out with the reason; the numbers are the files'.
 */
import type { BoundModel } from './2-graph/bound.js';
import { relabellings } from './5-report/labels.js';
import type { Posterior } from './5-report/posterior.js';
import { readStoredRun, resultOfRun, type RunFiles, runOf, type StoredRun } from './5-report/storedRun.js';
import { type VariableSummary, withResult } from './5-report/summary.js';
import { compile, type Model } from './model.js';
import { attempted, pageOf, type PageParts, partsOf } from './page/page.js';
import type { Report } from './page/report.js';
import { bindData, compileText, modelError } from './pipeline.js';

export type { RunFiles } from './5-report/storedRun.js';
export type { Section } from './page/html.js';
export { derivationSection, graphSection } from './page/modelSections.js';
export type { PageParts } from './page/page.js';
export { style as pageStyle } from './page/style.js';

/**
 * @param name what the page calls the run.
 * @returns the text of a self-contained HTML file.
 * @throws ModelError (codes `no-run`, `bad-draws`) for files that are not those of a run.
 */
export function reportPage(name: string, files: RunFiles): string {
  return pageOf(reportOf(name, readStoredRun(files)));
}

/** The same of a run that was not stored. */
export function posteriorPage(name: string, posterior: Posterior): string {
  return pageOf(reportOf(name, runOf(posterior)));
}

/** The parts of that page, for a page that shows more than a run. */
export function posteriorParts(name: string, posterior: Posterior): PageParts {
  return partsOf(reportOf(name, runOf(posterior)));
}

function reportOf(name: string, run: StoredRun): Report {
  const { record } = run;
  const missing: string[] = [];
  // A tagged template is kept as it was written, its host values as marks.
  const hasHoles = record.program.includes(hole);
  if (hasHoles)
    missing.push(
      `The program has values of its host (${hole}), which its text does not hold: graph, derivation and replicated data are not shown.`,
    );
  const model = hasHoles ? null : attempted('What the program gives is', missing, () => compile(record.program, name));
  const graph = model === null ? null : attempted('The graph is', missing, () => model.graph('svg'));
  const derivation = model === null ? null : attempted('The derivation is', missing, () => derivationOf(model, run));
  if (run.data === null) missing.push('There is no data.json: replicated data, components and states along their index are not shown.');
  const bound =
    run.data === null || model === null ? null : attempted('The data are', missing, () => boundModel(record.program, name, run.data!));
  return { name, run, variables: matched(run), graph, derivation, inputs: new Set(model?.inputs.data ?? []), bound, missing };
}

const hole = '${...}';

function boundModel(program: string, name: string, data: ReadonlyMap<string, unknown>): BoundModel {
  const { bound, diagnostics } = bindData(compileText(program, name), data, 'infer');
  if (bound === null) throw modelError(diagnostics, program, name);
  return bound;
}

function derivationOf(model: Model, { record, data }: StoredRun): ReturnType<Model['explain']> {
  const { unit: _, ...options } = (record.options['options'] ?? {}) as Readonly<Record<string, string>>;
  return model.explain({ backend: record.backend, options, ...(data === null ? {} : { data }) });
}

/** Variables with the draws of components matched to each other, where the run says that labels switch. */
function matched(run: StoredRun): readonly VariableSummary[] {
  if (!run.record.warnings.some(({ code }) => code === 'label-switching')) return run.variables;
  const replaced = new Map(
    relabellings(resultOfRun(run)).flatMap(({ variables }) => variables.map((variable) => [variable.name, variable] as const)),
  );
  return run.variables.map((summary) => {
    const other = replaced.get(summary.variable.name);
    return other === undefined ? summary : withResult(summary, other);
  });
}
