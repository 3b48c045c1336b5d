"""05-metropolis-hastings: moments of a mixture of two Gaussians in closed form."""
import numpy as np
from scipy.stats import norm
from common import quantity, write

weights = np.array([0.55, 0.45])
means = np.array([[-2, -1], [2.2, 1.7]])
covariances = np.array([[[1, 0.9], [0.9, 1]], [[0.9, -0.8], [-0.8, 0.9]]])


def normal_moment(m, v, order):
    """E x^order of N(m, v)."""
    return [1, m, m**2 + v, m**3 + 3 * m * v, m**4 + 6 * m**2 * v + 3 * v**2][order]


def product_square(m, C):
    """E (x0 x1)^2 of a bivariate Gaussian (Isserlis)."""
    return (m[0]**2 + C[0, 0]) * (m[1]**2 + C[1, 1]) + 2 * C[0, 1]**2 + 4 * m[0] * m[1] * C[0, 1]


def mix(values):
    return float(weights @ np.array(values))


quantities = {}
for d in (0, 1):
    raw = [mix([normal_moment(m[d], C[d, d], order) for m, C in zip(means, covariances)]) for order in range(5)]
    quantities[f"z[{d}]"] = quantity(raw[1], (raw[2] - raw[1]**2) ** 0.5)
    quantities[f"square{d}"] = quantity(raw[2], (raw[4] - raw[2]**2) ** 0.5)
product = mix([m[0] * m[1] + C[0, 1] for m, C in zip(means, covariances)])
quantities["product"] = quantity(product, (mix([product_square(m, C) for m, C in zip(means, covariances)]) - product**2) ** 0.5)
right = mix([1 - norm.cdf(0, m[0], C[0, 0] ** 0.5) for m, C in zip(means, covariances)])
quantities["right"] = quantity(right, (right * (1 - right)) ** 0.5)
write("metropolis-hastings", "moments of the mixture from those of its components (Isserlis for the product)", {
    "posterior": {"quantities": quantities},
})
