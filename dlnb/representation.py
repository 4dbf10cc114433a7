"""Codes of a sample of images, with the factors from which the images were rendered."""

from dataclasses import dataclass

import numpy as np

from dlnb import checks, storage

ACTIVE = 0.01  # nats; UDR ignores latents whose mean KL divergence does not exceed it (Duan et al. 2020)


@dataclass(frozen=True, eq=False)  # arrays have no single truth: two are equal if they are one object
class Representation:
    """Posteriors q(z | x) = N(mean, exp(logvar)) of d latents for n images.

    - ``factors``: int [n, k], class indices.
    - ``mean``: float [n, d], the representation r(x) that scores use (paper, section 4); ``draw`` samples z instead.
    - ``logvar``: float [n, d], logarithms of the variances. Both are float32 from ``models.encode``.

    Arrays and tensors of other libraries are converted, and a float dtype is kept. Raises ValueError if the shapes do
    not match, for what are no numbers, and for means and variances that are not finite.
    """

    factors: np.ndarray
    mean: np.ndarray
    logvar: np.ndarray

    def __post_init__(self):
        for name in ("factors", "mean", "logvar"):
            value = checks.array(getattr(self, name), name)
            object.__setattr__(self, name, value if name == "factors" or value.dtype.kind == "f" else value + 0.0)
        rows = len(self.factors) if self.factors.ndim else None
        if self.mean.ndim != 2 or self.mean.shape != self.logvar.shape or rows != len(self.mean):
            shapes = self.factors.shape, self.mean.shape, self.logvar.shape
            raise ValueError(f"factors [n, k], mean [n, d] and logvar [n, d] do not match: {shapes}")
        if self.factors.ndim != 2:
            raise ValueError(f"factors must be [n, k], not {self.factors.shape}: of one factor give factors[:, None]")
        checks.finite(self.mean, "mean")
        largest = np.log(np.finfo(checks.finite(self.logvar, "logvar").dtype).max)
        if self.logvar.size and self.logvar.max() > largest:
            raise ValueError(f"logvar must be at most {largest:.3g}, whose variance is finite, not {self.logvar.max()}")

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """One sample of z from q(z | x) for each image: float [n, d], of the dtype of ``mean`` but float32 at least."""
        noise = checks.generator(rng, "draw").standard_normal(self.mean.shape, np.float32)
        return self.mean + np.exp(self.logvar / 2) * noise

    @property
    def kl(self) -> np.ndarray:
        """KL(q(z | x) || N(0, I)) of each latent in nats, mean over images: [d]."""
        mean, logvar = (
            self.mean.astype(np.float64),
            self.logvar.astype(np.float64),
        )  # squares of float16 may be infinite
        return 0.5 * (mean**2 + np.exp(logvar) - logvar - 1).mean(axis=0)

    @property
    def active(self) -> np.ndarray:
        """Whether a latent depends on the image, bool [d]; if not, it is passive: q is close to the prior."""
        return self.kl > ACTIVE

    def save(self, path) -> None:
        """Write a compressed .npz file, completely or not at all."""
        arrays = {"factors": self.factors, "mean": self.mean, "logvar": self.logvar}

        def fill(temporary):
            with open(temporary, "wb") as file:  # NumPy would append .npz to a name without it
                np.savez_compressed(file, **arrays)

        storage.write(checks.path(path), fill)

    @classmethod
    def load(cls, path) -> "Representation":
        """Read a file written by ``save``. Raises ValueError, naming it, if it is damaged or has other contents."""
        path, what = checks.path(path), "representation"
        found = storage.arrays(path, what)
        if found.keys() != {"factors", "mean", "logvar"}:
            raise ValueError(f"{path} holds {sorted(found)}, not factors, mean and logvar")
        if kinds := [f"{name} of {values.dtype}" for name, values in found.items() if values.dtype.kind not in "biuf"]:
            raise ValueError(f"{path} holds {kinds[0]}, not numbers")
        try:
            return cls(**found)
        except ValueError as error:
            raise storage.damaged(path, what, error) from error
