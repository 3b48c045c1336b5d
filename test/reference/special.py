"""Reference values of src/numeric/special/, by mpmath with 60 digits (400 where 1 - P is formed).

Writes test/reference/special.json: for each function a list of [arguments..., value].
Incomplete gamma and beta functions are summed from their positive series (DLMF 8.7.1 in the form
sum x^n/(a+1)_n, 8.17.8), which needs no cancellation.
Run: python3 test/reference/special.py
"""
import json
import pathlib
from mpmath import (mp, mpf, erf, erfc, exp, log, loggamma, digamma, psi, sqrt, findroot, erfinv, pi, nstr,
                    log1p, gamma, fabs, diff)

mp.dps = 60


def ncdf(x):
    return erfc(-x / sqrt(mpf(2))) / 2


def gamma_p(a, x):
    a, x = mpf(a), mpf(x)
    term = mpf(1)
    total = mpf(1)
    n = 0
    while True:
        n += 1
        term *= x / (a + n)
        total += term
        if term < total * mpf(10) ** -(mp.dps + 3):
            break
    return exp(a * log(x) - x - loggamma(a + 1)) * total


def gamma_q(a, x):
    with mp.workdps(400):
        return 1 - gamma_p(a, x)


def beta_i(x, a, b):
    x, a, b = mpf(x), mpf(a), mpf(b)
    term = mpf(1)
    total = mpf(1)
    n = 0
    while True:
        term *= (a + b + n) / (a + 1 + n) * x
        n += 1
        total += term
        if term < total * mpf(10) ** -(mp.dps + 3) and n > 10:
            break
    return exp(a * log(x) + b * log1p(-x) - loggamma(a) - loggamma(b) + loggamma(a + b)) / a * total


def beta_i_full(x, a, b):
    # Above the mean through the complement, which is then the one without many terms.
    if mpf(x) > mpf(a) / (mpf(a) + mpf(b)) and 1 - mpf(x) < mpf(x):
        with mp.workdps(400):
            return 1 - beta_i(1 - mpf(x), b, a)
    return beta_i(x, a, b)


def student(t, df):
    t, df = mpf(t), mpf(df)
    x = df / (df + t * t)
    y = t * t / (df + t * t)
    if x < mpf('0.9'):
        tail = beta_i(x, df / 2, mpf(1) / 2) / 2
    else:
        with mp.workdps(400):
            tail = (1 - beta_i(y, mpf(1) / 2, df / 2)) / 2
    return tail if t < 0 else 1 - tail


def nquantile(p):
    p = mpf(p)
    if p > mpf('0.05') and p < mpf('0.95'):
        return sqrt(mpf(2)) * erfinv(2 * p - 1)
    if p > mpf('0.5'):
        return -nquantile(1 - p)
    r = sqrt(-2 * log(p))
    return findroot(lambda z: log(ncdf(z)) - log(p), -r + log(2 * pi * r * r) / (2 * r))


def lbeta(a, b):
    return loggamma(mpf(a)) + loggamma(mpf(b)) - loggamma(mpf(a) + mpf(b))


def lgamma_real(x):
    return log(fabs(gamma(mpf(x)))) if x < 170 else loggamma(mpf(x))


positive = [1e-300, 1e-20, 1e-8, 1e-3, 0.1, 0.3, 0.4999, 0.5, 0.7, 0.9, 0.999999, 1.0000001, 1.2, 1.4616, 1.4616321449683622,
            1.5, 1.9, 1.99999, 2.00001, 2.3, 2.5, 3, 3.7, 4.5, 5.5, 6.99, 7, 7.5, 7.99, 8, 8.5, 12.3, 30, 123.4, 1e3, 1e6, 1e10, 1e15]
negative = [-0.3, -0.5, -1.5, -2.25, -7.9, -20.75]
line = [-40, -30, -10, -5, -3, -1.5, -1.2, -1, -0.99, -0.84, -0.5, -0.3, -1e-3, -1e-12, 0, 1e-12, 0.01, 0.25, 0.4999, 0.5, 0.6, 0.9,
        1, 1.1, 1.25, 1.7, 1.9999, 2, 2.5, 3.1, 4.4999, 4.5, 5.5, 7, 12, 20, 26.4]
shapes = [1e-4, 0.01, 0.3, 0.9, 1, 1.7, 5, 12.5, 19.9, 20, 50, 99, 300, 1e3, 1e4, 1e5, 1e6]
pairs = []
for a in shapes:
    s = float(sqrt(mpf(a)))
    for x in [a * 0.1, a * 0.5, a * 0.62, a - 3 * s, a - s, a - 0.01 * s, a, a + 0.01 * s, a + s, a + 3 * s, a * 1.3, a * 1.39, a * 1.41, a * 3, a + 30]:
        if x > 0 and (a < 2000 or abs(x - a) < 35 * s):
            pairs.append((a, float(x)))
for a in [1e-4, 0.01, 0.3, 1, 2.5]:
    for x in [1e-200, 1e-10, 0.05, 0.3, 0.6, 1, 1.05, 1.2, 2, 10, 100, 600]:
        pairs.append((a, x))
triples = []
for a, b in [(0.5, 0.5), (0.02, 0.7), (0.1, 3), (1, 1), (1, 5), (2, 3), (5, 0.5), (30, 2), (40, 60), (0.3, 200), (200, 0.7), (1e3, 2e3),
             (1e4, 1e4), (5, 1e5), (1e5, 3)]:
    for x in [1e-100, 1e-8, 1e-3, 0.05, 0.2, 0.3333, 0.4, 0.5, 0.6, 0.8, 0.95, 0.999]:
        triples.append((x, a, b))
    m = a / (a + b)
    s = float(sqrt(mpf(a) * b / ((a + b) ** 2 * (a + b + 1))))
    for k in [-5, -2, -0.5, 0.5, 2, 5]:
        if 0 < m + k * s < 1:
            triples.append((m + k * s, a, b))

table = {}


def add(name, function, arguments):
    rows = []
    for values in arguments:
        values = values if isinstance(values, tuple) else (values,)
        try:
            value = function(*[mpf(v) for v in values])
        except Exception as problem:
            raise RuntimeError(f"{name}{values}: {problem}")
        number = float(value)
        # Subnormal results have no relative accuracy to test.
        if number != 0 and abs(number) < 1e-300:
            continue
        rows.append([*values, number])
    table[name] = rows


add('lgamma', lgamma_real, positive + negative)
add('digamma', digamma, positive[1:] + negative)
add('trigamma', lambda x: psi(1, x), positive[2:] + negative)
add('tetragamma', lambda x: psi(2, x), positive[3:])
add('erf', erf, line)
add('erfc', erfc, line)
add('erfcx', lambda x: exp(x * x) * erfc(x), [x for x in line if x > -20] + [50, 1e3, 1e8])
add('Phi', ncdf, line + [-37.3, -36.123456789, -15.7, -8.3])
add('logPhi', lambda x: log1p(-ncdf(-x)) if x > 0 else log(ncdf(x)), [-1e5, -1e3, -100, -37.5] + [x for x in line if x < 8])
add('inverseMills', lambda x: exp(-x * x / 2) / sqrt(2 * pi) / ncdf(x), [-1e4, -100] + [x for x in line if x < 30])
add('normalQuantile', nquantile, [1e-300, 1e-200, 1e-63, 1e-62, 1e-40, 1e-17, 1.2e-7, 1.1e-7, 1e-4, 0.01, 0.0749, 0.0751, 0.1, 0.3, 0.45, 0.49999,
                                  0.500001, 0.6, 0.9, 0.92, 0.93, 0.99, 0.9999, 1 - 2 ** -20, 1 - 2 ** -40])
add('lbeta', lbeta, [(a, b) for a in [1e-10, 0.01, 0.5, 1, 3.3, 7.9, 8.1, 50, 1e4, 1e9] for b in [1e-5, 0.3, 1.5, 6, 9, 300, 1e8]])
add('lchoose', lambda n, k: loggamma(n + 1) - loggamma(k + 1) - loggamma(n - k + 1),
    [(5, 2), (10, 5), (100, 3), (1000, 500), (1e9, 2), (1e9, 5e8), (1e15, 3), (6.5, 2.25)])
def wide(f):
    """The same with digits for differences of what is 1e100 large."""
    def evaluate(*x):
        with mp.workdps(300):
            return f(*[mpf(v) for v in x])
    return evaluate


# Rises of one sign: relative errors are told where nothing crosses 0.
rises = [(r, x) for r in [1e-12, 0.01, 0.7, 3.3, 7.9, 8.1, 60, 1e5, 1e10, 1e15, 1e18, 1e30, 1e100] for x in [1, 2, 7, 30, 2.5, 1e3, 1e8]]
add('logRisingFactorial', wide(lambda r, x: loggamma(r + x) - loggamma(r)), [(r, x) for r, x in rises if r > 1])
add('digammaRise', wide(lambda r, x: digamma(r + x) - digamma(r)), rises)
# q decides, as p = 1 - q has no digits where q is small.
add('logNegativeBinomialMass',
    wide(lambda x, r, p, q: loggamma(r + x) - loggamma(r) - loggamma(x + 1) + r * log1p(-q) + x * log(q)),
    [(x, r, 1 - m / (r + m), m / (r + m)) for m in [0.3, 10, 2e4] for x in [0, 1, 12, 19000] for r in [1e3, 1e10, 1e15, 1e18, 1e30]])
add('stirlingError', lambda x: loggamma(x + 1) - (x + mpf(1) / 2) * log(x) + x - log(2 * pi) / 2, [0.5, 1, 3, 7.9, 8, 15, 100, 1e6])
add('gammaP', gamma_p, pairs)
add('gammaQ', gamma_q, pairs)
add('betaI', beta_i_full, triples)
add('studentCdf', student, [(t, df) for df in [0.1, 0.5, 1, 2, 3.5, 10, 100, 1e4] for t in [-1e10, -1000, -40, -8, -2, -1, -0.3, -1e-6, 0.5, 3, 20]])

mp.dps = 40
add('gammaPShapeDerivative', lambda a, x: diff(lambda s: gamma_p(s, x), a), [(a, x) for a in [0.1, 0.7, 3, 15, 60] for x in [0.01, 0.5, 2, 10, 30, 90] if x < 20 * a + 20])
add('betaIFirstDerivative', lambda x, a, b: diff(lambda s: beta_i(x, s, b), a), [(x, a, b) for a in [0.2, 2, 30] for b in [0.5, 4, 20] for x in [0.01, 0.3, 0.7]])
add('betaISecondDerivative', lambda x, a, b: diff(lambda s: beta_i(x, a, s), b), [(x, a, b) for a in [0.2, 2, 30] for b in [0.5, 4, 20] for x in [0.01, 0.3, 0.7]])
add('studentCdfDerivative', lambda t, df: diff(lambda s: student(t, s), df), [(t, df) for df in [0.5, 3, 40] for t in [-30, -2, -0.4, 0.7, 5]])

path = pathlib.Path(__file__).with_suffix('.json')
path.write_text('{\n' + ',\n'.join(f'  {json.dumps(name)}: {json.dumps(rows)}' for name, rows in table.items()) + '\n}\n')
print({name: len(rows) for name, rows in table.items()})
