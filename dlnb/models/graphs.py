"""The updates of training as one graph for each kind of model; strengths and seeds are its inputs.

Weights are one vector, as are each of Adam's two moments, so that an update of the optimizer is one fused operation and
the state is three arrays that can be set, read and saved. Building a graph takes seconds: the most recent ones are kept
for the next models of a sweep.
"""

import copy
import dataclasses
import gc
from collections import OrderedDict
from contextlib import contextmanager, nullcontext
from numbers import Real

import numpy as np

from dlnb import checks
from dlnb.models import networks
from dlnb.models.backend import keras, tf, without_notices
from dlnb.models.losses import bernoulli_nll, critic_loss, gaussian_kl
from dlnb.models.methods import Method, Posterior

KEPT = 4  # graphs, each of up to 80 MB; a sweep trains one method at a time
_graphs: OrderedDict[tuple, "Graph"] = OrderedDict()


class Weights:
    """The weights of Keras models as one vector, which Adam updates (paper Table 4; epsilon 1e-8)."""

    def __init__(self, models: list[keras.Model], beta_1: float, beta_2: float):
        self.shapes = [[tuple(w.shape) for w in model.trainable_variables] for model in models]
        self.betas = beta_1, beta_2
        count = sum(model.count_params() for model in models)
        self.vector, self.m, self.v = (tf.Variable(tf.zeros(count)) for _ in range(3))

    def split(self, vector) -> list[list]:
        """The weights of each model, in Keras's order and shapes."""
        shapes = [shape for model in self.shapes for shape in model]
        parts = iter(tf.split(vector, [int(np.prod(shape)) for shape in shapes]))
        return [[tf.reshape(next(parts), shape) for shape in model] for model in self.shapes]

    def update(self, gradient, step, rate) -> None:
        """One step of Adam; ``step`` is counted from 0."""
        beta_1, beta_2 = self.betas
        t = tf.cast(step + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=self.vector.handle,
            m=self.m.handle,
            v=self.v.handle,
            beta1_power=tf.pow(beta_1, t),
            beta2_power=tf.pow(beta_2, t),
            lr=rate,
            beta1=beta_1,
            beta2=beta_2,
            epsilon=1e-8,
            grad=gradient,
        )

    def begin(self, models: list[keras.Model]) -> None:
        """Copy the weights of ``models`` and reset the moments of Adam."""
        self.vector.assign(np.concatenate([weight.ravel() for model in models for weight in model.get_weights()]))
        for moment in (self.m, self.v):
            moment.assign(tf.zeros_like(moment))

    def fill(self, models: list[keras.Model]) -> None:
        """Copy the weights into ``models``."""
        for model, parts in zip(models, self.split(self.vector), strict=True):
            model.set_weights([part.numpy() for part in parts])


class Graph:
    """Updates of all models that differ only in float hyperparameters, seed, rates, loss weight and initial weights."""

    def __init__(self, method: Method, shape, latents, batch, kernels, precision, width, jit):
        rng = np.random.default_rng(0)  # these networks are the architecture; their weights are never used
        self.encoder = networks.encoder(shape, latents, rng, kernels=kernels, precision=precision)
        self.decoder = networks.decoder(shape, latents, rng, precision=precision)
        self.vae = Weights([self.encoder, self.decoder], beta_1=0.9, beta_2=0.999)
        if method.critic:
            self.critic = networks.critic(latents, rng, width=width, precision=precision)
            self.judge = Weights([self.critic], beta_1=0.5, beta_2=0.9)
        self.method, self.size = method, (batch, latents)
        self.losses = ("reconstruction", "kl", "regularizer") + ("critic",) * method.critic
        self.no_losses = np.empty((0, len(self.losses)), np.float32)
        update = tf.function(self._update, jit_compile=jit)

        @tf.function(reduce_retracing=True)
        def run(images, start, seed, rates, weight, values):
            losses = tf.TensorArray(tf.float32, tf.shape(images)[0])
            for i in tf.range(tf.shape(images)[0]):
                draws = self._draws(seed, start + i)
                losses = losses.write(i, update(images[i], start + i, draws, rates, weight, values))
            return losses.stack()

        self._run, self.begun = run, False

    def begin(self, vae: list[keras.Model], critics: list[keras.Model]) -> None:
        """Start a run from the weights of encoder and decoder, and of the critic if there is one."""
        self.vae.begin(vae)
        if critics:
            self.judge.begin(critics)

    def fill(self, vae: list[keras.Model]) -> None:
        """Copy the weights into an encoder and a decoder."""
        self.vae.fill(vae)

    def _variables(self) -> dict[str, tf.Variable]:
        parts = {"vae": self.vae} | ({"critic": self.judge} if self.method.critic else {})
        return {f"{part}/{name}": getattr(w, name) for part, w in parts.items() for name in ("vector", "m", "v")}

    @property
    def state(self) -> dict[str, np.ndarray]:
        """Everything that the next update depends on, except its number."""
        return {name: variable.numpy() for name, variable in self._variables().items()}

    @state.setter
    def state(self, values: dict[str, np.ndarray]) -> None:
        for name, variable in self._variables().items():
            variable.assign(values[name])

    def run(self, images, start: int, seed: int, rates, weight: float, method: Method) -> np.ndarray:
        """One update for each batch of images [updates, b, h, w, c]; returns the losses float32 [updates, losses].

        ``start`` is the number of the first update, ``rates`` are the learning rates of VAE and critic, ``weight``
        multiplies the reconstruction in the loss.
        """
        values = {name: tf.constant(getattr(method, name), tf.float32) for name in floats(method)}
        start, seed = tf.constant(start), tf.constant(seed, tf.int64)
        scale = tf.constant(weight, tf.float32)
        with nullcontext() if self.begun else without_notices():  # of a compiler that starts
            losses = self._run(tf.constant(images), start, seed, tf.constant(rates), scale, values).numpy()
        self.begun = True
        return losses

    def _draws(self, seed, step):
        """The noise of an update and, for each latent, the permutation that shuffles it over the critic's batch.

        Drawn outside the compiled update, since XLA would draw other numbers from the same seed.
        """
        batch, latents = self.size
        step = tf.cast(step, tf.int64)
        noise = tf.random.stateless_normal((batch, latents), [seed, step])
        if not self.method.critic:
            return noise, None
        return noise, tf.argsort(tf.random.stateless_uniform((latents, batch), [seed, -1 - step]))

    def _update(self, images, step, draws, rates, weight, values):
        noise, order = draws
        method, logits = _with(self.method, values), None
        with tf.GradientTape(persistent=True) as tape:
            encoder, decoder = self.vae.split(self.vae.vector)
            mean, logvar = (tf.cast(v, tf.float32) for v in self.encoder.stateless_call(encoder, [], images)[0])
            mean, logvar = method.posterior(mean, logvar)
            q = Posterior(mean, logvar, mean + tf.exp(logvar / 2) * noise)
            if method.critic:
                # Both networks learn from the same batch, and from the weights before either update.
                (critic,) = self.judge.split(self.judge.vector)
                shuffled = tf.transpose(tf.gather(tf.transpose(q.z), order, batch_dims=1))
                logits, product = (
                    tf.cast(self.critic.stateless_call(critic, [], z)[0], tf.float32) for z in (q.z, shuffled)
                )
                judgement = critic_loss(logits, product)
            pixels = tf.cast(self.decoder.stateless_call(decoder, [], q.z)[0], tf.float32)
            reconstruction = bernoulli_nll(images, pixels)
            regularizer = method.regularizer(q, step, logits)
            if getattr(regularizer, "shape", None) != ():
                got = f"of shape {regularizer.shape}" if hasattr(regularizer, "shape") else repr(regularizer)
                raise ValueError(f"{type(method).__name__}.regularizer must return one tensor of shape (), not {got}")
            loss = weight * reconstruction + regularizer
        gradient = tape.gradient(loss, self.vae.vector)
        losses = [reconstruction, gaussian_kl(mean, logvar), regularizer]
        if method.critic:
            self.judge.update(tape.gradient(judgement, self.judge.vector), step, rates[1])
            losses.append(judgement)
        self.vae.update(gradient, step, rates[0])
        return tf.stack(losses)


def floats(method: Method) -> list[str]:
    """Names of the hyperparameters that may be tensors."""
    return [field.name for field in dataclasses.fields(method) if field.type in (float, "float")]


def _with(method: Method, values: dict) -> Method:
    """A copy whose hyperparameters are tensors; it is not constructed, because the checks need numbers."""
    method = copy.copy(method)
    for name, value in values.items():
        object.__setattr__(method, name, value)
    return method


def _hashable(value) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


@contextmanager
def graph(method: Method, *form):
    """A context with the Graph of this kind of method and form (see Graph), built unless one has been kept.

    Raises ValueError for a hyperparameter that cannot be a tensor (those annotated float) or a constant (others).
    """
    for field in dataclasses.fields(method):
        value, name = getattr(method, field.name), f"{type(method).__name__}.{field.name}"
        if field.name in floats(method):
            if not isinstance(value, Real) or isinstance(value, bool):
                raise ValueError(f"{name} is annotated float, but is {checks.shown(value)}: give a number")
        elif not _hashable(value):
            raise ValueError(f"{name} must be hashable, such as a number or a tuple, not {checks.shown(value)}")
    others = tuple(
        (f.name, getattr(method, f.name)) for f in dataclasses.fields(method) if f.name not in floats(method)
    )
    key = type(method), others, *form
    found = _graphs.pop(key, None) or Graph(method, *form)
    try:
        yield found
    finally:  # also after a loss that was not finite: each run sets its own state
        _graphs[key] = found
        while len(_graphs) > KEPT:
            _graphs.popitem(last=False)
            gc.collect()  # a graph refers to itself, so reference counting never frees it
