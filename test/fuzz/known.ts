/** The programs of examples/ and of test/programs, with their data: what changes begin with. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface KnownProgram {
  readonly source: string;
  readonly data: Readonly<Record<string, unknown>> | null;
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export function knownPrograms(): readonly KnownProgram[] {
  const read = (program: string, data: string): KnownProgram => ({
    source: readFileSync(program, 'utf8'),
    data: existsSync(data) ? (JSON.parse(readFileSync(data, 'utf8')) as Record<string, unknown>) : null,
  });
  const own = readdirSync(join(root, 'examples'))
    .map((name) => join(root, 'examples', name))
    .filter((folder) => existsSync(join(folder, 'model.cred')))
    .map((folder) => read(join(folder, 'model.cred'), join(folder, 'data.json')));
  const others = readdirSync(join(root, 'test', 'programs'))
    .filter((name) => name.endsWith('.cred'))
    .map((name) => read(join(root, 'test', 'programs', name), join(root, 'test', 'programs', name.replace(/\.cred$/, '.json'))));
  return [...own, ...others];
}
