# What the JAGS reference scripts share: long runs, and results as JSON with their own Monte Carlo
# standard errors (package posterior).
suppressMessages({ library(rjags); library(posterior); library(jsonlite) })
arguments <- commandArgs()
here <- dirname(normalizePath(sub("--file=", "", grep("--file=", arguments, value = TRUE))))
examples <- file.path(here, "../../../examples")

# Four chains. `report` turns a matrix of draws (columns named as JAGS does) into a matrix of reported quantities.
run_jags <- function(model, data, inits, monitor, iterations, burn = 1000, thin = 1, report = identity) {
  load.module("glm", quiet = TRUE)
  chains <- lapply(1:4, function(chain) {
    start <- c(inits, list(.RNG.name = "base::Mersenne-Twister", .RNG.seed = chain))
    compiled <- jags.model(textConnection(model), data, start, n.chains = 1, n.adapt = 500, quiet = TRUE)
    update(compiled, burn, progress.bar = "none")
    report(as.matrix(coda.samples(compiled, monitor, iterations, thin = thin, progress.bar = "none")[[1]]))
  })
  names <- colnames(chains[[1]])
  quantities <- lapply(names, function(name) {
    draws <- sapply(chains, function(chain) chain[, name])
    stopifnot(rhat(draws) < 1.01)
    list(mean = mean(draws), sd = sd(draws), mcse = mcse_mean(draws), mcseSd = mcse_sd(draws))
  })
  setNames(quantities, names)
}

write_reference <- function(name, about, results) {
  content <- list(about = about, script = paste0(name, ".R"),
                  versions = paste0("R ", getRversion(), ", JAGS ", jags.version(), ", posterior ", packageVersion("posterior")),
                  results = results)
  writeLines(toJSON(content, auto_unbox = TRUE, digits = 10, pretty = 1), file.path(here, paste0(name, ".json")))
  cat(name, "written\n")
}
