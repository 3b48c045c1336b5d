"""Divergences between laws of reals and counts by mpmath at 30 digits, densities written out here; entropies and moments by SciPy.

Writes divergences.json beside this file. `null` stands for infinity.
"""
import json
import os

import mpmath
import numpy as np
from mpmath import mpf
from scipy import stats

mpmath.mp.dps = 30
inf = mpmath.inf


def normal(m, s):
    return lambda x: -((x - m) / s) ** 2 / 2 - mpmath.log(s) - mpmath.log(2 * mpmath.pi) / 2


def laplace(m, b):
    return lambda x: -abs(x - m) / b - mpmath.log(2 * b)


def cauchy(m, g):
    return lambda x: -mpmath.log(mpmath.pi * g * (1 + ((x - m) / g) ** 2))


def student(df, m, s):
    c = mpmath.loggamma((df + 1) / mpf(2)) - mpmath.loggamma(df / mpf(2)) - mpmath.log(df * mpmath.pi) / 2 - mpmath.log(s)
    return lambda x: c - (df + 1) / mpf(2) * mpmath.log(1 + ((x - m) / s) ** 2 / df)


def gamma(a, r):
    return lambda x: a * mpmath.log(r) - mpmath.loggamma(a) + (a - 1) * mpmath.log(x) - r * x


def inverse_gamma(a, b):
    return lambda x: a * mpmath.log(b) - mpmath.loggamma(a) - (a + 1) * mpmath.log(x) - b / x


def beta(a, b):
    # Nodes of the quadrature may be rounded to an end.
    return lambda x: (a - 1) * mpmath.log(x) + (b - 1) * mpmath.log(1 - x) - mpmath.log(mpmath.beta(a, b)) if 0 < x < 1 else mpf(-10) ** 31


def log_normal(m, s):
    return lambda x: normal(m, s)(mpmath.log(x)) - mpmath.log(x)


def gumbel(m, b):
    return lambda x: -(x - m) / b - mpmath.exp(-(x - m) / b) - mpmath.log(b)


def weibull(k, s):
    return lambda x: mpmath.log(k / s) + (k - 1) * mpmath.log(x / s) - (x / s) ** k


def von_mises(m, k):
    return lambda x: k * mpmath.cos(x - m) - mpmath.log(2 * mpmath.pi * mpmath.besseli(0, k))


def pareto(m, a):
    return lambda x: mpmath.log(a) + a * mpmath.log(m) - (a + 1) * mpmath.log(x)


def poisson(r):
    return lambda k: k * mpmath.log(r) - r - mpmath.loggamma(k + 1)


def negative_binomial(r, p):
    return lambda k: mpmath.loggamma(k + r) - mpmath.loggamma(r) - mpmath.loggamma(k + 1) + r * mpmath.log(p) + k * mpmath.log(1 - p)


def binomial(n, p):
    return lambda k: mpmath.log(mpmath.binomial(n, k)) + k * mpmath.log(p) + (n - k) * mpmath.log(1 - p)


line = [-inf, -60, -20, -8, -4, -2, -1, 0, 1, 2, 4, 8, 20, 60, inf]
half = [0, mpf(10) ** -12, mpf(10) ** -6, 0.001, 0.05, 0.3, 0.7, 1, 1.5, 2, 3, 5, 8, 15, 40, 100, 1000, inf]
unit = [0, mpf(10) ** -12, mpf(10) ** -6, 0.001, 0.05, 0.3, 0.5, 0.7, 0.95, 0.999, 1 - mpf(10) ** -6, 1 - mpf(10) ** -12, 1]
circle = [-mpmath.pi, -2, -1, 0, 1, 2, mpmath.pi]


def crossings(f, breaks):
    """Breaks with the sign changes of f added, so that |f| is smooth between them."""
    finite = [mpf(b) for b in breaks if abs(b) != inf]
    fine = sorted({a + (b - a) * t / 40 for a, b in zip(finite, finite[1:]) for t in range(1, 41)})
    found = []
    for a, b in zip(fine, fine[1:]):
        if f(a) * f(b) < 0:
            found.append(mpmath.findroot(f, (a, b), solver="anderson", tol=mpf(10) ** -25))
    return sorted({mpf(b) for b in breaks if abs(b) != inf} | set(found) | {b for b in breaks if abs(b) == inf}, key=float)


def continuous(name_p, args_p, p, name_q, args_q, q, breaks, wide=None, diverges=()):
    """`wide`: breaks where q reaches farther than p."""
    over = wide or breaks
    kl = mpmath.quad(lambda x: mpmath.exp(p(x)) * (p(x) - q(x)), breaks) if "kl" not in diverges else None
    cross = mpmath.quad(lambda x: -mpmath.exp(p(x)) * q(x), breaks) if "kl" not in diverges else None
    inner = crossings(lambda x: p(x) - q(x), breaks)
    l1 = mpmath.quad(lambda x: abs(mpmath.exp(p(x)) - mpmath.exp(q(x))), inner)
    if wide is not None:
        l1 += 1 - mpmath.quad(lambda x: mpmath.exp(q(x)), breaks)
    chi = mpmath.quad(lambda x: mpmath.exp(2 * p(x) - q(x)), breaks) - 1 if "chi" not in diverges else None
    return row(name_p, args_p, name_q, args_q, kl, cross, l1, chi)


def row(name_p, args_p, name_q, args_q, kl, cross, l1, chi):
    number = lambda v: None if v is None else float(v)
    return {"p": name_p, "pArguments": args_p, "q": name_q, "qArguments": args_q,
            "kl": number(kl), "crossEntropy": number(cross), "l1": number(l1), "chiSquared": number(chi)}


def counts(name_p, args_p, p, name_q, args_q, q, top, diverges=()):
    ks = [mpf(k) for k in range(top + 1)]
    sum_of = lambda f: mpmath.fsum(f(k) for k in ks)
    kl = sum_of(lambda k: mpmath.exp(p(k)) * (p(k) - q(k)))
    cross = sum_of(lambda k: -mpmath.exp(p(k)) * q(k))
    l1 = sum_of(lambda k: abs(mpmath.exp(p(k)) - mpmath.exp(q(k))))
    chi = sum_of(lambda k: mpmath.exp(2 * p(k) - q(k))) - 1 if "chi" not in diverges else None
    return row(name_p, args_p, name_q, args_q, kl, cross, l1, chi)


def pairs():
    return [
        continuous("Normal", [0, 1], normal(0, 1), "Normal", [1, 2], normal(1, 2), line),
        continuous("Normal", [0, 1], normal(0, 1), "Laplace", [0.5, 1], laplace(mpf(0.5), 1), sorted(line + [0.5], key=float)),
        continuous("Laplace", [0, 1], laplace(0, 1), "Laplace", [1, 2], laplace(1, 2), line),
        continuous("Laplace", [0.5, 1], laplace(mpf(0.5), 1), "Normal", [0, 1], normal(0, 1), sorted(line + [0.5], key=float), diverges=("chi",)),
        continuous("Normal", [0, 1], normal(0, 1), "Gumbel", [0.5, 1.5], gumbel(mpf(0.5), mpf(1.5)), [-12] + line[4:], diverges=("chi",)),
        continuous("Gumbel", [0, 1], gumbel(0, 1), "Gumbel", [0.5, 1.5], gumbel(mpf(0.5), mpf(1.5)), [-6, -4] + line[5:]),
        continuous("StudentT", [3, 0, 1], student(3, 0, 1), "StudentT", [5, 1, 2], student(5, 1, 2), line[:1] + [-10 ** 6, -1000] + line[1:-1] + [1000, 10 ** 6, inf]),
        continuous("Gamma", [2, 3], gamma(2, 3), "Gamma", [1.2, 0.7], gamma(mpf(1.2), mpf(0.7)), half),
        continuous("Gamma", [3, 1], gamma(3, 1), "LogNormal", [1, 0.5], log_normal(1, mpf(0.5)), half, diverges=("chi",)),
        continuous("LogNormal", [0, 1], log_normal(0, 1), "LogNormal", [0.5, 1.2], log_normal(mpf(0.5), mpf(1.2)), half[:-1] + [10 ** 5, inf]),
        continuous("InverseGamma", [3, 2], inverse_gamma(3, 2), "InverseGamma", [2.5, 1], inverse_gamma(mpf(2.5), 1), half[3:-1] + [10 ** 5, 10 ** 9, inf]),
        continuous("Weibull", [2, 1], weibull(mpf(2), 1), "Weibull", [1.3, 2], weibull(mpf(1.3), mpf(2)), half[:-3] + [40]),
        continuous("Beta", [2, 3], beta(2, 3), "Beta", [0.7, 1.5], beta(mpf(0.7), mpf(1.5)), unit),
        continuous("VonMises", [1, 2], von_mises(1, 2), "VonMises", [2, 0.7], von_mises(2, mpf(0.7)), circle),
        counts("Poisson", [3], poisson(3), "Poisson", [5], poisson(5), 120),
        counts("Poisson", [3], poisson(3), "NegativeBinomial", [2, 0.4], negative_binomial(2, mpf(0.4)), 400),
        counts("NegativeBinomial", [2, 0.4], negative_binomial(2, mpf(0.4)), "Poisson", [3], poisson(3), 400, diverges=("chi",)),
        counts("Binomial", [10, 0.3], binomial(10, mpf(0.3)), "Binomial", [10, 0.45], binomial(10, mpf(0.45)), 10),
    ]


def cauchy_row():
    # Tails of 1 / x^2 by the map x = tan t.
    t = [-mpmath.pi / 2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, mpmath.pi / 2]
    p, q = cauchy(0, 1), cauchy(2, mpf(0.5))
    integral = lambda f: mpmath.quad(lambda u: f(mpmath.tan(u)) / mpmath.cos(u) ** 2, t)
    roots = crossings(lambda u: p(mpmath.tan(u)) - q(mpmath.tan(u)), [-1.57, -1, 0, 1, 1.2, 1.57])
    edges = [t[0]] + roots[1:-1] + [t[-1]]
    l1 = mpmath.quad(lambda u: abs(mpmath.exp(p(mpmath.tan(u))) - mpmath.exp(q(mpmath.tan(u)))) / mpmath.cos(u) ** 2, edges)
    return row("Cauchy", [0, 1], "Cauchy", [2, 0.5], integral(lambda x: mpmath.exp(p(x)) * (p(x) - q(x))), integral(lambda x: -mpmath.exp(p(x)) * q(x)), l1,
               integral(lambda x: mpmath.exp(2 * p(x) - q(x))) - 1)


def entropies():
    out = []
    for name, args, law in (
        ("Normal", [1, 2], stats.norm(1, 2)), ("Laplace", [1, 2], stats.laplace(1, 2)), ("Cauchy", [1, 2], stats.cauchy(1, 2)), ("Logistic", [1, 2], stats.logistic(1, 2)),
        ("Gumbel", [1, 2], stats.gumbel_r(1, 2)), ("StudentT", [3.5, 1, 2], stats.t(3.5, 1, 2)), ("HalfNormal", [2], stats.halfnorm(0, 2)), ("HalfCauchy", [2], stats.halfcauchy(0, 2)),
        ("Exponential", [3], stats.expon(0, 1 / 3)), ("Gamma", [2.5, 3], stats.gamma(2.5, 0, 1 / 3)), ("InverseGamma", [2.5, 3], stats.invgamma(2.5, 0, 3)),
        ("ChiSquared", [5], stats.chi2(5)), ("Weibull", [1.7, 2], stats.weibull_min(1.7, 0, 2)), ("Pareto", [2, 3], stats.pareto(3, 0, 2)), ("Beta", [2.5, 0.7], stats.beta(2.5, 0.7)),
        ("LogNormal", [0.5, 1.2], stats.lognorm(1.2, 0, np.exp(0.5))), ("Uniform", [-1, 3], stats.uniform(-1, 4)), ("VonMises", [0, 2], stats.vonmises(2)),
        ("Poisson", [3], stats.poisson(3)), ("Binomial", [10, 0.3], stats.binom(10, 0.3)), ("Geometric", [0.3], stats.nbinom(1, 0.3)),
        ("DiscreteUniform", [2, 7], stats.randint(2, 8)), ("Hypergeometric", [7, 5, 6], stats.hypergeom(12, 7, 6)), ("BetaBinomial", [9, 1.5, 2.5], stats.betabinom(9, 1.5, 2.5)),
    ):
        out.append({"family": name, "arguments": args, "entropy": float(law.entropy())})
    shape = [[1.5, 0.4], [0.4, 0.8]]
    out.append({"family": "MvNormal", "arguments": [[1, 2], shape], "entropy": float(stats.multivariate_normal([1, 2], shape).entropy())})
    out.append({"family": "Dirichlet", "arguments": [[0.5, 2, 7]], "entropy": float(stats.dirichlet([0.5, 2, 7]).entropy())})
    out.append({"family": "Wishart", "arguments": [4.5, shape], "entropy": float(stats.wishart(4.5, shape).entropy())})
    return out


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "divergences.json"), "w") as f:
        json.dump({"pairs": pairs() + [cauchy_row()], "entropies": entropies()}, f, indent=1, allow_nan=False)
        f.write("\n")


if __name__ == "__main__":
    main()
