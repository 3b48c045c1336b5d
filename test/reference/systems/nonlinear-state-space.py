"""
03-nonlinear-state-space: moments of z_t^2 and the log evidence by filtering and smoothing on a fine
grid (trapezoid rule, which converges exponentially for these smooth, decaying integrands); checked
against half the grid. Also makes the data.
"""
import numpy as np
from common import quantity, write, write_example

T, q, r = 400, 0.25, 0.45


def f(z):
    return 0.7 * z + 0.5 * np.sin(z)


def h(z):
    return z**2 / 5


def normal(x, mean, sd):
    return np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * np.sqrt(2 * np.pi))


random = np.random.RandomState(3)
z = np.zeros(T)
z[0] = random.normal()
for t in range(1, T):
    z[t] = f(z[t - 1]) + q * random.normal()
x = (h(z) + r * random.normal(size=T)).round(4)
write_example({"x": x.tolist()}, "03-nonlinear-state-space", "data.json")


def smooth(points):
    grid = np.linspace(-6, 6, points)
    step = grid[1] - grid[0]
    transition = normal(grid[None, :], f(grid)[:, None], q) * step  # [from, to]
    filtered = np.zeros((T, points))
    evidence = 0.0
    for t in range(T):
        predicted = normal(grid, 0, 1) if t == 0 else filtered[t - 1] @ transition
        weight = predicted * normal(x[t], h(grid), r)
        total = weight.sum() * step
        evidence += np.log(total)
        filtered[t] = weight / total
    backward = np.ones(points)
    moments = np.zeros((T, 2))
    for t in range(T - 1, -1, -1):
        smoothed = filtered[t] * backward
        smoothed /= smoothed.sum() * step
        mean = (smoothed * grid**2).sum() * step
        moments[t] = mean, np.sqrt((smoothed * grid**4).sum() * step - mean**2)
        backward = transition @ (backward * normal(x[t], h(grid), r))
        backward /= backward.max()
    return evidence, moments


evidence, moments = smooth(1201)
coarse_evidence, coarse_moments = smooth(601)
assert abs(evidence - coarse_evidence) < 1e-9 and np.abs(moments - coarse_moments).max() < 1e-8


def prior_moments(shown, points=1201):
    """Moments of z_t^2 and of x_t before any data, the law of z_t carried forward on the grid."""
    grid = np.linspace(-6, 6, points)
    step = grid[1] - grid[0]
    transition = normal(grid[None, :], f(grid)[:, None], q) * step
    law, out = normal(grid, 0, 1), {}
    for t in range(max(shown) + 1):
        if t > 0:
            law = law @ transition
        if t in shown:
            second, fourth = ((law * grid**k).sum() * step / (law.sum() * step) for k in (2, 4))
            spread = np.sqrt(fourth - second**2)
            out[f"energy[{t}]"] = quantity(second, spread)
            out[f"x[{t}]"] = quantity(second / 5, np.sqrt(spread**2 / 25 + r**2))
    return out


write("nonlinear-state-space", "grid filter and smoother on 1201 points of [-6, 6]; moments of z_t^2 and log evidence; 601 points agree to 1e-8", {
    "posterior": {
        "quantities": {f"energy[{t}]": quantity(*moments[t]) for t in range(T)},
        "logEvidence": float(evidence),
    },
    "prior": {"quantities": prior_moments((0, 1, 5, 40))},
})
