"""L1 and KL between laws whose densities are infinite at ends of their supports, with 30 digits (mpmath): by distribution functions
between the places where the densities cross, and by quadrature in the variable before the map. Writes singularDivergences.json."""
import json
from pathlib import Path

import mpmath as mp

mp.mp.dps = 30


def beta_log_density(a, b):
    return lambda x: (a - 1) * mp.log(x) + (b - 1) * mp.log1p(-x) - mp.log(mp.beta(a, b))


def gamma_log_density(a, r):
    return lambda x: a * mp.log(r) - mp.loggamma(a) + (a - 1) * mp.log(x) - r * x


def beta_cdf(a, b):
    return lambda x: mp.betainc(a, b, 0, x, regularized=True)


def gamma_cdf(a, r):
    return lambda x: mp.gammainc(a, 0, r * x, regularized=True)


def l1(p, q, cdf_p, cdf_q, low, high, inside):
    """Sum over the stretches between crossings of |P - Q|."""
    difference = lambda x: p(x) - q(x)
    crossings = [mp.findroot(difference, (a, b), solver='anderson') for a, b in zip(inside, inside[1:]) if difference(a) * difference(b) < 0]
    cuts = [low, *crossings, high]
    return sum(abs((cdf_p(b) - cdf_p(a)) - (cdf_q(b) - cdf_q(a))) for a, b in zip(cuts, cuts[1:]))


tenth, fifth, half, hundredth = mp.mpf('0.1'), mp.mpf('0.2'), mp.mpf('0.5'), mp.mpf('0.01')
grid = [mp.mpf(k) / 400 for k in range(1, 400)]
wide = [mp.mpf(10) ** (mp.mpf(k) / 20) for k in range(-80, 40)]
density = lambda t: mp.npdf(t) * (mp.log(2 * mp.npdf(t)) + mp.log((1 + t * t) / (2 * t)) + mp.log(1 + t * t))
values = {
    'l1 Beta(0.1, 0.2) Beta(0.5, 0.5)': l1(beta_log_density(tenth, fifth), beta_log_density(half, half), beta_cdf(tenth, fifth), beta_cdf(half, half), mp.mpf(0), mp.mpf(1), grid),
    'l1 Gamma(0.01, 2) Gamma(2, 1)': l1(gamma_log_density(hundredth, 2), gamma_log_density(2, 1), gamma_cdf(hundredth, 2), gamma_cdf(2, 1), mp.mpf(0), mp.mpf(1000), wide),
    'kl log(1 + Normal^2) Exponential(1)': 2 * mp.quad(density, [0, 0.01, 1, 3, 8, 20]),
}
Path(__file__).with_suffix('.json').write_text(json.dumps({k: mp.nstr(v, 20) for k, v in values.items()}, indent=1) + '\n')
