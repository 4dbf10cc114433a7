"""The methods of the study: each its hyperparameters and its line of mathematics.

Every objective is the reconstruction error plus a regularizer (paper section 2, Appendix B); a method is the
regularizer. All values are nats per image.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

from dlnb import checks
from dlnb.losses import gaussian_kl


class Posterior(NamedTuple):
    """What the encoder says of a batch: q(z | x) = N(mean, exp(logvar)) and one draw z of it, each [b, d]."""

    mean: Any
    logvar: Any
    z: Any


class Method(ABC):
    """A regularizer; the trainer adds it to the reconstruction error."""

    @abstractmethod
    def regularizer(self, q: Posterior, step, critic):
        """Nats per image of a batch, at an update (counted from 0); ``critic`` is None unless the method trains one."""


@dataclass(frozen=True)
class BetaVAE(Method):
    """beta KL(q(z | x) || p(z)) (Higgins et al. 2017); beta = 1 is the plain VAE, whose loss is the negative ELBO."""

    beta: float  # at least 0; the study uses 1 to 16

    def __post_init__(self):
        checks.number(self.beta, "beta")

    def regularizer(self, q, step, critic=None):
        return self.beta * gaussian_kl(q.mean, q.logvar)


METHODS = {"beta_vae": BetaVAE}
