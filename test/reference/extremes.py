"""
Reference values for laws in their extremes: log densities of truncated laws whose interval has a mass far below the
range of doubles, their distribution functions and derivatives by parameters, and log tails of censored laws.
Masses of continuous laws are integrals of the density relative to its highest point, by mpmath with 40 digits; of
counts they are sums of masses. No distribution function of the project or of a library enters.
"""
import json
import sys
from mpmath import mp, mpf, log, exp, pi, gamma, loggamma, quad, diff, cos, besseli, sqrt, fabs, binomial

mp.dps = 40


def student(x, df, loc, scale):
    z = (x - loc) / scale
    return loggamma((df + 1) / 2) - loggamma(df / 2) - log(df * pi) / 2 - log(scale) - (df + 1) / 2 * log(1 + z * z / df)


def normal(x, mean, sd):
    return -((x - mean) / sd) ** 2 / 2 - log(sd) - log(2 * pi) / 2


def gumbel(x, loc, scale):
    z = (x - loc) / scale
    return -z - exp(-z) - log(scale)


def logistic(x, loc, scale):
    z = (x - loc) / scale
    return -z - 2 * log(1 + exp(-z)) - log(scale)


def log_binomial(n, k):
    return loggamma(n + 1) - loggamma(k + 1) - loggamma(n - k + 1)


def log_beta(a, b):
    return loggamma(a) + loggamma(b) - loggamma(a + b)


densities = {
    'Normal': normal,
    'StudentT': student,
    'Cauchy': lambda x, loc, scale: student(x, mpf(1), loc, scale),
    'Logistic': logistic,
    'Gumbel': gumbel,
    'Laplace': lambda x, loc, scale: -fabs(x - loc) / scale - log(2 * scale),
    'Exponential': lambda x, rate: log(rate) - rate * x,
    'Gamma': lambda x, a, r: a * log(r) + (a - 1) * log(x) - r * x - loggamma(a),
    'InverseGamma': lambda x, a, s: a * log(s) - (a + 1) * log(x) - s / x - loggamma(a),
    'ChiSquared': lambda x, df: -df / 2 * log(2) + (df / 2 - 1) * log(x) - x / 2 - loggamma(df / 2),
    'Beta': lambda x, a, b: (a - 1) * log(x) + (b - 1) * log(1 - x) - log_beta(a, b),
    'Weibull': lambda x, k, s: log(k / s) + (k - 1) * log(x / s) - (x / s) ** k,
    'LogNormal': lambda x, m, s: normal(log(x), m, s) - log(x),
    'Pareto': lambda x, m, k: log(k) + k * log(m) - (k + 1) * log(x),
    'HalfNormal': lambda x, s: normal(x, 0, s) + log(2),
    'HalfStudentT': lambda x, df, s: student(x, df, mpf(0), s) + log(2),
    'HalfCauchy': lambda x, s: student(x, mpf(1), mpf(0), s) + log(2),
    'VonMises': lambda x, m, k: k * (cos(x - m) - 1) - log(2 * pi) - log(besseli(0, k) * exp(-k)),
    'Poisson': lambda x, r: x * log(r) - r - loggamma(x + 1),
    'Binomial': lambda x, n, p: log_binomial(n, x) + x * log(p) + (n - x) * log(1 - p),
    'Geometric': lambda x, p: log(p) + x * log(1 - p),
    'NegativeBinomial': lambda x, r, p: loggamma(x + r) - loggamma(r) - loggamma(x + 1) + r * log(p) + x * log(1 - p),
    'BetaBinomial': lambda x, n, a, b: log_binomial(n, x) + log_beta(x + a, n - x + b) - log_beta(a, b),
    'Hypergeometric': lambda x, s, f, n: log_binomial(s, x) + log_binomial(f, n - x) - log_binomial(s + f, n),
}
counts = {'Poisson', 'Binomial', 'Geometric', 'NegativeBinomial', 'BetaBinomial', 'Hypergeometric'}


def log_mass(name, args, low, high):
    """log P(low <= X <= high); high may be infinite where the density falls beyond low."""
    f = lambda x: densities[name](x, *args)
    if name in counts:
        top = high if high != mp.inf else low + 4000
        values = [f(mpf(k)) for k in range(int(mp.ceil(low)), int(mp.floor(top)) + 1)]
        best = max(values)
        return best + log(sum(exp(v - best) for v in values))
    width = high - low if high != mp.inf else None
    # The density falls (or rises) monotonically over each interval here: refine towards the higher end.
    at_low = width is None or f(low + width * mpf('1e-25')) > f(high - width * mpf('1e-25'))
    end, sign = (low, 1) if at_low else (high, -1)
    top = f(end)
    # The distance over which the density falls by a factor of about e, or the whole interval.
    unit = width if width is not None else mpf(1)
    while top - f(end + sign * unit) > 1:
        unit /= 2
    edges = [mpf(0)] + [unit * mpf(2) ** k for k in range(-2, 9)]
    if width is not None:
        edges = [e for e in edges if e < width] + [width]
    else:
        edges += [unit * mpf(4) ** k for k in range(5, 12)]
    return top + log(quad(lambda d: exp(f(end + sign * d) - top), edges))


cases = [
    # name, arguments, low, high, x, the arguments whose derivatives are wanted
    ['Normal', [0, 1], 50, 51, 50.02, [0, 1]],
    ['Normal', [0, 1], -51, -50, -50.01, [0, 1]],
    ['Normal', [3, 0.5], 3e3, 4e3, 3000.0001, [0, 1]],
    ['StudentT', [150, 0, 1], 1e4, 2e4, 10010, [0, 1, 2]],
    ['StudentT', [150, 0, 1], -2e4, -1e4, -10010, [0, 1, 2]],
    ['Cauchy', [0, 1], 1e200, 2e200, 1.5e200, []],
    ['Logistic', [0, 1], 800, 900, 801, [0, 1]],
    ['Logistic', [0, 1], -900, -800, -801, [0, 1]],
    ['Gumbel', [0, 1], 800, 900, 800.5, [0, 1]],
    ['Gumbel', [0, 1], -8, -7, -7.0001, [0, 1]],
    ['Laplace', [0, 1], 800, 900, 801.5, [0, 1]],
    ['Laplace', [0, 1], -900, -800, -800.5, [0, 1]],
    ['Exponential', [2], 500, 600, 500.25, [0]],
    ['Gamma', [3, 2], 500, 600, 500.25, [0, 1]],
    ['Gamma', [400, 2], 0.125, 0.25, 0.2499, [0, 1]],
    ['InverseGamma', [3, 2], 0.001, 0.002, 0.001999, [0, 1]],
    ['ChiSquared', [3], 2000, 2500, 2001, [0]],
    ['Beta', [300, 2], 0.01, 0.02, 0.0199, [0, 1]],
    ['Beta', [2, 300], 0.98, 0.99, 0.9801, [0, 1]],
    ['Weibull', [2, 1], 30, 40, 30.01, [0, 1]],
    ['LogNormal', [0, 1], 1e20, 1e21, 1.01e20, [0, 1]],
    ['Pareto', [1, 300], 1e3, 2e3, 1001, [1]],
    ['HalfNormal', [1], 50, 51, 50.02, [0]],
    ['HalfStudentT', [150, 1], 1e4, 2e4, 10010, [0, 1]],
    ['HalfCauchy', [1], 1e200, 2e200, 1.5e200, []],
    ['VonMises', [0.25, 2000], 2, 2.5, 2.0001, [0, 1]],
    ['VonMises', [3, 2000], -1.5, -1, -1.4999, [0, 1]],
    ['Poisson', [1], 300, 310, 301, [0]],
    ['Poisson', [2000], 10, 20, 19, [0]],
    ['Binomial', [5000, 0.001], 1000, 1010, 1001, [1]],
    ['Binomial', [5000, 0.5], 10, 20, 19, [1]],
    ['Geometric', [0.5], 2000, 2010, 2001, [0]],
    ['NegativeBinomial', [3, 0.75], 1000, 1010, 1001, [0, 1]],
    ['BetaBinomial', [400, 2, 4000], 300, 310, 301, [1, 2]],
    ['Hypergeometric', [5000, 5000, 2000], 1900, 1950, 1901, []],
]

out = []
for name, given, low, high, x, wanted in cases:
    args = [mpf(a) for a in given]
    lo, hi, at = mpf(low), mpf(high), mpf(x)
    whole = log_mass(name, args, lo, hi)
    density = lambda *p: densities[name](at, *p) - log_mass(name, list(p), lo, hi)
    gradient = []
    for k in wanted:
        one = lambda v: density(*[v if j == k else a for j, a in enumerate(args)])
        h = mpf('1e-8') * max(1, abs(args[k]))
        gradient.append(float((-one(args[k] + 2 * h) + 8 * one(args[k] + h) - 8 * one(args[k] - h) + one(args[k] - 2 * h)) / (12 * h)))
    out.append({
        'family': name, 'arguments': given, 'low': low, 'high': high, 'x': x,
        'logMass': float(whole), 'logDensity': float(density(*args)), 'cdf': float(exp(log_mass(name, args, lo, at) - whole)),
        'wanted': wanted, 'gradient': gradient,
    })
    print(name, given, out[-1]['logMass'], out[-1]['logDensity'], out[-1]['cdf'], gradient, file=sys.stderr)

with open(sys.argv[1] if len(sys.argv) > 1 else 'test/reference/extremes.json', 'w') as file:
    json.dump(out, file, indent=1)
    file.write('\n')
