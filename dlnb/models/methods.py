"""The six methods of the study: each its hyperparameters and its line of mathematics.

Every objective is the reconstruction error plus a regularizer (paper section 2, Appendix B); a method is the
regularizer. All values are nats per image. A field annotated ``float`` may be a tensor while a model is trained, so
that the models of a sweep share one graph; every other field is a plain value of the graph.
"""

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from dlnb import checks, registry
from dlnb.models.backend import tf
from dlnb.models.losses import (
    covariance,
    critic_total_correlation,
    dip_penalty,
    gaussian_kl,
    minibatch_total_correlation,
)
from dlnb.study import SWEEPS, Sweep

UPDATES = 300_000  # of the study (paper Table 4); constants counted in updates are made for that many


class Posterior(NamedTuple):
    """What the encoder says of a batch: q(z | x) = N(mean, exp(logvar)) and one draw z of it, each [b, d]."""

    mean: Any
    logvar: Any
    z: Any


class Method(ABC):
    """A regularizer; the trainer adds it to the reconstruction error."""

    critic: ClassVar[bool] = False  # whether the trainer trains a critic beside the VAE

    @abstractmethod
    def regularizer(self, q: Posterior, step, critic):
        """One number: nats per image, the mean over a batch, at an update (counted from 0).

        It is traced by TensorFlow: fields annotated float, ``step`` and ``q`` are tensors, so use ``tf`` functions.
        ``critic`` holds the critic's logits of ``q.z`` [b, 2], and is None unless the method has one.
        """


@dataclass(frozen=True)
class BetaVAE(Method):
    """beta KL(q(z | x) || p(z)) (Higgins et al. 2017); beta = 1 is the plain VAE, whose loss is the negative ELBO."""

    beta: float  # at least 0; the study uses 1 to 16

    def __post_init__(self):
        checks.number(self.beta, "beta")

    def regularizer(self, q, step, critic=None):
        return self.beta * gaussian_kl(q.mean, q.logvar)


@dataclass(frozen=True)
class FactorVAE(Method):
    """KL + gamma TC(q(z)), the total correlation as a critic sees it (Kim and Mnih 2018).

    The critic learns to tell codes from codes whose latents were shuffled over the batch; its log odds estimate the
    density ratio of q(z) and the product of its marginals.
    """

    critic: ClassVar[bool] = True
    gamma: float  # at least 0; the study uses 10 to 100

    def __post_init__(self):
        checks.number(self.gamma, "gamma")

    def regularizer(self, q, step, critic):
        tc = critic_total_correlation(critic)
        return gaussian_kl(q.mean, q.logvar) + self.gamma * tc


@dataclass(frozen=True)
class BetaTCVAE(Method):
    """KL + (beta - 1) TC(q(z)), the total correlation estimated within the batch (Chen et al. 2018).

    beta = 1 is the plain VAE.
    """

    beta: float  # at least 0; the study uses 1 to 10

    def __post_init__(self):
        checks.number(self.beta, "beta")

    def regularizer(self, q, step, critic=None):
        tc = minibatch_total_correlation(q.z, q.mean, q.logvar)
        return gaussian_kl(q.mean, q.logvar) + (self.beta - 1.0) * tc


@dataclass(frozen=True)
class DIPVAE1(Method):
    """KL + a penalty on how far the covariance of the means is from the identity (Kumar et al. 2018, DIP-VAE-I)."""

    off_diagonal: float  # weight of the entries off the diagonal, at least 0; the study uses 1 to 50
    diagonal_factor: float = 10.0  # weight of those on it, as a multiple; the study's constant

    def __post_init__(self):
        checks.number(self.off_diagonal, "off_diagonal")
        checks.number(self.diagonal_factor, "diagonal_factor")

    def regularizer(self, q, step, critic=None):
        off, on = self.off_diagonal, self.diagonal_factor * self.off_diagonal
        penalty = dip_penalty(covariance(q.mean), off, on)
        return gaussian_kl(q.mean, q.logvar) + penalty


@dataclass(frozen=True)
class DIPVAE2(Method):
    """KL + the same penalty on the covariance of the sampled codes, Cov[mean] + E[diag(exp(logvar))].

    Kumar et al. 2018, DIP-VAE-II; like the study, without their term of third moments.
    """

    off_diagonal: float  # as in DIPVAE1
    diagonal_factor: float = 1.0  # the study's constant

    def __post_init__(self):
        checks.number(self.off_diagonal, "off_diagonal")
        checks.number(self.diagonal_factor, "diagonal_factor")

    def regularizer(self, q, step, critic=None):
        off, on = self.off_diagonal, self.diagonal_factor * self.off_diagonal
        noise = tf.linalg.diag(tf.reduce_mean(tf.exp(q.logvar), axis=-2))
        penalty = dip_penalty(covariance(q.mean) + noise, off, on)
        return gaussian_kl(q.mean, q.logvar) + penalty


@dataclass(frozen=True)
class AnnealedVAE(Method):
    """gamma |KL - C|, where the capacity C grows linearly from 0 (Burgess et al. 2018)."""

    capacity: float  # C after the warm-up, nats, at least 0; the study uses 5 to 100
    gamma: float = 1000.0  # the study's constant
    warm_up: float = field(default=100_000.0, metadata={"unit": "updates"})  # in which C grows; the study's constant

    def __post_init__(self):
        checks.number(self.capacity, "capacity")
        checks.number(self.gamma, "gamma")
        checks.number(self.warm_up, "warm_up", above=True)

    def regularizer(self, q, step, critic=None):
        share = tf.minimum(1.0, tf.cast(step, tf.float32) / self.warm_up)
        surplus = gaussian_kl(q.mean, q.logvar) - share * self.capacity
        return self.gamma * tf.abs(surplus)


METHODS = {
    "beta_vae": BetaVAE,
    "factor_vae": FactorVAE,
    "beta_tc_vae": BetaTCVAE,
    "dip_vae_i": DIPVAE1,
    "dip_vae_ii": DIPVAE2,
    "annealed_vae": AnnealedVAE,
}

OWN = frozenset(METHODS)


def register(name: str, kind: type[Method], sweep: Sweep) -> None:
    """Make a method of yours known by ``name``: to studies, the runner and the figures.

    ``kind`` is a frozen dataclass made from ``Method``; ``sweep`` names its label, the field that a study varies, and
    the strengths from weak to strong. The same name again replaces what you registered before. Raises ValueError for
    the name of a method of the package, another kind of class, and a strength that the class refuses.
    """
    registry.name_of(name, "method", OWN)
    if not (isinstance(kind, type) and issubclass(kind, Method) and dataclasses.is_dataclass(kind)):
        raise ValueError(f"a method must be a dataclass made from dlnb.models.Method, not {kind!r}")
    known = dict.fromkeys(field.name for field in dataclasses.fields(kind))
    checks.choose(known, sweep.hyperparameter, f"field of {kind.__name__}")
    for strength in sweep.strengths:
        kind(**{sweep.hyperparameter: strength})
    METHODS[name], SWEEPS[name] = kind, sweep
    registry.remember("method", name, register, kind, sweep)


def rescaled(method: Method, steps: int) -> Method:
    """``method`` for a run of ``steps`` updates: its constants that count updates take the same share of the run.

    AnnealedVAE's capacity grows over a third of the study's 300,000 updates, so over a third of ``steps``.
    """
    counted = [f.name for f in dataclasses.fields(method) if f.metadata.get("unit") == "updates"]
    share = checks.whole(steps, "steps") / UPDATES
    return dataclasses.replace(method, **{name: getattr(method, name) * share for name in counted})
