/**
 * A hostile user at the command line: every case in a process of its own, with its exit status and
 * words. Payloads that would end the process with status 7 stand wherever text comes in.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const main = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist', 'cli', 'main.js');
let folder = '';

const payload = '\');process.exit(7);//${process.exit(7)}`"\\';
const normal = 'data y: real[N]\nsample mu ~ Normal(0, 2)\nobserve y ~ Normal(mu, 1)\n';
/** A fixed stream of characters: half of them from the grammar. */
function garbage(length: number, alphabet: string): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return alphabet[(state >>> 8) % alphabet.length];
  }).join('');
}

const files: Readonly<Record<string, string | Uint8Array>> = {
  'n.cred': normal,
  'crlf.cred': normal.replaceAll('\n', '\r\n'),
  'bom.cred': `\uFEFF${normal}`,
  'payload.cred': `${normal.trimEnd()} // ${payload}\n/* ${payload} */\n`,
  'positive.cred': 'data y: positive[N]\nsample a ~ Gamma(1, 1)\nobserve y ~ Exponential(a)\n',
  'counts.cred': 'data y: int[N]\nsample a ~ Gamma(1, 1)\nobserve y ~ Poisson(a)\n',
  'groups.cred': 'data g: int[N]\ndata y: real[N]\nsample m ~ iid(Normal(0, 1), 2)\nfor n in 0..<N { observe y[n] ~ Normal(m[g[n]], 1) }\n',
  'mixture.cred':
    'data K: int\ndata y: real[N]\nsample p ~ Dirichlet(ones(K))\nfor k in 0..<K { sample m[k] ~ Normal(0, 1) }\nfor n in 0..<N { sample z[n] ~ Categorical(p)  observe y[n] ~ Normal(m[z[n]], 1) }\n',
  'cycle.cred': 'sample a ~ Normal(b, 1)\nsample b ~ Normal(c, 1)\nsample c ~ Normal(a, 1)\n',
  'self.cred': 'let a = a + 1\nsample b ~ Normal(a, 1)\n',
  'undefined.cred': 'sample a ~ Normal(nope, 1)\n',
  'zeros.cred': 'report v = zeros(1e12)\nsample a ~ Normal(0, 1)\n',
  'plate.cred': 'for i in 0..<10000000000 { sample a[i] ~ Normal(0, 1) }\n',
  'iid.cred': 'sample a ~ iid(Normal(0, 1), 1000000000)\n',
  'brackets.cred': `report x = ${'('.repeat(5000)}1${')'.repeat(5000)}\n`,
  'signs.cred': `report x = ${'-'.repeat(20_000)}1\n`,
  'sum.cred': `report x = ${'1 + '.repeat(20_000)}1\n`,
  'blocks.cred': `${'if true { '.repeat(1000)}sample a ~ Normal(0, 1)${' }'.repeat(1000)}\n`,
  'choices.cred': `sample a ~ Normal(0, 1)\nreport x = ${'a ? 1 : '.repeat(2000)}2\n`,
  'calls.cred': `report x = ${'exp('.repeat(3000)}1${')'.repeat(3000)}\n`,
  'garbage.cred': garbage(1_000_000, 'abc(){}[]~=:;,+-*/^ \n0123456789"\'#@$`\\'),
  'binary.cred': Uint8Array.from({ length: 5000 }, (_, k) => (k * 151) % 256),
  'statements.cred': Array.from({ length: 1500 }, (_, k) => `sample a${k} ~ Normal(${k === 0 ? '0' : `a${k - 1}`}, 1)\n`).join(''),
  'long.cred': `sample ${'a'.repeat(100_000)} ~ Normal(0, 1)\n`,
  'greek.cred': 'data Ψ: real[Ν]\nsample μ_1 ~ Normal(0, 1)\nobserve Ψ ~ Normal(μ_1, 1)\n',
  'empty.cred': '',
  'odd.cred':
    'data __proto__: real[N]\nsample constructor ~ Normal(0, 1)\nsample toString ~ Normal(0, 1)\nsample hasOwnProperty ~ Normal(0, 1)\nreport valueOf = constructor + toString\nobserve __proto__ ~ Normal(constructor + toString + hasOwnProperty, 1)\n',
  'ok.json': '{"y": [1, 2, 3]}',
  'ok-bom.json': '\uFEFF{"y": [1, 2, 3]}',
  'ok-crlf.json': '{"y":\r\n [1, 2, 3]}\r\n',
  'psi.json': '{"Ψ": [1, 2, 3]}',
  'keys.json': JSON.stringify({ y: [1, 2], [payload]: 1 }),
  'words.json': JSON.stringify({ y: ['1', payload] }),
  'level.csv': `g,y\n"${payload.replaceAll('"', '""')}",1\nb,2\n`,
  'header.csv': `y,"${payload.replaceAll('"', '""')}"\n1,2\n2,3\n`,
  'objects.json': '{"y": [1], "__proto__": {"x": 1}}',
  'odd.json': '{"__proto__": [1, 2]}',
  'shape.json': '{"y": [[1, 2], [3, 4]]}',
  'ragged.json': '{"y": [[1, 2], [3]]}',
  'text.json': '{"y": "abc"}',
  'object.json': '{"y": {"a": 1}}',
  'nan.json': '{"y": [1, NaN]}',
  'infinity.json': '{"y": [1, Infinity]}',
  'overflow.json': '{"y": [1, 1e999]}',
  'negative.json': '{"y": [1, -2]}',
  'fraction.json': '{"y": [1, 2.5]}',
  'above.json': '{"g": [0, 2], "y": [1, 2]}',
  'below.json': '{"g": [0, -1], "y": [1, 2]}',
  'empty.json': '{"y": []}',
  'one.json': '{"y": [1]}',
  'nothing.json': '',
  'list.json': '[1]',
  'cut.json': '{"y": [1, 2',
  'deep.json': `{"y": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  'size.json': '{"y": [1], "N": 1e10}',
  'k0.json': '{"K": 0, "y": []}',
  'k1.json': '{"K": 1, "y": [1]}',
  'k1.5.json': '{"K": 1.5, "y": [1]}',
  'k1e9.json': '{"K": 1000000000, "y": [1]}',
  'wide.csv': `${Array.from({ length: 10_000 }, (_, k) => `c${k}`).join(',')},y\n${`${'1,'.repeat(10_000)}1\n`.repeat(2)}`,
  'bom.csv': '\uFEFFy\r\n1\r\n2\r\n',
  'empty.csv': '',
  'rows.csv': 'y,z\n1\n2,3\n',
  'quote.csv': 'y\n"1\n2\n',
  'twice.csv': 'y,y\n1,2\n',
  'proto.csv': '__proto__,constructor\n1,2\n3,4\n',
  'binary.csv': Uint8Array.from({ length: 500 }, (_, k) => (k * 151) % 256),
};

interface Answer {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function credence(args: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], { cwd: folder });
    const answer = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      answer.out += piece;
    });
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      answer.err += piece;
    });
    child.on('error', reject);
    child.on('close', (status) => {
      resolve({ status, ...answer });
    });
  });
}

beforeAll(() => {
  expect(existsSync(main), 'dist/ is missing: node scripts/build.mjs').toBe(true);
  folder = mkdtempSync(join(tmpdir(), 'credence-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Command, status (null: 0 or 1, a run of a few draws may not be trusted), words on standard error or output. */
type Case = readonly [command: string, status: 0 | 2 | null, ...words: RegExp[]];
const few = '--draws 20 --warmup 20 --chains 1 --json';
const cases: readonly Case[] = [
  ['infer n.cred --data shape.json', 2, /y is declared real\[N\] but its value has shape \[2, 2\]/],
  ['infer n.cred --data ragged.json', 2, /y\[1\] holds 1 element/],
  ['infer n.cred --data text.json', 2, /y is the text "abc"/],
  ['infer n.cred --data object.json', 2, /object with the keys a/],
  ['infer n.cred --data nan.json', 2, /NaN is not a value in JSON/],
  ['infer n.cred --data infinity.json', 2, /Infinity is not a value/],
  ['infer n.cred --data overflow.json', 2, /y\[1\] = inf is not finite/],
  ['infer positive.cred --data negative.json', 2, /y\[1\] = -2 is not positive/],
  ['infer counts.cred --data negative.json', 2, /y\[1\] = -2 cannot come from Poisson/],
  ['infer counts.cred --data fraction.json', 2, /y\[1\] = 2\.5 is not a whole number/],
  ['infer groups.cred --data above.json', 2, /g\[1\] = 2 is used as an index of m, which has elements 0 to 1/],
  ['infer groups.cred --data below.json', 2, /g\[1\] = -1 is used as an index/],
  [`infer n.cred --data empty.json ${few}`, null],
  [`infer n.cred --data one.json ${few}`, null],
  [`infer mixture.cred --data k1.json ${few}`, null],
  ['infer mixture.cred --data k0.json', 2, /alpha of Dirichlet is a vector without elements/],
  ['infer mixture.cred --data k1.5.json', 2, /K = 1\.5 is not a whole number/],
  ['infer mixture.cred --data k1e9.json', 2, /of shape \[1000000000\], needs 8 GB/],
  ['infer n.cred --data size.json', 2, /N is 10000000000 by the value given for it but 1/],
  ['infer cycle.cred', 2, /a -> b -> c -> a/],
  ['infer self.cred', 2, /`a` is defined in terms of itself/],
  ['infer undefined.cred', 2, /`nope` is not defined/],
  ['infer zeros.cred', 2, /runs 1000000000000 times/],
  ['infer plate.cred', 2, /loop over i runs 10000000000 times/],
  ['infer iid.cred', 2, /needs 8 GB/],
  ...['brackets', 'signs', 'sum', 'blocks', 'choices', 'calls'].map((name): Case => [`infer ${name}.cred`, 2, /nested-too-deeply/]),
  ['infer garbage.cred', 2, /syntax-error/, /unknown-character/],
  ['infer binary.cred', 2, /not a text in UTF-8/],
  ['explain empty.cred', 0],
  [`infer long.cred ${few}`, null],
  ['explain statements.cred', 0, /a1499/],
  [`infer greek.cred --data psi.json ${few}`, null, /μ_1/],
  [`infer crlf.cred --data ok-crlf.json ${few}`, null, /"mu"/],
  [`infer bom.cred --data ok-bom.json ${few}`, null, /"mu"/],
  [`infer payload.cred --data keys.json ${few}`, null, /ignored-values/],
  ['infer n.cred --data words.json', 2, /y\[0\] is the text "1"/],
  [`infer groups.cred --data level.csv ${few}`, null, /coded-levels/],
  [`infer n.cred --data header.csv ${few}`, null, /"mu"/],
  ['explain payload.cred --data ok.json --backend gibbs --code', 0, /sweep/],
  ['infer n.cred --data objects.json', 2, /__proto__ is an object/],
  [`infer odd.cred --data odd.json ${few}`, null, /"constructor"/, /"toString"/, /"hasOwnProperty"/, /"valueOf"/],
  [`infer odd.cred --data odd.json --backend cavi ${few}`, null, /"constructor"/],
  ['explain odd.cred --format json', 0, /hasOwnProperty/],
  ['graph odd.cred', 0, /__proto__/],
  ['sample odd.cred --set N=2', 0, /"__proto__":\[/],
  ['sample odd.cred --set N=2 --observed', 0, /^\{("N":2,)?"__proto__":\[/],
  ['infer odd.cred --data odd.json --opt __proto__=1', 2, /no option __proto__/],
  ['infer odd.cred --data odd.json --opt constructor=1', 2, /no option constructor/],
  ['infer odd.cred --data odd.json --backend constructor', 2, /no backend "constructor"/],
  [`infer odd.cred --data odd.json --opt kernel.constructor=slice ${few}`, null, /"constructor"/],
  ['explain odd.cred --format toString', 2, /format/],
  [`infer n.cred --data y=proto.csv:__proto__ ${few}`, null, /"mu"/],
  ['infer n.cred --data y=proto.csv:toString', 2, /no column "toString"/],
  [`infer n.cred --data wide.csv ${few}`, null, /"mu"/],
  [`infer n.cred --data bom.csv ${few}`, null, /"mu"/],
  ['infer n.cred --data empty.csv', 2, /table is empty/],
  ['infer n.cred --data rows.csv', 2, /row has 1 cell/],
  ['infer n.cred --data quote.csv', 2, /Quoted field unterminated/],
  ['infer n.cred --data twice.csv', 2, /two columns are named "y"/],
  ['infer n.cred --data binary.csv', 2, /not a text in UTF-8/],
  ['infer absent.cred', 2, /no such file/],
  ['infer .', 2, /a directory, not a file/],
  ['infer n.cred --data .', 2, /a directory, not a file/],
  ['infer n.cred --data absent.json', 2, /no such file/],
  ['infer n.cred --data nothing.json', 2, /The text ends/],
  ['infer n.cred --data list.json', 2, /an array, not an object/],
  ['infer n.cred --data cut.json', 2, /The text ends/],
  ['infer n.cred --data deep.json', 2, /nested more than 500 deep/],
  ['infer n.cred --data ok.json --out ok.json', 2, /A file stands where a directory is needed/],
];

describe('hostile input', () => {
  for (const [command, status, ...words] of cases)
    it(command, async () => {
      const { status: found, out, err } = await credence(command.split(' '));
      if (status === null) expect([0, 1], err).toContain(found);
      else expect(found, err).toBe(status);
      for (const word of words) expect(out + err).toMatch(word);
      expect(err).not.toMatch(/internal error|\n {4}at /);
    });

  it.runIf(existsSync('/dev/full'))('a full disk ends the command with its reason', async () => {
    const child = spawn('sh', ['-c', `"${process.execPath}" "${main}" sample n.cred --set N=3 -n 1000 > /dev/full`], { cwd: folder });
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      err += piece;
    });
    const status = await new Promise((resolve) => {
      child.on('close', resolve);
    });
    expect(status).toBe(2);
    expect(err).toMatch(/cannot-write.*ENOSPC/s);
  });
});
