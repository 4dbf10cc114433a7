"""The smallest latent variable model, in closed form: one latent, one observed variable."""

from dataclasses import dataclass

import numpy as np

from dlnb import checks

LOG_2PI = np.log(2 * np.pi)


def _finite(value, what: str, above: bool = False):
    """``value``, a finite number or an array of them, all above 0 if ``above``; a number stays a number."""
    found = checks.finite(value, what)
    if above and not (found > 0).all():
        raise ValueError(f"{what} must be above 0, not {found.min()}")
    return found if found.ndim else value


@dataclass(frozen=True)
class LinearGaussian:
    """z ~ N(0, 1), then x ~ N(weight z, noise^2). Densities in nats; ``noise`` is a standard deviation above 0.

    Arguments of the methods are finite numbers or arrays of them, deviations above 0; ValueError otherwise.
    """

    weight: float
    noise: float

    def __post_init__(self):
        checks.number(self.weight, "weight", -np.inf)
        checks.number(self.noise, "noise", above=True)

    def log_prior(self, z):
        z = _finite(z, "z")
        return -0.5 * (z**2 + LOG_2PI)

    def log_likelihood(self, x, z):
        x, z = _finite(x, "x"), _finite(z, "z")
        return -0.5 * (((x - self.weight * z) / self.noise) ** 2 + LOG_2PI) - np.log(self.noise)

    def evidence(self, x):
        """log p(x), marginal over z: x ~ N(0, weight^2 + noise^2)."""
        x, variance = _finite(x, "x"), self.weight**2 + self.noise**2
        return -0.5 * (x**2 / variance + LOG_2PI + np.log(variance))

    def posterior(self, x) -> tuple[float, float]:
        """Mean and standard deviation of p(z | x); the mean is also the maximum a posteriori estimate of z."""
        x, precision = _finite(x, "x"), 1 + (self.weight / self.noise) ** 2
        return self.weight * x / self.noise**2 / precision, precision**-0.5

    def maximum_likelihood(self, x) -> float:
        """The maximum likelihood estimate of z, which ignores the prior. Raises ValueError if the weight is 0."""
        if self.weight == 0:
            raise ValueError("x says nothing about z if the weight is 0: all z are as likely")
        return _finite(x, "x") / self.weight

    def reconstruction(self, x, mean, deviation):
        """-E[log p(x | z)] under q(z) = N(mean, deviation^2)."""
        deviation = _finite(deviation, "deviation", above=True)
        return -self.log_likelihood(x, mean) + 0.5 * (self.weight * deviation / self.noise) ** 2

    def kl(self, mean, deviation):
        """KL(N(mean, deviation^2) || N(0, 1))."""
        mean, deviation = _finite(mean, "mean"), _finite(deviation, "deviation", above=True)
        return 0.5 * (mean**2 + deviation**2 - 1) - np.log(deviation)

    def elbo(self, x, mean, deviation):
        """The lower bound on ``evidence`` given by q; equal to it if and only if q is the posterior."""
        return -self.reconstruction(x, mean, deviation) - self.kl(mean, deviation)
