"""07-mean-field-gaussian: the optimum of KL(q || p) over products: the means, and variances 1 / precision_ii."""
import numpy as np
from common import quantity, read_json, write

data = read_json("07-mean-field-gaussian", "data.json")
(s0, s1), rho = data["sd"], data["rho"]
covariance = np.array([[s0**2, rho * s0 * s1], [rho * s0 * s1, s1**2]])
precision = np.linalg.inv(covariance)
elbo = -0.5 * (np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1])
write("mean-field-gaussian", "variances 1/precision_ii; elbo = -KL(q || p) since nothing is observed", {
    "meanField": {
        "quantities": {name: quantity(data["mean"][i], precision[i, i] ** -0.5) for i, name in enumerate("ab")},
        "elbo": float(elbo),
    },
})
