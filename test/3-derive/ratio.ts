/** The ratio law lives in `src/6-check`, which offers it to users; tests of derivations read it from here. */
export { checkRatios, closedDensity, elementAt, type RatioOptions, type RatioReport, regionOf } from '../../src/6-check/ratio.js';
