"""Codes of a sample of images: what an encoder says of them, beside the factors they were made from."""

from dataclasses import dataclass

import numpy as np

from dlnb import checks, storage

ACTIVE = 0.01  # nats; below it UDR takes a latent for passive (Duan et al. 2020)


@dataclass(frozen=True)
class Representation:
    """q(z | x) = N(mean, exp(logvar)) for n images: factors int [n, k], mean and logvar float32 [n, d].

    Scores use the mean, the representation r(x) of the study (section 4); ``draw`` gives the sampled one.
    """

    factors: np.ndarray
    mean: np.ndarray
    logvar: np.ndarray

    def __post_init__(self):
        if self.mean.ndim != 2 or self.mean.shape != self.logvar.shape or len(self.factors) != len(self.mean):
            shapes = self.factors.shape, self.mean.shape, self.logvar.shape
            raise ValueError(f"factors [n, k], mean [n, d] and logvar [n, d] must fit together, not {shapes}")

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """One sample z of every q(z | x): float32 [n, d]."""
        noise = checks.generator(rng, "draw").standard_normal(self.mean.shape, np.float32)
        return self.mean + np.exp(self.logvar / 2) * noise

    @property
    def kl(self) -> np.ndarray:
        """KL(q(z | x) || N(0, I)) of each latent, mean over images, in nats: [d]."""
        return 0.5 * (self.mean**2 + np.exp(self.logvar) - self.logvar - 1).mean(axis=0)

    @property
    def active(self) -> np.ndarray:
        """Which latents depend on the image, bool [d]; in the others, the passive ones, q is nearly the prior."""
        return self.kl > ACTIVE

    def save(self, path) -> None:
        """Write a compressed .npz; the file appears whole or not at all."""
        arrays = {"factors": self.factors, "mean": self.mean, "logvar": self.logvar}
        storage.write(path, lambda temporary: np.savez_compressed(temporary, **arrays))

    @classmethod
    def load(cls, path) -> "Representation":
        """Read what ``save`` wrote. Raises ValueError if the file holds something else."""
        with np.load(path) as file:
            if set(file) != {"factors", "mean", "logvar"}:
                raise ValueError(f"{path} holds {sorted(file)}, not factors, mean and logvar")
            return cls(file["factors"], file["mean"], file["logvar"])
