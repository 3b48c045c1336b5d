# Mixed models of nlme's Orthodont by lme4 (maximum likelihood and REML): estimates, log likelihoods, predictions of
# the random effects; standard errors from the curvature of the dense marginal likelihood (numDeriv). StructTS on the Nile.
# Rscript test/reference/mixedModels.R > test/reference/mixedModels.json
suppressPackageStartupMessages({ library(jsonlite); library(nlme); library(lme4); library(numDeriv) })
options(digits = 17)
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 1e-2, rhoend = 1e-12, maxfun = 1e6), calc.derivs = FALSE)
d <- as.data.frame(Orthodont)
d$Subject <- factor(as.character(d$Subject))
X <- cbind(1, d$age)
Z <- model.matrix(~ Subject - 1, d)

fit <- function(formula, reml) lmer(formula, d, REML = reml, control = tight)
values <- function(f) {
  v <- as.data.frame(VarCorr(f))
  list(fixed = unname(fixef(f)), variance = v$vcov, sd = v$sdcor, logLik = as.numeric(logLik(f)), random = unname(as.matrix(ranef(f)$Subject)))
}
# log N(y; X b, su^2 Z Z' + s^2 I) at (b0, b1, su, s).
marginal <- function(p) {
  V <- p[3]^2 * tcrossprod(Z) + p[4]^2 * diag(nrow(d)); R <- chol(V); r <- backsolve(R, d$distance - X %*% p[1:2], transpose = TRUE)
  -nrow(d) / 2 * log(2 * pi) - sum(log(diag(R))) - sum(r^2) / 2
}
intercept <- fit(distance ~ age + (1 | Subject), FALSE)
at <- c(fixef(intercept), sqrt(unlist(VarCorr(intercept))), sigma(intercept))
optimum <- optim(at, marginal, method = "BFGS", control = list(fnscale = -1, reltol = 1e-15))$par
u <- ranef(intercept, condVar = TRUE)$Subject
nile <- StructTS(Nile, "level")

write(toJSON(list(
  y = d$distance, age = d$age, subject = as.integer(d$Subject) - 1,
  intercept = c(values(intercept), list(se = sqrt(diag(solve(-hessian(marginal, unname(optimum))))), conditionalSd = sqrt(attr(u, "postVar")[1, 1, ]))),
  slope = values(fit(distance ~ age + (age | Subject), FALSE)),
  reml = values(fit(distance ~ age + (1 | Subject), TRUE)),
  nile = list(y = as.numeric(Nile), level = nile$coef[["level"]], epsilon = nile$coef[["epsilon"]])
), digits = NA, auto_unbox = TRUE, pretty = FALSE), stdout())
