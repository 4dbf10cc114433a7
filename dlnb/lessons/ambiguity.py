"""How strongly a trained VAE with two latents prefers its axes to rotated ones: the theorem, on models."""

import numpy as np

from dlnb import checks
from dlnb.lessons.theorem import rotation
from dlnb.models.inference import decode, encode
from dlnb.models.model import Model, images_of


def rotated_elbo(model: Model, images: np.ndarray, degrees, *, seed: int, diagonal: bool, draws: int = 8) -> np.ndarray:
    """ELBO, in nats per image, of a VAE with two latents after its code is rotated by ``degrees`` [a]: [a].

    The code is rotated back before it is decoded, so that p(x) is the same at every angle. The posterior is the
    encoder's, rotated, with a full covariance; with ``diagonal`` it is the diagonal Gaussian closest to that one in
    KL(diagonal || rotated), which an encoder can express. Neither network is retrained. All angles share ``draws``
    samples of noise for each image, generated from ``seed``. Raises ValueError for images that ``encode`` refuses, a
    model with another number of latents, angles that are not finite, and options of another kind.
    """
    degrees, diagonal = checks.finite(degrees, "degrees", "[a]", 1), checks.flag(diagonal, "diagonal")
    images, seed = images_of(model, images), checks.whole(seed, "seed", minimum=0)
    q = encode(model, images)
    if q.mean.shape[1] != 2:
        raise ValueError(f"the code of the model must have 2 latents to be rotated by an angle, not {q.mean.shape[1]}")
    shape = checks.whole(draws, "draws"), len(q.mean), 2, 1
    noise = np.random.default_rng(seed).standard_normal(shape)
    return np.array([_rotated_elbo(model, images, q, rotation(angle), diagonal, noise) for angle in degrees.tolist()])


def _rotated_elbo(model, images, q, turn, diagonal, noise) -> float:
    deviation = np.exp(q.logvar.astype(np.float64) / 2)
    root = turn * deviation[:, None, :]  # [n, 2, 2], a square root of the rotated covariance
    if diagonal:
        precision = turn @ (np.eye(2) / np.square(deviation)[:, :, None]) @ turn.T
        # Rotating the noise keeps its distribution and makes both kinds agree where the rotated one is diagonal.
        root = turn / np.sqrt(np.diagonal(precision, axis1=1, axis2=2))[:, :, None]
    mean, covariance = q.mean @ turn.T, root @ root.transpose(0, 2, 1)
    squares = np.square(mean).sum(axis=1) + np.trace(covariance, axis1=1, axis2=2)
    kl = 0.5 * (squares - 2 - np.linalg.slogdet(covariance)[1])
    pictures = (decode(model, (mean + (root @ eps)[:, :, 0]) @ turn) for eps in noise)
    clipped = (np.clip(p, 1e-7, 1 - 1e-7) for p in pictures)
    nll = [-(images * np.log(p) + (1 - images) * np.log1p(-p)).sum(axis=(1, 2, 3)).mean() for p in clipped]
    return float(-np.mean(nll) - kl.mean())


def direction(codes: np.ndarray, values: np.ndarray) -> float:
    """The direction in degrees, -180 to 180, in which ``values`` [n] grow fastest over codes [n, 2] (least squares).

    Raises ValueError for codes of another shape, values that are not one finite number for each, and values that are
    the same for all, which grow in no direction.
    """
    codes, values = checks.codes(codes), checks.finite(values, "values", "[n]", 1)
    if codes.shape[1] != 2 or len(values) != len(codes):
        raise ValueError(f"codes must be [n, 2] and values [n], not of shapes {codes.shape} and {values.shape}")
    if np.ptp(values) == 0 or not np.ptp(codes, axis=0).any():
        raise ValueError("codes and values must vary: those given are the same in all rows")
    slope = np.linalg.lstsq(np.column_stack([codes, np.ones(len(codes))]), values, rcond=None)[0]
    return float(np.degrees(np.arctan2(slope[1], slope[0])))
