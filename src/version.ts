/**
 * The version of this package, as `run.json` records it. A constant rather than an import of
 * package.json, which browsers cannot make; a test holds the two together.
 */
export const version: string = '0.1.0';
