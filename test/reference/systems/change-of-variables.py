"""14-change-of-variables: moments of T(X) as integrals over the source, without any density of T(X)."""
import numpy as np
from scipy.integrate import quad
from scipy.stats import norm
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


write("change-of-variables", "E f(T(X)) = integral of f(T(t)) p_X(t) dt by adaptive quadrature; `hidden` weighted by the likelihood of the datum", {
    "posterior": {"quantities": {
        "square": quantity(1, 2 ** 0.5),
        "split": moments(lambda t: t + 2 if t < 0 else t - 2),
        "logged": moments(logged),
        "quantile": quantity(0, 1),
        "hidden": moments(logged, lambda t: norm.pdf(noisy, logged(t), 0.4)),
    }},
})
