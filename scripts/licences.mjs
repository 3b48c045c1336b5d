/** The terms of packages whose text goes into a bundle: they have to go with it. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

/** The terms of a package: its licence file, the comment its sources begin with, or what it declares. */
function licenceOf(folder) {
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file !== undefined) return readFileSync(join(folder, file), 'utf8');
  for (const entry of readdirSync(folder).filter((name) => name.endsWith('.js'))) {
    const comment = /^\s*\/\*([\s\S]*?Copyright[\s\S]*?)\*\//.exec(readFileSync(join(folder, entry), 'utf8'));
    if (comment !== null) return comment[1];
  }
  const { license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (typeof license === 'string')
    return `${license}${author === undefined ? '' : `, ${typeof author === 'string' ? author : author.name}`}`;
  throw new Error(`${folder} does not say its licence`);
}

/** The packages that a bundle was made of, by name, with their terms. @param inputs paths of an esbuild metafile, below the root. */
export function licencesOf(inputs) {
  const folders = new Set(inputs.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
  return new Map(
    [...folders].map((folder) => [
      folder.slice(folder.indexOf('node_modules/') + 'node_modules/'.length),
      licenceOf(join(root, folder)).trim(),
    ]),
  );
}
