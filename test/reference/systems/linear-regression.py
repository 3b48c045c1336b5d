"""02-linear-regression: conjugate posterior and log evidence in closed form; also makes the data."""
import numpy as np
from scipy.stats import multivariate_normal
from common import quantity, write, write_example

random = np.random.RandomState(2)
N, D = 60, 3
X = np.column_stack([np.ones(N), random.normal(size=(N, D - 1))]).round(4)
y = (X @ np.array([0.5, -1.2, 0.8]) + 0.3 * random.normal(size=N)).round(4)
write_example({"X": X.tolist(), "y": y.tolist()}, "02-linear-regression", "data.json")

covariance = np.linalg.inv(np.eye(D) + X.T @ X / 0.3**2)
mean = covariance @ (X.T @ y) / 0.3**2
evidence = multivariate_normal.logpdf(y, np.zeros(N), X @ X.T + 0.3**2 * np.eye(N))
write("linear-regression", "w | y for w ~ N(0, I), y ~ N(Xw, 0.3^2): (I + X'X/s^2)^-1 and its mean; evidence N(y; 0, XX' + s^2 I)", {
    "posterior": {
        "quantities": {f"w[{d}]": quantity(mean[d], covariance[d, d] ** 0.5) for d in range(D)},
        "logEvidence": float(evidence),
    },
})
