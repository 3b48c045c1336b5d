/**
 * The command line as a user meets it: the built program in a process of its own, a table of right
 * and wrong calls, each with its exit status and the words that must (or must not) be said.
 * Truth: exit statuses and files are those of the interface; numbers are closed forms worked out here.
 */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const main = join(root, 'dist', 'cli', 'main.js');

const files: Readonly<Record<string, string>> = {
  'normal.cred': 'data y: real[N]\nsample mu ~ Normal(0, 2)\nfor n in 0..<N { observe y[n] ~ Normal(mu, 1) }\nreport twice = 2 * mu\n',
  'normal.json': '{ "y": [1, 2, 3] }',
  'groups.cred':
    'data g: int[N]\ndata y: real[N]\nsample mu ~ iid(Normal(0, 10), 3)\nfor n in 0..<N { observe y[n] ~ Normal(mu[g[n]], 1) }\n',
  'groups.csv': 'g,y,other\nred,1.2,3\nblue,2.5,4\ngreen,0.5,3\nred,1.1,\n',
  'regression.cred':
    'data X: real[N, D]\ndata y: real[N]\nsample w ~ MvNormal(zeros(D), eye(D))\nfor n in 0..<N { observe y[n] ~ Normal(X[n] @ w, 0.5) }\n',
  'regression.csv': 'a,b,y\n1,2,3\n4,5,6\n7,8,10\n',
  'mixture.cred':
    'data x: real[N]\ndata K: int\nsample pi ~ Dirichlet(fill(1, K))\nsample mu ~ iid(Normal(0, 5), K)\nfor n in 0..<N {\n  sample z[n] ~ Categorical(pi)\n  observe x[n] ~ Normal(mu[z[n]], 1)\n}\n',
  'mixture.json': '{ "x": [0, 1, 5, 6], "K": 2 }',
  'weights.cred': 'data K: int\ndata w: simplex[K]\nsample z ~ Categorical(w)\n',
  'wrong.cred': 'data x: real[N]\nsampl mu ~ Normal(0, 1)\nsample s ~ Gamma(1, 1)\nobserve x[n] ~ Normal(mu, s\n',
  'names.cred': 'data x: real[N]\nsample mu ~ Normall(0, 1)\nobserve x ~ Normal(nu, 1)\n',
  'odd.cred': 'data __proto__: real[N]\ndata constructor: int\nsample toString ~ Normal(0, 1)\nobserve __proto__ ~ Normal(toString, 1)\n',
  'odd.json': '{ "__proto__": [1, 2, 3], "constructor": 1 }',
  'nolabels.cred':
    'data y: real[N]\ndata x: real[M]\nfor n in 0..<N {\n  sample a[n] ~ Categorical([0.3, 0.7])\n  observe y[n] ~ Normal(a[n], 1)\n}\nfor m in 0..<M {\n  sample z[m] ~ Categorical(a)\n  observe x[m] ~ Normal(z[m], 1)\n}\n',
  'nolabels.json': '{ "y": [], "x": [] }',
  'factor.cred': 'sample x ~ Normal(0, 1)\nfactor -x^2\n',
  'nan.json': '{ "y": [1, 2,\n NaN] }',
  'list.json': '[1, 2]',
  'rows.csv': 'g,y\n1,2\n1\n',
  'point.json': '{ "mu": 1 }',
  'broken.cred': 'data y: real\nsample m ~ Normal(9, 0.1)\nobserve y ~ Normal(m, 1)\nreport q = logit(m)\n',
  'negative.json': '{ "mu": [1] }',
  'large.json': `{ "x": [${Array.from({ length: 40 }, (_, n) => n % 5).join(',')}] }`,
};

interface Answer {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

let folder = '';

/** Runs the command in the folder of the files. */
function credence(args: readonly string[], options: { readonly closeAfterFirstPiece?: boolean } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], { cwd: folder, env: { ...process.env, CREDENCE_DEBUG: undefined } });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      out += piece;
      if (options.closeAfterFirstPiece === true) child.stdout.destroy();
    });
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      err += piece;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, out, err }));
  });
}

beforeAll(() => {
  expect(existsSync(main), 'dist/ is missing: node scripts/build.mjs').toBe(true);
  folder = mkdtempSync(join(tmpdir(), 'credence-cli-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, 'sealed'));
  chmodSync(join(folder, 'sealed'), 0o500);
  writeFileSync(join(folder, 'latin1.cred'), Buffer.from([0x2f, 0x2f, 0xe9, 0x0a]));
});
afterAll(() => {
  chmodSync(join(folder, 'sealed'), 0o700);
  rmSync(folder, { recursive: true, force: true });
});

const few = ['--draws', '300', '--warmup', '100', '--workers', '0'];

describe.concurrent('wrong calls end with status 2 and say why, with a place', () => {
  const calls: readonly { readonly args: readonly string[]; readonly says: readonly RegExp[] }[] = [
    // The program.
    {
      args: ['infer', 'wrong.cred'],
      says: [
        /^wrong\.cred:2:1: error\[unknown-statement\]/m,
        /did you mean `sample`/,
        /^wrong\.cred:4:22: error\[unclosed-bracket\]/m,
        /\^/,
      ],
    },
    {
      args: ['explain', 'names.cred'],
      says: [/^names\.cred:2:13: error\[unknown-distribution\]/m, /did you mean `Normal`/, /^names\.cred:3:20: error\[unknown-name\]/m],
    },
    { args: ['infer', 'absent.cred'], says: [/^absent\.cred: error\[cannot-read\]: There is no such file/] },
    { args: ['infer', 'norml.cred'], says: [/There is no such file\.\n {2}hint: did you mean normal\.cred\?/] },
    { args: ['graph', '.'], says: [/directory, not a file/] },
    { args: ['infer', 'latin1.cred'], says: [/not a text in UTF-8/] },
    // Flags.
    { args: ['infer', 'normal.cred', '--drws', '3'], says: [/unknown option '--drws'/, /Did you mean --draws/] },
    {
      args: ['infer', 'normal.cred', '--data', 'normal.json', '--chains', '1000000', '--draws', '1'],
      says: [/error\[wrong-option\]: chains is 1000000; it must be a whole number of at most 10000/],
    },
    {
      args: ['infer', 'normal.cred', '--data', 'normal.json', '--keep', ''],
      says: [/^--keep: error\[wrong-option\]: No variable is named/],
    },
    {
      args: ['infer', 'normal.cred', '--data', 'normal.json', '--until', 'ess=0'],
      says: [/^--until: error\[wrong-option\]: "0" is not a number above 0\.\n {2}hint: for example --until ess=400/],
    },
    {
      args: ['infer', 'normal.cred', '--data', 'normal.json', '--max-seconds', '0'],
      says: [/^--max-seconds: error\[wrong-option\]: "0" is not a number above 0/],
    },
    {
      args: ['infer', '-'],
      says: [/^-: error\[cannot-read\]: There is no such file\.\n {2}hint: standard input is the file \/dev\/stdin/],
    },
    { args: ['infr', 'normal.cred'], says: [/unknown command 'infr'/, /Did you mean infer/] },
    { args: ['infer', 'normal.cred', '--K', '2'], says: [/unknown option '--K'\n {2}hint: .*--set K=/] },
    { args: ['infer', 'normal.cred', 'normal.json'], says: [/too many arguments[^\n]*\n {2}hint: .*--data normal\.json/] },
    { args: ['run', 'normal.cred'], says: [/unknown command 'run'\n {2}hint: .*credence infer/] },
    { args: ['infer'], says: [/No program is named/] },
    { args: ['graph', 'normal.cred', '--format', 'png'], says: [/Allowed choices are svg, dot, mermaid, json/] },
    {
      args: [
        'infer',
        'normal.cred',
        '--data',
        'normal.json',
        '--draws',
        '-5',
        '--chains',
        '2.5',
        '--thin',
        'x',
        '--workers',
        'many',
        '--backend',
        'gibs',
      ],
      says: [/draws is -5/, /chains is 2\.5/, /thin is "x"/, /workers is "many"/, /no backend "gibs"[\s\S]*did you mean gibbs/],
    },
    {
      args: ['infer', 'normal.cred', '--data', 'normal.json', '--keep', 'muu', '--opt', 'kernal.mu=slice'],
      says: [/no variable "muu"[\s\S]*did you mean mu\?/, /no option kernal\.mu[\s\S]*did you mean kernel\.mu\?/],
    },
    {
      args: ['infer', 'normal.cred', '--data', 'normal.json', '--opt', 'slice'],
      says: [/--opt: error\[wrong-option\]: "slice" is not of the form name=value/],
    },
    { args: ['infer', 'normal.cred', '--data', 'normal.json', '--draws', '1e9'], says: [/take \d+\.?\d* GB/] },
    { args: ['infer', 'normal.cred', '--data', 'normal.json', '--backend', 'nuts'], says: [/error\[not-in-this-version\]/, /gibbs/] },
    { args: ['check', 'normal.cred', '--data', 'normal.json'], says: [/not said which backend[\s\S]*--backend gibbs/] },
    {
      args: [
        'check',
        'normal.cred',
        '--data',
        'normal.json',
        '--backend',
        'gibs',
        '--method',
        'rato',
        '--false-alarm',
        '2',
        '--steps',
        'x',
      ],
      says: [/no backend "gibs"[\s\S]*did you mean gibbs/, /no method "rato"[\s\S]*ratio, /, /false-alarm rate is 2/, /steps is NaN/],
    },
    {
      args: ['check', 'normal.cred', '--data', 'normal.json', '--backend', 'em'],
      says: [/normal\.cred: error\[nothing-to-estimate\]|error\[/],
    },
    { args: ['check', 'normal.cred', '--backend', 'gibbs', '--method', 'ratio'], says: [/missing-data/] },
    { args: ['infer', '--resume', 'nowhere'], says: [/nothing-to-resume/] },
    {
      args: ['logp', 'normal.cred', '--data', 'normal.json', '--at', 'point.json', '--gradient', '--by-factor'],
      says: [/--by-factor goes with neither/],
    },
    // Data.
    { args: ['infer', 'normal.cred'], says: [/^normal\.cred:1:6: error\[missing-data\]: No value is given for y: real\[N\]/m] },
    {
      args: ['infer', 'normal.cred', '--data', 'absent.json', '--set', 'y=[1,'],
      says: [/absent\.json: error\[cannot-read\]/, /^--set y:1:\d+: error\[bad-json\]/m],
    },
    {
      args: ['infer', 'normal.cred', '--data', 'nan.json'],
      says: [/^nan\.json:2:2: error\[bad-json\]: NaN is not a value in JSON\n {2}2 \| {2}NaN\] \}\n {4}\| {2}\^\n {2}hint: write null/m],
    },
    { args: ['infer', 'normal.cred', '--data', 'list.json'], says: [/an array, not an object of named values/] },
    { args: ['infer', 'normal.cred', '--data', '.'], says: [/directory, not a file/] },
    { args: ['infer', 'groups.cred', '--data', 'rows.csv'], says: [/^rows\.csv:3:1: error\[bad-csv\]: The row has 1 cell/m] },
    { args: ['infer', 'groups.cred', '--data', 'y=groups.csv:yy'], says: [/no column "yy"/] },
    {
      args: ['infer', 'groups.cred', '--data', 'groups.csv', '--data', 'y=groups.csv:y'],
      says: [/y is given by groups\.csv and again by y=groups\.csv:y/],
    },
    { args: ['infer', 'normal.cred', '--data', 'regression.csv', '--data', 'groups.csv:y'], says: [/Columns need a name/] },
    { args: ['infer', 'mixture.cred', '--data', 'groups.csv'], says: [/None of the columns g, y, other is declared/] },
    {
      args: ['infer', 'weights.cred', '--set', 'K=3', '--set', 'w=[0.5,0.5]'],
      says: [/w is declared simplex\[K\] = \[3\] but its value has shape \[2\]/],
    },
    {
      args: ['infer', 'normal.cred', '--data', 'normal.json', '--init', 'negative.json'],
      says: [/The start of mu has shape \[1\]; expected \[\]/],
    },
    { args: ['logp', 'normal.cred', '--data', 'normal.json'], says: [/No value is given for the unknown mu/] },
    {
      args: ['logp', 'normal.cred', '--data', 'normal.json', '--at', 'normal.json'],
      says: [/No value is given for the unknown mu/, /y is not an unknown/],
    },
    { args: ['sample', 'normal.cred', '--set', 'N=3', '-n', 'many'], says: [/"many" is not a whole number/] },
    { args: ['sample', 'factor.cred'], says: [/^factor\.cred:2:1: error\[cannot-simulate\]/m] },
    // Where results go.
    {
      args: ['normal.cred', '--data', 'normal.json'],
      says: [/error\[wrong-option\]: No command stands before normal\.cred/, /hint: credence infer normal\.cred --data normal\.json/],
    },
    {
      args: ['infer', 'mixture.cred', '--set', 'K=two'],
      says: [/--set K:1:1: error\[bad-json\]/, /hint: a value is a number, true, false, null or a list of these: --set K=3/],
    },
    { args: ['infer', 'normal.cred', '--set', 'y=1, 2'], says: [/hint: a list stands in brackets: --set 'y=\[1, 2\]'/] },
    { args: ['infer', 'normal.cred', '--set', 'y=True'], says: [/hint: --set y=true/] },
    { args: ['infer', 'normal.cred', '--set', 'y=normal.json'], says: [/hint: values of files are given by --data y=normal\.json/] },
    {
      args: ['distributions', 'Normall'],
      says: [/error\[unknown-distribution\]: There is no distribution "Normall"/, /did you mean Normal\?/],
    },
    { args: ['backends', 'gibs'], says: [/error\[unknown-backend\]: There is no backend "gibs"/, /did you mean gibbs\?/] },
    { args: ['backends', 'nuts'], says: [/error\[not-in-this-version\]: The backend nuts is not in this version/] },
    {
      args: ['infer', 'normal.cred', '--data', 'normal.json', '--out', 'normal.json'],
      says: [/--out normal\.json: error\[cannot-write\]: A file stands where a directory is needed/],
    },
    { args: ['infer', 'normal.cred', '--data', 'normal.json', '--out', '/proc/credence'], says: [/error\[cannot-write\]/] },
  ];
  it.each(calls)('credence $args', async ({ args, says }) => {
    const { status, out, err } = await credence(args);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    for (const words of says) expect(err).toMatch(words);
    expect(err).not.toMatch(/internal error|undefined|\n {4}at /);
  });

  // The superuser may write anywhere.
  it.skipIf(process.getuid?.() === 0)('before a run whose directory cannot be written', async () => {
    const { status, out, err } = await credence(['infer', 'normal.cred', '--data', 'normal.json', '--out', 'sealed/inner']);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(/Permission to write there is denied/);
  });
});

describe('credence infer', () => {
  it('prints a table and writes the files of the interface', async () => {
    const { status, out, err } = await credence([
      'infer',
      'normal.cred',
      '--data',
      'normal.json',
      '--backend',
      'gibbs',
      '--out',
      'deep/out',
      '--seed',
      'seven',
      ...few,
    ]);
    expect(status).toBe(0);
    expect(out).toMatch(/^gibbs, 4 chains of 300 draws, seed seven/);
    expect(out).toMatch(/^mu {2,}\S+/m);
    expect(out).toMatch(/R-hat/);
    expect(out).toMatch(/Written to deep\/out: draws\.csv, summary\.json, pointwise\.csv, run\.json, data\.json/);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(err).toMatch(/^chain \d: sampling 300\/300$/m);
    expect(readdirSync(join(folder, 'deep', 'out')).sort()).toEqual([
      'data.json',
      'draws.csv',
      'pointwise.csv',
      'run.json',
      'summary.json',
    ]);
    const draws = readFileSync(join(folder, 'deep', 'out', 'draws.csv'), 'utf8')
      .trim()
      .split('\n');
    expect(draws[0]).toBe('chain,draw,mu,twice');
    expect(draws).toHaveLength(1 + 4 * 300);
    const run = JSON.parse(readFileSync(join(folder, 'deep', 'out', 'run.json'), 'utf8'));
    expect(run).toMatchObject({
      program: files['normal.cred'],
      backend: 'gibbs',
      seed: 'seven',
      options: { chains: 4, draws: 300, warmup: 100, thin: 1 },
    });
  });

  it('writes over no file that it was given, and over none of another', async () => {
    mkdirSync(join(folder, 'own'));
    const given = '{ "y": [1, 2, 3], "sensor": "a" }';
    for (const [name, says] of [
      ['own/data.json', 'data.json there is read by this command'],
      ['normal.json', 'A file data.json is there that is of no earlier result'],
    ]) {
      writeFileSync(join(folder, 'own', 'data.json'), given);
      const { status, out, err } = await credence(['infer', 'normal.cred', '--data', name!, '--out', 'own', ...few]);
      expect([status, out, err]).toEqual([2, '', expect.stringContaining(`--out own: error[cannot-write]: ${says}`)]);
      expect(readFileSync(join(folder, 'own', 'data.json'), 'utf8')).toBe(given);
      expect(readdirSync(join(folder, 'own'))).toEqual(['data.json']);
    }
    rmSync(join(folder, 'own', 'data.json'));
    // A run into the directory of a run takes its place, as ever.
    for (const seed of ['1', '2'])
      expect(
        (await credence(['infer', 'normal.cred', '--data', 'normal.json', '--out', 'own', '--seed', seed, '--quiet', ...few])).status,
      ).toBe(0);
  });

  it('prints the summary and nothing else with --json', async () => {
    const { status, out, err } = await credence([
      'infer',
      'normal.cred',
      '--data',
      'normal.json',
      '--backend',
      'gibbs',
      '--json',
      '--quiet',
      ...few,
      '--draws',
      '2000',
    ]);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    const summary = JSON.parse(out);
    expect(Object.keys(summary)).toEqual([
      'backend',
      'seed',
      'converged',
      'warnings',
      'variables',
      'logEvidence',
      'logEvidenceSe',
      'elbo',
      'logLikelihood',
      'logJoint',
      'aic',
      'bic',
      'waic',
      'loo',
      'seconds',
    ]);
    // Precision 1/4 + 3, mean 6 / 3.25.
    expect(Math.abs(summary.variables.mu.mean - 6 / 3.25)).toBeLessThan(5 / Math.sqrt(3.25 * 8000));
    expect(Math.abs(summary.variables.mu.sd - 1 / Math.sqrt(3.25))).toBeLessThan(0.05);
    expect(summary.variables.twice.mean).toBeCloseTo(2 * summary.variables.mu.mean, 10);
  });

  it('gives the same bytes for the same seed whatever the workers, others for another', async () => {
    const call = (seed: string, workers: string): Promise<Answer> =>
      credence([
        'infer',
        'normal.cred',
        '--data',
        'normal.json',
        '--backend',
        'gibbs',
        '--json',
        '--quiet',
        '--draws',
        '500',
        '--seed',
        seed,
        '--workers',
        workers,
      ]);
    const [one, two, other] = await Promise.all([call('1', '0'), call('1', '3'), call('2', '0')]);
    const numbers = ({ out }: Answer): unknown => JSON.parse(out).variables;
    expect(numbers(one)).toEqual(numbers(two));
    expect(numbers(one)).not.toEqual(numbers(other));
  });

  it('codes words, says so and stores the levels', async () => {
    const { status, out, err } = await credence(['infer', 'groups.cred', '--data', 'groups.csv', '--out', 'levels', ...few]);
    expect(status).toBe(0);
    expect(err).toMatch(/note\[coded-levels\]: g is coded 0 = blue, 1 = green, 2 = red/);
    expect(JSON.parse(readFileSync(join(folder, 'levels', 'run.json'), 'utf8')).levels).toEqual({ g: ['blue', 'green', 'red'] });
    // blue is 2.5 alone: mean 2.5 / (1 + 1/100).
    expect(Number(/^mu\[0\] +(\S+)/m.exec(out)?.[1])).toBeCloseTo(2.475, 0);
  });

  it('binds columns to names: several make a matrix, the star takes all', async () => {
    const args = (data: readonly string[]): string[] => [
      'infer',
      'regression.cred',
      ...data.flatMap((source) => ['--data', source]),
      '--json',
      '--quiet',
      ...few,
    ];
    const named = await credence(args(['X=regression.csv:a,b', 'y=regression.csv:y']));
    expect(named.status).toBe(0);
    expect(Object.keys(JSON.parse(named.out).variables)).toEqual(['w[0]', 'w[1]']);
    const all = await credence(args(['X=regression.csv:*', 'regression.csv']));
    expect(Object.keys(JSON.parse(all.out).variables)).toEqual(['w[0]', 'w[1]', 'w[2]']);
  });

  it('lets --set override --data', async () => {
    const { out } = await credence([
      'infer',
      'mixture.cred',
      '--data',
      'mixture.json',
      '--set',
      'K=3',
      '--json',
      '--quiet',
      '--keep',
      'mu',
      ...few,
    ]);
    expect(Object.keys(JSON.parse(out).variables)).toEqual(['mu[0]', 'mu[1]', 'mu[2]']);
  });

  it('takes names that JavaScript objects have of themselves', async () => {
    const { status, out } = await credence(['infer', 'odd.cred', '--data', 'odd.json', '--json', '--quiet', ...few]);
    expect(status).toBe(0);
    expect(Object.keys(JSON.parse(out).variables)).toEqual(['toString']);
  });

  it('ends with status 1 where a run must not be trusted, with the reason', async () => {
    const { status, out } = await credence([
      'infer',
      'mixture.cred',
      '--data',
      'mixture.json',
      '--backend',
      'gibbs',
      '--chains',
      '4',
      '--draws',
      '20',
      '--warmup',
      '0',
      '--seed',
      '3',
      '--quiet',
    ]);
    expect(status).toBe(1);
    expect(out).toMatch(/warning\[not-converged\]: R-hat of/);
    expect(out).toMatch(/must not be trusted/);
  });

  it('shortens variables of many elements, with a count', async () => {
    const { out } = await credence(['infer', 'mixture.cred', '--data', 'large.json', '--set', 'K=1', '--quiet', ...few]);
    expect(out).toMatch(/^z: 30 more$/m);
  });
});

describe.skipIf(!existsSync('/dev/full'))('a full disk', () => {
  it('loses files, not results, and leaves what was there', async () => {
    const directory = join(folder, 'full');
    mkdirSync(directory);
    writeFileSync(join(directory, 'draws.csv'), 'of an earlier run');
    writeFileSync(join(directory, 'run.json'), '{ "program": "of an earlier run" }');
    // What is written there ends with the error of a full disk.
    symlinkSync('/dev/full', join(directory, 'summary.json.partial'));
    const { status, out, err } = await credence(['infer', 'normal.cred', '--data', 'normal.json', '--out', 'full', ...few]);
    expect(status).toBe(2);
    expect(out).toMatch(/^mu /m);
    expect(err).toMatch(/--out full: error\[cannot-write\]: cannot write to .*summary\.json: no space is left on the disk/);
    expect(readdirSync(directory)).toEqual(['draws.csv', 'run.json']);
    expect(readFileSync(join(directory, 'draws.csv'), 'utf8')).toBe('of an earlier run');
  });
});

describe('credence sample', () => {
  it('draws JSON lines, everything or only declared data that infer takes', async () => {
    const { status, out } = await credence(['sample', 'mixture.cred', '--set', 'N=5', '--set', 'K=2', '-n', '3', '--seed', '4']);
    expect(status).toBe(0);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(3);
    for (const line of lines) {
      expect(Object.keys(line).sort()).toEqual(['mu', 'pi', 'x', 'z']);
      expect(line.x).toHaveLength(5);
      expect(line.pi[0] + line.pi[1]).toBeCloseTo(1, 12);
    }
    expect(lines[0]).not.toEqual(lines[1]);
    const observed = await credence(['sample', 'mixture.cred', '--set', 'N=5', '--set', 'K=2', '--observed', '--seed', '4']);
    expect(Object.keys(JSON.parse(observed.out)).sort()).toEqual(['K', 'x']);
    writeFileSync(join(folder, 'drawn.json'), observed.out);
    expect((await credence(['infer', 'mixture.cred', '--data', 'drawn.json', '--json', '--quiet', ...few])).status).not.toBe(2);
  });

  it('stops without a word when its reader has seen enough', async () => {
    const { status, err } = await credence(['sample', 'mixture.cred', '--set', 'N=500', '--set', 'K=2', '-n', '1000000'], {
      closeAfterFirstPiece: true,
    });
    expect({ status, err }).toEqual({ status: 0, err: '' });
  });
});

describe('credence logp', () => {
  const density = (x: number, mean: number, sd: number): number =>
    -0.5 * Math.log(2 * Math.PI) - Math.log(sd) - 0.5 * ((x - mean) / sd) ** 2;
  const prior = density(1, 0, 2);
  const likelihood = density(1, 1, 1) + density(2, 1, 1) + density(3, 1, 1);

  it('prints the log joint density, whole or by statement', async () => {
    const { status, out } = await credence(['logp', 'normal.cred', '--data', 'normal.json', '--at', 'point.json']);
    expect(status).toBe(0);
    expect(Number(out)).toBeCloseTo(prior + likelihood, 12);
    const parts = (await credence(['logp', 'normal.cred', '--data', 'normal.json', '--at', 'point.json', '--by-factor'])).out
      .trim()
      .split('\n');
    expect(parts.map((line) => line.trim().split(/\s+/)[1])).toEqual(['2:1', '3:18', 'in']);
    expect(parts.map((line) => Number(line.trim().split(/\s+/)[0]))).toEqual(
      [prior, likelihood, prior + likelihood].map((value) => expect.closeTo(value, 10)),
    );
    expect(await credence(['logp', 'normal.cred', '--data', 'normal.json', '--set', 'mu=1'])).toMatchObject({
      status: 0,
      out: `${Number(out)}\n`,
    });
  });
});

describe('what only the run could tell', () => {
  it('is said once it has ended', async () => {
    const { status, err } = await credence(['infer', 'broken.cred', '--set', 'y=1', '--backend', 'exact', '--draws', '50']);
    expect(status).toBe(0);
    expect(err).toContain('note[not-finite]: q is NaN in 200 of 200 draws');
  });
});

describe('credence compare', () => {
  it('shows runs side by side, as a table and as JSON', async () => {
    for (const [name, backend] of [
      ['one', 'exact'],
      ['two', 'gibbs'],
    ] as const) {
      const { status, out } = await credence([
        'infer',
        'normal.cred',
        '--data',
        'normal.json',
        '--backend',
        backend,
        '--pointwise',
        '--out',
        `runs/${name}`,
        '--quiet',
        ...few,
      ]);
      expect(status).toBe(0);
      expect(out).toMatch(/^leave-one-out: elpd -\d+\.\d\d \(se \d\.\d\d\), parameters \d\.\d\d, largest Pareto k/m);
    }
    const { status, out, err } = await credence(['compare', 'runs/one', 'runs/two']);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(/^ +one +two$/m);
    for (const row of [
      'backend +exact +gibbs',
      'log evidence +-\\d',
      'elpd by WAIC +-',
      'elpd by LOO +-',
      '  against the best .*best',
      '  stacking weight +[01]',
    ])
      expect(out).toMatch(new RegExp(`^${row}`, 'm'));
    const { runs } = JSON.parse((await credence(['compare', 'runs/one', 'runs/two', '--json'])).out);
    expect(runs.map((r: { name: string }) => r.name)).toEqual(['one', 'two']);
    expect(runs[0].loo.units).toBe(3);
  });
  it('says where the criteria were too many numbers to compute unasked', async () => {
    writeFileSync(join(folder, 'many.json'), JSON.stringify({ y: Array.from({ length: 1000 }, (_, k) => Math.sin(k)) }));
    const { out } = await credence([
      'infer',
      'normal.cred',
      '--data',
      'many.json',
      '--backend',
      'exact',
      '--out',
      'runs/many',
      '--quiet',
      '--draws',
      '1001',
      '--workers',
      '0',
    ]);
    expect(out).toMatch(/No WAIC and no leave-one-out estimate: that many log likelihoods \(\d{6,}\) are computed only with --pointwise\./);
    expect((await credence(['compare', 'runs/many', 'runs/many'])).out).toMatch(
      /many: no WAIC and no leave-one-out estimate \(run again with --pointwise\)/,
    );
  });
  it('refuses what holds no run, and other data', async () => {
    await credence(['infer', 'normal.cred', '--set', 'y=[1, 2, 4]', '--backend', 'exact', '--out', 'runs/other', '--quiet', ...few]);
    const other = await credence(['compare', 'runs/one', 'runs/other']);
    expect({ status: other.status, out: other.out }).toEqual({ status: 2, out: '' });
    expect(other.err).toMatch(
      /error\[different-data\]: the runs are of different data: one observes 3 numbers with mean 2, other observes 3 numbers with mean 2\.33333/,
    );
    expect((await credence(['compare', 'runs/one', 'runs'])).err).toMatch(/error\[no-run\]: There is no summary\.json/);
    expect((await credence(['compare', 'runs/one'])).err).toMatch(/error\[too-few-runs\]/);
    expect((await credence(['compare', 'runs/none', 'runs/one'])).err).toMatch(/runs\/none: error\[no-run\]: There is no such directory/);
  });
});

describe('credence explain, graph and the lists', () => {
  it('ends where a label has no values: no combination of values, and no end to going through none', async () => {
    const { status, out } = await credence(['explain', 'nolabels.cred', '--data', 'nolabels.json', '--backend', 'gibbs']);
    expect(status).toBe(0);
    expect(out).toContain('z[m]');
  });

  it('explains a bare program, one with data, and shows code', async () => {
    const bare = await credence(['explain', 'normal.cred', '--backend', 'gibbs']);
    expect(bare.status).toBe(0);
    expect(bare.out).toMatch(/^mu$[\s\S]*Normal[\s\S]*precision = [\s\S]*observe y\[n\] ~ Normal\(mu, 1\)[\s\S]*conjugate/m);
    const json = JSON.parse((await credence(['explain', 'normal.cred', '--data', 'normal.json', '--format', 'json'])).out);
    expect(json.blocks[0]).toMatchObject({ block: 'mu', family: 'Normal' });
    expect((await credence(['explain', 'normal.cred', '--format', 'latex'])).out).toMatch(/\\begin\{align\*\}/);
    expect((await credence(['explain', 'normal.cred', '--data', 'normal.json', '--code'])).out).toMatch(/function|=>/);
    expect((await credence(['explain', 'normal.cred', '--code'])).status).toBe(2);
    const part = await credence(['explain', 'mixture.cred', '--set', 'K=2']);
    expect({ status: part.status, err: part.err }).toEqual({ status: 0, err: expect.stringMatching(/note\[missing-data\]/) });
  });

  it('runs what suits the program where no backend is named, and says so on standard error', async () => {
    const { status, out, err } = await credence(['infer', 'normal.cred', '--data', 'normal.json', ...few]);
    expect({ status, head: out.split(',')[0] }).toEqual({ status: 0, head: 'exact' });
    expect(err).toMatch(/note\[chosen-backend\]: auto runs exact: the posterior has a closed form\n {2}not gibbs: /);
    expect((await credence(['explain', 'normal.cred'])).out).toMatch(/^Derived for exact\n[\s\S]*auto runs exact: /);
    expect((await credence(['infer', 'normal.cred', '--data', 'normal.json', '--quiet', ...few])).err).toBe('');
  });

  it('draws the graph in four forms', async () => {
    expect((await credence(['graph', 'normal.cred'])).out).toMatch(/^<svg[\s\S]*<\/svg>\n$/);
    expect((await credence(['graph', 'normal.cred', '--format', 'dot'])).out).toMatch(/^digraph/);
    expect((await credence(['graph', 'normal.cred', '--format', 'mermaid'])).out).toMatch(/^flowchart/);
    expect(JSON.parse((await credence(['graph', 'normal.cred', '--format', 'json'])).out)).toHaveProperty('marks');
  });

  it('lists what there is', async () => {
    const list = (await credence(['backends'])).out;
    for (const name of ['gibbs', 'mh', 'cavi', 'kernel.NAME', 'Not in this version']) expect(list).toContain(name);
    const distributions = (await credence(['distributions'])).out;
    expect(distributions).toMatch(/^Normal\(mean, sd\)[\s\S]*or variance: for sd; precision: for sd/m);
    expect((await credence(['distributions', 'normal'])).out).toBe(`${/^Normal\([\s\S]*?(?=\n\n)/m.exec(distributions)![0]}\n`);
    expect((await credence(['backends', 'mh'])).out).toBe(`${/^mh: [\s\S]*?(?=\n\n)/m.exec(list)![0]}\n`);
    expect(Math.max(...`${list}${distributions}`.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('says its version and shows help', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect((await credence(['--version'])).out).toBe(`${version}\n`);
    const help = await credence(['infer', '--help']);
    expect(help.status).toBe(0);
    for (const flag of [
      '--chains',
      '--draws',
      '--warmup',
      '--thin',
      '--seed',
      '--workers',
      '--keep',
      '--opt',
      '--init',
      '--out',
      '--json',
      '--quiet',
      '--data',
      '--set',
    ])
      expect(help.out).toContain(flag);
  });
});
