/**
 * fast-check as arbitraries take it: handed over by the test, so that only those who use arbitraries need it installed.
 */
import type * as FastCheck from 'fast-check';

/** What `import fc from 'fast-check'` or `import * as fc from 'fast-check'` gives. */
export type FastCheckModule = Omit<typeof FastCheck, 'default'>;
