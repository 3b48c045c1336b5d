"""20-laplace-approximation: the Gaussian at the mode of chi-squared(10), in x and in log x, with its evidence."""
from math import exp, log, pi, lgamma

from common import quantity, write

constant = -5 * log(2) - lgamma(5)
# In x: log f = 4 log x - x/2 + c, mode 8, -f'' = 4 / 64. In u = log x: 5u - exp(u)/2 + c, mode u = log 10, -f'' = 5; x is then lognormal.
write("laplace-approximation", "mode and curvature by hand; moments of the lognormal", {
    "natural": {"quantities": {"x": quantity(8, 4)}, "logEvidence": 4 * log(8) - 4 + constant + 0.5 * log(2 * pi * 16)},
    "unconstrained": {
        "quantities": {"x": quantity(10 * exp(0.1), 10 * exp(0.1) * (exp(0.2) - 1) ** 0.5)},
        "logEvidence": 5 * log(10) - 5 + constant + 0.5 * log(2 * pi / 5),
    },
})
