"""What a laboratory shows of a training: losses, what the latents do, both while the model learns, and its decoder.

The decoder goes into a file that the book's "latent board" opens.
"""

import base64
import html
import io
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dlnb import checks, figures, progress, storage
from dlnb.data import DataSet
from dlnb.figures import board
from dlnb.metrics import information
from dlnb.models.inference import encode, traverse
from dlnb.models.model import Model
from dlnb.models.snapshot import Snapshot

VALUES = np.linspace(-2, 2, 7)  # of a latent, in standard deviations of the prior
DPI = 110  # of pictures that are replaced after seconds
SLIDERS = 10  # of the latent board
SHOWN = 24  # codes between which "Surprise me" goes


def averaged(history: dict, points: int = 100) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Losses float32 [updates] by name as means over equal stretches: (updates [n], {name: means [n]}).

    There are at most ``points`` stretches; what is left over is counted with the last one. Raises ValueError for losses
    of different lengths, or of no updates.
    """
    checks.instance(history, dict, "history", "the losses of a Model or a Snapshot by name")
    found = {name: checks.array(values, f"history {name}", "[updates]", 1) for name, values in history.items()}
    lengths = {len(values) for values in found.values()}
    if len(lengths) != 1 or not min(lengths):
        raise ValueError(f"history must hold losses of one number of updates, at least 1, not of {sorted(lengths)}")
    count = lengths.pop()
    starts = np.arange(0, count, -(-count // checks.whole(points, "points")))
    if count - starts[-1] < count / len(starts) / 2 and len(starts) > 1:  # a short one would be noisier
        starts = starts[:-1]
    sizes = np.diff([*starts, count])
    middles = starts + (sizes + 1) / 2
    return middles, {name: np.add.reduceat(values.astype(float), starts) / sizes for name, values in found.items()}


def strip(model: Model, images, count: int = 5, values=VALUES) -> tuple[np.ndarray, list[str]]:
    """What the latents with the largest KL divergence do: (images float32 [count, v, h, w, c], their names).

    - ``images`` [n, h, w, c]: the divergence is the mean over them; the latents of the first take ``values`` [v] in
      turn, while its others keep their value.
    - ``count``: how many latents, at most those of the model.

    Raises ValueError for images that ``encode`` refuses, and a ``count`` that is no whole number of at least 1.
    """
    codes = encode(model, images)
    chosen = np.argsort(-codes.kl, kind="stable")[: checks.whole(count, "count")]
    return traverse(model, codes.mean[0], values)[chosen], [f"latent {latent + 1}" for latent in chosen]


def for_board(path, model: Model, data_set: DataSet, rng: np.random.Generator, sample: int = 5_000) -> Path:
    """Write the decoder of a model to ``path`` (.json) for the "latent board" of the book, which opens it; the path.

    The file has weights of a byte each, half a megabyte in all. Beside them stand the codes of some images of
    ``data_set`` that ``rng`` draws, the mean KL divergence of each latent over ``sample`` images, in nats, and what
    each latent tells of each factor, as a share of its entropy (as for MIG). Raises ValueError for images that the
    model cannot encode, and for more latents than the board has sliders, 10.
    """
    checks.instance(model, Model, "model", "a Model such as models.train returns")
    checks.instance(data_set, DataSet, "data_set", "a DataSet such as data.load returns")
    if model.latents > SLIDERS:
        raise ValueError(f"the board has {SLIDERS} sliders, but the model {model.latents} latents")
    codes = encode(model, data_set.sample(checks.whole(sample, "sample"), checks.generator(rng, "a sample")))
    shares = information.shares(codes.mean, codes.factors) if data_set.sizes else np.empty((model.latents, 0))
    beside = {"codes": codes.mean[:SHOWN], "kl": codes.kl, "shares": shares}
    name = model.about.get("name", data_set.name)
    told = board.described(name, model.image_shape, model.decoder.get_weights(), data_set.factor_names, **beside)
    path = checks.path(path)
    storage.write(path, lambda part: part.write_text(json.dumps(told, separators=(",", ":"))))
    return path


@dataclass(frozen=True)
class Shown:
    """A line of text, and pictures (PNG, what they show) below it, as HTML; where there is none, the line alone."""

    line: str
    pictures: tuple[tuple[bytes, str], ...]

    def __repr__(self) -> str:
        return self.line

    def _repr_html_(self) -> str:
        images = (
            f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
            for png, alt in self.pictures
        )
        return f"<p>{html.escape(self.line)}</p>" + "".join(f"<div>{image}</div>" for image in images)


@dataclass
class Live:
    """A training as it goes on, in a notebook: for ``watch`` of ``models.train``.

    One line says how far it is and how long it will take; below it stand the losses and what the latents do with the
    first of ``images`` [n, h, w, c] (``strip``). All are replaced where they stand, at most every ``seconds`` and at
    the end. In a terminal the line is printed; while the book is built nothing is shown.
    """

    images: np.ndarray
    seconds: float = 10.0
    _handle: object = field(default=None, repr=False)
    _last: tuple[float, int, float] | None = field(default=None, repr=False)  # clock, updates, seconds of training

    def __post_init__(self):
        checks.number(self.seconds, "seconds")

    def __call__(self, run: Snapshot) -> None:
        now, done = time.monotonic(), run.updates == run.steps
        if os.environ.get(progress.BUILDING) or (self._last and not done and now - self._last[0] < self.seconds):
            return
        shown = Shown(self.line(run), tuple(self.pictures(run)))
        from IPython.display import display

        if self._handle is None:
            self._handle = display(shown, display_id=True)  # outside a notebook there is no handle
        else:
            self._handle.update(shown)
        self._last = time.monotonic(), run.updates, run.seconds

    def line(self, run: Snapshot) -> str:
        """How far the run is, how long it will take at the speed since it was last shown, and the losses."""
        _, updates, seconds = self._last or (0, 0, 0.0)
        left = (run.steps - run.updates) * (run.seconds - seconds) / max(run.updates - updates, 1)
        ahead = f", about {progress.duration(left)} to go" if run.updates < run.steps else ""
        means = {name: values[-1] for name, values in averaged(run.history)[1].items()}
        told = ", ".join(f"{figures.named(name)} {value:.4g}" for name, value in means.items())
        begin = f"{run.updates:,} of {run.steps:,} updates in {progress.duration(run.seconds)}{ahead}"
        return f"{begin}. Nats per image: {told}."

    def pictures(self, run: Snapshot):
        """The losses and the traversals as (PNG, what it shows)."""
        updates, means = averaged(run.history)
        yield _png(figures.losses(updates, means)), f"Curves of {', '.join(means)} over {run.updates:,} updates."
        pictures, names = strip(run.model(), self.images)
        grid = figures.image_grid(pictures, rows=names)
        yield _png(grid), f"One row for each of {', '.join(names)}: an image, while the latent goes from -2 to 2."


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI)
    return file.getvalue()
