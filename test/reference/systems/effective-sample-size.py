"""
33-effective-sample-size: two-block Gibbs is an autoregression with phi = rho^2: ESS / N = (1 - phi) / (1 + phi), the error of a mean of S
draws is sqrt((1 + phi) / (1 - phi) / S) (with its term of second order), E a_t = start phi^t, thinning by k has phi^k. Random walk of sd s on a
standard Normal: acceptance 2/pi arctan(2/s); ESS / N from the transition kernel on a grid, tau = 2 <f, (1 - P)^-1 f> / <f, f> - 1.
"""
import numpy as np
from scipy import stats
from common import quantity, write


def efficiency(phi):
    return (1 - phi) / (1 + phi)


gibbs = {f"efficiency, rho = {rho}": quantity(efficiency(rho**2)) for rho in (0, 0.5, 0.8, 0.9)}
gibbs["efficiency of one draw in ten, rho = 0.8"] = quantity(efficiency(0.8**20))
phi = 0.64
for S in (400, 1600, 6400):
    gibbs[f"root S times error, S = {S}"] = quantity(np.sqrt((1 + phi) / (1 - phi) - 2 * phi * (1 - phi**S) / (S * (1 - phi) ** 2)))
start = {f"mean after {sweep} sweeps": quantity(50 * 0.81**sweep) for sweep in (1, 10, 40)}

grid = np.linspace(-7, 7, 2801)
h = grid[1] - grid[0]
weight = stats.norm.pdf(grid)


def walk(s):
    move = stats.norm.pdf(grid[None, :] - grid[:, None], scale=s) * h * np.minimum(1, weight[None, :] / weight[:, None])
    stay = 1 - move.sum(axis=1)
    kernel = move + np.diag(stay)
    mean_acceptance = weight @ (1 - stay) / weight.sum()
    assert abs(mean_acceptance - 2 / np.pi * np.arctan(2 / s)) < 2e-4, (mean_acceptance, s)
    # f = x is odd and so is the solution: the singular direction (constants) plays no part; pinning it keeps the system regular.
    pinned = np.eye(grid.size) - kernel + np.outer(np.ones(grid.size), weight * h)
    tau = 2 * (weight * grid) @ np.linalg.solve(pinned, grid) / ((weight * grid) @ grid) - 1
    return 1 / tau


acceptance = {f"acceptance of steps of {s}": quantity(2 / np.pi * np.arctan(2 / s)) for s in (0.25, 2.4, 30)}
walks = {f"efficiency of steps of {s}": quantity(walk(s)) for s in (0.25, 2.4, 30)}
for table in (gibbs, start, acceptance, walks):
    for name, value in table.items():
        print(name, value["mean"])
write("effective-sample-size", "closed forms of an autoregression; a random walk's kernel on a grid", {
    "pair": {"quantities": {"a": quantity(0, 1), "b": quantity(0, 1)}, "autocorrelation": {"a": 0.64, "b": 0.64}},
    "autoregression": {"quantities": gibbs | walks},
    "start": {"quantities": start},
    "acceptance": {"quantities": acceptance},
})
