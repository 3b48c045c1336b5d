# Reference values for the programs of docs/recipes.md: R's own fits (lme4, survival, MASS, nnet, glm, lm), sums and integrals
# over grids, or likelihoods written out here and maximised by optim. Writes recipes.json, and recipes.data.json, the data as the page has them.
suppressMessages({library(jsonlite)})
set.seed(20); out <- list(); data <- list()
rounded <- function(x, d = 2) round(x, d)
maximise <- function(f, start) { o <- optim(start, f, control = list(fnscale = -1, maxit = 20000, reltol = 1e-14)); o <- optim(o$par, f, method = "BFGS", control = list(fnscale = -1, maxit = 20000, reltol = 1e-15)); o }

# t test: means over a grid of mean and log sd of each group, prior Normal(0, 10) and HalfNormal(10).
data$sleep <- data.frame(extra = sleep$extra, drug = ifelse(sleep$group == 1, "first", "second"))
group <- function(y) { m <- seq(-12, 14, length.out = 2601); l <- seq(log(0.2), log(60), length.out = 1500); g <- expand.grid(m = m, l = l); s <- exp(g$l)
  lp <- dnorm(g$m, 0, 10, log = TRUE) - s^2 / 200 + g$l - length(y) * g$l - (sum((y - mean(y))^2) + length(y) * (mean(y) - g$m)^2) / (2 * s^2)
  w <- exp(lp - max(lp)); w <- w / sum(w); c(mean = sum(w * g$m), sd = sqrt(sum(w * g$m^2) - sum(w * g$m)^2), sigma = sum(w * s)) }
a <- group(sleep$extra[1:10]); b <- group(sleep$extra[11:20])
out$ttest <- list(`mu[0]` = a[["mean"]], `mu[1]` = b[["mean"]], `sigma[0]` = a[["sigma"]], `sigma[1]` = b[["sigma"]], difference = b[["mean"]] - a[["mean"]])

f <- glm(am ~ wt, binomial, mtcars); data$cars <- data.frame(weight = mtcars$wt, manual = mtcars$am == 1); out$logistic <- list(a = coef(f)[[1]], b = coef(f)[[2]])
d <- data.frame(age = rep(c(40, 50, 60, 70, 80), 2), smoker = rep(c("yes", "no"), each = 5), deaths = c(32, 104, 206, 186, 102, 2, 12, 28, 28, 31), years = c(52407, 43248, 28612, 12663, 5317, 18790, 10673, 5710, 2585, 1462))
data$doctors <- d; f <- glm(deaths ~ smoker + I((age - 60) / 10) + I(((age - 60) / 10)^2) + offset(log(years / 1000)), poisson, d); out$poisson <- list(a = coef(f)[[1]], smoking = coef(f)[[2]], b = coef(f)[[3]], c = coef(f)[[4]])

data(sleepstudy, package = "lme4"); s <- subset(sleepstudy, Days %% 2 == 1 & Subject %in% c(308, 309, 330, 333, 335, 350, 371)); s$Subject <- droplevels(s$Subject); s$Reaction <- rounded(s$Reaction, 1)
data$reaction <- data.frame(subject = as.integer(as.character(s$Subject)), days = s$Days, reaction = s$Reaction)
f <- lme4::lmer(Reaction ~ Days + (1 | Subject) + (0 + Days | Subject), s, REML = FALSE); v <- as.data.frame(lme4::VarCorr(f)); out$slopes <- list(a = lme4::fixef(f)[[1]], b = lme4::fixef(f)[[2]], s_a = v$sdcor[1], s_b = v$sdcor[2], sigma = v$sdcor[3])

x <- MASS::geyser$waiting[1:40]; data$waiting <- list(waiting = x)
o <- maximise(function(p) sum(log(plogis(p[1]) * dnorm(x, p[2], exp(p[4])) + plogis(-p[1]) * dnorm(x, p[3], exp(p[5])))), c(0, 55, 80, 2, 2)); out$mixture <- list(`w[0]` = plogis(o$par[1]), `mu[0]` = o$par[2], `mu[1]` = o$par[3], `sigma[0]` = exp(o$par[4]), `sigma[1]` = exp(o$par[5]))

y <- as.vector(table(factor(floor(boot::coal$date), levels = 1851:1962))); data$coal <- list(disasters = y); n <- length(y)
# Poisson counts, Gamma(1, 1) rates before and after: the marginal likelihood of every place.
lm1 <- function(s, k) lgamma(1 + s) - (1 + s) * log(1 + k); l <- sapply(1:(n - 1), function(t) lm1(sum(y[1:t]), t) + lm1(sum(y[(t + 1):n]), n - t)); w <- exp(l - max(l)); w <- w / sum(w)
out$changepoint <- list(year = sum(w * (1851 + 1:(n - 1))), early = sum(w * sapply(1:(n - 1), function(t) (1 + sum(y[1:t])) / (1 + t))), late = sum(w * sapply(1:(n - 1), function(t) (1 + sum(y[(t + 1):n])) / (1 + n - t))))

x <- MASS::mcycle[seq(1, 133, by = 4), ]; data$mcycle <- list(times = x$times, accel = x$accel / 10); D <- outer(x$times, x$times, "-")^2
o <- maximise(function(p) { K <- exp(2 * p[1]) * exp(-D / (2 * exp(2 * p[2]))) + exp(2 * p[3]) * diag(nrow(x)); L <- chol(K); z <- backsolve(L, x$accel / 10, transpose = TRUE); -sum(log(diag(L))) - sum(z^2) / 2 - nrow(x) * log(2 * pi) / 2 }, c(1.5, 1.5, 1)); out$gp <- list(amplitude = exp(o$par[1]), width = exp(o$par[2]), noise = exp(o$par[3]))

l <- survival::leukemia; data$leukemia <- data.frame(weeks = l$time, relapse = l$status, maintained = ifelse(l$x == "Maintained", "yes", "no")); f <- survival::survreg(survival::Surv(time, status) ~ x, l, dist = "weibull")
out$survival <- list(a = coef(f)[[1]] + coef(f)[[2]], b = -coef(f)[[2]], shape = 1 / f$scale)

y <- as.numeric(lh); data$lh <- list(y = y); k <- length(y); f <- lm(y[3:k] ~ y[2:(k - 1)] + y[1:(k - 2)]); out$ar <- list(c = coef(f)[[1]], `phi[0]` = coef(f)[[2]], `phi[1]` = coef(f)[[3]], sigma = sqrt(mean(resid(f)^2)))

m <- 36; dose <- rep(0:5, each = 6); u <- 0.6 * dose + rlogis(m); r <- cut(u, c(-Inf, 0.8, 2.4, Inf), labels = c("low", "medium", "high"), ordered_result = TRUE); data$relief <- data.frame(dose = dose, relief = r); f <- MASS::polr(r ~ dose); out$ordinal <- list(b = coef(f)[[1]], `cut[0]` = f$zeta[[1]], `cut[1]` = f$zeta[[2]])

y <- c(13,14,8,10,16,26,32,27,18,32,36,24,22,23,22,18,25,21,21,14,8,11,14,23,18,17,19,20,22,19,13,26,13,14,22,24,21,22,26,21,23,24,27,41,31,27,35,26,28,36,39,21,17,22,17,19,15,34,10,15,22,18,15,20,15,22,19,16,30,27,29,23,20,16,21,21,25,16,18,15,18,14,10,15,8,15,6,11,8,7,18,16,13,12,13,20,15,16,12,18,15,16,13,15,16,11,11)
data$quakes <- list(y = y, K = 2)
o <- maximise(function(p) { P <- rbind(c(plogis(p[1]), plogis(-p[1])), c(plogis(-p[2]), plogis(p[2]))); lam <- exp(p[3:4]); f <- c(.5, .5) * dpois(y[1], lam); ll <- log(sum(f)); f <- f / sum(f); for (t in 2:length(y)) { f <- as.vector(f %*% P) * dpois(y[t], lam); ll <- ll + log(sum(f)); f <- f / sum(f) }; ll }, c(2, 2, log(15), log(26)))
out$hmm <- list(`P[0,0]` = plogis(o$par[1]), `P[1,1]` = plogis(o$par[2]), `rate[0]` = exp(o$par[3]), `rate[1]` = exp(o$par[4]))

x <- rounded(rnorm(60), 1); y <- rbinom(60, 1, 0.65) * rpois(60, exp(0.8 + 0.5 * x)); data$fish <- list(x = x, y = y)
o <- maximise(function(p) { lam <- exp(p[1] + p[2] * x); sum(log(ifelse(y == 0, p0 <- plogis(p[3]) + plogis(-p[3]) * exp(-lam), plogis(-p[3]) * dpois(y, lam)))) }, c(0, 0, 0)); out$zeroinflated <- list(a = o$par[1], b = o$par[2], share = plogis(o$par[3]))

i <- c(1:12, 25:36, 60:71, 90:101, 110:121); b <- MASS::birthwt[order(MASS::birthwt$lwt), ][1:189 %% 4 == 0, ]; data$choice <- list(race = b$race - 1, smoke = b$smoke, age = b$age); f <- nnet::multinom(factor(race) ~ smoke + I((age - 23) / 5), b, trace = FALSE, reltol = 1e-14, maxit = 10000); k <- coef(f); out$multinomial <- list(`a[0]` = k[1, 1], `a[1]` = k[2, 1], `b[0]` = k[1, 2], `b[1]` = k[2, 2], `c[0]` = k[1, 3], `c[1]` = k[2, 3])
write_json(out, "recipes.json", auto_unbox = TRUE, digits = 7, pretty = TRUE); write_json(data, "recipes.data.json", auto_unbox = TRUE, digits = 7, dataframe = "columns")
