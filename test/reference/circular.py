"""Bessel functions, von Mises distribution functions and quantiles at 40 digits by mpmath.

Writes circular.json beside this file.
"""
import json
import os

import mpmath
from mpmath import mpf

mpmath.mp.dps = 40


def mass(low, high, m, k):
    breaks = sorted({low, high} | {b for t in range(-4, 5) for s in (-30, -10, -4, -1, 0, 1, 4, 10, 30) for b in [m + 2 * mpmath.pi * t + s / mpmath.sqrt(1 + k)] if low < b < high})
    return mpmath.quad(lambda x: mpmath.exp(k * (mpmath.cos(x - m) - 1)), breaks) / (2 * mpmath.pi * mpmath.besseli(0, k) * mpmath.exp(-k))


bessel = []
for x in ("1e-12", "1e-3", "0.7", "3", "19.99", "20", "20.01", "57", "700", "1e5", "1e9"):
    v = mpf(x)
    zero = mpmath.besseli(0, v) * mpmath.exp(-v) if v < 1e6 else (1 + 1 / (8 * v) + 9 / (128 * v ** 2)) / mpmath.sqrt(2 * mpmath.pi * v)
    one = mpmath.besseli(1, v) * mpmath.exp(-v) if v < 1e6 else (1 - 3 / (8 * v) - 15 / (128 * v ** 2)) / mpmath.sqrt(2 * mpmath.pi * v)
    bessel.append({"x": float(v), "logScaled": float(mpmath.log(zero)), "ratio": float(one / zero)})
rows = []
for m, k in ((0, 0), (0, 1), (3, 2), (-2.5, 40), (1.2, 3000), (0.3, "1e6")):
    m, k = mpf(m), mpf(k)
    for x in (-3.1, -1.0, 0.0, 0.31, 1.25, 2.9):
        rows.append({"loc": float(m), "concentration": float(k), "x": x, "cdf": float(mass(-mpmath.pi, mpf(x), m, k)), "survival": float(mass(mpf(x), mpmath.pi, m, k))})
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "circular.json"), "w") as f:
    json.dump({"bessel": bessel, "vonMises": rows}, f, indent=1)
    f.write("\n")
