"""
Log densities at arguments where terms of the size of the counts cancel, or squares leave the range of doubles: mpmath, 60 digits,
from the textbook formula of each family.
"""
import json
import sys
from mpmath import mp, mpf, log, pi, loggamma

mp.dps = 60


def choose(n, k):
    return loggamma(n + 1) - loggamma(k + 1) - loggamma(n - k + 1)


def log_beta(a, b):
    return loggamma(a) + loggamma(b) - loggamma(a + b)


def student(x, df, loc, scale):
    z = (x - loc) / scale
    return loggamma((df + 1) / 2) - loggamma(df / 2) - log(df * pi) / 2 - log(scale) - (df + 1) / 2 * log(1 + z * z / df)


densities = {
    'Normal': lambda x, m, s: -((x - m) / s) ** 2 / 2 - log(s) - log(2 * pi) / 2,
    'HalfNormal': lambda x, s: -(x / s) ** 2 / 2 - log(s) - log(pi / 2) / 2,
    'LogNormal': lambda x, m, s: -((log(x) - m) / s) ** 2 / 2 - log(x * s) - log(2 * pi) / 2,
    'StudentT': student,
    'Cauchy': lambda x, loc, scale: student(x, mpf(1), loc, scale),
    'HalfCauchy': lambda x, scale: student(x, mpf(1), mpf(0), scale) + log(2),
    'HalfStudentT': lambda x, df, scale: student(x, df, mpf(0), scale) + log(2),
    'Gamma': lambda x, a, r: a * log(r) + (a - 1) * log(x) - r * x - loggamma(a),
    'ChiSquared': lambda x, df: -df / 2 * log(2) + (df / 2 - 1) * log(x) - x / 2 - loggamma(df / 2),
    'InverseGamma': lambda x, a, s: a * log(s) - (a + 1) * log(x) - s / x - loggamma(a),
    'InverseChiSquared': lambda x, df, s: densities['InverseGamma'](x, df / 2, df * s * s / 2),
    'Beta': lambda x, a, b: (a - 1) * log(x) + (b - 1) * log(1 - x) - log_beta(a, b),
    'Poisson': lambda x, r: x * log(r) - r - loggamma(x + 1),
    'Binomial': lambda x, n, p: choose(n, x) + x * log(p) + (n - x) * log(1 - p),
    'Geometric': lambda x, p: log(p) + x * log(1 - p),
    'NegativeBinomial': lambda x, r, p: loggamma(x + r) - loggamma(r) - loggamma(x + 1) + r * log(p) + x * log(1 - p),
    'BetaBinomial': lambda x, n, a, b: choose(n, x) + log_beta(x + a, n - x + b) - log_beta(a, b),
    'Hypergeometric': lambda x, s, f, n: choose(s, x) + choose(f, n - x) - choose(s + f, n),
}
cases = [
    ['Normal', [0, 1e-300], 0], ['Normal', [3, 1e-200], 3], ['Normal', [0, 1e-300], 2e-300], ['Normal', [0, 1e300], 1e300],
    ['HalfNormal', [1e-300], 1e-300], ['LogNormal', [0, 1e-200], 1], ['LogNormal', [0, 1e200], 5],
    ['Cauchy', [0, 1], 1e200], ['Cauchy', [0, 1e-200], 1], ['HalfCauchy', [1], 1e300], ['StudentT', [3, 0, 1], -1e250], ['HalfStudentT', [0.5, 1], 1e200],
    ['Poisson', [5e9], 5000000000], ['Poisson', [5e9], 5000100000], ['Poisson', [1e15], 1000000010000000], ['Poisson', [2000000000.5], 2000020000], ['Poisson', [3], 0], ['Poisson', [1e-300], 2], ['Poisson', [3.5], 2],
    ['Binomial', [2 ** 33, 0.25], 2 ** 31], ['Binomial', [2 ** 33, 0.25], 2 ** 31 + 70000], ['Binomial', [10 ** 15, 1e-12], 1100], ['Binomial', [10, 0.3], 0],
    ['Binomial', [10, 0.3], 10], ['Binomial', [10, 0.3], 4], ['Binomial', [10 ** 12, 0.5], 10],
    ['NegativeBinomial', [2.5, 1e-9], 2500000000], ['NegativeBinomial', [1e9, 0.5], 1000030000], ['NegativeBinomial', [0.001, 0.01], 3], ['NegativeBinomial', [4, 0.3], 0],
    ['Geometric', [1e-9], 1000000000],
    ['BetaBinomial', [10 ** 9, 2, 3], 400000000], ['BetaBinomial', [10 ** 9, 0.01, 3e6], 5], ['BetaBinomial', [10 ** 9, 1e8, 3e8], 250010000], ['BetaBinomial', [12, 0.7, 2.5], 0], ['BetaBinomial', [12, 0.7, 2.5], 12],
    ['Hypergeometric', [10 ** 9, 2 * 10 ** 9, 3 * 10 ** 8], 100010000], ['Hypergeometric', [10, 20, 8], 0], ['Hypergeometric', [10, 20, 30], 10], ['Hypergeometric', [10, 20, 15], 7],
    ['Gamma', [1e10, 2], 5e9], ['Gamma', [1e6, 1e6], 1.001], ['Gamma', [1e-3, 1], 1e-300], ['ChiSquared', [2e9], 2000010000],
    ['InverseGamma', [1e8, 200024414], 2], ['InverseGamma', [1e15, 2e15], 2], ['InverseGamma', [3, 2], 0.5], ['InverseGamma', [1e18, 1e18], 1],
    ['InverseChiSquared', [1e9, 2], 4], ['InverseChiSquared', [4, 0.5], 0.25],
    ['Beta', [1e8, 1e8], 0.50006103515625], ['Beta', [1e12, 3e12], 0.25], ['Beta', [1e18, 1e18], 0.5], ['Beta', [2, 1e12], 2 ** -40], ['Beta', [1e6, 0.5], 1 - 2 ** -20], ['Beta', [0.5, 3], 0.25],
]
out = [{'family': name, 'arguments': args, 'x': x, 'logDensity': float(densities[name](mpf(x), *[mpf(a) for a in args]))} for name, args, x in cases]
with open(sys.argv[1] if len(sys.argv) > 1 else 'test/reference/largeCounts.json', 'w') as file:
    json.dump(out, file, indent=1)
    file.write('\n')
