"""Kalman filter and Rauch-Tung-Striebel smoother in 60 digits (mpmath) for states whose steps are far smaller than
the noise: a random walk z[0] ~ N(0, 10), z[t] ~ N(z[t-1], q), y[t] ~ N(z[t], 1), and a local linear trend
l[0] ~ N(0, 10), b[0] ~ N(0, 1), l[t] ~ N(l[t-1] + b[t-1], q), b[t] ~ N(b[t-1], q / 100), y[t] ~ N(l[t], 1).
Writes smallSteps.json: y, log evidence, means and standard deviations at some t."""
import json
import mpmath as mp

mp.mp.dps = 60
T, times = 300, [0, 1, 150, 298, 299]
y = [round(3 + float(mp.sin(7 * t)) + 0.01 * t, 6) for t in range(T)]


def smooth(F, Q, m, P):
    ms, Ps, ms0, Ps0, log = [], [], [], [], mp.mpf(0)
    for t, v in enumerate(y):
        if t:
            m, P = F * m, F * P * F.T + Q
        ms0.append(m.copy()); Ps0.append(P.copy())
        S, e = P[0, 0] + 1, mp.mpf(v) - m[0]
        log -= (mp.log(2 * mp.pi * S) + e * e / S) / 2
        K = P[:, 0] / S
        m, P = m + K * e, P - K * P[0, :]
        ms.append(m.copy()); Ps.append(P.copy())
    for t in range(T - 2, -1, -1):
        G = Ps[t] * F.T * Ps0[t + 1] ** -1
        ms[t], Ps[t] = ms[t] + G * (ms[t + 1] - ms0[t + 1]), Ps[t] + G * (Ps[t + 1] - Ps0[t + 1]) * G.T
    d = F.rows
    return {'logEvidence': float(log), 'mean': [[float(ms[t][k]) for t in times] for k in range(d)], 'sd': [[float(mp.sqrt(Ps[t][k, k])) for t in times] for k in range(d)]}


out = {'y': y, 'times': times, 'walk': {}, 'trend': {}}
for q in ['1e-4', '1e-6', '1e-8']:
    s = mp.mpf(float(q)) ** 2
    out['walk'][q] = smooth(mp.matrix([[1]]), mp.matrix([[s]]), mp.matrix([0]), mp.matrix([[100]]))
    r = mp.mpf(float(q) / 100) ** 2
    out['trend'][q] = smooth(mp.matrix([[1, 1], [0, 1]]), mp.matrix([[s, 0], [0, r]]), mp.matrix([0, 0]), mp.matrix([[100, 0], [0, 1]]))
json.dump(out, open(__file__.replace('.py', '.json'), 'w'))
