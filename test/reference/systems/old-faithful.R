# 10-old-faithful by JAGS. Sigma ~ InverseWishart(4, S) is 1/Sigma ~ dwish(S, 4) in JAGS's parameters.
source(file.path(dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))), "common.R"))
x <- as.matrix(read.csv(file.path(examples, "10-old-faithful/faithful.csv")))
centre <- colMeans(x); scale <- apply(x, 2, sd); y <- sweep(sweep(x, 2, centre), 2, scale, "/")
model <- "model {
  w ~ ddirch(alpha)
  for (k in 1:2) {
    mu[k, 1:2] ~ dmnorm(zero, P0)
    P[k, 1:2, 1:2] ~ dwish(S, 4)
    logdet[k] <- -log(P[k, 1, 1] * P[k, 2, 2] - P[k, 1, 2] * P[k, 2, 1])
  }
  for (n in 1:N) {
    z[n] ~ dcat(w)
    y[n, 1:2] ~ dmnorm(mu[z[n], 1:2], P[z[n], 1:2, 1:2])
  }
}"
report <- function(draws) {
  a <- centre[1] + scale[1] * draws[, c("mu[1,1]", "mu[2,1]")]; b <- centre[2] + scale[2] * draws[, c("mu[1,2]", "mu[2,2]")]
  cbind(shortEruption = apply(a, 1, min), longEruption = apply(a, 1, max), shortWait = apply(b, 1, min), longWait = apply(b, 1, max),
        purity = rowSums(draws[, c("w[1]", "w[2]")]^2), volume = rowSums(draws[, c("logdet[1]", "logdet[2]")]))
}
result <- run_jags(model, list(N = nrow(y), y = y, alpha = c(2, 2), zero = c(0, 0), P0 = diag(2) / 4, S = 0.5 * diag(2)),
                   list(mu = rbind(c(-1.2, -1.2), c(0.7, 0.7))), c("w", "mu", "logdet"), 8000, report = report)
write_reference("old-faithful", "four chains of 8,000 sweeps after 1,000", list(posterior = list(quantities = result)))
