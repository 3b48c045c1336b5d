/** What is fuzzed, by name. */
import type { Subject } from './cases.js';
import { dataSubject } from './dataSubject.js';
import { knownPrograms } from './known.js';
import { largeSubject } from './largeSubject.js';
import { lawSubject } from './lawSubject.js';
import type { Planted } from './planted.js';
import { optionSubject } from './optionSubject.js';
import { programSubject } from './programSubject.js';
import { smallSubject } from './smallSubject.js';

const made: Readonly<Record<string, (planted: Planted, folder: string) => Subject>> = {
  programs: (planted) => programSubject(knownPrograms(), planted),
  data: (planted, folder) => dataSubject(knownPrograms(), planted, folder),
  large: () => largeSubject(),
  laws: () => lawSubject(knownPrograms()),
  options: (_, folder) => optionSubject(folder),
  small: () => smallSubject(),
};

/** @param folder for files that cases read. @throws Error where there is no such subject. */
export function subjectOf(name: string, planted: Planted, folder: string): Subject {
  const make = made[name];
  if (make === undefined) throw new Error(`there is no subject ${name}`);
  return make(planted, folder);
}
