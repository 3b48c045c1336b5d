"""
18-maximum-likelihood-regression: least squares; standard errors from the information at the maximum. With s given (15) and flat priors the posterior
is N((X'X)^-1 X'y, s^2 (X'X)^-1).
"""
import numpy as np
from common import quantity, read_column, write

folder = "18-maximum-likelihood-regression"
speed, dist = read_column("speed", folder, "cars.csv"), read_column("dist", folder, "cars.csv")
n = len(speed)
X = np.column_stack([np.ones(n), speed])
w = np.linalg.solve(X.T @ X, X.T @ dist)
variance = np.sum((dist - X @ w) ** 2) / n
errors = np.sqrt(variance * np.diag(np.linalg.inv(X.T @ X)))
s = variance**0.5
write("maximum-likelihood-regression", "a = (X'X)^-1 X'y, s^2 = RSS / N; information X'X / s^2 and 2N / s^2", {
    "maximum": {"quantities": {
        "b": quantity(w[0], errors[0]), "a": quantity(w[1], errors[1]), "s": quantity(s, s / (2 * n) ** 0.5),
        "variance": quantity(variance, 2 * s * s / (2 * n) ** 0.5),
    }},
    "known": {"quantities": {name: quantity(w[i], 15 * np.sqrt(np.linalg.inv(X.T @ X)[i, i])) for i, name in enumerate("ba")}},
})
