/** The backends, one line each. Names of later versions answer "not in this version". */
import { autoBackend } from './auto/index.js';
import type { Backend, ResultKind } from './backend.js';
import { cavi } from './cavi/index.js';
import { em } from './em/index.js';
import { exact } from './exact/index.js';
import { gibbs } from './gibbs/index.js';
import { laplace } from './laplace/index.js';
import { map } from './map/index.js';
import { mh } from './mh/index.js';

const named: readonly Backend[] = [cavi, em, exact, gibbs, laplace, map, mh];

/** The backends of this version by name. */
export const backends: ReadonlyMap<string, Backend> = new Map([autoBackend(named), ...named].map((b) => [b.name, b]));

/** What the backend of a name gives; the posterior for a name that is not of this version, such as that of another program. */
export function kindOfResults(backend: string): ResultKind {
  return backends.get(backend)?.gives ?? 'posterior';
}

/** Backends that the language names and this version does not have. */
export const laterBackends: readonly string[] = ['advi', 'nuts', 'hmc', 'smc'];
