# 12-airquality by JAGS, missing ozone and radiation drawn with the rest.
source(file.path(dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))), "common.R"))
air <- read.csv(file.path(examples, "12-airquality/airquality.csv"))
model <- "model {
  intercept ~ dnorm(40, 1 / 2500)
  for (j in 1:3) { slope[j] ~ dnorm(0, 1 / 2500) }
  precision ~ dgamma(2, 500)
  noise <- 1 / precision
  solarMean ~ dnorm(185, 1 / 10000)
  solarPrecision ~ dgamma(2, 8000)
  solarVariance <- 1 / solarPrecision
  for (n in 1:N) {
    solar[n] ~ dnorm(solarMean, solarPrecision)
    ozone[n] ~ dnorm(intercept + slope[1] * (solar[n] - 185) / 90 + slope[2] * (wind[n] - 10) / 3.5 + slope[3] * (temperature[n] - 78) / 9.5, precision)
  }
}"
report <- function(draws) {
  chosen <- c("intercept", "slope[1]", "slope[2]", "slope[3]", "noise", "solarMean", "solarVariance", "ozone[5]", "ozone[25]", "ozone[61]", "solar[5]", "solar[6]", "solar[97]")
  kept <- draws[, chosen]
  # JAGS counts from 1, Credence from 0
  colnames(kept) <- sapply(chosen, function(name) if (grepl("\\[", name)) sprintf("%s[%d]", sub("\\[.*", "", name), as.integer(gsub("[^0-9]", "", name)) - 1L) else name)
  kept
}
result <- run_jags(model, list(N = nrow(air), ozone = air$Ozone, solar = air$Solar.R, wind = air$Wind, temperature = air$Temp), list(),
                   c("intercept", "slope", "noise", "solarMean", "solarVariance", "ozone", "solar"), 20000, report = report)
write_reference("airquality", "four chains of 20,000 sweeps after 1,000", list(posterior = list(quantities = result)))
