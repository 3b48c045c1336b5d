/**
 * Every block of code in README.md, docs/ and the other documents is run: programs are compiled, commands go through the
 * built command line in a folder of their own, TypeScript is type-checked and run. Commands of the pages of examples are
 * looked at, not run: the claims of test/examples.test.ts run those programs.
 *
 * The first word after the fence says what a block is; what follows says more: `file=NAME` writes
 * the block for the commands after it, `error=CODE` marks a program that is wrong on purpose,
 * `status=N` commands that end so, `output` and `error` what the commands before printed (whole, or a part of
 * standard error), `table` a summary of which the numbers may change and the rows may not, `picture` a drawing. Programs of other systems
 * (docs/coming-from.md) are the business of test/comingFrom.test.ts.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as reference from '../src/2-graph/reference.js';
import { families } from '../src/distributions/registry.js';
import { index, ref, size } from '../src/expr/expr.js';
import { printText } from '../src/expr/print.js';
import { backends, compile, laterBackends, ModelError } from '../src/index.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Documents under a folder; written from docstrings, docs/api/ holds no blocks but signatures. */
function documents(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules' && name !== 'api')
    .flatMap((entry) =>
      entry.isDirectory() ? documents(`${folder}/${entry.name}`) : entry.name.endsWith('.md') ? [`${folder}/${entry.name}`] : [],
    )
    .sort();
}
/** Pages whose commands are run, each in a folder of its own. */
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  ...documents('docs'),
  ...documents('bench'),
  ...documents('editor'),
  ...documents('test'),
  'examples/README.md',
];
/** Pages whose commands are for the root of a clone, and may take their time. */
const examplePages = documents('examples').filter((page) => page !== 'examples/README.md');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly scripts: Readonly<Record<string, string>> };
const scratch = mkdtempSync(join(tmpdir(), 'credence-docs-'));

interface Block {
  readonly line: number;
  readonly language: string;
  readonly marks: ReadonlyMap<string, string>;
  readonly text: string;
}

/** Fenced blocks in order. */
function blocksOf(markdown: string): readonly Block[] {
  const hidden = markdown.split('\n').findIndex((line) => /^\s+```|^\s*~~~|^\s*<(?:pre|code)\b/.test(line));
  if (hidden >= 0) throw new Error(`line ${hidden + 1} begins a block in a way that the tests do not see`);
  const blocks: Block[] = [];
  let open: { line: number; info: string; lines: string[] } | null = null;
  for (const [k, line] of markdown.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === null) open = { line: k + 1, info: fence[1] ?? '', lines: [] };
    else {
      const [language = '', ...marks] = open.info.split(' ');
      blocks.push({
        line: open.line,
        language,
        marks: new Map(marks.map((mark) => [mark.replace(/=.*/, ''), mark.replace(/^[^=]*=?/, '')])),
        text: `${open.lines.join('\n')}\n`,
      });
      open = null;
    }
  }
  if (open !== null) throw new Error(`the block of line ${open.line} is never closed`);
  return blocks;
}

const read = new Map([...pages, ...examplePages].map((page) => [page, readFileSync(join(root, page), 'utf8')]));
const everyBlock = pages.flatMap((page) => blocksOf(read.get(page)!).map((block) => ({ page, block })));

beforeAll(() => {
  // Commands run from dist/.
  const built = spawnSync(process.execPath, [join(root, 'scripts', 'setup.mjs')], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
  mkdirSync(join(scratch, 'bin'));
  writeFileSync(join(scratch, 'bin', 'credence'), `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'dist', 'cli', 'main.js')}' "$@"\n`);
  chmodSync(join(scratch, 'bin', 'credence'), 0o755);
}, 900_000);
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One line of a shell block. */
function shell(command: string, cwd: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', command], {
      cwd,
      env: { ...process.env, PATH: `${join(scratch, 'bin')}:${process.env['PATH'] ?? ''}` },
    });
    let stdout = '',
      stderr = '';
    child.stdout.on('data', (piece) => {
      stdout += piece;
    });
    child.stderr.on('data', (piece) => {
      stderr += piece;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/** Names of rows and columns of a summary: what a reader is told about, whatever the numbers are. */
function outlineOf(table: string): readonly string[] {
  const lines = table.split('\n').filter((line) => line !== '' && !/^(?:Written|[a-z]+, )/.test(line));
  return lines.map((line) => (line.startsWith(' ') ? line.trim().split(/ {2,}/).join(' ') : line.split(' ')[0]!));
}

describe('blocks of the documents', () => {
  it('are all of a kind that is tested', () => {
    const kinds = new Set(['credence', 'sh', 'ts', 'json', 'text', '']),
      marks = new Set(['file', 'error', 'status', 'output', 'table', 'picture', 'name', 'vitest']);
    const others = new Set(['stan', 'jags', 'javascript', 'python']);
    expect(
      everyBlock
        .filter(({ page, block }) => !kinds.has(block.language) && !(page === 'docs/coming-from.md' && others.has(block.language)))
        .map(({ page, block }) => `${page}:${block.line}`),
    ).toEqual([]);
    const loose = everyBlock.filter(({ block }) => ['json', 'text'].includes(block.language) && block.marks.size === 0);
    expect(loose.map(({ page, block }) => `${page}:${block.line}`)).toEqual([]);
    expect(
      everyBlock
        .filter(({ block }) => [...block.marks.keys()].some((mark) => !marks.has(mark)))
        .map(({ page, block }) => `${page}:${block.line}`),
    ).toEqual([]);
  });

  it('are read by a command, where they are files', () => {
    const unread = everyBlock.filter(({ page, block }) => {
      const file = block.marks.get('file');
      return (
        file !== undefined &&
        !everyBlock.some((other) => other.page === page && commandsOf(other.block).some((command) => command.includes(file)))
      );
    });
    expect(unread.map(({ page, block }) => `${page}:${block.line}`)).toEqual([]);
  });

  it('hold no command but ours and scripts of the package', () => {
    const strange = [...pages, ...examplePages].flatMap((page) =>
      blocksOf(read.get(page)!)
        .filter(({ language }) => language === 'sh')
        .flatMap((block) =>
          linesOf(block)
            .filter((line) => !line.startsWith('credence ') && !isScript(line) && !isProgram(line))
            .map((line) => `${page}:${block.line}: ${line}`),
        ),
    );
    expect(strange).toEqual([]);
  });

  it.each(
    everyBlock
      .filter(({ block }) => block.language === 'credence' && !block.marks.has('file'))
      .map(({ page, block }) => ({ place: `${page}:${block.line}`, block })),
  )('$place compiles, or says what is wrong', ({ block }) => {
    const codes = diagnosticsOf(block.text);
    const wanted = block.marks.get('error');
    expect(codes).toEqual(wanted === undefined ? [] : [wanted]);
  });
});

function diagnosticsOf(program: string): readonly string[] {
  try {
    return compile(program).notes.map(({ code }) => code);
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    return thrown.diagnostics.map(({ code }) => code);
  }
}

interface Ran {
  readonly command: string;
  readonly answer: Answer;
}

/** Commands of a shell block, lines that go on joined. */
function linesOf(block: Block): readonly string[] {
  return block.text
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '');
}
/** Commands of a shell block that the command line runs. */
function commandsOf(block: Block): readonly string[] {
  return block.language === 'sh' ? linesOf(block).filter((line) => line.startsWith('credence ')) : [];
}
/** A program of an example, which the tests of examples run. */
function isProgram(line: string): boolean {
  const file = /^npx tsx (examples\/\S+\.ts)$/.exec(line)?.[1];
  return file !== undefined && tryRead(join(root, file)) !== null;
}
/** `npm test`, or `npm run NAME` with a script of that name. */
function isScript(line: string): boolean {
  const name = /^npm (?:run )?([a-z-]+)(?: |$)/.exec(line)?.[1];
  return name !== undefined && name in manifest.scripts;
}

/** All commands of a page, one after the other in a folder with the page's files: they may use what earlier ones wrote. */
async function runPage(page: string): Promise<ReadonlyMap<number, readonly Ran[]>> {
  const folder = join(scratch, page.replace(/\W/g, '-'));
  const blocks = blocksOf(read.get(page)!);
  mkdirSync(folder);
  for (const block of blocks) if (block.marks.has('file')) writeFileSync(join(folder, block.marks.get('file')!), block.text);
  const ran = new Map<number, Ran[]>();
  for (const block of blocks) {
    const answers: Ran[] = [];
    for (const command of commandsOf(block)) answers.push({ command, answer: await shell(command, folder) });
    ran.set(block.line, answers);
  }
  return ran;
}

/** What `credence COMMAND --help` prints. */
const helpTexts = new Map<string, Promise<Answer>>();
function help(command: string): Promise<Answer> {
  const known = helpTexts.get(command) ?? shell(`credence ${command} --help`, scratch);
  helpTexts.set(command, known);
  return known;
}

describe('commands of the documents', () => {
  // Pages are independent of each other; on one processor after the other they would take twice as long.
  let runs: ReadonlyMap<string, ReadonlyMap<number, readonly Ran[]>>;
  beforeAll(async () => {
    runs = new Map(
      await Promise.all(pages.map(async (page): Promise<[string, ReadonlyMap<number, readonly Ran[]>]> => [page, await runPage(page)])),
    );
  }, 1_800_000);

  for (const page of pages) {
    const blocks = blocksOf(read.get(page)!);
    for (const [k, block] of blocks.entries()) {
      const place = `${page}:${block.line}`;
      const before = blocks
        .slice(0, k)
        .reverse()
        .find((other) => commandsOf(other).length > 0);
      const last = (): Answer => runs.get(page)!.get(before!.line)!.at(-1)!.answer;
      if (commandsOf(block).length > 0) {
        it(`${place} runs`, () => {
          const wanted = Number(block.marks.get('status') ?? 0);
          const wrong = runs
            .get(page)!
            .get(block.line)!
            .filter(({ answer }) => answer.status !== wanted);
          expect(wrong).toEqual([]);
        });
      }
      if (block.marks.has('output'))
        it(`${place} is what was printed`, () => {
          expect(block.text).toBe(last().stdout);
        });
      if (block.language === 'text' && block.marks.has('error'))
        it(`${place} is what standard error said`, () => {
          expect(last().stderr).toContain(block.text.trimEnd());
        });
      if (block.marks.has('table'))
        it(`${place} has the rows and columns of the summary`, () => {
          expect(outlineOf(block.text)).toEqual(outlineOf(last().stdout));
        });
      if (block.language === '') {
        it(`${place} names commands and flags that exist`, async () => {
          for (const line of block.text.trim().split('\n')) {
            const command = line.split(/ +/)[1]!;
            const { stdout, status } = await help(command);
            expect([command, status]).toEqual([command, 0]);
            for (const flag of line.match(/--[a-z-]+/g) ?? []) expect(stdout).toContain(flag);
          }
        });
      }
    }
  }
});

describe('commands of the pages of examples', () => {
  const commands = examplePages.flatMap((page) =>
    blocksOf(read.get(page)!).flatMap((block) => commandsOf(block).map((command) => ({ page, command }))),
  );

  it('name files, backends, options and flags that there are', { timeout: 900_000 }, async () => {
    const wrong: string[] = [];
    for (const { page, command } of commands) {
      const files = command.match(/examples\/[\w./-]+/g) ?? [];
      const flags = command.match(/ --[a-z][a-z-]*/g) ?? [],
        options = [...command.matchAll(/--opt '?([a-z]+)/g)].map(([, name]) => name!);
      const named = / --backend ([a-z]+)/.exec(command)?.[1];
      const { stdout } = await help(command.split(' ')[1]!);
      const known = named === undefined ? [...backends.values()] : [...backends.values()].filter(({ name }) => name === named);
      if (files.length === 0 || files.some((file) => tryRead(join(root, file)) === null)) wrong.push(`${page}: a file of ${command}`);
      if (
        known.length === 0 ||
        options.some((name) => !known.some((backend) => backend.options.some((option) => option.name.replace('.NAME', '') === name)))
      )
        wrong.push(`${page}: the backend or an option of ${command}`);
      if (flags.some((flag) => !stdout.includes(flag.trim()))) wrong.push(`${page}: a flag of ${command}`);
    }
    expect(wrong).toEqual([]);
    expect(commands.length).toBeGreaterThan(30);
  });
});

describe('TypeScript of the documents', () => {
  const folder = join(scratch, 'typescript');
  const programs = everyBlock
    .filter(({ block }) => block.language === 'ts')
    .map(({ page, block }) => ({ name: `${page.replace(/\W/g, '-')}-${block.line}`, text: block.text, isTest: block.marks.has('vitest') }));

  it('passes the type checker as strictly as the project', { timeout: 900_000 }, () => {
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    symlinkSync(root, join(folder, 'node_modules', 'credence'), 'dir');
    for (const name of ['fast-check', 'vitest']) symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), 'dir');
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as { compilerOptions: object };
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: { ...compilerOptions, rootDir: '.', outDir: 'out', types: [], declaration: false, isolatedDeclarations: false },
        include: ['*.ts'],
      }),
    );
    for (const { name, text } of programs) writeFileSync(join(folder, `${name}.ts`), text);
    const checked = spawnSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder], {
      encoding: 'utf8',
    });
    expect([checked.stdout, checked.status]).toEqual(['', 0]);
  });

  it('runs', { timeout: 900_000 }, async () => {
    // Tests of test runners are files of our own suite, which say so.
    const ran = await Promise.all(
      programs
        .filter(({ isTest }) => !isTest)
        .map(async ({ name }) => ({ name, answer: await shell(`'${process.execPath}' 'out/${name}.js'`, folder) })),
    );
    expect(ran.filter(({ answer }) => answer.status !== 0 || answer.stderr !== '')).toEqual([]);
  });
});

describe('the documents are complete', () => {
  /** Words in code spans and tables of a page. */
  const words = (page: string): ReadonlySet<string> => new Set(read.get(page)!.match(/[A-Za-z_][A-Za-z0-9_.]*/g) ?? []);

  it('hold what the registries say', async () => {
    const { pagesOfRegistries } = (await import(join(root, 'scripts', 'docs.mjs'))) as {
      pagesOfRegistries(registries: object, read: (page: string) => string): ReadonlyMap<string, string>;
    };
    const pagesNow = pagesOfRegistries(
      { families, notation: { index, ref, size, printText }, backends, reference },
      (page) => read.get(page)!,
    );
    // `npm run docs` writes them.
    expect([...pagesNow].filter(([page, text]) => read.get(page) !== text).map(([page]) => page)).toEqual([]);
    expect(pagesNow.size).toBe(2 + backends.size);
  });

  it('name every backend', () => {
    const overview = words('docs/backends.md');
    expect([...backends.keys(), ...laterBackends].filter((name) => !overview.has(name))).toEqual([]);
    for (const name of backends.keys())
      for (const heading of ['## Options', '## Warnings']) expect(read.get(`docs/backends/${name}.md`)).toContain(`\n${heading}\n`);
  });

  it('tell what every refusal and warning of a backend means', () => {
    const codesIn = (text: string): ReadonlySet<string> =>
      new Set(
        [...text.matchAll(/(?:\bcode: |\bwarning\(\s*|derivedFor\([^']*'[a-z]+',\s*graph,\s*)'([a-z]+(?:-[a-z]+)+)'/g)].map(
          ([, code]) => code!,
        ),
      );
    const sourceOf = (folder: string): string =>
      readdirSync(join(root, folder), { withFileTypes: true })
        .map((entry) => (entry.isDirectory() ? sourceOf(`${folder}/${entry.name}`) : readFileSync(join(root, folder, entry.name), 'utf8')))
        .join('\n');
    // What is wrong with an option says so itself.
    const common = new Set(['wrong-option']);
    const untold: string[] = [];
    for (const name of backends.keys()) {
      const page = read.get(`docs/backends/${name}.md`)!;
      for (const code of codesIn(sourceOf(`src/4-infer/${name}`)))
        if (!common.has(code) && !page.includes(`\`${code}\``)) untold.push(`${name}: ${code}`);
    }
    const all = pages
      .filter((page) => page.startsWith('docs/'))
      .map((page) => read.get(page)!)
      .join('\n');
    const warnings = [
      ...sourceOf('src/4-infer').matchAll(/code: '([a-z-]+)',\s*severity: 'warning'/g),
      ...sourceOf('src/5-report').matchAll(/code: '([a-z-]+)',\s*severity: 'warning'|\bwarning\(\s*'([a-z-]+)'/g),
    ].map(([, one, other]) => one ?? other!);
    expect(warnings.length).toBeGreaterThan(20);
    expect([...untold, ...new Set(warnings.filter((code) => !all.includes(`\`${code}\``)))]).toEqual([]);
  });

  it('names every flag of the command line', { timeout: 900_000 }, async () => {
    for (const command of ['infer', 'explain', 'sample', 'logp', 'graph', 'check']) {
      const { stdout } = await help(command);
      const flags = (stdout.match(/--[a-z][a-z-]*/g) ?? []).filter((flag) => flag !== '--help');
      expect([command, flags.filter((flag) => !read.get('docs/cli.md')!.includes(flag))]).toEqual([command, []]);
    }
  });

  it('points to files and headings that exist', () => {
    const anchor = (heading: string): string =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-');
    const anchorsOf = (markdown: string): ReadonlySet<string> =>
      new Set(markdown.split('\n').flatMap((line) => (/^#+ (.*)$/.test(line) ? [anchor(line.replace(/^#+ /, ''))] : [])));
    const broken: string[] = [];
    for (const page of pages) {
      for (const [, target = ''] of read
        .get(page)!
        .replaceAll(/`[^`\n]*`/g, '')
        .matchAll(/(?:\]\(|\b(?:src|srcset)=")([^)"]+)[)"]/g)) {
        const [path = '', heading] = target.split('#');
        const file = path === '' ? page : join(dirname(page), path);
        const isPage = file.endsWith('.md');
        const text = isPage ? tryRead(join(root, file)) : tryList(join(root, file));
        if (text === null || (heading !== undefined && !anchorsOf(text).has(heading))) broken.push(`${page}: ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });
});

function tryRead(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
function tryList(path: string): string | null {
  try {
    return readdirSync(path).join('\n');
  } catch {
    return tryRead(path);
  }
}
