"""15-implicit-model: P(|x| <= 1) for x = z_0 exp(s z_1) + sin z_1 with s half-normal; the variance of x is infinite."""
import numpy as np
from scipy.integrate import quad
from scipy.stats import halfnorm, norm
from common import quantity, write


def inside(s):
    def given(z):
        a, b = (-1 - np.sin(z)) / np.exp(s * z), (1 - np.sin(z)) / np.exp(s * z)
        return (norm.cdf(b) - norm.cdf(a)) * norm.pdf(z)
    return sum(quad(given, a, b, epsabs=1e-11)[0] for a, b in ((-9, -2), (-2, 2), (2, 9)))


p = sum(quad(lambda s: inside(s) * halfnorm.pdf(s), a, b, epsabs=1e-10)[0] for a, b in ((0, 1), (1, 3), (3, 9)))
write("implicit-model", "P(|x| <= 1) = integral over s and z_1 of Phi((1 - sin z_1) / e^(s z_1)) - Phi((-1 - sin z_1) / e^(s z_1))", {
    "predictive": {"quantities": {"inside": quantity(p, (p * (1 - p)) ** 0.5), "scale": quantity((2 / np.pi) ** 0.5, (1 - 2 / np.pi) ** 0.5)}},
})
