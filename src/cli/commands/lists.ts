/**
 * `credence backends` and `credence distributions`: what there is, with its arguments.
 */
import { backends, families, type Family, laterBackends } from '../../index.js';
import { write } from '../output.js';

const width = 80;

export async function listBackends(): Promise<number> {
  const sections = [...backends.values()].map(({ name, doc, options }) => [
    ...wrapped(`${name}: ${doc}`, 2, 0),
    ...options.flatMap((option) => wrapped(`--opt ${option.name}=${option.default}  ${option.doc}`, 8, 4)),
  ].join('\n'));
  await write(`${[...sections, wrapped(`Not in this version: ${laterBackends.join(', ')}`, 2, 0).join('\n')].join('\n\n')}\n`);
  return 0;
}

export async function listDistributions(): Promise<number> {
  await write(`${[...families.values()].map(describe).join('\n\n')}\n`);
  return 0;
}

function describe(family: Family): string {
  const signature = `${family.name}(${family.parameters.map(({ name, absent }) => `${name}${absent === undefined ? '' : '?'}`).join(', ')})`;
  const alternatives = family.alternatives.map(({ parameters, replaces }) => `${parameters.map(({ name }) => `${name}:`).join(' + ')}${replaces.length === 0 ? '' : ` for ${replaces.join(', ')}`}`);
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
