// B3: local level + AR(0.9), T=1000. "ffbs": each draw = full Kalman filter + backward sampling.
// "kalman": times filter + RTS smoother passes, prints log evidence and smoothed moments; the third
// argument repeats the series, each time 10 higher.
#include "common.h"
#ifndef MT
#define MT 4096
#endif
static int T, *tr, ntr; static double *y, phi, ql2, qa2, r2, P0l, P0a, ml[MT][2], mp[MT][2], P[MT][3], Pp[MT][3], st[MT][2], Ps[MT][3];
static double filter(void) { // P stored as (ll, la, aa)
  double ll = 0;
  for (int t = 0; t < T; t++) {
    if (!t) { mp[0][0] = mp[0][1] = 0; Pp[0][0] = P0l; Pp[0][1] = 0; Pp[0][2] = P0a; }
    else { mp[t][0] = ml[t-1][0]; mp[t][1] = phi*ml[t-1][1]; Pp[t][0] = P[t-1][0] + ql2; Pp[t][1] = phi*P[t-1][1]; Pp[t][2] = phi*phi*P[t-1][2] + qa2; }
    double g0 = Pp[t][0] + Pp[t][1], g1 = Pp[t][1] + Pp[t][2], S = g0 + g1 + r2, e = y[t] - mp[t][0] - mp[t][1];
    ml[t][0] = mp[t][0] + g0*e/S; ml[t][1] = mp[t][1] + g1*e/S;
    P[t][0] = Pp[t][0] - g0*g0/S; P[t][1] = Pp[t][1] - g0*g1/S; P[t][2] = Pp[t][2] - g1*g1/S;
    ll -= 0.5*(log(2*M_PI*S) + e*e/S);
  }
  return ll;
}
// gain G = P_t F' Pp_{t+1}^{-1}, F = diag(1,phi)
static inline void gain(int t, double G[4]) {
  double a = Pp[t+1][0], b = Pp[t+1][1], c = Pp[t+1][2], id = 1/(a*c - b*b), p = P[t][0], q = P[t][1], s = P[t][2];
  G[0] = (p*c - phi*q*b)*id; G[1] = (phi*q*a - p*b)*id; G[2] = (q*c - phi*s*b)*id; G[3] = (phi*s*a - q*b)*id;
}
static inline void draw(double *o, double m0, double m1, double a, double b, double c) {
  double l0 = sqrt(a), l1 = b/l0, l2 = sqrt(c - l1*l1), z = norm(); o[0] = m0 + l0*z; o[1] = m1 + l1*z + l2*norm();
}
static void sweep(void) {
  filter(); draw(st[T-1], ml[T-1][0], ml[T-1][1], P[T-1][0], P[T-1][1], P[T-1][2]);
  for (int t = T - 2; t >= 0; t--) {
    double G[4]; gain(t, G); double d0 = st[t+1][0] - mp[t+1][0], d1 = st[t+1][1] - mp[t+1][1];
    double a = Pp[t+1][0], b = Pp[t+1][1], c = Pp[t+1][2];
    double u0 = G[0]*a + G[1]*b, u1 = G[0]*b + G[1]*c, v0 = G[2]*a + G[3]*b, v1 = G[2]*b + G[3]*c;
    draw(st[t], ml[t][0] + G[0]*d0 + G[1]*d1, ml[t][1] + G[2]*d0 + G[3]*d1, P[t][0] - u0*G[0] - u1*G[1], P[t][1] - u0*G[2] - u1*G[3], P[t][2] - v0*G[2] - v1*G[3]);
  }
}
static void rts(void) { // smoothed means into st, covariances into Ps
  st[T-1][0] = ml[T-1][0]; st[T-1][1] = ml[T-1][1]; memcpy(Ps[T-1], P[T-1], 24);
  for (int t = T - 2; t >= 0; t--) {
    double G[4]; gain(t, G); double d0 = st[t+1][0] - mp[t+1][0], d1 = st[t+1][1] - mp[t+1][1];
    st[t][0] = ml[t][0] + G[0]*d0 + G[1]*d1; st[t][1] = ml[t][1] + G[2]*d0 + G[3]*d1;
    double a = Ps[t+1][0] - Pp[t+1][0], b = Ps[t+1][1] - Pp[t+1][1], c = Ps[t+1][2] - Pp[t+1][2];
    double u0 = G[0]*a + G[1]*b, u1 = G[0]*b + G[1]*c, v0 = G[2]*a + G[3]*b, v1 = G[2]*b + G[3]*c;
    Ps[t][0] = P[t][0] + u0*G[0] + u1*G[1]; Ps[t][1] = P[t][1] + u0*G[2] + u1*G[3]; Ps[t][2] = P[t][2] + v0*G[2] + v1*G[3];
  }
}
static void init(int c) {}
static void record(double *o) { for (int i = 0; i < ntr; i++) { o[2*i] = st[tr[i]-1][0]; o[2*i+1] = st[tr[i]-1][1]; } }
int main(int ac, char **av) {
  json_load(av[1]); y = json_arr("y", &T); phi = json_num("phi"); r2 = pow(json_num("r"), 2); ql2 = pow(json_num("q_level"), 2); qa2 = pow(json_num("q_ar"), 2);
  P0l = json_num("P0_level"); P0a = json_num("P0_ar"); double *q = json_arr("track_t", &ntr); tr = malloc(4*ntr); for (int i = 0; i < ntr; i++) tr[i] = q[i];
  if (!strcmp(av[7], "kalman")) {
    int rep = atoi(av[3]), N = T*rep, passes = 1 + 1000000/N; double *z = malloc(8*(size_t)N);
    if (N > MT) { fprintf(stderr, "compile with -DMT=%d\n", N); return 1; }
    for (int t = 0; t < N; t++) z[t] = y[t % T] + 10*(t/T);
    y = z; T = N;
    double ll = 0; printf("{\"pass_s\":[");
    for (int r = 0; r < 7; r++) { double t = now(); for (int i = 0; i < passes; i++) { y[0] += i & 1 ? 1e-12 : -1e-12; ll = filter(); rts(); } printf("%s%.9f", r ? "," : "", (now() - t)/passes); }
    printf("],\"logZ\":%.6f,\"post\":{", ll);
    for (int i = 0; i < ntr; i++) { int t = tr[i] - 1; printf("%s\"l%d\":[%.8f,%.8f],\"a%d\":[%.8f,%.8f]", i ? "," : "", tr[i], st[t][0], sqrt(Ps[t][0]), tr[i], st[t][1], sqrt(Ps[t][2])); }
    printf("}}\n"); return 0;
  }
  char h[2048] = ""; for (int i = 0; i < ntr; i++) sprintf(h + strlen(h), "%sl%d,a%d", i ? "," : "", tr[i], tr[i]);
  run_chains(av, init, sweep, record, 2*ntr, h);
}
