"""A data set is a value: a name, the sizes of its factors, and a function that renders images from factors.

This is the two-step generative process of the study (section 2): factors are drawn uniformly and independently, then
an image is drawn given the factors. Variants wrap ``render``; nothing is subclassed.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from dlnb import checks


@dataclass(frozen=True)
class DataSet:
    """Factors of variation and the function that renders images from them.

    - ``name``: how studies and saved models refer to it.
    - ``sizes``: the number of classes of each of the k factors, by name and in order.
    - ``render(factors, rng)``: images float32 [n, h, w, c] in [0, 1] for class indices ``factors`` int [n, k].
      Stochastic data sets draw the rest from ``rng``, a NumPy generator, and raise ValueError without one;
      deterministic data sets ignore it.
    - ``source``: "rendered" for images drawn by this package, "original" for those of the published files.
    - ``about``: a sentence that says what the images are, so that no stand-in is mistaken for the published set.
    """

    name: str
    sizes: dict[str, int]
    render: Callable[..., np.ndarray]
    source: str = "rendered"
    about: str = ""

    @property
    def factor_names(self) -> tuple[str, ...]:
        """Names of the factors, in the order of the columns of ``factors``."""
        return tuple(self.sizes)

    @property
    def factor_sizes(self) -> tuple[int, ...]:
        """Number of classes of each factor, in the same order."""
        return tuple(self.sizes.values())

    @cached_property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of an image."""
        return self.render(np.zeros((1, len(self.sizes)), int), np.random.default_rng(0)).shape[1:]

    def sample_factors(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Class indices int64 [n, k]: uniform, independent, with replacement, as in the study.

        Raises ValueError if ``n`` is not a whole number of at least 0 or ``rng`` not a NumPy generator.
        """
        n, rng = checks.whole(n, "n", minimum=0), checks.generator(rng, "sampling")
        return np.stack([rng.integers(size, size=n) for size in self.factor_sizes], axis=1)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """(factors int64 [n, k], images float32 [n, h, w, c]): ``sample_factors``, rendered with the same ``rng``."""
        factors = self.sample_factors(n, rng)
        return factors, self.render(factors, rng)


def traversals(data_set: DataSet, base, columns: int, rng: np.random.Generator | None = None) -> np.ndarray:
    """Images in which one factor runs from its first class to its last while the others keep their class in ``base``.

    - ``base``: class indices int [k].
    - ``columns``: images per factor, at least 2, in about equal steps.
    - ``rng``: required by stochastic data sets. What they draw (a colour, a background, a toy) is the same in all
      images, since each is rendered with a copy of ``rng``.

    Returns float32 [k, columns, h, w, c], one row per factor. Raises ValueError for ``base`` out of range, fewer
    than 2 columns, and a missing ``rng``.
    """
    columns = checks.whole(columns, "columns", minimum=2)
    factors = np.tile(checks.factors([base], data_set.sizes), (len(data_set.sizes), columns, 1))
    for i, size in enumerate(data_set.factor_sizes):
        factors[i, :, i] = np.linspace(0, size - 1, columns).round()
    rows = factors.reshape(-1, 1, len(data_set.sizes))
    images = np.concatenate([data_set.render(row, copy.deepcopy(rng)) for row in rows])
    return images.reshape(len(data_set.sizes), columns, *data_set.image_shape)


def restrict(data_set: DataSet, **fixed: int) -> DataSet:
    """The part of ``data_set`` in which the factors in ``fixed`` have the given class: a DataSet of the other factors.

    ``fixed`` maps names to class indices: ``restrict(sprites, shape=1)``, or ``**{"floor hue": 0}`` if there is a space
    in the name. Raises ValueError for unknown factors, for classes out of range, and if no factor is left to vary.
    """
    for name, value in fixed.items():
        size = checks.choose(data_set.sizes, name, f"factor of {data_set.name}")
        if checks.whole(value, name, minimum=0) >= size:
            raise ValueError(f"factor {name!r} takes 0 to {size - 1}, not {value}")
    free = [i for i, name in enumerate(data_set.factor_names) if name not in fixed]
    if not free:
        raise ValueError(f"every factor of {data_set.name} is fixed: leave at least one to vary")
    sizes = {data_set.factor_names[i]: data_set.factor_sizes[i] for i in free}
    base = np.array([fixed.get(name, 0) for name in data_set.factor_names])

    def render(factors, rng=None):
        factors = checks.factors(factors, sizes)
        whole = np.tile(base, (len(factors), 1))
        whole[:, free] = factors
        return data_set.render(whole, rng)

    part = ", ".join(f"{name}={value}" for name, value in fixed.items())
    return replace(data_set, name=f"{data_set.name}({part})", sizes=sizes, render=render)
