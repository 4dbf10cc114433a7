"""A data set is a value: a name, the sizes of its factors, and a function that renders images from factors.

This is the two-step generative process of the study (section 2): factors are drawn uniformly and independently, then
an image is drawn given the factors. Variants wrap ``render``; nothing is subclassed.
"""

import copy
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from dlnb import checks
from dlnb.data.images import layout, valid_images


@dataclass(frozen=True)
class DataSet:
    """Factors of variation and the function that renders images from them.

    - ``name``: how studies and saved models refer to it.
    - ``sizes``: the number of classes of each of the k factors, by name and in order.
    - ``render(factors, rng)``: images float32 [n, h, w, c] in [0, 1] for class indices ``factors`` int [n, k].
      Stochastic data sets draw the rest from ``rng``, a NumPy generator, and raise ValueError without one;
      deterministic data sets ignore it. What it returns is checked wherever this package uses it. On a GPU, training
      calls it from several threads (``dlnb.switches``).
    - ``source``: "rendered" for images drawn by this package, "original" for those of the published files.
    - ``about``: a sentence that says what the images are, so that no stand-in is mistaken for the published set.

    Images without factors become a DataSet by ``of_images``. Raises ValueError for an empty name, ``sizes`` that are no
    dict from names to whole numbers of at least 1, and a ``render`` that is not a function.
    """

    name: str
    sizes: dict[str, int]
    render: Callable[..., np.ndarray]
    source: str = "rendered"
    about: str = ""

    def __post_init__(self):
        for field in ("name", "source", "about"):
            checks.instance(getattr(self, field), str, f"the {field} of a data set", "text")
        if not self.name:
            raise ValueError("the name of a data set must not be empty")
        such = "a function from factors int [n, k] and rng to images [n, h, w, c]"
        if hasattr(self.render, "shape"):
            such += " (an array of images without factors: data.of_images(name, images))"
        checks.function(self.render, f"render of {self.name}", such)
        object.__setattr__(self, "sizes", _sizes(self.sizes, self.name, isinstance(self.render, _Collection)))

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
        """(height, width, channels) of an image. Raises ValueError for images that are not as promised."""
        return rendered(self, np.zeros((1, len(self.sizes)), int), np.random.default_rng(0)).shape[1:]

    def sample_factors(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Class indices int64 [n, k]: uniform, independent, with replacement, as in the study.

        Raises ValueError if ``n`` is not a whole number of at least 0 or ``rng`` not a NumPy generator.
        """
        n, rng = checks.whole(n, "n", minimum=0), checks.generator(rng, "sampling")
        if not self.sizes:
            return np.empty((n, 0), np.int64)
        return np.stack([rng.integers(size, size=n) for size in self.factor_sizes], axis=1)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """(factors int64 [n, k], images float32 [n, h, w, c]): ``sample_factors``, rendered with the same ``rng``.

        Other floats are cast. Raises ValueError as ``sample_factors`` does, and if ``render`` returns anything but n
        images of floats in [0, 1]; the message names what it returned and the remedy.
        """
        factors = self.sample_factors(n, rng)
        return factors, rendered(self, factors, rng)


def _sizes(sizes, name: str, free: bool) -> dict[str, int]:
    """A copy of ``sizes`` as {name: int}; it may be empty only for images that are ``free`` of factors."""
    such = (
        f"sizes of {name} must be a dict from factors to their numbers of classes, such as {{'shape': 3, 'scale': 6}}"
    )
    if not isinstance(sizes, Mapping) or not all(isinstance(factor, str) and factor for factor in sizes):
        raise ValueError(f"{such}, not {checks.shown(sizes)}")
    if not sizes and not free:
        raise ValueError(f"{such}, with at least one factor; images without factors: data.of_images(name, images)")
    return {factor: checks.whole(size, f"the size of the factor {factor!r}") for factor, size in sizes.items()}


def rendered(data_set: DataSet, factors, rng: np.random.Generator | None = None) -> np.ndarray:
    """What ``render`` returns for ``factors`` int [n, k], if it is what it promises: float32 [n, h, w, c] in [0, 1].

    Other floats are cast. Raises ValueError for anything else, see ``images.valid_images``.
    """
    found = data_set.render(np.array(factors), rng)  # a copy, since a function of one's own may write to it
    # Asked of an instance that has not rendered yet, image_shape would render once more.
    shape = data_set.__dict__.get("image_shape")
    return valid_images(found, f"images of {data_set.name}", count=len(factors), shape=shape)


class _Collection:
    """The ``render`` of images without factors: which ones are shown is drawn, uniformly and with replacement."""

    def __init__(self, name: str, images: np.ndarray):
        self.name, self.images = name, images

    def __call__(self, factors, rng=None):
        n = len(checks.factors(factors, {}))
        rng = checks.generator(rng, f"{self.name} draws which images are shown and")
        found = np.asarray(self.images[rng.integers(len(self.images), size=n)])
        return np.divide(found, 255, dtype=np.float32) if found.dtype == np.uint8 else found.astype(np.float32)


def of_images(name: str, images, about: str = "") -> DataSet:
    """A data set of images whose factors are unknown, such as photographs of one's own.

    - ``name``: how saved models refer to it.
    - ``images``: [n, h, w, c], floats in [0, 1] or uint8 from 0 to 255, which are divided by 255 when they are used.
      An array of float32 or uint8 is not copied, so that it may be a memory map; do not change it afterwards.
    - ``about``: a sentence that says what the images are.

    It has no factors (``sizes`` is empty): ``sample`` draws images uniformly and with replacement, beside factors
    [n, 0]. Models can be trained on it, evaluated and compared (``metrics.udr``), images can be encoded, and scores
    that need no factors computed; all other scores refuse it. ``source`` holds the number of images and a digest of
    some, so that a checkpoint is not continued on others.

    Raises ValueError for images that are none, of another layout, integers other than uint8, out of range, or uint8
    without a value above 1.

    >>> import numpy as np
    >>> from dlnb.data import of_images
    >>> photographs = of_images("greys", np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1))
    >>> factors, images = photographs.sample(3, np.random.default_rng(0))
    >>> factors.shape, images.shape, images.dtype, bool(images.max() <= 1)
    ((3, 0), (3, 8, 8, 1), dtype('float32'), True)
    """
    what = f"images of {name}"
    found = checks.array(images, what)
    if found.dtype == np.uint8 and found.size and found.max() > 1:
        layout(found, what, least=1)
    else:
        found = valid_images(found, what, least=1)
    some = np.ascontiguousarray(found[:: len(found) // 256 + 1])
    digest = hashlib.sha256(f"{found.shape} {found.dtype}".encode() + some.tobytes()).hexdigest()[:12]
    about = about or f"{len(found):,} images without factors"
    return DataSet(name, {}, _Collection(name, found), f"{len(found):,} images, SHA-256 {digest}", about)


def pairs(
    data_set: DataSet, n: int, rng: np.random.Generator, changed: int | None = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of images that share all factors but a few: (factors int64 [2, n, k], images float32 [2, n, h, w, c]).

    The first of a pair is drawn as by ``sample``; in the second, ``changed`` of its factors, drawn for each pair alone,
    have another value, drawn uniformly from the others. None draws their number too, from 1 to k - 1 for each pair
    (Locatello et al. 2020). What a data set draws beside its factors differs within a pair. Raises ValueError for a
    data set with fewer factors that can change than ``changed``, and for one with a single factor of several values.

    >>> import numpy as np
    >>> from dlnb import data
    >>> sprites = data.load("dsprites", size=32)
    >>> factors, images = data.pairs(sprites, 4, np.random.default_rng(0))
    >>> images.shape, (factors[0] != factors[1]).sum(axis=1).tolist()
    ((2, 4, 32, 32, 1), [1, 1, 1, 1])
    """
    checks.instance(data_set, DataSet, "data_set", "a DataSet such as data.load returns")
    _with_factors(data_set)
    n, rng = checks.whole(n, "n", minimum=0), checks.generator(rng, "drawing pairs")
    sizes = np.array(data_set.factor_sizes)
    free = np.flatnonzero(sizes > 1)
    if len(free) < 2:
        raise ValueError(
            f"a pair shares a factor and differs in another, but {data_set.name} has {len(free)} that vary"
        )
    if changed is not None and checks.whole(changed, "changed") >= len(free):
        raise ValueError(f"changed must leave a factor that is shared: from 1 to {len(free) - 1}, not {changed}")
    first = data_set.sample_factors(n, rng)
    counts = rng.integers(1, len(free), size=n) if changed is None else np.full(n, changed)
    order = rng.permuted(np.tile(free, (n, 1)), axis=1)
    moved = np.zeros((n, len(sizes)), bool)
    np.put_along_axis(moved, order, np.arange(len(free)) < counts[:, None], axis=1)
    steps = 1 + rng.integers(np.maximum(sizes - 1, 1), size=(n, len(sizes)))
    factors = np.stack([first, np.where(moved, (first + steps) % sizes, first)])
    return factors, np.stack([rendered(data_set, each, rng) for each in factors])


def traversals(data_set: DataSet, base, columns: int, rng: np.random.Generator | None = None) -> np.ndarray:
    """Images in which one factor runs from its first class to its last while the others keep their class in ``base``.

    - ``base``: class indices int [k].
    - ``columns``: images per factor, at least 2, in about equal steps.
    - ``rng``: required by stochastic data sets. What they draw (a colour, a background, a toy) is the same in all
      images, since each is rendered with a copy of ``rng``.

    Returns float32 [k, columns, h, w, c], one row per factor. Raises ValueError for ``base`` out of range, fewer
    than 2 columns, and a missing ``rng``.
    """
    _with_factors(data_set)
    columns = checks.whole(columns, "columns", minimum=2)
    rng = rng if rng is None else checks.generator(rng, "a traversal of random images")
    factors = np.tile(checks.factors([base], data_set.sizes), (len(data_set.sizes), columns, 1))
    for i, size in enumerate(data_set.factor_sizes):
        factors[i, :, i] = np.linspace(0, size - 1, columns).round()
    rows = factors.reshape(-1, 1, len(data_set.sizes))
    images = np.concatenate([rendered(data_set, row, copy.deepcopy(rng)) for row in rows])
    return images.reshape(len(data_set.sizes), columns, *data_set.image_shape)


def _with_factors(data_set: DataSet) -> None:
    checks.instance(data_set, DataSet, "data_set", "a DataSet such as data.load('dsprites')")
    if not data_set.sizes:
        raise ValueError(f"{data_set.name} has no factors to fix or to vary")


def restrict(data_set: DataSet, **fixed: int) -> DataSet:
    """The part of ``data_set`` in which the factors in ``fixed`` have the given class: a DataSet of the other factors.

    ``fixed`` maps names to class indices: ``restrict(sprites, shape=1)``, or ``**{"floor hue": 0}`` if there is a space
    in the name. Raises ValueError without a factor to fix, for unknown ones, for classes out of range, and if no factor
    is left to vary.
    """
    _with_factors(data_set)
    if not fixed:
        raise ValueError(f"restrict needs a factor to fix and its class, such as {data_set.factor_names[0]}=0")
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
