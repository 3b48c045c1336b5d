/**
 * The layering of src/, read from the import statements themselves: numbered phases see lower
 * numbers and libraries, libraries see no phase, nothing sees itself in a circle. Also the house
 * rules that can be read off the text: where Node, ohm-js, the clock and the console may appear,
 * no default exports, no module-level mutable variables, a test for every distribution.
 */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'src');
const libraries = ['code', 'distributions', 'errors', 'expr', 'input', 'numeric', 'platform', 'random'];

interface Import {
  readonly specifier: string;
  readonly resolved: string | null;
}
interface Module {
  readonly path: string;
  readonly text: string;
  readonly code: string;
  readonly imports: readonly Import[];
}

function filesBelow(folder: string, accept: RegExp): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((entry) => {
    const path = join(folder, entry);
    return statSync(path).isDirectory() ? filesBelow(path, accept) : accept.test(entry) ? [path] : [];
  });
}

/** Blanks comments and the contents of string literals, keeping line structure. */
function stripped(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g, (match) =>
    match.startsWith('/') ? match.replace(/[^\n]/g, ' ') : `${match[0]}${match.slice(1, -1).replace(/[^\n]/g, ' ')}${match[0]}`,
  );
}

function importsOf(path: string, text: string): Import[] {
  const specifiers = [
    ...text.matchAll(
      /^\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|new URL\(\s*['"]([^'"]+)['"]\s*,\s*import\.meta\.url/gm,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3] ?? match[4] ?? '');
  return specifiers.map((specifier) => ({
    specifier,
    resolved: specifier.startsWith('.')
      ? relative(source, join(dirname(path), specifier))
          .replace(/\.js$/, '.ts')
          .replaceAll('\\', '/')
      : null,
  }));
}

const modules: readonly Module[] = filesBelow(source, /\.ts$/).map((path) => {
  const text = readFileSync(path, 'utf8');
  return { path: relative(source, path).replaceAll('\\', '/'), text, code: stripped(text), imports: importsOf(path, text) };
});

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
}
function phaseOf(folder: string): number | null {
  const match = /^(\d+)-/.exec(folder);
  return match ? Number(match[1]) : null;
}

/** Folders of phase 4 that several backends build on. */
const common = ['blocks', 'variational'];
/** The backend whose folder a file lies in. */
function backendOf(file: string): string | undefined {
  const folder = /^4-infer\/([^/]+)\//.exec(file)?.[1];
  return folder === undefined || common.includes(folder) ? undefined : folder;
}

/** Why `from` may not import `to` (paths below src/), or null. */
function objection(from: string, to: string): string | null {
  const here = folderOf(from);
  const there = folderOf(to);
  const phaseHere = phaseOf(here);
  const phaseThere = phaseOf(there);
  // The help names the documents of the package.
  if (to.startsWith('..'))
    return to.startsWith('../grammar/') || to === '../package.json' || (here === 'cli' && to === '../README.md') ? null : 'leaves src/';
  if (here === '') return null; // index, pipeline and worker entries see everything
  if (here === 'testing')
    return there === here || ['index.ts', 'distributions-api.ts'].includes(to) || there === '6-check'
      ? null
      : 'testing/ imports the public surfaces and checks only';
  if (here === 'cli')
    return there === here || ['index.ts', 'report.ts', 'testing-api.ts', 'version.ts'].includes(to)
      ? null
      : `${here}/ imports the public surfaces only`;
  if (here === 'objects')
    return there === 'objects' || libraries.includes(there) || (phaseThere !== null && phaseThere <= 2)
      ? null
      : 'objects see libraries and the phases up to the graph';
  if (here === 'page')
    return ['page', 'plot'].includes(there) || libraries.includes(there) || phaseThere !== null
      ? null
      : 'pages see figures, phases and libraries';
  if (here === 'plot')
    return there === 'plot' || libraries.includes(there) || phaseThere !== null ? null : 'plots see phases and libraries';
  if (phaseHere !== null) {
    if (phaseThere !== null && phaseThere > phaseHere) return 'a phase imports only lower phases';
    if (phaseThere === null && !libraries.includes(there)) return 'a phase imports phases and libraries only';
    const backendHere = backendOf(from);
    const backendThere = backendOf(to);
    if (backendHere !== undefined && backendThere !== undefined && backendHere !== backendThere)
      return 'a backend never imports a sibling backend';
    if (backendHere === undefined && backendThere !== undefined && from !== '4-infer/registry.ts')
      return 'only the registry knows the backends';
    return null;
  }
  if (libraries.includes(here)) return phaseThere === null && libraries.includes(there) ? null : 'a library imports no phase';
  return `unknown folder ${here}`;
}

/** Every import cycle reachable, as the path that closes it. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const finished = new Set<string>();
  const visit = (node: string, trail: readonly string[]): void => {
    const at = trail.indexOf(node);
    if (at >= 0) {
      found.push([...trail.slice(at), node].join(' -> '));
      return;
    }
    if (finished.has(node)) return;
    for (const next of graph.get(node) ?? []) visit(next, [...trail, node]);
    finished.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return found;
}

function offenders(pattern: RegExp, allowed: (path: string) => boolean): string[] {
  return modules.flatMap((module) =>
    allowed(module.path)
      ? []
      : module.code.split('\n').flatMap((line, number) => (pattern.test(line) ? [`${module.path}:${number + 1}: ${line.trim()}`] : [])),
  );
}
const inCommandLine = (path: string): boolean => path.startsWith('cli/');
const seesNode = (path: string): boolean => inCommandLine(path) || path.startsWith('platform/');

describe('the layers of src/', () => {
  it('has modules to look at', () => {
    expect(modules.length).toBeGreaterThan(5);
  });

  it('imports only downwards', () => {
    const broken = modules.flatMap((module) =>
      module.imports.flatMap(({ resolved }) => {
        const reason = resolved === null ? null : objection(module.path, resolved);
        return reason === null ? [] : [`${module.path} imports ${resolved}: ${reason}`];
      }),
    );
    expect(broken).toEqual([]);
  });

  it('has no import cycles, type-only ones included', () => {
    const graph = new Map(
      modules.map((module) => [module.path, module.imports.flatMap(({ resolved }) => (resolved === null ? [] : [resolved]))]),
    );
    expect(cycles(graph)).toEqual([]);
  });

  it('keeps Node built-ins in cli/ and platform/', () => {
    const broken = modules.filter(
      (module) => !seesNode(module.path) && module.imports.some(({ specifier }) => specifier.startsWith('node:')),
    );
    expect(broken.map((module) => module.path)).toEqual([]);
  });

  it('keeps ohm-js in 1-parse/', () => {
    const broken = modules.filter(
      (module) =>
        !module.path.startsWith('1-parse/') &&
        module.imports.some(({ specifier }) => specifier === 'ohm-js' || specifier.includes('ohm-bundle')),
    );
    expect(broken.map((module) => module.path)).toEqual([]);
  });

  it('keeps the clock, the console and the unseeded generator out of everything but cli/ and platform/', () => {
    expect(offenders(/\bMath\.random\b|\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bconsole\./, seesNode)).toEqual([]);
  });
});

describe('the text of src/', () => {
  it('has no default exports', () => {
    expect(offenders(/^\s*export default\b|\bas default\b/, () => false)).toEqual([]);
  });

  it('has no mutable variable at module level', () => {
    expect(offenders(/^(?:export )?(?:let|var)\s/, () => false)).toEqual([]);
  });

  it('silences no check', () => {
    const broken = modules.filter((module) => /@ts-(?:ignore|nocheck|expect-error)|\bTODO\b|\bFIXME\b/.test(module.text));
    expect(broken.map((module) => module.path)).toEqual([]);
  });

  it('has a comment at the head of every file', () => {
    const broken = modules.filter((module) => !module.path.endsWith('.d.ts') && !/^(?:#!.*\n)?\s*\/\*\*/.test(module.text));
    expect(broken.map((module) => module.path)).toEqual([]);
  });
});

describe('the distributions', () => {
  it('each have a test that mentions them', () => {
    const names = [
      ...new Set(
        filesBelow(join(source, 'distributions'), /\.ts$/).flatMap((path) =>
          [...readFileSync(path, 'utf8').matchAll(/\bname: '([A-Z]\w*)'/g)].map((match) => match[1] ?? ''),
        ),
      ),
    ];
    expect(names.length).toBeGreaterThan(20);
    const tests = filesBelow(join(root, 'test'), /\.(?:ts|json|cred)$/)
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n');
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(tests))).toEqual([]);
  });
});

describe('the rules above', () => {
  it('see what they forbid', () => {
    expect(objection('2-graph/lower.ts', '3-derive/joint.ts')).not.toBeNull();
    expect(objection('expr/expr.ts', '2-graph/graph.ts')).not.toBeNull();
    expect(objection('4-infer/gibbs/index.ts', '4-infer/mh/index.ts')).not.toBeNull();
    expect(objection('cli/main.ts', '4-infer/posterior.ts')).not.toBeNull();
    expect(objection('4-infer/gibbs/index.ts', '4-infer/posterior.ts')).toBeNull();
    expect(
      cycles(
        new Map([
          ['a', ['b']],
          ['b', ['c']],
          ['c', ['a']],
        ]),
      ),
    ).toEqual(['a -> b -> c -> a']);
    expect(importsOf(join(source, 'x.ts'), "import type { A } from './expr/expr.js';\nexport * from './y.js';")).toHaveLength(2);
    expect(stripped("const a = 'Math.random'; // console.log\nconsole.log(1)")).toMatch(/^const a = '\s+';\s+\nconsole\.log/);
  });
});
