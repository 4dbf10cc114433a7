"""The smallest latent variable model, in closed form: one latent, one observed variable."""

from dataclasses import dataclass

import numpy as np

LOG_2PI = np.log(2 * np.pi)


@dataclass(frozen=True)
class LinearGaussian:
    """z ~ N(0, 1), then x ~ N(weight z, noise^2). Densities in nats; ``noise`` is a standard deviation above 0."""

    weight: float
    noise: float

    def log_prior(self, z):
        return -0.5 * (z**2 + LOG_2PI)

    def log_likelihood(self, x, z):
        return -0.5 * (((x - self.weight * z) / self.noise) ** 2 + LOG_2PI) - np.log(self.noise)

    def evidence(self, x):
        """log p(x), marginal over z: x ~ N(0, weight^2 + noise^2)."""
        variance = self.weight**2 + self.noise**2
        return -0.5 * (x**2 / variance + LOG_2PI + np.log(variance))

    def posterior(self, x) -> tuple[float, float]:
        """Mean and standard deviation of p(z | x); the mean is also the maximum a posteriori estimate of z."""
        precision = 1 + (self.weight / self.noise) ** 2
        return self.weight * x / self.noise**2 / precision, precision**-0.5

    def maximum_likelihood(self, x) -> float:
        """The maximum likelihood estimate of z, which ignores the prior."""
        return x / self.weight

    def reconstruction(self, x, mean, deviation):
        """-E[log p(x | z)] under q(z) = N(mean, deviation^2)."""
        return -self.log_likelihood(x, mean) + 0.5 * (self.weight * deviation / self.noise) ** 2

    def kl(self, mean, deviation):
        """KL(N(mean, deviation^2) || N(0, 1))."""
        return 0.5 * (mean**2 + deviation**2 - 1) - np.log(deviation)

    def elbo(self, x, mean, deviation):
        """The lower bound on ``evidence`` given by q; equal to it if and only if q is the posterior."""
        return -self.reconstruction(x, mean, deviation) - self.kl(mean, deviation)
