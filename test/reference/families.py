"""Log densities, distribution functions and moments of the families, by SciPy; continuous distribution
functions whose tails SciPy computes as one minus the other are taken from mpmath at 60 digits.

Writes families.json beside this file. Grids reach from shapes below one to large counts, and from
the lower tail (mass 1e-12) to the upper one (mass 1e-12).
"""
import itertools
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


def explicit_case(family, parameters, points, log_density, tails, mean=None, variance=None):
    """One family that SciPy has not, or not in our form: log density and (cdf, survival) as functions of x at 60 digits."""
    rows = []
    for x in sorted(points):
        lower, upper = tails(mpmath.mpf(x))
        rows.append({"x": float(x), "logDensity": float(log_density(mpmath.mpf(x))), "cdf": float(lower), "survival": float(upper)})
    return {"family": family, "parameters": parameters, "points": rows, "mean": None if mean is None else float(mean),
            "variance": None if variance is None else float(variance)}


def finite_case(family, parameters, low, masses, points):
    """A law on low, low + 1, ... by its masses at 60 digits."""
    total = sum(masses)
    assert abs(total - 1) < mpmath.mpf(10) ** -40, (family, parameters, total)
    mean = sum((low + k) * m for k, m in enumerate(masses))
    variance = sum((low + k - mean) ** 2 * m for k, m in enumerate(masses))
    return explicit_case(family, parameters, points, lambda x: mpmath.log(masses[int(x) - low]),
                         lambda x: (sum(masses[:int(x) - low + 1]), sum(masses[int(x) - low + 1:])), mean, variance)


def von_mises_case(loc, concentration):
    """Integrals of the density over the circle, in pieces about the mode."""
    m, k = mpmath.mpf(loc), mpmath.mpf(concentration)
    pi = mpmath.pi
    constant = mpmath.log(2 * pi * mpmath.besseli(0, k))

    def log_density(x):
        return k * mpmath.cos(x - m) - constant

    def mass(low, high):
        modes = [m + 2 * pi * turn + s / mpmath.sqrt(1 + k) for turn in range(-3, 4) for s in (-20, -8, -3, -1, 0, 1, 3, 8, 20)]
        breaks = [low] + sorted({b for b in modes if low < b < high}) + [high]
        return mpmath.quad(lambda x: mpmath.exp(log_density(x)), breaks)

    assert abs(mass(-pi, pi) - 1) < mpmath.mpf(10) ** -25
    spread = float(1 / mpmath.sqrt(1 + k))
    wrapped = float(m - 2 * pi * mpmath.floor((m + pi) / (2 * pi)))
    points = [x for x in [wrapped + s * spread for s in (-6, -2, -0.5, 0, 0.7, 2.5, 6)] + [-3.1, -1, 0.5, 2.9] if -3.14 < x < 3.14]
    return explicit_case("VonMises", {"loc": loc, "concentration": concentration}, points, log_density, lambda x: (mass(-pi, x), mass(x, pi)))


def later_scalar_cases():
    """Families that came after the first ones."""
    out = []
    for m, s in ((0, 1), (2.5, 0.3), (-40, 7)):
        out.append(scalar_case("Logistic", {"loc": m, "scale": s}, stats.logistic(m, s), (m + 40 * s, m - 40 * s)))
        out.append(scalar_case("Gumbel", {"loc": m, "scale": s}, stats.gumbel_r(m, s), (m + 40 * s,)))
    for df, s in ((0.7, 2), (1, 0.5), (2.5, 3), (30, 1)):
        d, c = mpmath.mpf(df), mpmath.mpf(s)

        def tails(x):
            w = d / (d + (x / c) ** 2)
            upper = beta_ratio(d / 2, mpmath.mpf(1) / 2, w, 1 - w)
            return 1 - upper, upper

        constant = mpmath.log(2) + mpmath.loggamma((d + 1) / 2) - mpmath.loggamma(d / 2) - mpmath.log(d * mpmath.pi) / 2 - mpmath.log(c)
        law = stats.t(df, 0, s)
        points = [1e-9] + [float(law.ppf(0.5 + u / 2)) for u in (1e-4, 0.1, 0.5, 0.8, 0.999)] + [float(law.isf(5e-13))]
        mean = mpmath.quad(lambda x: x * stats_t(d, c, constant, x), [0, c, 10 * c, 1000 * c, mpmath.inf]) if df > 1 else None
        second = c ** 2 * d / (d - 2) if df > 2 else None
        out.append(explicit_case("HalfStudentT", {"df": df, "scale": s}, points, lambda x: mpmath.log(stats_t(d, c, constant, x)), tails,
                                 mean, None if second is None else second - mean ** 2))
    for df, s in ((1, None), (3.5, None), (40, 0.3), (7, 2)):
        root = df ** -0.5 if s is None else s
        case = scalar_case("InverseGamma", {"shape": df / 2, "scale": df * root ** 2 / 2}, stats.invgamma(df / 2, 0, df * root ** 2 / 2))
        out.append({**case, "family": "InverseChiSquared", "parameters": {"df": df, "scale": root}})
    for n, a, b in ((1, 0.5, 2), (10, 0.2, 0.3), (40, 3.5, 1.2), (300, 20, 90)):
        p, q = mpmath.mpf(a), mpmath.mpf(b)
        masses = [mpmath.binomial(n, k) * mpmath.beta(k + p, n - k + q) / mpmath.beta(p, q) for k in range(n + 1)]
        out.append(finite_case("BetaBinomial", {"n": n, "a": a, "b": b}, 0, masses, sorted({0, n, n // 3, n // 2, (4 * n) // 5})))
    for good, bad, draws in ((4, 6, 5), (30, 8, 20), (1, 0, 1), (500, 1500, 300), (12, 900, 450)):
        low, high = max(0, draws - bad), min(good, draws)
        masses = [mpmath.binomial(good, k) * mpmath.binomial(bad, draws - k) / mpmath.binomial(good + bad, draws) for k in range(low, high + 1)]
        width = high - low
        out.append(finite_case("Hypergeometric", {"successes": good, "failures": bad, "draws": draws}, low, masses,
                               sorted({low, high, low + width // 4, low + width // 2, low + width // 3})))
    for eta, cuts in ((0.3, [-1, 0.5, 2]), (-4, [0]), (20, [-3, -2.9, 0, 19, 24]), (0, [-1e-7, 1e-7])):
        above = [mpmath.mpf(1)] + [1 / (1 + mpmath.exp(mpmath.mpf(c) - mpmath.mpf(eta))) for c in cuts] + [mpmath.mpf(0)]
        masses = [above[k] - above[k + 1] for k in range(len(cuts) + 1)]
        out.append(finite_case("OrderedLogistic", {"eta": eta, "cutpoints": cuts}, 0, masses, range(len(cuts) + 1)))
    for loc, concentration in ((0, 1), (0.5, 0.001), (3, 4), (-2.5, 0.3), (10, 30), (1, 1e4)):
        out.append(von_mises_case(loc, concentration))
    return out


def stats_t(d, c, constant, x):
    """Density of |T| scale at 60 digits."""
    return mpmath.exp(constant - (d + 1) / 2 * mpmath.log(1 + (x / c) ** 2 / d))


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
    shape = [[1.5, 0.4], [0.4, 0.8]]
    for df in (0.8, 3.5, 60):
        law = stats.multivariate_t(mean[:2], shape, df=df)
        for point in ([0.0, 0.0], [40.0, -50.0]):
            out.append({"family": "MvStudentT", "parameters": {"df": df, "loc": mean[:2], "scale": shape}, "x": point,
                        "logDensity": float(law.logpdf(point)), "mean": mean[:2] if df > 1 else None,
                        "variance": (np.asarray(shape) * df / (df - 2)).tolist() if df > 2 else None})
    for n, a in ((12, [0.5, 2.0, 7.0]), (3, [0.02, 300.0])):
        # Masses and moments over all count vectors, at 60 digits.
        alpha60 = [mpmath.mpf(v) for v in a]
        total60 = sum(alpha60)

        def mass(x):
            value = mpmath.factorial(n) * mpmath.gamma(total60) / mpmath.gamma(n + total60)
            for xk, ak in zip(x, alpha60):
                value *= mpmath.gamma(xk + ak) / mpmath.gamma(ak) / mpmath.factorial(xk)
            return value

        every = [c for c in itertools.product(range(n + 1), repeat=len(a)) if sum(c) == n]
        weights = [mass(c) for c in every]
        assert abs(sum(weights) - 1) < mpmath.mpf(10) ** -40
        first = [sum(w * c[i] for w, c in zip(weights, every)) for i in range(len(a))]
        second = [[sum(w * (c[i] - first[i]) * (c[j] - first[j]) for w, c in zip(weights, every)) for j in range(len(a))] for i in range(len(a))]
        for point in every[::max(1, len(every) // 4)]:
            out.append({"family": "DirichletMultinomial", "parameters": {"n": n, "alpha": a}, "x": list(point), "logDensity": float(mpmath.log(mass(point))),
                        "mean": [float(v) for v in first], "variance": [[float(v) for v in row] for row in second]})
    for eta in (0.6, 1, 2.5):
        # The normaliser by quadrature over the correlations themselves: r13 = r12 r23 + s sqrt((1 - r12^2)(1 - r23^2)).
        line = mpmath.quad(lambda r: (1 - r * r) ** (mpmath.mpf(eta) - 1), [-1, 0, 1])
        out.append({"family": "LKJ", "parameters": {"dimension": 2, "shape": eta}, "x": [[1, 0.4], [0.4, 1]],
                    "logDensity": float((eta - 1) * mpmath.log(1 - mpmath.mpf("0.16")) - mpmath.log(line)), "mean": [[1, 0], [0, 1]], "variance": None})
        edge = mpmath.quad(lambda r: (1 - r * r) ** (mpmath.mpf(eta) - mpmath.mpf(1) / 2), [-1, 0, 1])
        matrix = np.array([[1, 0.4, -0.3], [0.4, 1, 0.2], [-0.3, 0.2, 1]])
        out.append({"family": "LKJ", "parameters": {"dimension": 3, "shape": eta}, "x": matrix.tolist(),
                    "logDensity": float((eta - 1) * mpmath.log(np.linalg.det(matrix)) - mpmath.log(line * edge * edge)), "mean": np.eye(3).tolist(), "variance": None})
    for row in out:
        if row["mean"] is not None and not np.all(np.isfinite(row["mean"])):
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
    result = {"scipy": scipy.__version__, "mpmath": mpmath.__version__, "scalars": scalar_cases() + later_scalar_cases(), "arrays": array_cases(),
              "laws": law_cases()}
    with open(os.path.join(here, "families.json"), "w") as f:
        json.dump(result, f, indent=1, allow_nan=False, default=float)
        f.write("\n")


if __name__ == "__main__":
    main()
