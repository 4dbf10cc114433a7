"""The six methods of the study, each defined by its hyperparameters and one line of mathematics, and one with pairs.

Every objective is the reconstruction error plus a regularizer (paper section 2, Appendix B); a method is the
regularizer. All values are nats per image.
"""

import dataclasses
import inspect
import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np

from dlnb import checks, registry
from dlnb.data import pairs
from dlnb.models.backend import tf
from dlnb.models.losses import (
    covariance,
    critic_total_correlation,
    dip_penalty,
    gaussian_kl,
    minibatch_total_correlation,
)
from dlnb.study import SWEEPS, Sweep

UPDATES = 300_000  # of the study (paper Table 4); constants counted in updates are meant for a run of this length


class Posterior(NamedTuple):
    """The encoder's output for a batch, q(z | x) = N(mean, exp(logvar)), and one sample z of it: tensors [b, d]."""

    mean: Any
    logvar: Any
    z: Any


class Method(ABC):
    """A regularizer, which ``train`` adds to the reconstruction error.

    A method of your own is a frozen dataclass that derives from Method and implements ``regularizer``:

    - Its fields are its hyperparameters. Those annotated ``float`` are tensors during training, so that the models of a
      sweep share one graph; all others are constants of that graph and must be hashable.
    - ``field(metadata={"unit": "updates"})`` marks a float that counts updates, which ``rescaled`` adapts to a run.
    - ``critic: ClassVar[bool] = True`` trains FactorVAE's critic along with the VAE.
    - ``draw`` and ``posterior`` may be replaced by a method that learns from more than single images, as AdaGVAE does.
    """

    critic: ClassVar[bool] = False

    def draw(self, data_set, n: int, rng):
        """The ``n`` images of an update, float32 [n, h, w, c]: single ones, drawn as the study draws them."""
        return data_set.sample(n, rng)[1]

    def posterior(self, mean, logvar):
        """What codes are drawn from, given what the encoder says of a batch: mean and logvar [b, d], here unchanged."""
        return mean, logvar

    @abstractmethod
    def regularizer(self, q: Posterior, step, critic):
        """The regularizer of a batch in nats per image, its mean over the batch: a float32 tensor of shape ().

        - ``q``: the Posterior of the batch.
        - ``step``: the number of the update, an integer tensor that starts at 0.
        - ``critic``: the critic's logits of ``q.z`` [b, 2], or None if the method has no critic.

        TensorFlow traces this function, so use ``tf`` functions.
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
    """KL + gamma TC(q(z)), the total correlation estimated by a critic (Kim and Mnih 2018).

    The critic, which they call discriminator, learns to distinguish codes from codes whose latents were shuffled over
    the batch; its log odds estimate the log density ratio of q(z) and the product of its marginals.
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
    """KL + a penalty, the squared distance of Cov[mean] from the identity (Kumar et al. 2018, DIP-VAE-I)."""

    off_diagonal: float  # weight of the entries off the diagonal, at least 0; the study uses 1 to 50
    diagonal_factor: float = 10.0  # weight of those on it, relative to off_diagonal; the study's constant

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

    Kumar et al. 2018, DIP-VAE-II; as in the study, without their term of third moments.
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
    """``gamma |KL - C|``, where the capacity C grows linearly from 0 (Burgess et al. 2018)."""

    capacity: float  # C after the warm-up, nats, at least 0; the study uses 5 to 100
    gamma: float = 1000.0  # the study's constant
    warm_up: float = field(default=100_000.0, metadata={"unit": "updates"})  # over which C grows; the study's constant

    def __post_init__(self):
        checks.number(self.capacity, "capacity")
        checks.number(self.gamma, "gamma")
        checks.number(self.warm_up, "warm_up", above=True)

    def regularizer(self, q, step, critic=None):
        share = tf.minimum(1.0, tf.cast(step, tf.float32) / self.warm_up)
        surplus = gaussian_kl(q.mean, q.logvar) - share * self.capacity
        return self.gamma * tf.abs(surplus)


@dataclass(frozen=True)
class AdaGVAE(Method):
    """beta KL, learned from *pairs* of images that share all factors but a few (Locatello et al. 2020, Ada-GVAE).

    Which factors are shared is not told. The latents whose posteriors differ little within a pair, by less than half
    way between the smallest and the largest divergence, are taken for the shared ones, and both images get the mean of
    the two posteriors there. The second half of a batch has the partners of the first. Not a method of the study: it is
    told something about every pair, and needs a data set with factors to draw them from.
    """

    beta: float = 1.0  # at least 0; the paper uses 1 to 16
    changed: int | None = 1  # factors in which the images of a pair differ; None: drawn for each pair

    def __post_init__(self):
        checks.number(self.beta, "beta")
        if self.changed is not None:
            checks.whole(self.changed, "changed")

    def draw(self, data_set, n, rng):
        if n % 2:
            raise ValueError(f"AdaGVAE learns from pairs: batch must be even, not {n}")
        return np.concatenate(pairs(data_set, n // 2, rng, self.changed)[1])

    def posterior(self, mean, logvar):
        means, logvars = tf.stack(tf.split(mean, 2)), tf.stack(tf.split(logvar, 2))  # [2, pairs, d]
        variances = tf.exp(logvars)
        # Twice the divergence of the second from the first, as in the original code: a factor moves no threshold.
        ratio, distance = variances[0] / variances[1], tf.square(means[1] - means[0]) / variances[1]
        apart = ratio + distance - 1.0 + logvars[1] - logvars[0]
        ends = [end(apart, axis=-1, keepdims=True) for end in (tf.reduce_min, tf.reduce_max)]
        shared = apart < (ends[0] + ends[1]) / 2
        mean = tf.where(shared, tf.reduce_mean(means, axis=0), means)
        logvar = tf.where(shared, tf.math.log(tf.reduce_mean(variances, axis=0)), logvars)
        return tuple(tf.reshape(each, (-1, each.shape[-1])) for each in (mean, logvar))

    def regularizer(self, q, step, critic=None):
        return self.beta * gaussian_kl(q.mean, q.logvar)


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
    """Register a method of your own, so that studies, the runner and the figures find it.

    - ``name``: one word of letters, digits and underscores.
    - ``kind``: a dataclass derived from ``Method``, best a frozen one.
    - ``sweep``: its label in figures, the field that a study varies, and that field's strengths from weak to strong.

    Registering a name again replaces the earlier method. Raises ValueError for an invalid name, that of a method of
    the package, another kind of class, a field it does not have, other fields without a default, and a strength that
    it rejects.
    """
    registry.name_of(name, "method", OWN)
    if not (isinstance(kind, type) and issubclass(kind, Method) and dataclasses.is_dataclass(kind)):
        raise ValueError(f"a method must be a dataclass derived from dlnb.models.Method, not {checks.shown(kind)}")
    checks.instance(sweep, Sweep, "sweep", "a Sweep such as Sweep('MyVAE', 'alpha', (1, 2, 4))")
    if kind.__abstractmethods__:
        raise ValueError(f"{kind.__name__} must define regularizer(self, q, step, critic)")
    checks.function(kind.regularizer, f"regularizer of {kind.__name__}", "a function (self, q, step, critic)")
    if (given := list(inspect.signature(kind.regularizer).parameters)[1:]) != ["q", "step", "critic"]:
        raise ValueError(f"regularizer of {kind.__name__} must take (self, q, step, critic), not {', '.join(given)}")
    known = {field.name: field for field in dataclasses.fields(kind) if field.init}
    if not known:
        raise ValueError(f"{kind.__name__} has no fields: annotate its hyperparameter, {sweep.hyperparameter}: float")
    checks.choose(known, sweep.hyperparameter, f"field of {kind.__name__}")
    needed = [name for name, field in known.items() if _needed(field) and name != sweep.hyperparameter]
    if needed:
        raise ValueError(f"{kind.__name__}: give {', '.join(needed)} a default, since a study varies one field alone")
    for strength in sweep.strengths:
        kind(**{sweep.hyperparameter: strength})
    METHODS[name], SWEEPS[name] = kind, sweep
    registry.remember("method", name, register, kind, sweep)


def _needed(field: dataclasses.Field) -> bool:
    return field.default is field.default_factory is dataclasses.MISSING


def checked(method: Method) -> Method:
    """``method``, if it is an instance of a dataclass derived from Method; otherwise ValueError.

    Numbers of NumPy become Python's, so that ``BetaVAE(np.int64(4))`` is called, saved and resumed as ``BetaVAE(4)``.
    """
    such = "a dataclass derived from Method, such as BetaVAE(beta=4)"
    if not isinstance(method, Method) or not dataclasses.is_dataclass(method):
        raise ValueError(f"method must be {such}, not {checks.shown(method)}")
    values = {field.name: getattr(method, field.name) for field in dataclasses.fields(method) if field.init}
    plain = {name: value.item() for name, value in values.items() if isinstance(value, np.generic)}
    return dataclasses.replace(method, **plain) if plain else method


def _counted(method: Method) -> dict[str, float]:
    """The constants of a method that count updates, by name."""
    fields = dataclasses.fields(checked(method))
    return {f.name: getattr(method, f.name) for f in fields if f.metadata.get("unit") == "updates"}


def warn_of_length(method: Method, steps: int, stacklevel: int = 3) -> None:
    """UserWarning if a constant of ``method`` counts more updates than the run's ``steps``."""
    for name, value in _counted(method).items():
        if value > steps:
            share = f"models.rescaled(method, {steps}) gives it the share of the run that it has of the study's"
            given = f"{name} counts {value:,.0f} updates, but this run has {steps:,}"
            warnings.warn(f"{type(method).__name__}: {given}: {share} {UPDATES:,}", stacklevel=stacklevel)


def rescaled(method: Method, steps: int) -> Method:
    """``method`` for a run of ``steps`` updates: constants counted in updates keep their share of the study's 300,000.

    AnnealedVAE's capacity, for example, grows over a third of the run. Raises ValueError for what is no method and for
    ``steps`` that are no whole number of at least 1.
    """
    counted, share = _counted(method), checks.whole(steps, "steps") / UPDATES
    return dataclasses.replace(method, **{name: value * share for name, value in counted.items()})
