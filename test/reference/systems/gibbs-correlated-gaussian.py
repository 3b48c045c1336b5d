"""06-gibbs-correlated-gaussian: standard margins, E ab = rho, Var ab = 1 + rho^2; the chain of a is AR(1) with coefficient rho^2."""
from common import quantity, read_json, write

rho = read_json("06-gibbs-correlated-gaussian", "data.json")["rho"]
write("gibbs-correlated-gaussian", "standard bivariate Gaussian; two-block Gibbs: a' | a has regression coefficient rho^2", {
    "posterior": {
        "quantities": {"a": quantity(0, 1), "b": quantity(0, 1), "product": quantity(rho, (1 + rho**2) ** 0.5)},
        "autocorrelation": {"a": rho**2, "b": rho**2},
    },
})
