/**
 * Numbers that several special functions share: logarithms and roots of 2 pi, the spacing of doubles at 1, and
 * the guard of expansions.
 */

export const halfLogTwoPi = 0.91893853320467274178;

export const sqrtTwoPi = 2.5066282746310005024;

export const epsilon = 2.220446049250313e-16;

/** Beyond this many terms an expansion is not converging; a guard, never reached inside the domains. */
export const maximumTerms = 100000;
