"""Studies: grids of models, called cells, and the protocol by which they are trained and scored.

SWEEPS, SCORES and STUDIES are registries that readers may extend (``register`` here, in ``dlnb.models``,
``dlnb.metrics`` and ``dlnb.data``). A study lists what it consists of, so that it does not grow with them.
"""

from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from itertools import product

from dlnb import checks, paper, protocol, registry
from dlnb.paper import DATA_SETS, METHODS, Sweep
from dlnb.protocol import PROTOCOL, Training

__all__ = ["PROTOCOL", "SCORES", "STANDARD", "STUDIES", "SWEEPS", "Cell", "Study", "Sweep", "Training", "register"]

SWEEPS = {  # of every method that a study may name
    **paper.SWEEPS,
}
SCORES = {  # the columns of each score of dlnb.metrics in the table of results; {size} stands for each of ``labels``
    "beta_vae_score": ("beta_vae_score",),
    "factor_vae_score": ("factor_vae_score",),
    "mig": ("mig",),
    "modularity": ("modularity",),
    "dci": ("dci_disentanglement", "dci_completeness", "dci_informativeness"),
    "sap": ("sap",),
    "explicitness": ("explicitness",),
    "downstream": ("lr_{size}", "gbt_{size}"),
    "total_correlation": ("tc_mean", "tc_sampled", "tc_mean_active", "tc_sampled_active"),
    "average_mutual_information": ("mi_mean", "mi_sampled"),
    "wasserstein_correlation": (
        *("wasserstein_mean", "wasserstein_sampled"),
        *("wasserstein_norm_mean", "wasserstein_norm_sampled"),
    ),
    "irs": ("irs",),
    "jemmig": ("jemmig",),
    "dcimig": ("dcimig",),
    "mig_sup": ("mig_sup",),
    "info": ("info_modularity", "info_compactness"),
}
STANDARD = (  # scores of the committed studies
    *("beta_vae_score", "factor_vae_score", "mig", "modularity", "dci", "sap", "explicitness", "downstream"),
    *("total_correlation", "average_mutual_information", "wasserstein_correlation"),
)
FITTED = ("beta_vae_score", "dci", "explicitness", "downstream")  # scores that depend on boosting or solver


@dataclass(frozen=True)
class Cell:
    """One model of a study; ``str`` gives its name, such as dsprites/beta_vae/beta=4/seed=0."""

    data_set: str
    method: str
    hyperparameter: str
    strength: float
    seed: int

    def __str__(self):
        return f"{self.data_set}/{self.method}/{self.hyperparameter}={self.strength:g}/seed={self.seed}"


@dataclass(frozen=True)
class Study:
    """A grid of cells and the protocol by which all of them are trained and scored.

    - ``name``: that of its folders of runs and tables.
    - ``data_sets``, ``methods``, ``seeds``, ``strengths``: the grid; ``strengths`` are positions in the sweep of each
      method, counted from 0 (None: all).
    - ``size``, ``source``: images of ``size`` x ``size`` pixels, "rendered" or "original" (see ``dlnb.data.load``).
    - ``training``: a ``Training``.
    - ``annealed_gamma``: AnnealedVAE's weight of the distance from its capacity.
    - ``factor_vae_halved``: train FactorVAE's VAE for half of the steps, as in the original code, which counts the
      critic's updates as well.
    - ``evaluation``: number of batches over which losses are averaged.
    - ``sample``, ``scores``: number of images to encode for these scores, keys of SCORES.
    - ``labels``: numbers of labelled images of the downstream task.
    - ``boosting``, ``solver``: how trees and logistic regressions are fitted (``dlnb.metrics.trees``, ``.linear``).

    Raises ValueError for what no model could be trained or scored with: a field of another kind or out of range, a
    repeated or unknown entry, a position outside a sweep, and a ``sample`` that is too small for the scores. Data sets,
    which may be registered later, and how their factors fit the scores are checked before a sweep.
    """

    name: str
    data_sets: tuple[str, ...]
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    size: int
    training: Training
    strengths: tuple[int, ...] | None = None
    annealed_gamma: float = 1_000.0
    factor_vae_halved: bool = False
    source: str = "rendered"
    sample: int = 15_000
    evaluation: int = 1_000
    scores: tuple[str, ...] = STANDARD
    labels: tuple[int, ...] = (10, 100, 1_000, 10_000)
    boosting: str = "exact"
    solver: str = "one_vs_rest"

    def __post_init__(self):
        for name, value in protocol.check(self).items():
            object.__setattr__(self, name, value)
        for method in self.methods:
            strengths = checks.choose(SWEEPS, method, "method").strengths
            if bad := [i for i in self.strengths or () if i >= len(strengths)]:
                raise ValueError(f"strengths of {method} have positions 0 to {len(strengths) - 1}, not {bad[0]}")
            if len({f"{strength:g}" for strength in strengths}) < len(strengths):
                raise ValueError(f"strengths of {method} must differ in their first six digits, which name the cells")
        for score in self.scores:
            checks.choose(SCORES, score, "score")

    def cells(self) -> list[Cell]:
        """All cells, seed by seed, so that the models done at any time are complete grids and a part of the next."""
        grid = product(self.seeds, self.data_sets, self.methods)
        return [
            Cell(data_set, method, sweep.hyperparameter, sweep.strengths[i], seed)
            for seed, data_set, method in grid
            for sweep in [SWEEPS[method]]
            for i in (range(len(sweep.strengths)) if self.strengths is None else self.strengths)
        ]

    def select(self, pattern: str) -> list[Cell]:
        """The cells whose name matches a pattern such as color_dsprites/*/beta=4/*; raises ValueError if none does."""
        checks.instance(pattern, str, "the pattern", "a text such as 'dsprites/*/beta=4/*'")
        found = [cell for cell in self.cells() if fnmatchcase(str(cell), pattern)]
        if not found:
            raise ValueError(f"no cell of {self.name} matches {pattern!r}; its first is {self.cells()[0]}")
        return found

    def training_of(self, method: str) -> Training:
        """How models of ``method`` are trained."""
        halved = self.factor_vae_halved and method == "factor_vae"
        return replace(self.training, steps=self.training.steps // 2) if halved else self.training

    def constants(self, method: str) -> dict[str, float]:
        """The hyperparameters of ``method`` that the study sets, other than the strength."""
        return {"gamma": self.annealed_gamma} if method == "annealed_vae" else {}

    def protocol(self, method: str) -> dict:
        """Columns that are the same in all rows of ``method``, so that a table can be read without this file."""
        names = ["source", "size", "annealed_gamma", "sample", "evaluation"]
        names += ["boosting", "solver"] if set(FITTED) & set(self.scores) else []
        own = {name: getattr(self, name) for name in names}
        return {"protocol": self.name} | own | asdict(self.training_of(method))

    def columns(self) -> list[str]:
        """The columns of the scores in the table of results."""
        names = [column for score in self.scores for column in SCORES[score]]
        return [name.format(size=size) for name in names for size in (self.labels if "{" in name else (0,))]


# Of "short" and "desk"; the reconstruction at 32 x 32 has the weight that it has at 64 x 64.
DESK = Training(steps=10_000, learning_rate=1e-3, critic_width=256, critic_learning_rate=1e-3, reconstruction_weight=4)
STUDIES = {
    study.name: study
    for study in (
        # Seconds per model: shows that everything runs, and nothing about the methods.
        Study(
            name="smoke",
            data_sets=("dsprites", "color_dsprites"),
            methods=METHODS,
            seeds=(0,),
            size=32,
            training=Training(steps=200, learning_rate=1e-3),
            strengths=(0, 4),
            sample=3_000,
            evaluation=10,
            labels=(10, 100, 1_000),
        ),
        # Minutes per model: question 5.1 for one data set and one method.
        Study(
            name="miniature",
            data_sets=("color_dsprites",),
            methods=("beta_vae",),
            seeds=(0, 1, 2, 3),
            size=32,
            training=Training(steps=10_000, learning_rate=1e-3),
            evaluation=250,
            scores=("mig", "total_correlation", "average_mutual_information"),
        ),
        # Half a minute to two minutes per model: the whole grid, with too few updates. The protocol was chosen with
        # benchmarks/calibration.py; kept to show what the five times as many updates of "desk" change.
        Study(
            name="short",
            data_sets=DATA_SETS,
            methods=METHODS,
            seeds=tuple(range(5)),
            size=32,
            training=replace(DESK, steps=2_000),
            annealed_gamma=30,  # with the paper's 1,000 so short a run does not learn to reconstruct
            evaluation=100,
            boosting="lightgbm",
        ),
        # Three to six minutes per model: the whole grid at a small scale.
        Study(
            name="desk",
            data_sets=DATA_SETS,
            methods=METHODS,
            seeds=tuple(range(5)),
            size=32,
            training=DESK,
            annealed_gamma=30,  # with 1,000, capacity 25 does not learn to reconstruct in 10,000 updates either
            evaluation=100,
        ),
        # The paper's own scale, for GPUs and with the published files.
        Study(
            name="paper",
            data_sets=DATA_SETS,
            methods=METHODS,
            seeds=tuple(range(50)),
            size=64,
            training=Training(steps=300_000),
            source="original",
        ),
        # A quarter of an hour per model: the protocol of "desk" at 64 x 64 pixels, where nothing stands in for pixels
        # that are left out. For the laboratory, whose models of that size have something to stand beside.
        Study(
            name="large",
            data_sets=("dsprites", "shapes3d"),
            methods=METHODS,
            seeds=(0,),
            size=64,
            training=replace(DESK, reconstruction_weight=1),
            strengths=(2,),
            annealed_gamma=30,
            evaluation=100,
        ),
        # A minute per model: representations of various quality, on which fast and exact scores are compared.
        Study(
            name="scores",
            data_sets=("smallnorb", "shapes3d", "dsprites"),
            methods=METHODS,
            seeds=(0,),
            size=32,
            training=replace(DESK, steps=2_000, reconstruction_weight=1),
            strengths=(1, 4),
            evaluation=100,
            scores=tuple(name for name in STANDARD if name != "downstream"),
            boosting="lightgbm",
        ),
    )
}


OWN = frozenset(STUDIES)


def register(study: Study) -> None:
    """Register a study of your own, so that ``results.load`` and the runner find it by its name in this process.

    - ``study``: a ``Study`` whose name is one word of letters, digits and underscores.

    Returns nothing. Registering a name again replaces the earlier study. Raises ValueError for an invalid name and
    that of a study of the package.
    """
    checks.instance(study, Study, "study", "a Study")
    STUDIES[registry.name_of(study.name, "study", OWN)] = study
