"""What is trained: the sweep of each method (paper Table 3), one cell for each model, and the studies made of them."""

from dataclasses import dataclass
from itertools import product
from pathlib import PurePosixPath

from dlnb import checks


@dataclass(frozen=True)
class Sweep:
    """The one hyperparameter that the study varies for a method, and its six strengths from weak to strong."""

    label: str
    hyperparameter: str
    strengths: tuple[float, ...]


SWEEPS = {"beta_vae": Sweep("β-VAE", "beta", (1, 2, 4, 6, 8, 16))}


@dataclass(frozen=True)
class Cell:
    """One model of a study."""

    data_set: str
    method: str
    hyperparameter: str
    strength: float
    seed: int

    def __str__(self):
        return f"{self.data_set}/{self.method}/{self.hyperparameter}={self.strength:g}/seed={self.seed}"


@dataclass(frozen=True)
class Study:
    """A grid of cells and the protocol that trains and scores them all.

    ``strengths`` picks positions of each sweep (None: all six). A run draws ``sample`` images to score codes and
    ``evaluation`` batches to evaluate losses.
    """

    name: str
    data_sets: tuple[str, ...]
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    steps: int
    size: int
    learning_rate: float
    strengths: tuple[int, ...] | None = None
    batch: int = 64
    latents: int = 10
    kernels: str = "code"
    source: str = "rendered"
    sample: int = 15_000
    evaluation: int = 1_000

    def __post_init__(self):
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"the study {self.name} repeats a seed: {self.seeds}")
        for method in self.methods:
            count = len(checks.choose(SWEEPS, method, "method").strengths)
            if bad := [i for i in self.strengths or () if not 0 <= i < count]:
                raise ValueError(f"strengths of {method} have positions 0 to {count - 1}, not {bad[0]}")

    def cells(self) -> list[Cell]:
        """Seed by seed, so that what is done at any time is a complete grid and a part of the next."""
        grid = product(self.seeds, self.data_sets, self.methods)
        return [
            Cell(data_set, method, sweep.hyperparameter, sweep.strengths[i], seed)
            for seed, data_set, method in grid
            for sweep in [SWEEPS[method]]
            for i in (range(len(sweep.strengths)) if self.strengths is None else self.strengths)
        ]

    def select(self, pattern: str) -> list[Cell]:
        """The cells whose name matches a pattern such as ``color_dsprites/*/beta=4/*``; an error if none does."""
        found = [cell for cell in self.cells() if PurePosixPath(str(cell)).match(pattern)]
        if not found:
            raise ValueError(f"no cell of {self.name} matches {pattern!r}; its first is {self.cells()[0]}")
        return found

    def protocol(self) -> dict:
        """What every row of the study repeats, so that it can be read without this file."""
        return {
            "protocol": self.name,
            **{name: getattr(self, name) for name in ("source", "size", "steps", "batch", "latents", "learning_rate")},
            **{name: getattr(self, name) for name in ("kernels", "sample", "evaluation")},
        }


STUDIES = {
    study.name: study
    for study in (
        # Seconds a model: shows that the whole path works, and nothing about the methods.
        Study(
            name="smoke",
            data_sets=("dsprites", "color_dsprites"),
            methods=("beta_vae",),
            seeds=(0,),
            steps=200,
            size=32,
            learning_rate=1e-3,
            strengths=(0, 4),
            sample=3_000,
            evaluation=10,
        ),
        # Minutes a model: the first question on one data set, from one method.
        Study(
            name="miniature",
            data_sets=("color_dsprites",),
            methods=("beta_vae",),
            seeds=(0, 1, 2, 3),
            steps=10_000,
            size=32,
            learning_rate=1e-3,
            evaluation=250,
        ),
    )
}
