"""The design of the study and the numbers printed in its paper (Locatello et al., ICML 2019, arXiv 1811.12359 v4).

Nothing here is quoted from memory or read off a figure: each entry names its place in the paper. Shares and
probabilities are fractions, where the paper prints percent. Additions by readers belong in ``dlnb.study``, not here.
"""

from dataclasses import dataclass
from numbers import Real

import pandas as pd

LARGEST = 1e300  # a strength; NaN and infinity are not below it, and neither are integers that no float holds


@dataclass(frozen=True)
class Sweep:
    """The one hyperparameter that a study varies for a method, and its strengths from weak to strong.

    Raises ValueError unless label and hyperparameter are texts and strengths one or more different finite numbers.
    """

    label: str
    hyperparameter: str
    strengths: tuple[float, ...]

    def __post_init__(self):
        for name in ("label", "hyperparameter"):
            if not isinstance(text := getattr(self, name), str) or not text:
                raise ValueError(f"{name} of a sweep must be a text, such as 'beta', not {text!r}")
        many = self.strengths if isinstance(self.strengths, (tuple, list)) else ()
        numbers = all(isinstance(s, Real) and not isinstance(s, bool) and abs(s) < LARGEST for s in many)
        if not many or not numbers or len(set(many)) < len(many):
            raise ValueError(f"strengths must be a tuple of different numbers, such as (1, 2), not {self.strengths!r}")
        plain = (s.item() if hasattr(s, "item") else s for s in many)  # NumPy's numbers cannot be written as JSON
        object.__setattr__(self, "strengths", tuple(plain))


SWEEPS = {  # Table 3, in the order of the figures
    "beta_vae": Sweep("β-VAE", "beta", (1, 2, 4, 6, 8, 16)),
    "factor_vae": Sweep("FactorVAE", "gamma", (10, 20, 30, 40, 50, 100)),
    "beta_tc_vae": Sweep("β-TCVAE", "beta", (1, 2, 4, 6, 8, 10)),
    "dip_vae_i": Sweep("DIP-VAE-I", "off_diagonal", (1, 2, 5, 10, 20, 50)),
    "dip_vae_ii": Sweep("DIP-VAE-II", "off_diagonal", (1, 2, 5, 10, 20, 50)),
    "annealed_vae": Sweep("AnnealedVAE", "capacity", (5, 10, 25, 50, 75, 100)),
}
METHODS = tuple(SWEEPS)
DATA_SETS = (  # section 4, in the order of the figures
    *("dsprites", "color_dsprites", "noisy_dsprites", "scream_dsprites"),
    *("smallnorb", "cars3d", "shapes3d"),
)
SCORES = ("beta_vae_score", "factor_vae_score", "mig", "dci_disentanglement", "modularity", "sap")  # Figure 2
UNSUPERVISED = ("reconstruction", "kl", "elbo", "tc_sampled")  # Figure 4, centre
_ALPHABETIC = ["beta_vae_score", "dci_disentanglement", "factor_vae_score", "mig", "modularity", "sap"]


def _table(rows: dict[str, tuple[int, ...]]) -> pd.DataFrame:
    return pd.DataFrame.from_dict(rows, orient="index", columns=_ALPHABETIC) / 100


VARIANCE_BY_METHOD = _table(  # Table 5 (a): R squared of each score from the method alone
    {
        "cars3d": (1, 36, 26, 34, 37, 13),
        "color_dsprites": (30, 39, 52, 26, 23, 29),
        "noisy_dsprites": (17, 21, 17, 11, 41, 6),
        "scream_dsprites": (89, 50, 76, 45, 60, 56),
        "shapes3d": (31, 21, 14, 20, 26, 10),
        "smallnorb": (68, 71, 58, 71, 62, 62),
        "dsprites": (29, 41, 47, 26, 29, 31),
    }
)
VARIANCE_BY_SETTING = _table(  # Table 5 (b): R squared of each score from method and strength
    {
        "cars3d": (4, 69, 42, 59, 51, 17),
        "color_dsprites": (69, 80, 61, 76, 40, 56),
        "noisy_dsprites": (26, 42, 25, 29, 50, 20),
        "scream_dsprites": (93, 74, 83, 66, 68, 75),
        "shapes3d": (61, 78, 53, 59, 49, 35),
        "smallnorb": (87, 89, 81, 88, 72, 82),
        "dsprites": (59, 77, 54, 72, 39, 56),
    }
)
MEAN_VARIANCE = {"method": 0.37, "setting": 0.59}  # section 5.3: means over data sets and scores
TRANSFER = (
    pd.DataFrame(  # Table 1, repeated as Table 6: P(a setting chosen elsewhere is at least as good as a random model)
        [[0.549, 0.626], [0.593, 0.807]],
        index=["other score", "same score"],
        columns=["other data set", "same data set"],
    )
)
MODELS, GPU_YEARS = 12_600, 2.52  # sections 1 and 4; P100 GPUs (footnote of section 1)

NETWORKS = pd.DataFrame(  # Table 2, for images of 64 x 64 with c channels
    {
        "encoder": [
            *("4 x 4 convolution, 32, ReLU, stride 2",) * 2,
            *("4 x 4 convolution, 64, ReLU, stride 2",) * 2,
            "fully connected, 256",
            "fully connected, 2 x 10",
        ],
        "decoder": [
            "fully connected, 256, ReLU",
            "fully connected, 4 x 4 x 64, ReLU",
            "4 x 4 transposed convolution, 64, ReLU, stride 2",
            *("4 x 4 transposed convolution, 32, ReLU, stride 2",) * 2,
            "4 x 4 transposed convolution, c, stride 2",
        ],
    },
    index=pd.RangeIndex(1, 7, name="layer"),
)
PROTOCOL = pd.Series(  # Table 4 (a), and (b, c) of FactorVAE's critic
    {
        "batch": 64,
        "latents": 10,
        "steps": 300_000,
        "learning_rate": 1e-4,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "critic: hidden layers": 6,
        "critic_width": 1_000,
        "critic_learning_rate": 1e-4,
        "critic: beta_1": 0.5,
        "critic: beta_2": 0.9,
        "critic: epsilon": 1e-8,
    },
    name="paper",
)
