"""Coefficients of the approximations in src/numeric/special/, computed with mpmath.

Each is the rational function p/q that interpolates f at Chebyshev points (near-minimax), or the
Taylor coefficients of an asymptotic expansion. Prints the arguments' intervals, the largest
relative error found on a dense grid, and TypeScript constants.
Run: python3 test/reference/special.coefficients.py
"""
from mpmath import mp, mpf, matrix, lu_solve, cos, pi, sqrt, erfc, erf, exp, log, loggamma, digamma, findroot
from mpmath import zeta, taylor, bernoulli, nstr, erfinv, linspace

mp.dps = 60


def rational(f, a, b, n, m):
    """p of degree n, q of degree m with q(0) = 1 and p/q = f at n+m+1 Chebyshev points of [a, b]."""
    count = n + m + 1
    a, b = mpf(a), mpf(b)
    points = [(a + b) / 2 + (b - a) / 2 * cos(pi * (2 * i + 1) / (2 * count)) for i in range(count)]
    system, right = matrix(count, count), matrix(count, 1)
    for i, x in enumerate(points):
        y = f(x)
        for j in range(n + 1):
            system[i, j] = x ** j
        for j in range(1, m + 1):
            system[i, n + j] = -y * x ** j
        right[i] = y
    solution = lu_solve(system, right)
    p = [mpf(float(solution[i])) for i in range(n + 1)]
    q = [mpf(1)] + [mpf(float(solution[n + i])) for i in range(1, m + 1)]

    def value(x):
        return sum(c * x ** i for i, c in enumerate(p)) / sum(c * x ** i for i, c in enumerate(q))
    worst = max(abs(value(x) / f(x) - 1) for x in linspace(a + (b - a) * mpf('1e-9'), b - (b - a) * mpf('1e-9'), 400))
    return p, q, worst


def horner(coefficients, variable):
    text = nstr(coefficients[-1], 17)
    for c in reversed(coefficients[:-1]):
        text = f"{nstr(c, 17)} + {variable} * ({text})"
    return text


def show(name, f, a, b, n, m, variable):
    p, q, worst = rational(f, a, b, n, m)
    print(f"// {name} on [{nstr(mpf(a), 8)}, {nstr(mpf(b), 8)}], relative error {nstr(worst, 2)}")
    print("numerator:  ", horner(p, variable))
    print("denominator:", horner(q, variable))
    print()


# log gamma(2 + s) / s
show('lgamma(2+s)/s', lambda s: loggamma(2 + s) / s if abs(s) > mpf('1e-40') else 1 - mp.euler, -0.5, 0.5, 7, 6, 's')
# erf(x) / x as a function of x^2
show('erf(x)/x', lambda w: erf(sqrt(w)) / sqrt(w), mpf('1e-30'), 1, 5, 5, 'w')
# erfcx
erfcx = lambda x: exp(x * x) * erfc(x)
show('erfcx(x)', lambda d: erfcx(d + mpf('1.25')), -0.75, 0.75, 6, 6, 'd')
show('erfcx(x)', lambda d: erfcx(d + mpf(3)), -1, 1.5, 6, 6, 'd')
# x erfcx(x) as a function of 1/x^2, x >= 4.5
show('x erfcx(x)', lambda w: erfcx(1 / sqrt(w)) / sqrt(w), mpf('1e-4'), 1 / mpf('4.5') ** 2, 5, 5, 'w')
# digamma on [1, 2], root divided out
root = findroot(digamma, mpf('1.4616321449683623'))
high = mpf(float(root))
low = mpf(float(root - high))
print('// root of digamma', nstr(high, 17), nstr(low, 17))
show('digamma(x)/(x-root)', lambda s: digamma(1 + s) / (1 + s - root), mpf('0'), mpf('1'), 6, 6, 's')
# normal quantile: (centre) quantile(1/2 + q)/q of q^2; (tails) of r = sqrt(-log p)
quantile = lambda p: findroot(lambda z: log(erfc(-z / sqrt(mpf(2))) / 2) - log(p),
                              -sqrt(-2 * log(p)) + log(4 * pi * -log(p)) / (2 * sqrt(-2 * log(p))) if p < 0.08 else sqrt(mpf(2)) * erfinv(2 * p - 1))
show('quantile(1/2+q)/q, v = 0.180625 - q^2', lambda v: sqrt(mpf(2)) * erfinv(2 * sqrt(mpf('0.180625') - v)) / sqrt(mpf('0.180625') - v),
     mpf(0), mpf('0.180625') - mpf('1e-25'), 8, 8, 'v')
for low_end, high_end, degree in ((mpf('1.6'), mpf(4), 7), (mpf(4), mpf(12), 6), (mpf(12), mpf('27.5'), 6)):
    show(f'-quantile(exp(-r^2)), d = r - {nstr(low_end, 3)}', lambda d: -quantile(exp(-(d + low_end) ** 2)), 0, high_end - low_end, degree, degree, 'd')
# log1p(x) - x, divided by x^2
show('(log1p(x)-x)/x^2', lambda x: (mp.log1p(x) - x) / x ** 2 if x != 0 else mpf('-0.5'), mpf('-0.3'), mpf('0.45'), 6, 6, 'x')
# Temme's uniform expansion (DLMF 8.12): Q(a, x) = erfc(eta sqrt(a/2))/2 + exp(-a eta^2/2)/sqrt(2 pi a) sum c_k(eta) a^-k
mp.dps = 100


def temme(orders, degree):
    total = degree + 2 * orders + 4
    # mu = lambda - 1 as a series in eta: eta^2/2 = mu - log(1 + mu)
    mu = [mpf(0), mpf(1)]
    for n in range(2, total + 2):
        # coefficient alpha_n from DLMF 8.12.? recurrence: eta (1 + mu) = mu mu'
        # sum_{i} alpha_i (n+1-i) alpha_{n+1-i} = alpha_{n-1} + [n == 1]
        s = sum(mu[i] * (n + 1 - i) * mu[n + 1 - i] for i in range(2, n))
        mu.append((mu[n - 1] - s) / (n + 1))
    # 1/mu = (1/eta) r(eta)
    m1 = mu[1:]
    r = [mpf(1)]
    for n in range(1, len(m1)):
        r.append(-sum(m1[i] * r[n - i] for i in range(1, n + 1)))
    # Stirling coefficients g_k: Gamma(a) ~ sqrt(2 pi/a) (a/e)^a sum g_k a^-k
    e = [mpf(0)] + [bernoulli(k + 1) / (k * (k + 1)) if k % 2 == 1 else mpf(0) for k in range(1, orders + 1)]
    g = [mpf(1)]
    for n in range(1, orders + 1):
        g.append(sum(i * e[i] * g[n - i] for i in range(1, n + 1)) / n)
    rows = []
    current = r[1:]                       # c_0 = 1/mu - 1/eta
    rows.append(current)
    for k in range(1, orders):
        derivative = [(i + 1) * current[i + 1] for i in range(len(current) - 1)]
        # c_k = (1/eta) c_{k-1}' + (-1)^k g_k / mu; the poles cancel
        nxt = [derivative[i + 1] + (-1) ** k * g[k] * r[i + 1] for i in range(len(derivative) - 1)]
        pole = derivative[0] + (-1) ** k * g[k] * r[0]
        assert abs(pole) < mpf('1e-60'), pole
        current = nxt
        rows.append(current)
    return rows


print('// Temme coefficients')
for k, row in enumerate(temme(11, 26)):
    # terms matter while |c| 0.6^j 20^-k > 1e-18
    keep = [c for j, c in enumerate(row) if abs(c) * mpf('0.6') ** j * mpf(20) ** -k > mpf('2e-18')]
    print('[' + ', '.join(nstr(c, 17) for c in row[:len(keep)]) + '],')
