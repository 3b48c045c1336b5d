"""16-normalising-flow: the flow is Johnson's SU distribution; maximum likelihood by SciPy's density and Nelder-Mead."""
import numpy as np
from scipy.optimize import minimize
from scipy.stats import johnsonsu, norm
from common import quantity, read_column, write

y = read_column("length", "16-normalising-flow", "rivers.csv")


def negative(p):
    shift, spread, location, scale = p[0], np.exp(p[1]), p[2], np.exp(p[3])
    # z = (asinh((y - location) / scale) - shift) / spread
    return -johnsonsu.logpdf(y, -shift / spread, 1 / spread, location, scale).sum()


start = [2.0, 0.0, np.quantile(y, 0.1), np.log(0.05)]
best = min((minimize(negative, np.array(start) + d, method="Nelder-Mead", options=dict(maxiter=40000, maxfev=40000, xatol=1e-11, fatol=1e-13))
            for d in (np.zeros(4), np.array([-1, 0, 0, 1]), np.array([0.5, 0.5, 0, -0.5]))), key=lambda r: r.fun)
shift, spread, location, scale = best.x[0], np.exp(best.x[1]), best.x[2], np.exp(best.x[3])
gaussian = norm.logpdf(y, y.mean(), y.std()).sum()
write("normalising-flow", "maximum of the Johnson SU log-likelihood; gaussian: the log-likelihood of the best normal law", {
    "estimate": {"quantities": {"shift": quantity(shift), "spread": quantity(spread), "location": quantity(location), "scale": quantity(scale)}, "logLikelihood": -best.fun, "gaussian": gaussian},
})
