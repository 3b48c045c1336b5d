"""
30-divergences: closed forms. log K; log(b - a); KL between Gaussians, log(s1/s0) + (s0^2 + (m0 - m1)^2) / (2 s1^2) - 1/2. The two
sequences by their own formulas, in 50 digits, and their limits: L1 -> 0 while KL -> 1; KL -> 0 while chi-squared -> 1.
"""
import mpmath as mp
from common import quantity, write

mp.mp.dps = 50


def gaussian(m0, s0, m1, s1):
    m0, s0, m1, s1 = map(mp.mpf, (m0, s0, m1, s1))
    return mp.log(s1 / s0) + (s0**2 + (m0 - m1) ** 2) / (2 * s1**2) - mp.mpf(1) / 2


found = {}
for K in (2, 6, 52):
    found[f"entropy of {K} outcomes"] = mp.log(K)
for low, high in ((0, 1), (0, 0.5), (-1, 4)):
    found[f"entropy of [{low}, {high}]"] = mp.log(mp.mpf(high) - low)
for theta in (0.1, 0.5):
    t = mp.mpf(theta)
    found[f"entropy of a coin of {theta}"] = -t * mp.log(t) - (1 - t) * mp.log(1 - t)
for v in (0.5, 1, 3):
    found[f"KL(N(0, 1) || N(0, {v}^2))"] = gaussian(0, 1, 0, v)
    found[f"KL(N(0, {v}^2) || N(0, 1))"] = gaussian(0, v, 0, 1)
    # H(p, q) = H(p) + KL(p || q), the entropy of a standard Normal being log sqrt(2 pi e)
    found[f"cross-entropy of N(0, 1) in the code of N(0, {v}^2)"] = mp.log(2 * mp.pi * mp.e) / 2 + gaussian(0, 1, 0, v)
found["KL(N(1, 2^2) || N(-0.5, 0.7^2))"] = gaussian(1, 2, -0.5, 0.7)
found["1 / KL(U(0, 2) || U(0, 1))"] = mp.mpf(0)
found["KL(U(0, 1) || U(0, 2))"] = mp.log(2)


def uniform_sequence(n):
    n = mp.mpf(n)
    c = (n - mp.exp(-n)) / (n - 1)
    return (1 - mp.exp(-n)) / n + (n - 1) * abs(c - 1) / n, 1 - (n - 1) / n * mp.log(c)


def coin_sequence(e):
    e = mp.mpf(e)
    return (1 - e) * mp.log((1 - e) / (1 - e**2)) + e * mp.log(1 / e), (e - e**2) ** 2 / (1 - e**2) + (1 - e) ** 2


for n in (2, 10, 100, 500):
    found[f"L1, n = {n}"], found[f"KL, n = {n}"] = uniform_sequence(n)
for text in ("0.1", "0.01", "0.0001", "1e-8"):
    found[f"KL, epsilon = {text}"], found[f"chi-squared, epsilon = {text}"] = coin_sequence(float(text))

# The limits, far out.
distance, divergence = uniform_sequence(10**9)
assert distance < 1e-8 and abs(divergence - 1) < 1e-8
divergence, ratio = coin_sequence("1e-20")
assert divergence < 1e-17 and abs(ratio - 1) < 1e-18
write("divergences", "closed forms in 50 digits", {"closedForms": {"quantities": {name: quantity(value) for name, value in found.items()}}})
