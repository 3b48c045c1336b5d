# JAGS: Rscript run.R CASE DATA.json OUT [SECONDS]. Writes OUT.csv (chain, draw, one column a scalar)
# and OUT.json (seconds of set-up, warm-up and sampling by chain). The number of sweeps is
# calibrated so that a chain samples for about SECONDS.
suppressMessages({ library(rjags); library(jsonlite); library(data.table) })
arguments <- commandArgs(TRUE)
case <- arguments[1]; d <- fromJSON(arguments[2]); out <- arguments[3]; budget <- if (length(arguments) > 3) as.numeric(arguments[4]) else 4
clock <- function() unname(proc.time()[3])

# Cases: model text, data, starting values, monitored nodes, names in our order, modules, length of adaptation and burn-in.
mixture <- function() list(
  # Coordinates apart: JAGS samples dnorm means far faster than dmnorm ones, and the law is the same.
  model = "model {
    w ~ ddirch(alpha)
    for (k in 1:K) { mu[k, 1] ~ dnorm(0, t0)
      mu[k, 2] ~ dnorm(0, t0) }
    for (i in 1:N) { z[i] ~ dcat(w)
      x[i, 1] ~ dnorm(mu[z[i], 1], tau)
      x[i, 2] ~ dnorm(mu[z[i], 2], tau) }
  }",
  data = list(N = d$N, K = 4, alpha = d$alpha, x = d$x, t0 = 1 / d$Sigma0[1, 1], tau = 1 / d$Sigma[1, 1]),
  start = list(mu = d$init_mu, w = rep(1 / 4, 4)), monitor = c("w", "mu"), modules = character(0),
  rename = function(names) {
    names <- sub("^w\\[(\\d)\\]", "pi\\1", names)
    sub("^mu\\[(\\d),1\\]", "mu\\1x", sub("^mu\\[(\\d),2\\]", "mu\\1y", names))
  })
cases <- list(
  "mixture-400" = function() c(mixture(), list(adapt = 100, burn = 200, chains = 4)),
  "mixture-10000" = function() c(mixture(), list(adapt = 5, burn = 50, chains = 1)),
  "regression" = function() list(
    model = "model {
      tau ~ dgamma(a0, b0)
      s2 <- 1 / tau
      for (j in 1:d) { w[j] ~ dnorm(0, p0 * tau) }
      m <- X %*% w
      for (i in 1:N) { y[i] ~ dnorm(m[i], tau) }
    }",
    data = list(N = d$N, d = d$d, X = d$X, y = d$y, p0 = 1 / d$tau0^2, a0 = d$a0, b0 = d$b0),
    start = list(), monitor = c("w", "s2"), modules = "glm", rename = function(names) gsub("[][,]", "", names),
    adapt = 500, burn = 500, chains = 4))

# Scales as precisions of Normal effects; indices begin at 1. NAME-glm is NAME with the glm module.
hierarchy <- function(model, data, monitor) function() list(
  model = paste("model {", model, "}"), data = data(), start = list(), monitor = monitor,
  modules = if (grepl("-glm$", case)) "glm" else character(0), rename = function(names) gsub("[][,]", "", names),
  adapt = 1000, burn = 1000, chains = 4)
hierarchies <- list(
  "eight-schools" = hierarchy("
    mu ~ dnorm(0, 0.04)
    tau ~ dt(0, 0.04, 1) T(0, )
    for (j in 1:J) { theta[j] ~ dnorm(mu, 1 / tau^2)
      y[j] ~ dnorm(theta[j], 1 / s[j]^2) }",
    function() d, c("mu", "tau", "theta")),
  "local-level" = hierarchy("
    drift ~ dnorm(0, 1) T(0, )
    noise ~ dnorm(0, 0.25) T(0, )
    z[1] ~ dnorm(0, 0.04)
    for (t in 2:T) { z[t] ~ dnorm(z[t - 1], 1 / drift^2) }
    for (t in 1:T) { y[t] ~ dnorm(z[t], 1 / noise^2) }",
    function() list(T = length(d$y), y = d$y), c("drift", "noise")),
  "growth-curves" = hierarchy("
    ma ~ dnorm(0, 0.0004)
    mb ~ dnorm(0, 0.01)
    ta ~ dnorm(0, 0.04) T(0, )
    tb ~ dnorm(0, 0.25) T(0, )
    sigma ~ dnorm(0, 1 / 9) T(0, )
    for (j in 1:J) { a[j] ~ dnorm(ma, 1 / ta^2)
      b[j] ~ dnorm(mb, 1 / tb^2) }
    for (n in 1:N) { y[n] ~ dnorm(a[g[n] + 1] + b[g[n] + 1] * t[n], 1 / sigma^2) }",
    function() c(d, N = length(d$y)), c("ma", "mb", "ta", "tb", "sigma")),
  "logistic-regression" = hierarchy("
    b0 ~ dnorm(0, 0.04)
    for (k in 1:D) { b[k] ~ dnorm(0, 0.25) }
    for (n in 1:N) { y[n] ~ dbern(p[n])
      logit(p[n]) <- b0 + inprod(X[n, ], b) }",
    function() list(N = nrow(d$X), D = ncol(d$X), X = d$X, y = d$y), c("b0", "b")),
  "nested-effects" = hierarchy("
    b0 ~ dnorm(0, 0.04)
    ss ~ dnorm(0, 1) T(0, )
    sv ~ dnorm(0, 1) T(0, )
    for (j in 1:S) { u[j] ~ dnorm(b0, 1 / ss^2) }
    for (k in 1:C) { v[k] ~ dnorm(u[school[k] + 1], 1 / sv^2) }
    for (n in 1:N) { y[n] ~ dbern(p[n])
      logit(p[n]) <- v[class[n] + 1] }",
    function() c(d, C = length(d$school), N = length(d$y)), c("b0", "ss", "sv")),
  "crossed-effects" = hierarchy("
    b0 ~ dnorm(0, 0.04)
    b1 ~ dnorm(0, 0.25)
    sa ~ dnorm(0, 1) T(0, )
    sc ~ dnorm(0, 1) T(0, )
    for (j in 1:J) { a[j] ~ dnorm(0, 1 / sa^2) }
    for (k in 1:K) { c[k] ~ dnorm(0, 1 / sc^2) }
    for (n in 1:N) { y[n] ~ dpois(l[n])
      log(l[n]) <- b0 + b1 * x[n] + a[g[n] + 1] + c[h[n] + 1] }",
    function() c(d, N = length(d$y)), c("b0", "b1", "sa", "sc")))

chosen <- c(cases, hierarchies)[[sub("-glm$", "", case)]]()
for (name in chosen$modules) load.module(name, quiet = TRUE)
draws <- list(); seconds <- list(); sweeps <- NULL
for (chain in seq_len(chosen$chains)) {
  t0 <- clock()
  start <- c(chosen$start, list(.RNG.name = "base::Mersenne-Twister", .RNG.seed = 100 + chain))
  model <- jags.model(textConnection(chosen$model), chosen$data, start, n.chains = 1, n.adapt = 0, quiet = TRUE)
  t1 <- clock()
  invisible(adapt(model, chosen$adapt, end.adaptation = TRUE, progress.bar = "none")); update(model, chosen$burn, progress.bar = "none")
  t2 <- clock()
  if (is.null(sweeps)) {
    n <- max(20, min(chosen$burn, 200)); update(model, n, progress.bar = "none")
    sweeps <- max(100, min(20000, round(budget * n / max(clock() - t2, 1e-3))))
  }
  t3 <- clock()
  s <- as.matrix(coda.samples(model, chosen$monitor, n.iter = sweeps, progress.bar = "none")[[1]])
  t4 <- clock()
  colnames(s) <- chosen$rename(colnames(s))
  draws[[chain]] <- data.table(chain = chain, draw = seq_len(nrow(s)), s)
  seconds[[chain]] <- list(setup = t1 - t0, warmup = t2 - t1, sampling = t4 - t3, sweeps = sweeps)
}
fwrite(rbindlist(draws), paste0(out, ".csv"))
writeLines(toJSON(list(version = paste("JAGS", as.character(jags.version())), chains = seconds), auto_unbox = TRUE, digits = 8), paste0(out, ".json"))
