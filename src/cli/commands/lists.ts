/**
 * `credence backends` and `credence distributions`: what there is, with its arguments.
 */
import { backends, commonOptions, didYouMean, families, type Family, laterBackends } from '../../index.js';
import { failure } from '../files.js';
import { write } from '../output.js';

const width = 80;

/** All backends, or the one named. @throws ModelError for a name there is none of. */
export async function listBackends(name?: string): Promise<number> {
  const sections = [...chosen('backend', name, backends, laterBackends)].map(({ name: own, doc, options }) =>
    [
      ...wrapped(`${own}: ${doc}`, 2, 0),
      ...options.flatMap((option) => wrapped(`--opt ${option.name}=${option.default}  ${option.doc}`, 8, 4)),
    ].join('\n'),
  );
  const common =
    name !== undefined
      ? []
      : [
          [
            ...wrapped('For every backend:', 2, 0),
            ...commonOptions.flatMap((option) => wrapped(`--opt ${option.name}=${option.default}  ${option.doc}`, 8, 4)),
          ].join('\n'),
        ];
  const later =
    name === undefined && laterBackends.length > 0 ? [wrapped(`Not in this version: ${laterBackends.join(', ')}`, 2, 0).join('\n')] : [];
  await write(`${[...sections, ...common, ...later].join('\n\n')}\n`);
  return 0;
}

/** All distributions, or the one named. @throws ModelError for a name there is none of. */
export async function listDistributions(name?: string): Promise<number> {
  await write(`${chosen('distribution', name, families, []).map(describe).join('\n\n')}\n`);
  return 0;
}

/** What is named, in any case of letters; everything where nothing is. */
function chosen<T>(kind: string, name: string | undefined, all: ReadonlyMap<string, T>, later: readonly string[]): readonly T[] {
  if (name === undefined) return [...all.values()];
  const found = [...all].filter(([own]) => own.toLowerCase() === name.toLowerCase()).map(([, item]) => item);
  if (found.length > 0) return found;
  if (later.includes(name))
    throw failure(`credence ${kind}s`, '', [
      { code: 'not-in-this-version', severity: 'error', message: `The ${kind} ${name} is not in this version.` },
    ]);
  const near = didYouMean(name, [...all.keys()]);
  throw failure(`credence ${kind}s`, '', [
    {
      code: `unknown-${kind}`,
      severity: 'error',
      message: `There is no ${kind} ${JSON.stringify(name)}.`,
      hint: near === null ? `credence ${kind}s lists all` : `did you mean ${near}?`,
    },
  ]);
}

function describe(family: Family): string {
  const signature = `${family.name}(${family.parameters.map(({ name, absent }) => `${name}${absent === undefined ? '' : '?'}`).join(', ')})`;
  const alternatives = family.alternatives.map(
    ({ parameters, replaces }) =>
      `${parameters.map(({ name }) => `${name}:`).join(' + ')}${replaces.length === 0 ? '' : ` for ${replaces.join(', ')}`}`,
  );
  return [
    signature,
    ...wrapped(family.doc, 4, 2),
    ...family.parameters.flatMap(({ name, doc }) => wrapped(`${name}: ${doc}`, 6, 4)),
    ...(alternatives.length === 0 ? [] : wrapped(`or ${alternatives.join('; ')}`, 6, 4)),
  ].join('\n');
}

/** Lines of at most 80 characters; the first indented by `first`, the others by `rest`. */
function wrapped(text: string, rest: number, first: number): string[] {
  const lines: string[] = [];
  let line = ' '.repeat(first);
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > width && line.trim() !== '') {
      lines.push(line.trimEnd());
      line = ' '.repeat(rest);
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
