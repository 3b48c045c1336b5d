"""
14-change-of-variables: moments of T(X) as integrals over the source, without any density of T(X); densities by the change-of-variables rule
written out by hand (chi-squared for t^2), at points on both sides of every branch.
"""
import numpy as np
from scipy.integrate import quad
from scipy.stats import chi2, norm
from common import quantity, read_json, write

noisy = read_json("14-change-of-variables", "data.json")["noisy"]


def expectation(f, weight=lambda t: 1.0):
    def over(g):
        return sum(quad(lambda t: g(t) * weight(t) * norm.pdf(t), a, b, epsabs=1e-13, epsrel=1e-12)[0] for a, b in ((-12, -3), (-3, 0), (0, 3), (3, 12)))
    return over(f) / over(lambda t: 1.0)


def moments(f, weight=lambda t: 1.0):
    mean = expectation(f, weight)
    return quantity(mean, expectation(lambda t: (f(t) - mean) ** 2, weight) ** 0.5)


def logged(t):
    return np.log1p(t * t)


def log_density(at):
    def of_logged(y):
        t = np.sqrt(np.expm1(y))
        return np.log(2) + norm.logpdf(t) + y - np.log(2 * t)

    y = at["split"]
    halves = (norm.pdf(y - 2) if y < 2 else 0) + (norm.pdf(y + 2) if y >= -2 else 0)
    return chi2.logpdf(at["square"], 1) + np.log(halves) + of_logged(at["logged"]) + norm.logpdf(at["quantile"]) + of_logged(at["hidden"]) + norm.logpdf(noisy, at["hidden"], 0.4)


points = [dict(zip(("square", "split", "logged", "quantile", "hidden"), at)) for at in
          ((1.0, 0.5, 0.3, 0.2, 0.7), (0.01, -2.5, 2.0, -3.0, 0.05), (6.0, 3.0, 0.001, 1.5, 1.4), (2.5, -1.9, 1.0, 0.0, 0.5), (0.3, 1.9, 3.5, 6.0, 2.5))]
write("change-of-variables", "E f(T(X)) = integral of f(T(t)) p_X(t) dt by adaptive quadrature; `hidden` weighted by the likelihood of the datum", {
    "posterior": {"quantities": {
        "square": quantity(1, 2 ** 0.5),
        "split": moments(lambda t: t + 2 if t < 0 else t - 2),
        "logged": moments(logged),
        "quantile": quantity(0, 1),
        "hidden": moments(logged, lambda t: norm.pdf(noisy, logged(t), 0.4)),
    }},
    "density": {"quantities": {}, "points": [{"at": at, "logDensity": float(log_density(at))} for at in points]},
})
