"""What is trained: one cell for each model, the protocol of its training, and the studies made of them.

Studies say what they consist of. SWEEPS, SCORES and STUDIES are registries that a reader may extend (``register`` here,
in ``dlnb.models``, ``dlnb.metrics`` and ``dlnb.data``); no study grows with them.
"""

from dataclasses import asdict, dataclass, fields, replace
from fnmatch import fnmatchcase
from itertools import product

from dlnb import checks, paper, registry
from dlnb.paper import DATA_SETS, METHODS, Sweep

__all__ = ["SCORES", "STANDARD", "STUDIES", "SWEEPS", "Cell", "Study", "Sweep", "Training", "register"]

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
}
STANDARD = (  # scores of the committed studies
    *("beta_vae_score", "factor_vae_score", "mig", "modularity", "dci", "sap", "explicitness", "downstream"),
    *("total_correlation", "average_mutual_information", "wasserstein_correlation"),
)
FITTED = ("beta_vae_score", "dci", "explicitness", "downstream")  # by trees or logistic regressions, of several kinds


@dataclass(frozen=True)
class Training:
    """How a model is trained, apart from its data set, its method and its seed (the paper's values: Table 4).

    ``steps`` updates of Adam at ``learning_rate``, each on ``batch`` fresh images; ``latents`` of the code. ``kernels``
    of the encoder's last two convolutions are those of the original "code" (2 x 2) or of the "paper" (4 x 4);
    ``precision`` of the arithmetic is "float32" or "bfloat16" (see ``models.networks``). ``critic_width`` and
    ``critic_learning_rate`` are those of FactorVAE's critic, which is updated with the VAE on the same batch.
    ``reconstruction_weight`` multiplies the reconstruction in the loss, though not in what is recorded: 4 at 32 x 32
    gives it the weight that it has at 64 x 64, where four times as many pixels are summed.
    """

    steps: int
    batch: int = 64
    latents: int = 10
    learning_rate: float = 1e-4
    kernels: str = "code"
    precision: str = "float32"
    critic_width: int = 1_000
    critic_learning_rate: float = 1e-4
    reconstruction_weight: float = 1.0

    def __post_init__(self):
        for name in ("steps", "batch", "latents", "critic_width"):
            object.__setattr__(self, name, checks.whole(getattr(self, name), name))
        for name in ("learning_rate", "critic_learning_rate", "reconstruction_weight"):
            object.__setattr__(self, name, checks.number(getattr(self, name), name, above=True))


PROTOCOL = tuple(field.name for field in fields(Training))


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

    ``strengths`` picks positions of each sweep (None: all). A run draws ``sample`` images of ``size`` x ``size`` pixels
    for the ``scores`` and ``evaluation`` batches to evaluate losses; the downstream task has so many ``labels``;
    ``boosting`` and ``solver`` say how trees and logistic regressions are fitted (see ``dlnb.metrics``).
    ``annealed_gamma`` is the constant of AnnealedVAE that weighs its distance from the capacity. The original code
    counts the updates of FactorVAE's critic among its steps, so that its VAE gets half of them; ``factor_vae_halved``
    does the same.
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
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"the study {self.name} repeats a seed: {self.seeds}")
        for method in self.methods:
            count = len(checks.choose(SWEEPS, method, "method").strengths)
            if bad := [i for i in self.strengths or () if not 0 <= i < count]:
                raise ValueError(f"strengths of {method} have positions 0 to {count - 1}, not {bad[0]}")
        for score in self.scores:
            checks.choose(SCORES, score, "score")

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
        found = [cell for cell in self.cells() if fnmatchcase(str(cell), pattern)]
        if not found:
            raise ValueError(f"no cell of {self.name} matches {pattern!r}; its first is {self.cells()[0]}")
        return found

    def training_of(self, method: str) -> Training:
        """The protocol by which models of ``method`` are trained."""
        halved = self.factor_vae_halved and method == "factor_vae"
        return replace(self.training, steps=self.training.steps // 2) if halved else self.training

    def constants(self, method: str) -> dict[str, float]:
        """The constants of ``method`` that the study sets, beside the strength of a cell."""
        return {"gamma": self.annealed_gamma} if method == "annealed_vae" else {}

    def protocol(self, method: str) -> dict:
        """What every row of the study repeats for ``method``, so that it can be read without this file."""
        names = ["source", "size", "annealed_gamma", "sample", "evaluation"]
        names += ["boosting", "solver"] if set(FITTED) & set(self.scores) else []
        own = {name: getattr(self, name) for name in names}
        return {"protocol": self.name} | own | asdict(self.training_of(method))

    def columns(self) -> list[str]:
        """The columns of its scores in the table of results."""
        names = [column for score in self.scores for column in SCORES[score]]
        return [name.format(size=size) for name in names for size in (self.labels if "{" in name else (0,))]


# Of both studies on a desk; 32 x 32 pixels count as much as 64 x 64.
DESK = Training(steps=10_000, learning_rate=1e-3, critic_width=256, critic_learning_rate=1e-3, reconstruction_weight=4)
STUDIES = {
    study.name: study
    for study in (
        # Seconds a model: shows that the whole path works, and nothing about the methods.
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
        # Minutes a model: the first question on one data set, from one method.
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
        # Half a minute to two minutes a model: the whole grid, with too few updates. Its protocol was chosen by
        # benchmarks/calibration.py; it stays beside "desk" to show what five times the updates change.
        Study(
            name="short",
            data_sets=DATA_SETS,
            methods=METHODS,
            seeds=tuple(range(5)),
            size=32,
            training=replace(DESK, steps=2_000),
            annealed_gamma=30,  # with the paper's 1,000 so short a run learns no image
            evaluation=100,
            boosting="lightgbm",
        ),
        # Three to six minutes a model: the whole grid, small.
        Study(
            name="desk",
            data_sets=DATA_SETS,
            methods=METHODS,
            seeds=tuple(range(5)),
            size=32,
            training=DESK,
            annealed_gamma=30,  # with 1,000 a model of capacity 25 learns no image in 10,000 updates either
            evaluation=100,
        ),
        # The paper's, for GPUs and for whoever can reach the published files.
        Study(
            name="paper",
            data_sets=DATA_SETS,
            methods=METHODS,
            seeds=tuple(range(50)),
            size=64,
            training=Training(steps=300_000),
            source="original",
        ),
        # A minute a model: representations of different quality, on which fast and exact scores are compared.
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
    """Make a study of yours known by its name, to ``results.load`` and to the runner in this process.

    Raises ValueError for the name of a study of the package.
    """
    STUDIES[registry.name_of(study.name, "study", OWN)] = study
