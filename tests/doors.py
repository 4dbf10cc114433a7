"""Every public function with good arguments, of which tests make one at a time bad.

``CALLS`` holds the functions, ``PASSES`` what is let through, each with its reason. To add a folder, import its door,
add a call for each of its public functions, and name it in ``DOORS``.
"""

from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd

from dlnb import analysis, claims, figures, notebook, paper
from dlnb.analysis.grid import Cells
from dlnb.figures import atlas
from dlnb.paper import SCORES, UNSUPERVISED
from dlnb.results import KEY
from dlnb.study import STUDIES

DOORS = {"analysis": analysis, "claims": claims, "figures": figures}
SETTING = KEY[:3]
ACCURACIES = ["lr_100", "lr_10000", "gbt_100", "gbt_10000"]


def table(sets=("dsprites", "cars3d", "mine")) -> pd.DataFrame:
    """Two methods, two strengths and two seeds on each data set, with every measure that the paper has."""
    rng, methods = np.random.default_rng(0), ("beta_vae", "factor_vae")
    rows = [(d, m, s, seed) for d in sets for m in methods for s in (1.0, 10.0) for seed in (0, 1)]
    found = pd.DataFrame(rows, columns=KEY)
    measures = [*SCORES, *UNSUPERVISED, *atlas.ACCURACIES, "tc_mean", "mi_mean", "mi_sampled"]
    drawn = {name: rng.uniform(0.1, 1, len(found)) for name in measures}
    return found.assign(**drawn, **asdict(STUDIES["short"].training))


TABLE, PAPER = table(), table(("dsprites", "color_dsprites", "noisy_dsprites", "cars3d", "shapes3d"))
RNG = np.random.default_rng(0)
CLAIM = claims.Claim("a", "A.", "5.1", "p", lambda n: n.table.mig.mean() - n.table.sap.mean(), 0.0)
WEIGHED = claims.weigh(TABLE, [CLAIM], np.random.default_rng(0), draws=3)
MEDIANS = analysis.by_strength(TABLE, "mig", RNG)
LONG = TABLE[SETTING].assign(score="mig", rows=10, order=TABLE.seed, value=TABLE.mig, again=TABLE.sap)
FACTORS = TABLE[[*KEY, "gbt_10000"]].assign(factor="shape")
FRAME = pd.DataFrame([[0.5, -0.25], [0.0, 1.0]], ["mig", "sap"], ["kl", "elbo"])
STILL = figures.curves([1, 2], {"a": [1, 2]}, axes=("x", "y"))
PARTS = pd.DataFrame([[0.25] * 4, [0.1, 0.2, 0.3, 0.4]], ["mig", "sap"], ["method", "strength", "seed", "evaluation"])


@dataclass(frozen=True)
class Call:
    """A function, good ``arguments`` of it, and for each of these that is a table the columns that it ``needs``.

    The columns ``measured`` are numbers; ``key`` tells rows of the table apart.
    """

    function: object
    arguments: dict
    table: str = ""  # the name of the argument that is a table
    needs: tuple = ()
    measured: tuple = ()
    key: tuple = ()

    def __call__(self, **changed):
        return self.function(**self.arguments | changed)


def of(function, needs=(), measured=(), key=KEY, name="table", value=TABLE, **others) -> Call:
    """A call with a table of results, whose columns ``needs`` and ``measured`` it needs."""
    return Call(function, {name: value} | others, name, (*needs, *measured), (*measured,), (*key,))


def free(function, name: str, value: pd.DataFrame, **others) -> Call:
    """A call with a table of numbers whose columns are the reader's."""
    return Call(function, {name: value} | others, name, (), (*value,))


CALLS = {
    "analysis.Cells": of(analysis.Cells, KEY),
    "analysis.apart": of(
        analysis.apart,
        ["data_set"],
        ["value", "again"],
        LONG.columns,
        value=LONG,
        **{"one": "value", "other": "again", "by": "score"},
    ),
    "analysis.at_other_seeds": of(analysis.at_other_seeds, KEY, ["mig"], scores=["mig"]),
    "analysis.between_data_sets": of(analysis.between_data_sets, SETTING, ["mig"], score="mig"),
    "analysis.by_strength": of(analysis.by_strength, KEY, ["mig"], column="mig", rng=RNG, level=0.9),
    "analysis.by_factor": of(
        analysis.by_factor, [*KEY, "factor"], ["gbt_10000"], [*KEY, "factor"], "factors", FACTORS, column="gbt_10000"
    ),
    "analysis.chosen": of(
        analysis.chosen, ["data_set", "seed"], ["mig"], numbers=TABLE[["kl"]].set_axis(["any"], axis=1), scores=["mig"]
    ),
    "analysis.complete": of(analysis.complete, KEY),
    "analysis.elsewhere": of(analysis.elsewhere, KEY, ["mig"], scores=["mig"]),
    "analysis.evaluation_noise": of(
        analysis.evaluation_noise, ["data_set", "score"], ["value", "again"], LONG.columns, "scored", LONG
    ),
    "analysis.explained": of(
        analysis.explained, KEY, ["mig", "sap"], scores=["mig", "sap"], noise={("dsprites", "mig"): 0.01}
    ),
    "analysis.game": of(analysis.game, KEY, ["mig", "sap"], scores=["mig", "sap"], reading="same seed", ties=0.5),
    "analysis.kept": of(analysis.kept, KEY, ["mig"], name="early", late=TABLE, scores=["mig"]),
    "analysis.medians": Call(analysis.medians, {"values": np.ones((2, 3))}),
    "analysis.partial": of(
        analysis.partial, ["data_set"], ["mig", "sap", "kl"], rows=["mig"], columns=["sap"], given="kl"
    ),
    "analysis.parts": of(analysis.parts, KEY, ["mig"], scores=["mig"], noise={("dsprites", "mig"): 0.01}),
    "analysis.ranks_kept": of(
        analysis.ranks_kept, ["rows", "order", "score", *SETTING], ["value"], LONG.columns, value=LONG
    ),
    "analysis.recipes": of(
        analysis.recipes, KEY, ["mig", "sap", *UNSUPERVISED], scores=["mig", "sap"], udr=TABLE.kl.rename("udr")
    ),
    "analysis.reliability": of(analysis.reliability, KEY, ["mig"], scores=["mig"]),
    "analysis.best_of": of(analysis.best_of, KEY, ["mig"], name="late", scores=["mig"], counts=[1, 2.5]),
    "analysis.screened": of(analysis.screened, KEY, ["mig"], name="late", early=TABLE, scores=["mig"], keep=[1, 4]),
    "analysis.setting_medians": of(analysis.setting_medians, SETTING, ["mig"], scores=["mig"]),
    "analysis.spearman": Call(analysis.spearman, {"values": TABLE[["mig", "sap"]].to_numpy()}),
    "analysis.standing": of(analysis.standing, ["data_set"], ["mig"], scores=["mig"]),
    "analysis.superiority": of(analysis.superiority, ["data_set", "method"], ["mig"], score="mig"),
    "analysis.thirds": of(analysis.thirds, ["data_set"], ["mig"], by="mig"),
    "analysis.trend": of(analysis.trend, KEY, ["mig"], column="mig", rng=RNG),
    "analysis.with_efficiency": of(analysis.with_efficiency, [], ACCURACIES),
    "analysis.with_factors": of(
        analysis.with_factors, KEY, ["mig"], scores=["mig"], factors=FACTORS, column="gbt_10000"
    ),
    "analysis.within_seeds": of(analysis.within_seeds, KEY, ["mig", "sap"], rows=["mig"], columns=["sap"]),
    "claims.Claim": Call(claims.Claim, asdict(CLAIM)),
    "claims.Numbers": of(claims.Numbers, KEY, noise={"mig": 0.1}, cells=Cells(TABLE)),
    "claims.by_place": of(
        claims.by_place, ["claim", "where", "paper", "threshold", "verdict"], ["here"], (), "weighed", WEIGHED
    ),
    "claims.describe": of(claims.describe, ["threshold"], ["low", "high", "here"], (), "weighed", WEIGHED),
    "claims.factorization": of(claims.factorization, KEY, ["tc_sampled", "tc_mean", "mi_sampled", "mi_mean"], rng=RNG),
    "claims.judge": Call(claims.judge, {"claim": CLAIM, "low": 0.1, "high": 0.2}),
    "claims.of": Call(claims.of, {"question": "5.1"}),
    "claims.evidence": of(
        claims.evidence,
        ["verdict", "sets_verdict", "rank", "cells"],
        ["here", "low", "high", "sets_low", "sets_high"],
        (),
        *("weighed", WEIGHED),
    ),
    "claims.shown": of(
        claims.shown,
        ["threshold", "sentence", "where", "paper", "verdict", "added", "changed"],
        ["here"],
        (),
        *("weighed", WEIGHED),
    ),
    "claims.weigh": of(claims.weigh, KEY, claims=[CLAIM], rng=RNG, draws=3, noise={"mig": 0.1}),
    "figures.Look": Call(figures.Look, {"color": "red", "marker": "o", "dashes": "--"}),
    "figures.agreement": of(
        figures.agreement,
        ["score", "data_set"],
        ["value", "again"],
        LONG.columns,
        value=LONG,
        **{"x": "value", "y": "again", "panel": "score", "hue": "data_set", "axes": ("a", "b"), "columns": 2},
    ),
    "figures.animation": Call(
        figures.animation,
        {"images": np.zeros((2, 2, 4, 4, 1)), "labels": "ab", "columns": 2, "side": 8, "milliseconds": 50},
    ),
    "figures.correlations": free(
        lambda frame, **more: figures.correlations({"a": frame}, **more), "frame", FRAME, columns=2, label="x"
    ),
    "figures.curves": Call(
        figures.curves,
        {"x": [1, 2], "lines": {"a": [1, 2]}, "axes": ("x", "y"), "marks": {"m": (1, 2)}, "height": 2.0},
    ),
    "figures.explorable": Call(
        figures.explorable,
        {"name": "elbo-bench", "still": STILL, "alt": "A.", "insight": "I.", "question": "Q?", "data": FRAME},
    ),
    "figures.heat_map": free(figures.heat_map, "frame", FRAME, label="x", limits=(-1, 1), form="{:.1f}"),
    "figures.image_grid": Call(
        figures.image_grid, {"images": np.zeros((1, 2, 4, 4, 3)), "rows": ["a"], "columns": ["b", "c"]}
    ),
    "figures.in_order": Call(figures.in_order, {"values": ["mine", "dsprites"]}),
    "figures.lines_by_strength": of(
        figures.lines_by_strength,
        ["method", "strength"],
        ["mig"],
        **{"panels": {"a": ("mig", MEDIANS)}, "ylabel": "x", "log": True, "chance": 0.5},
    ),
    "figures.look": Call(figures.look, {"method": "mine"}),
    "figures.losses": Call(figures.losses, {"updates": [1, 2], "lines": {"kl": [1, 2]}}),
    "figures.matrices": Call(
        figures.matrices, {"panels": {"a": np.eye(2)}, "label": "x", "limits": (0, 1), "axes": ("x", "y")}
    ),
    "figures.measured": Call(figures.measured, {"name": "mig"}),
    "figures.medians_by_strength": of(
        figures.medians_by_strength,
        ["data_set", "method", "strength"],
        ["median", "low", "high"],
        ["data_set", "method", "strength"],
        *("medians", MEDIANS),
        **{"panel": "data_set", "ylabel": "x", "log": False, "columns": 2},
    ),
    "figures.named": Call(figures.named, {"name": "mig"}),
    "figures.points": Call(
        figures.points,
        {"panels": {"a": np.ones((3, 2))}, "color": [1, 2, 3], "label": "x", "axes": ("x", "y"), "columns": 2},
    ),
    "figures.ranges": of(
        figures.ranges, ["data_set", "method"], ["mig"], scores=["mig"], by="method", panel="data_set"
    ),
    "figures.scatter": of(
        figures.scatter,
        ["strength"],
        ["mig", "sap"],
        **{"x": "mig", "y": "sap", "axes": ("x", "y"), "hue": "strength", "diagonal": True},
    ),
    "figures.scatter_matrix": of(figures.scatter_matrix, ["method"], ["mig", "sap"], scores=["mig", "sap"]),
    "figures.scatters": of(
        figures.scatters,
        ["data_set", "method"],
        ["mig", "sap"],
        **{"pairs": [("mig", "sap")], "panel": "data_set", "log": True, "columns": 2, "large": "factor_vae"},
    ),
    "figures.scorecard": of(
        figures.scorecard,
        ["threshold", "claim", "verdict", "added", "changed"],
        ["low", "high", "here", "chance"],
        (),
        *("weighed", WEIGHED),
    ),
    "figures.shares": of(figures.shares, [], list(PARTS), (), "parts", PARTS),
    "figures.tables": free(
        lambda frame, **more: figures.tables({"a": frame}, **more), "frame", FRAME, columns=2, form="{:.1f}"
    ),
    "figures.thirds": of(
        figures.thirds, ["data_set"], ["mig"], third=analysis.thirds(TABLE, "mig"), measures=["mig"], columns=2
    ),
    "notebook.glue": Call(notebook.glue, {"name": "a", "value": 1}),
    "notebook.source": Call(lambda thing: notebook.source(thing), {"thing": Call}),
    "notebook.svg": Call(notebook.svg, {"figure": STILL}),
    "paper.Sweep": Call(paper.Sweep, {"label": "x", "hyperparameter": "beta", "strengths": (1, 2)}),
}

ALL, TOLD = [*SCORES, *UNSUPERVISED], [*SCORES, *atlas.ACCURACIES]
FIGURES = {  # of the atlas: the columns that each needs beside its measures
    **{"1": (KEY, ["tc_sampled", "tc_mean"]), "2": (KEY[:1], SCORES)},
    **{"3 left": (KEY[:2], ["factor_vae_score"]), "3 right": (KEY[:3], ["factor_vae_score"])},
    **{
        "4 left": (KEY, ["factor_vae_score"]),
        "4 center": (KEY[:1], ALL),
        "4 right": (SETTING, ["dci_disentanglement"]),
    },
    **{"5": (KEY[:1], TOLD), "6": (KEY[:2], ["factor_vae_score", *ACCURACIES]), "7": (KEY[:1], [])},
    **{"8": (KEY, ["tc_sampled"]), "9": (KEY, ["tc_mean"]), "10": (KEY[:2], ["tc_sampled", "tc_mean"])},
    **{"11": (KEY[:2], SCORES), "12": (KEY[:1], SCORES), "13": (KEY[:2], SCORES), "14": (KEY[:3], SCORES)},
    **{"15": (KEY, SCORES), "16": (KEY[:1], ALL), "17": (SETTING, SCORES), "18": (SETTING, SCORES)},
    **{"19": (KEY[:1], TOLD), "20": (KEY[:2], [*SCORES, *ACCURACIES]), "21": (KEY[:2], [*SCORES, *ACCURACIES])},
    **{"22": (KEY[:1], ["dci_disentanglement"]), "23": (KEY[:1], ["mig"]), "24": (KEY[:1], [*UNSUPERVISED, "tc_mean"])},
    **{"25": (KEY, ["tc_sampled"]), "26": (KEY, ["tc_mean"]), "27": (KEY, ["mi_sampled"]), "28": (KEY, ["mi_mean"])},
}
CALLS |= {
    f"atlas.figure {name}": of(atlas.FIGURES[name], needs, measured, value=PAPER)
    for name, (needs, measured) in FIGURES.items()
}
CALLS |= {
    "atlas.table 1": of(atlas.TABLES["1"], KEY, SCORES),
    "atlas.table 3": of(atlas.TABLES["3"], ["method", "strength"]),
    "atlas.table 4": of(atlas.TABLES["4"], ["method"]),
    "atlas.table 5": of(atlas.TABLES["5"], KEY, SCORES),
    "atlas.part": of(atlas.part, ["data_set"], data_set="dsprites"),
    "atlas.correlations": of(atlas.correlations, ["data_set"], ["mig", "sap"], rows=["mig"], columns=["sap"]),
}

PASSES = {  # function, argument, kind of value: why it is let through
    ("*", "label", "text"): "a label is any text",
    ("*", "ylabel", "text"): "a label is any text",
    ("*", "columns", "number 3"): "a number of columns",
    ("*", "draws", "number 3"): "a number of draws",
    ("*", "noise", "None"): "noise is optional",
    ("*", "noise", "NaN in place of numbers"): "noise that is unknown",
    ("analysis.recipes", "udr", "None"): "UDR is optional",
    ("claims.Numbers", "cells", "None"): "the grid of another table is optional",
    ("claims.Claim", "each", "None"): "the claim is none of a contrast",
    ("claims.Claim", "cells", "None"): "the claim is none about correlations",
    ("claims.Claim", "rank", "None"): "the claim singles nothing out",
    ("claims.Claim", "among", "[]"): "the claim is none of a contrast",
    ("claims.Claim", "among", "empty *"): "the claim is none of a contrast",
    ("claims.Claim", "*", "text"): "name, sentence and the like are texts",
    ("claims.Claim", "threshold", "number*"): "a threshold is any number",
    ("claims.judge", "*", "number*"): "an end of an interval is any number",
    ("analysis.medians", "values", "array of NaN"): "medians ignore NaN and are NaN where there is nothing else",
    ("analysis.spearman", "values", "array of NaN"): "a column with NaN has no rank correlation, which is NaN",
    ("claims.evidence", "weighed", "without rows"): "some of the claims are shown, or none",
    ("claims.shown", "weighed", "without rows"): "some of the claims are shown, or none",
    ("claims.by_place", "weighed", "without rows"): "some of the claims are shown, or none",
    ("claims.judge", "*", "NaN"): "an interval that is unknown leaves the verdict open",
    ("figures.animation", "side", "number 3"): "a number of pixels",
    ("figures.Look", "marker", "text"): "x is a marker",
    ("figures.curves", "marks", "None"): "marks are optional",
    ("figures.curves", "height", "number 3"): "a number of inches",
    ("figures.explorable", "*", "text"): "a name of one letter, or any text",
    ("figures.explorable", "data", "None"): "data are optional",
    ("figures.image_grid", "rows", "text"): "a text of one letter is a label for one row",
    ("figures.image_grid", "*", "[]"): "labels are optional",
    ("figures.image_grid", "*", "empty generator"): "labels are optional",
    ("figures.in_order", "values", "[]"): "nothing in order is nothing",
    ("figures.in_order", "values", "empty generator"): "nothing in order is nothing",
    ("figures.in_order", "values", "empty table"): "nothing in order is nothing",
    ("figures.in_order", "values", "array of NaN"): "own values come in the order in which they are given",
    ("figures.lines_by_strength", "chance", "None"): "chance is optional",
    ("figures.lines_by_strength", "chance", "number*"): "chance is any number",
    ("figures.look", "method", "text"): "a method is any text",
    ("figures.scatters", "large", "None"): "no method need be large",
    ("figures.measured", "name", "*"): "whatever may stand in the index of a table is called by its text",
    ("figures.named", "name", "*"): "whatever may stand in the index of a table is called by its text",
    ("notebook.glue", "name", "text"): "a name is any text",
    ("notebook.glue", "value", "text"): "texts are glued",
    ("notebook.glue", "value", "number*"): "numbers are glued",
    ("notebook.glue", "value", "NaN"): "a number that is unknown is shown as nan",
    ("paper.Sweep", "label", "text"): "a label is any text",
    ("paper.Sweep", "hyperparameter", "text"): "a hyperparameter is any text",
}


def passes(name: str, argument: str, kind: str) -> bool:
    """Whether a value of this kind is one that ``PASSES`` lists."""
    given = name, argument, kind
    return any(all(map(fnmatchcase, given, pattern)) for pattern in PASSES)
