"""The looks of methods, data sets and scores: what figures call them, in which order, and how each method is drawn.

The paper's have theirs in the tables below, in its order. Any other comes after them and is named by its label in
``study.SWEEPS`` if it is there, else by its own name; a method then gets the next look of a cycle, and keeps it for the
session. A further line in a table gives it a look that you choose. Methods differ in colour and in marker or dashes, so
that they can be told apart in greyscale too.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from matplotlib.colors import is_color_like
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle

from dlnb import checks
from dlnb.study import SWEEPS


@dataclass(frozen=True)
class Look:
    """How a method or a line is drawn, in Matplotlib's terms; raises ValueError for what Matplotlib does not know."""

    color: str
    marker: str
    dashes: str | tuple

    def __post_init__(self):
        if not is_color_like(self.color):
            raise ValueError(f'color must be one of Matplotlib, such as "#0072B2", not {checks.shown(self.color)}')
        if not isinstance(self.marker, str) or self.marker not in MarkerStyle.markers:
            raise ValueError(f'marker must be one of Matplotlib, such as "o", not {checks.shown(self.marker)}')
        try:
            Line2D([], [], linestyle=checks.instance(self.dashes, (str, tuple), "dashes", "a text or tuple"))
        except (TypeError, ValueError) as error:
            given = checks.shown(self.dashes)
            raise ValueError(f'dashes must be such as "--" or (0, (8, 3)) of Matplotlib, not {given}') from error


LOOKS = {  # of methods
    "beta_vae": Look("#0072B2", "o", "-"),
    "factor_vae": Look("#D55E00", "s", "--"),
    "beta_tc_vae": Look("#009E73", "D", "-."),
    "dip_vae_i": Look("#CC79A7", "^", ":"),
    "dip_vae_ii": Look("#E69F00", "v", (0, (5, 1, 1, 1, 1, 1))),
    "annealed_vae": Look("#56B4E9", "P", (0, (8, 3))),
}
NAMES = {  # of data sets
    "dsprites": "dSprites",
    "color_dsprites": "Color-dSprites",
    "noisy_dsprites": "Noisy-dSprites",
    "scream_dsprites": "Scream-dSprites",
    "smallnorb": "SmallNORB",
    "cars3d": "Cars3D",
    "shapes3d": "Shapes3D",
}
LABELS = {  # of scores, and of what else is measured
    "beta_vae_score": "BetaVAE",
    "factor_vae_score": "FactorVAE",
    "mig": "MIG",
    "dci_disentanglement": "DCI",
    "modularity": "Modularity",
    "sap": "SAP",
    "dci_completeness": "completeness",
    "dci_informativeness": "informativeness",
    "explicitness": "Explicitness",
    "total_correlation": "total correlation",
    "average_mutual_information": "mutual information",
    "tc_sampled": "total correlation, sampled code",
    "tc_mean": "total correlation, mean code",
    "mi_sampled": "mutual information, sampled code",
    "mi_mean": "mutual information, mean code",
    "reconstruction": "reconstruction loss",
    "kl": "KL",
    "elbo": "ELBO",
    **{f"{kind}_{n}": f"{kind.upper()} {n:,}" for kind in ("lr", "gbt") for n in (10, 100, 1_000, 10_000)},
    "lr_efficiency": "efficiency LR",
    "gbt_efficiency": "efficiency GBT",
    "irs": "IRS",
    "jemmig": "JEMMIG",
    "dcimig": "DCIMIG",
    "mig_sup": "MIG-sup",
    "info_modularity": "InfoM",
    "info_compactness": "InfoC",
    "mcc": "MCC",
}
LINES = (  # of curves and dots that do not stand for methods
    Look("#0072B2", "o", "-"),
    Look("#D55E00", "^", "--"),
    Look("#009E73", "s", "-."),
    Look("#CC79A7", "D", ":"),
    Look("black", "v", "-"),
)
# Of all others. The three lengths have no common factors, so that many looks come before a pair of parts repeats.
COLORS = ("#7B3FF2", "#661100", "#6B8E23", "#EE3377", "#555555", "#332288", "#DDCC77")
MARKERS = "X<*>pd"
DASHES = ((0, (14, 2)), (0, (1, 4)), (0, (6, 2, 2, 2)), (0, (3, 5)), (0, (10, 2, 1, 2, 1, 2)))
_met: list[str] = []  # methods that are not in LOOKS, in the order in which figures met them


def look(method: str) -> Look:
    """How every figure of this session draws a method, which is called by its name."""
    checks.instance(method, str, "method", "the name of a method")
    if method in LOOKS:
        return LOOKS[method]
    # The registered come first, so that they look alike in chapters that draw different ones of them.
    _met.extend(name for name in dict.fromkeys([*SWEEPS, method]) if name not in LOOKS and name not in _met)
    return _other(_met.index(method))


def line(number: int) -> Look:
    """How the curve or the group of dots with a number, counted from 0, is drawn."""
    number = checks.whole(number, "number", minimum=0)
    return LINES[number] if number < len(LINES) else _other(number - len(LINES))


def _other(number: int) -> Look:
    return Look(*(cycle[number % len(cycle)] for cycle in (COLORS, MARKERS, DASHES)))


def named(name) -> str:
    """What a figure calls a data set, method or measure: its label, or else its own text."""
    if isinstance(name, str) and name in NAMES:
        return NAMES[name]
    if isinstance(name, str) and name in SWEEPS:
        return SWEEPS[name].label
    if isinstance(name, str) and name in LABELS:
        return LABELS[name]
    return str(name) if "$" in str(name) else str(name).replace("_", " ")  # in mathematics it makes a subscript


def measured(name) -> str:
    """What a figure calls a measure beside methods, some of which have the name of a score."""
    return (
        f"{named(name)} score"
        if isinstance(name, str) and name in ("beta_vae_score", "factor_vae_score")
        else named(name)
    )


def in_order(values) -> list:
    """The distinct values: those of the tables above in their order, then registered methods, then others as given.

    ``values``: names or numbers, in a list or column. Raises ValueError for a single text and for what is no sequence.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ValueError(f"values must be a list or column of names, not {checks.shown(values)}")
    try:
        values = list(dict.fromkeys(values))
    except TypeError as error:
        raise ValueError(f"values must be names or numbers: {error}") from error
    places = {name: place for place, name in enumerate(dict.fromkeys([*LOOKS, *NAMES, *LABELS, *SWEEPS]))}
    return sorted(values, key=lambda value: places.get(value, len(places)))


def strengths(method: str, seen) -> list:
    """The strengths of a method from weak to strong: those of its sweep, then others that are ``seen`` in a table."""
    sweep = SWEEPS[method].strengths if method in SWEEPS else ()
    return [*sweep, *sorted(set(seen) - set(sweep))]
