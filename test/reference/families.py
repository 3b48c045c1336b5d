"""Log densities, distribution functions and moments of the families, by SciPy; continuous distribution
functions whose tails SciPy computes as one minus the other are taken from mpmath at 60 digits.

Writes families.json beside this file. Grids reach from shapes below one to large counts, and from
the lower tail (mass 1e-12) to the upper one (mass 1e-12).
"""
import json
import os

import mpmath
import numpy as np
import scipy
import scipy.special
from scipy import stats


mpmath.mp.dps = 60


def beta_ratio(a, b, x, y):
    """I_x(a, b) with y = 1 - x, summed from the end where the series converges fast."""
    if x > y:
        return 1 - beta_ratio(b, a, y, x)
    return x ** a / (a * mpmath.beta(a, b)) * mpmath.hyp2f1(a, 1 - b, a + 1, x)


def exact_tails(family, parameters, x):
    """(P(X <= x), P(X > x)) at 60 digits, or None where SciPy's are accurate in both tails."""
    q = {k: mpmath.mpf(v) for k, v in parameters.items() if not isinstance(v, list)}
    x = mpmath.mpf(x)
    if family in ("Cauchy", "HalfCauchy"):
        lower = mpmath.mpf(1) / 2 + mpmath.atan((x - q.get("loc", 0)) / q["scale"]) / mpmath.pi
        if family == "HalfCauchy":
            lower = 2 * lower - 1
    elif family == "StudentT":
        z = (x - q["loc"]) / q["scale"]
        w = q["df"] / (q["df"] + z * z)
        tail = beta_ratio(q["df"] / 2, mpmath.mpf(1) / 2, w, 1 - w) / 2
        lower = tail if z < 0 else 1 - tail
    elif family == "Gamma":
        lower = mpmath.gammainc(q["shape"], 0, q["rate"] * x, regularized=True)
    elif family == "ChiSquared":
        lower = mpmath.gammainc(q["df"] / 2, 0, x / 2, regularized=True)
    elif family == "InverseGamma":
        lower = mpmath.gammainc(q["shape"], q["scale"] / x, mpmath.inf, regularized=True)
    elif family == "Beta":
        lower = beta_ratio(q["a"], q["b"], x, 1 - x)
    elif family == "Pareto":
        lower = 1 - (q["minimum"] / x) ** q["shape"]
    elif family == "Uniform":
        lower = (x - q["low"]) / (q["high"] - q["low"])
    else:
        return None
    return float(lower), float(1 - lower)


def scalar_case(family, parameters, law, extra=()):
    """One family at one parameter point: SciPy's law at its own quantiles and at extra points."""
    discrete = hasattr(law.dist, "pmf")
    points = [law.ppf(u) for u in (1e-12, 1e-4, 0.1, 0.5, 0.8, 0.999)] + [law.isf(1e-12)] + list(extra)
    points = sorted({float(x) for x in points if np.isfinite(x)})
    rows = []
    for x in points:
        density = float(law.logpmf(x) if discrete else law.logpdf(x))
        if not np.isfinite(density):
            continue
        tails = exact_tails(family, parameters, x)
        lower, upper = tails if tails is not None else (float(law.cdf(x)), float(law.sf(x)))
        rows.append({"x": x, "logDensity": density, "cdf": lower, "survival": upper})
    moments = {"mean": float(law.mean()), "variance": float(law.var())}
    for name, value in moments.items():
        if not np.isfinite(value):
            moments[name] = None
    return {"family": family, "parameters": parameters, "points": rows, **moments}


def scalar_cases():
    out = []
    for m, s in ((0, 1), (2.5, 0.3), (-40, 7)):
        out.append(scalar_case("Normal", {"mean": m, "sd": s}, stats.norm(m, s), (m + 20 * s, m - 20 * s)))
        out.append(scalar_case("Cauchy", {"loc": m, "scale": s}, stats.cauchy(m, s)))
        out.append(scalar_case("Laplace", {"loc": m, "scale": s}, stats.laplace(m, s), (m,)))
    for df in (0.7, 1, 2.5, 30, 1e6):
        out.append(scalar_case("StudentT", {"df": df, "loc": 1, "scale": 2}, stats.t(df, 1, 2)))
    for s in (0.2, 3):
        out.append(scalar_case("HalfNormal", {"scale": s}, stats.halfnorm(0, s), (0,)))
        out.append(scalar_case("HalfCauchy", {"scale": s}, stats.halfcauchy(0, s), (0,)))
        out.append(scalar_case("Exponential", {"rate": s}, stats.expon(0, 1 / s), (0,)))
    for m, s in ((0, 1), (1, 0.25), (-2, 1.5)):
        out.append(scalar_case("LogNormal", {"meanlog": m, "sdlog": s}, stats.lognorm(s, 0, np.exp(m))))
    for a, b in ((0.3, 1), (1, 2), (4.5, 0.1), (200, 50)):
        out.append(scalar_case("Gamma", {"shape": a, "rate": b}, stats.gamma(a, 0, 1 / b)))
        out.append(scalar_case("InverseGamma", {"shape": a, "scale": b}, stats.invgamma(a, 0, b)))
        # With b far below one the law crowds against 1 closer than doubles can tell.
        out.append(scalar_case("Beta", {"a": a, "b": max(b, 0.6)}, stats.beta(a, max(b, 0.6))))
        out.append(scalar_case("Weibull", {"shape": a, "scale": b}, stats.weibull_min(a, 0, b)) if a < 100
                   else scalar_case("Weibull", {"shape": 3, "scale": 2}, stats.weibull_min(3, 0, 2)))
    for df in (1, 3.5, 40):
        out.append(scalar_case("ChiSquared", {"df": df}, stats.chi2(df)))
    for low, high in ((0, 1), (-3, 5.5)):
        out.append(scalar_case("Uniform", {"low": low, "high": high}, stats.uniform(low, high - low)))
    for m, a in ((1, 0.8), (2, 1.5), (0.5, 6)):
        out.append(scalar_case("Pareto", {"minimum": m, "shape": a}, stats.pareto(a, 0, m), (m,)))
    for p in (0.3, 0.9, 1e-5):
        out.append(scalar_case("Bernoulli", {"p": p}, stats.bernoulli(p), (0, 1)))
        out.append(scalar_case("Geometric", {"p": p}, stats.nbinom(1, p), (0, 3)))
    for n, p in ((1, 0.5), (10, 0.2), (1000, 0.37)):
        out.append(scalar_case("Binomial", {"n": n, "p": p}, stats.binom(n, p), (0, n)))
    for rate in (0.2, 3, 250):
        out.append(scalar_case("Poisson", {"rate": rate}, stats.poisson(rate), (0,)))
    for r, p in ((1, 0.4), (3.7, 0.6), (50, 0.9), (0.2, 0.05)):
        out.append(scalar_case("NegativeBinomial", {"r": r, "p": p}, stats.nbinom(r, p), (0,)))
    for low, high in ((0, 5), (-4, 4), (3, 3)):
        out.append(scalar_case("DiscreteUniform", {"low": low, "high": high}, stats.randint(low, high + 1), (low, high)))
    probs = [0.1, 0.25, 0.5, 0.15]
    out.append(scalar_case("Categorical", {"probs": probs}, stats.rv_discrete(values=(range(4), probs))(), (0, 1, 2, 3)))
    return out


def array_cases():
    cov = [[2.0, -0.6, 0.3], [-0.6, 1.0, 0.1], [0.3, 0.1, 0.7]]
    scale = [[1.5, 0.4], [0.4, 0.8]]
    x = [[2.0, 0.7], [0.7, 1.1]]
    alpha = [0.5, 2.0, 7.0]
    simplex = [0.05, 0.25, 0.7]
    out = []

    def case(family, parameters, point, value, mean, variance=None):
        out.append({"family": family, "parameters": parameters, "x": point, "logDensity": float(value),
                    "mean": np.asarray(mean).tolist(),
                    "variance": None if variance is None else np.asarray(variance).tolist()})

    mean = [1.0, -2.0, 0.5]
    law = stats.multivariate_normal(mean, cov)
    for point in ([0.0, 0.0, 0.0], [1.2, -1.0, 3.0], [40.0, -50.0, 10.0]):
        case("MvNormal", {"mean": mean, "cov": cov}, point, law.logpdf(point), mean, cov)
    law = stats.dirichlet(alpha)
    total = np.sum(alpha)
    proportions = np.asarray(alpha) / total
    case("Dirichlet", {"alpha": alpha}, simplex, law.logpdf(simplex), law.mean(),
         (np.diag(proportions) - np.outer(proportions, proportions)) / (total + 1))
    law = stats.multinomial(12, simplex)
    for point in ([0, 3, 9], [12, 0, 0], [4, 4, 4]):
        case("Multinomial", {"n": 12, "probs": simplex}, point, law.logpmf(point), 12 * np.asarray(simplex), law.cov())
    for df in (2.5, 4, 11.5):
        law = stats.wishart(df, scale)
        case("Wishart", {"df": df, "scale": scale}, x, law.logpdf(x), law.mean(), law.var())
        law = stats.invwishart(df, scale)
        finite = df > 5
        case("InverseWishart", {"df": df, "scale": scale}, x, law.logpdf(x),
             np.asarray(scale) / (df - 3) if df > 3 else np.full((2, 2), np.nan), law.var() if finite else None)
    for row in out:
        if not np.all(np.isfinite(row["mean"])):
            row["mean"] = None
    return out


def law_cases():
    """Truncated laws and mixtures; far tails by mpmath."""
    out = []

    def normal_between(x, low, high):
        """log density and distribution function of a standard normal between two bounds, at 60 digits."""
        upper = lambda z: mpmath.erfc(mpmath.mpf(z) / mpmath.sqrt(2)) / 2
        mass = upper(low) - upper(high)
        x = mpmath.mpf(x)
        return float(-x * x / 2 - mpmath.log(2 * mpmath.pi) / 2 - mpmath.log(mass)), float((upper(low) - upper(x)) / mass)

    inf = float("inf")
    for low, high, points in ((0.0, inf, (0.1, 1.0, 4.0)), (-1.0, 2.0, (-0.9, 0.0, 1.9)), (9.0, inf, (9.01, 9.5, 11.0)),
                              (30.0, inf, (30.01, 30.2)), (6.0, 7.0, (6.1, 6.9)), (-inf, -8.0, (-8.1, -10.0))):
        for x in points:
            density, lower = normal_between(x, low, high)
            out.append({"law": "normal", "low": None if low == -inf else low, "high": None if high == inf else high,
                        "x": x, "logDensity": density, "cdf": lower})
    poisson = stats.poisson(3)
    mass = poisson.cdf(6) - poisson.cdf(1)
    for x in (2, 4, 6):
        out.append({"law": "poisson", "low": 2, "high": 6, "x": x, "logDensity": float(poisson.logpmf(x) - np.log(mass)),
                    "cdf": float((poisson.cdf(x) - poisson.cdf(1)) / mass)})
    weights, means, sds = (0.2, 0.5, 0.3), (-3, 0, 4), (1, 0.5, 2)
    for x in (-60.0, -3.0, 0.2, 5.0):
        terms = [np.log(w) + stats.norm.logpdf(x, m, s) for w, m, s in zip(weights, means, sds)]
        out.append({"law": "mixture", "low": None, "high": None, "x": x, "logDensity": float(scipy.special.logsumexp(terms)),
                    "cdf": float(sum(w * stats.norm.cdf(x, m, s) for w, m, s in zip(weights, means, sds)))})
    return out


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    result = {"scipy": scipy.__version__, "mpmath": mpmath.__version__, "scalars": scalar_cases(), "arrays": array_cases(),
              "laws": law_cases()}
    with open(os.path.join(here, "families.json"), "w") as f:
        json.dump(result, f, indent=1, allow_nan=False, default=float)
        f.write("\n")


if __name__ == "__main__":
    main()
