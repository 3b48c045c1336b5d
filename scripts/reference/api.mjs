/**
 * The API reference: TypeDoc reads what the entry points of the package export, with their docstrings, and writes a
 * page of Markdown for each. It needs a TypeScript that still has a JavaScript interface, so it lives in a workspace
 * of its own (package.json beside this file).
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { Application, ReflectionKind } from 'typedoc';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The pages: what is imported, and from which file of src/. */
const entryPoints = [
  { page: 'credence', specifier: 'credence', file: 'index.ts' },
  { page: 'distributions', specifier: 'credence/distributions', file: 'distributions-api.ts' },
  { page: 'plot', specifier: 'credence/plot', file: 'plot-api.ts' },
  { page: 'testing', specifier: 'credence/testing', file: 'testing-api.ts' },
];

/** Types that exported ones mention and nobody outside has to name: symbolic forms of the compiler, states of chains. */
const inner = [
  'Alternative',
  'Arguments',
  'ArrayExpr',
  'Backend',
  'BoundModel',
  'Compiled',
  'Domain',
  'ExponentialForm',
  'Expr',
  'Given',
  'MomentsState',
  'NumericLaw',
  'NumericSupport',
  'Observations',
  'ScalarLaw',
  'Subject',
  'Support',
  'VariableRecord',
  'Variate',
  'Covariance',
  'Locations',
  'Matrices',
  'Scalars',
  'Spread',
  'Vectors',
];

/**
 * @returns pages by file name, and what TypeDoc has to say against the docstrings: exports without one, links that lead nowhere, types that
 * are not exported
 */
export async function apiReference() {
  const folder = mkdtempSync(join(tmpdir(), 'credence-api-'));
  const complaints = [];
  try {
    const app = await Application.bootstrapWithPlugins({
      entryPoints: entryPoints.map(({ file }) => join(root, 'src', file)),
      tsconfig: join(root, 'tsconfig.json'),
      plugin: ['typedoc-plugin-markdown'],
      // The project's own compiler has checked the types.
      skipErrorChecking: true,
      out: folder,
      excludeInternal: true,
      excludePrivate: true,
      excludeExternals: true,
      disableSources: true,
      disableGit: true,
      readme: 'none',
      validation: { notExported: true, invalidLink: true, notDocumented: true },
      intentionallyNotExported: inner,
      requiredToBeDocumented: ['Class', 'Interface', 'Function', 'Variable', 'TypeAlias', 'Method', 'Accessor'],
      outputFileStrategy: 'modules',
      hidePageHeader: true,
      hideBreadcrumbs: true,
      hidePageTitle: true,
      parametersFormat: 'table',
      interfacePropertiesFormat: 'table',
      typeDeclarationFormat: 'table',
      classPropertiesFormat: 'table',
      useCodeBlocks: true,
      sort: ['alphabetical'],
      logLevel: 'Warn',
    });
    app.logger = Object.assign(Object.create(app.logger), {
      log: (text, level) => {
        if (level >= 2) complaints.push(stripVTControlCharacters(text));
      },
    });
    const project = await app.convert();
    if (project === undefined) throw new Error(complaints.join('\n'));
    for (const module of project.getChildrenByKind(ReflectionKind.Module))
      module.name = entryPoints.find(({ file }) => file === `${module.name}.ts`).page;
    app.validate(project);
    await app.generateOutputs(project);
    const pages = new Map(
      entryPoints.map(({ page, specifier }) => [
        `${page}.md`,
        `# ${specifier}\n\n<!-- Written by scripts/docs.mjs from the docstrings of src/; do not edit. -->\n\n${readFileSync(join(folder, `${page}.md`), 'utf8').trim()}\n`,
      ]),
    );
    const extra = readdirSync(folder).filter((name) => name !== 'README.md' && !pages.has(name));
    if (extra.length > 0) throw new Error(`pages nobody asked for: ${extra.join(', ')}`);
    return { pages, complaints };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
