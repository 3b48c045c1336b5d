/**
 * What can be said of a program while it is written: all its diagnostics and those of its data, the graph, which backends
 * apply and what the chosen one derives. In steps, because the next key may make the rest pointless.
 */
import { backends, type Diagnostic, Model, ModelError } from '../../../src/index.js';
import { bindData, compileText, type Compiled } from '../../../src/pipeline.js';
import { derivationSection, graphSection } from '../../../src/report.js';
import type { Checked, FromEngine, Offer, Problem, Project } from '../protocol.js';
import { problemOf, readValues, type ReadValues } from './values.js';

/** What messages and pictures call the program. */
export const programName = 'model';

/** Why something was refused; passes on what is no refusal. */
export function refusalOf(thrown: unknown): readonly Diagnostic[] {
  if (!(thrown instanceof ModelError)) throw thrown;
  return thrown.diagnostics;
}

/** What a check found, and what further steps build on. */
interface Found {
  readonly checked: Checked;
  readonly model: Model | null;
  /** Null where the data do not fit. */
  readonly values: ReadValues | null;
}

function found(project: Project): Found {
  let compiled: Compiled;
  try {
    compiled = compileText(project.program, programName);
  } catch (thrown) {
    const { table, problems } = readValues(project, null);
    const ofProgram = refusalOf(thrown).map((diagnostic) => problemOf(diagnostic, 'program'));
    return {
      checked: { problems: [...ofProgram, ...problems], inputs: null, table: outlineOf(table), runs: false },
      model: null,
      values: null,
    };
  }
  const model = new Model(compiled),
    values = readValues(project, model.inputs);
  const { bound, diagnostics } = bindData(compiled, values.data, 'infer');
  const problems: Problem[] = [
    ...model.notes.map((diagnostic) => problemOf(diagnostic, 'program')),
    ...values.problems,
    // Where the data cannot be read, that they are missing says nothing new.
    ...diagnostics
      .filter(({ code }) => values.problems.length === 0 || code !== 'missing-data')
      .map((diagnostic) => problemOf(diagnostic, 'data')),
  ];
  const runs = bound !== null && problems.every(({ severity }) => severity !== 'error');
  return { checked: { problems, inputs: inputsOf(compiled), table: outlineOf(values.table), runs }, model, values: runs ? values : null };
}

function outlineOf(table: ReadValues['table']): Checked['table'] {
  return table === null ? null : { header: table.header, rows: table.rows };
}

/** What stands after a declared name: its type. */
const typeAfter = /^\s*:\s*([\p{L}_]\w*(?:\([^)\n]*\))?(?:\[[^\]\n]*\])?)/u;

/** Declared data with their types as written. */
function inputsOf({ graph, source }: Compiled): Checked['inputs'] {
  return [...graph.variables.values()]
    .filter(({ origin }) => origin === 'data')
    .map(({ name, span }) => ({ name, type: typeAfter.exec(source.slice(span.end))?.[1] ?? '' }));
}

/** Checks in steps; each answer is told as it is known. @param current asked before every step: false ends the check. */
export async function check(
  id: number,
  project: Project,
  backend: string,
  tell: (message: FromEngine) => void,
  current: () => Promise<boolean>,
): Promise<void> {
  const { checked, model, values } = found(project);
  tell({ kind: 'checked', id, checked });
  if (model === null || !(await current())) return;
  const graph = attempted(() => model.graph('svg')).value;
  if (!(await current())) return;
  // What applies may depend on which data have gaps; before there are data all count as given.
  const derive = (name: string): ReturnType<typeof attempted<ReturnType<Model['explain']>>> =>
    attempted(() => model.explain({ backend: name, ...(values === null ? {} : { data: values.data }) }));
  const own = derive(backend);
  tell({
    kind: 'model',
    id,
    refusal: own.refusal,
    graph: graphSection({ graph, name: programName })[0]?.content ?? null,
    derivation: derivationSection({ derivation: own.value })[0]?.content ?? null,
  });
  const offers: Offer[] = [];
  for (const { name, doc, options } of backends.values()) {
    if (!(await current())) return;
    const { value, refusal } = name === backend ? own : derive(name);
    offers.push({
      name,
      doc,
      refusal,
      note: name === 'auto' ? (value?.notes[0] ?? null) : null,
      options: options.map((option) => [option.name, option.doc] as const),
    });
  }
  tell({ kind: 'offers', id, offers });
}

function attempted<T>(make: () => T): { readonly value: T | null; readonly refusal: string | null } {
  try {
    return { value: make(), refusal: null };
  } catch (thrown) {
    const [first] = refusalOf(thrown).filter(({ severity }) => severity === 'error');
    return { value: null, refusal: first?.message.replace(/^\w+ does not apply: /, '') ?? 'it does not apply' };
  }
}
