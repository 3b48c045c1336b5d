"""17-logistic-regression: iteratively reweighted least squares, and the posterior under flat priors on a grid."""
import numpy as np
from common import quantity, read_column, write

folder = "17-logistic-regression"
glucose, bmi, y = (read_column(c, folder, "pima.csv") for c in ("glucose", "bmi", "diabetes"))
X = np.column_stack([np.ones(len(y)), (glucose - 120) / 30, (bmi - 32) / 6])
names = ["b", "a[0]", "a[1]"]

w = np.zeros(3)
for _ in range(50):
    p = 1 / (1 + np.exp(-X @ w))
    information = X.T @ (X * (p * (1 - p))[:, None])
    w = w + np.linalg.solve(information, X.T @ (y - p))
p = 1 / (1 + np.exp(-X @ w))
assert np.max(np.abs(X.T @ (y - p))) < 1e-10
covariance = np.linalg.inv(X.T @ (X * (p * (1 - p))[:, None]))

# The trapezoidal rule along the axes of the Gaussian at the mode, 8 standard deviations each way.
axis = np.linspace(-8, 8, 81)
root = np.linalg.cholesky(covariance)
z = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
points = w + z @ root.T
log_density = np.zeros(len(points))
for x, d in zip(X, y):
    eta = points @ x
    log_density += d * eta - np.logaddexp(0, eta)
weight = np.exp(log_density - log_density.max())
weight /= weight.sum()
mean = weight @ points
sd = np.sqrt(weight @ (points - mean) ** 2)

write("logistic-regression", "maximum by IRLS, sd from the inverse information; posterior under flat priors by the trapezoidal rule in three dimensions", {
    "maximum": {"quantities": {n: quantity(w[k], covariance[k, k] ** 0.5) for k, n in enumerate(names)}},
    "posterior": {"quantities": {n: quantity(mean[k], sd[k]) for k, n in enumerate(names)}},
})
