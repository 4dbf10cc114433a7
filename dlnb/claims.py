"""The paper's claims, each as a number of the table of results and a threshold (weighed by ``dlnb.findings``).

Numbers, thresholds and sides were fixed before the table of the study "desk" was there. A claim about all data sets is
a mean over those of the table, so that a part of the study can be weighed too. Quantities raise KeyError or ValueError
where the table lacks what they are about.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from dlnb import paper, stats
from dlnb.findings import Claim
from dlnb.paper import SCORES, UNSUPERVISED

FIVE = tuple(name for name in SCORES if name != "modularity")
ALIKE = ("dsprites", "color_dsprites", "scream_dsprites")  # where the paper finds scores to agree strongly
VARIANTS = (*ALIKE, "noisy_dsprites")


def _trend(table, column, methods) -> float:
    """Mean over data sets and ``methods`` of the rank correlation of the strength with the median over seeds."""
    medians = stats.setting_medians(table[table.method.isin(methods)], [column])
    found = [
        part[["strength", column]].corr("spearman").iloc[0, 1] for _, part in medians.groupby(["data_set", "method"])
    ]
    if not found:
        raise ValueError(f"no models of {methods}")
    return np.nanmean(found)


def _share(table, better: Callable[[pd.DataFrame], bool], data_sets=None) -> float:
    """The share of data sets of which something is true."""
    parts = [p for name, p in table.groupby("data_set", sort=False) if data_sets is None or name in data_sets]
    if not parts:
        raise ValueError(f"no models of {data_sets}")
    return np.mean([better(part) for part in parts])


def _method_median(part, method, column) -> float:
    return part.loc[part.method == method, column].median()


def _pairs(table, names=SCORES) -> dict[str, pd.DataFrame]:
    """Rank correlations of scores, by data set."""
    return {name: part[list(names)].corr("spearman") for name, part in table.groupby("data_set", sort=False)}


def _mean_pair(matrix: pd.DataFrame, names) -> float:
    """Mean of the correlations of different ones of ``names``."""
    return matrix.loc[list(names), list(names)].to_numpy()[np.triu_indices(len(names), 1)].mean()


def _over_sets(table, quantity: Callable[[pd.DataFrame], float], data_sets=None) -> float:
    found = [quantity(matrix) for name, matrix in _pairs(table).items() if data_sets is None or name in data_sets]
    if not found:
        raise ValueError(f"no models of {data_sets}")
    return np.nanmean(found)


def _tight(matrix: pd.DataFrame) -> float:
    """Mean of the paper's two tight pairs, less the mean of the other pairs of the five."""
    tight = [matrix.loc["beta_vae_score", "factor_vae_score"], matrix.loc["mig", "dci_disentanglement"]]
    count = len(FIVE) * (len(FIVE) - 1) // 2
    return np.mean(tight) - (_mean_pair(matrix, FIVE) * count - sum(tight)) / (count - 2)


def _with(table, rows, columns) -> pd.DataFrame:
    """Rank correlations of rows with columns, mean over data sets, [r, c]."""
    names = [*rows, *columns]
    found = [p[names].corr("spearman").loc[list(rows), list(columns)] for _, p in table.groupby("data_set", sort=False)]
    if not found:
        raise ValueError("no models of these data sets")
    return sum(matrix.fillna(0) for matrix in found) / len(found)


def _overlap(table) -> float:
    """P(a model of a setting with a lower median beats one of a higher), FactorVAE score, mean over data sets."""
    found = []
    for _, part in table.groupby("data_set", sort=False):
        groups = [group.to_numpy() for _, group in part.groupby(["method", "strength"]).factor_vae_score]
        groups.sort(key=np.median)
        values, place = np.concatenate(groups), np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        sizes, first = np.bincount(place), np.flatnonzero(np.diff(place, prepend=-1))
        beats = (values[:, None] > values).astype(int)
        beats = np.add.reduceat(np.add.reduceat(beats, first, axis=0), first, axis=1)  # [settings, settings]
        found.append((beats / np.outer(sizes, sizes))[np.triu_indices(len(groups), 1)].mean())
    return np.mean(found)


def _variance(table, column) -> float:
    return stats.variance_explained(table, SCORES)[column].mean()


def _winners(table) -> float:
    """The share of data sets and scores at which the most frequent winner has the best median of all methods."""
    medians = table.groupby(["data_set", "method"])[list(SCORES)].median()
    return medians.groupby("data_set").idxmax().map(lambda key: key[1]).stack().value_counts(normalize=True).iloc[0]


def _nearest(table) -> float:
    """Correlation of dSprites with Color-dSprites less the highest other, mean over scores (settings' medians)."""
    found = []
    for score in SCORES:
        matrix = stats.between_data_sets(table, score)
        pair = matrix.loc["dsprites", "color_dsprites"]
        rest = (
            matrix.where(np.triu(np.ones(matrix.shape, bool), 1))
            .stack()
            .drop(("dsprites", "color_dsprites"), errors="ignore")
        )
        found.append(pair - rest.drop(("color_dsprites", "dsprites"), errors="ignore").max())
    return np.mean(found)


def _downstream(table, data_sets) -> float:
    """Mean rank correlation of the five scores with accuracy of boosted trees from 10,000 labels."""
    return _with(table[table.data_set.isin(data_sets)], FIVE, ["gbt_10000"]).to_numpy().mean()


def _efficiency(table) -> float:
    """Mean rank correlation of the five scores with statistical efficiency, of both learners."""
    return _with(stats.with_efficiency(table), FIVE, ["lr_efficiency", "gbt_efficiency"]).to_numpy().mean()


SHORT = "Trained for a hundredth of the paper's updates, on images of a quarter of the pixels."
FEW = "A few seeds tell little of how far models of one setting are apart."
DRAWN = "Images are drawn by this package; its cars and toys are stand-ins."

CLAIMS = (
    Claim(
        "sampled TC falls",
        "The total correlation of the sampled code falls with the strength of β-VAE and β-TCVAE.",
        "5.1, Figures 1, 8",
        "falls on all data sets",
        lambda t: _trend(t, "tc_sampled", ["beta_vae", "beta_tc_vae"]),
        0,
        above=False,
        caveat=SHORT,
    ),
    Claim(
        "mean TC rises",
        "The total correlation of the mean code rises with the strength of β-VAE and β-TCVAE.",
        "5.1, Figures 1, 9",
        "rises strongly",
        lambda t: _trend(t, "tc_mean", ["beta_vae", "beta_tc_vae"]),
        0,
        caveat=SHORT,
    ),
    Claim(
        "FactorVAE does not fall",
        "The total correlation of the sampled code does not fall with the strength of FactorVAE.",
        "I.2, Figure 8",
        "not falling with γ",
        lambda t: _trend(t, "tc_sampled", ["factor_vae"]),
        -0.3,
        caveat="The critic is smaller and learns faster than the paper's.",
    ),
    Claim(
        "DIP-VAE-I is the exception",
        "DIP-VAE-I, which penalises the covariance of the mean, has a less correlated mean code than β-VAE.",
        "5.1, Figure 9",
        "low by construction",
        lambda t: _share(
            t, lambda p: _method_median(p, "dip_vae_i", "tc_mean") < _method_median(p, "beta_vae", "tc_mean")
        ),
        0.5,
        caveat=SHORT,
    ),
    Claim(
        "mean above sampled",
        "The mean code is more correlated than the sampled code, for most models.",
        "I.2, Figure 10",
        "for many models",
        lambda t: (t.tc_mean > t.tc_sampled).mean(),
        0.5,
    ),
    Claim(
        "AnnealedVAE has a correlated mean",
        "The mean code of AnnealedVAE has a very high total correlation: the highest of all methods.",
        "I.2, Figure 26",
        "very high",
        lambda t: _share(t, lambda p: p.groupby("method").tc_mean.median().idxmax() == "annealed_vae"),
        0.5,
        caveat="Its capacity grows a hundred times faster than in the paper, as the runs are shorter.",
    ),
    Claim(
        "mutual information follows",
        "The mutual information of the mean code rises with the strength of β-VAE and β-TCVAE too.",
        "I.2, Figure 28",
        "generally rises",
        lambda t: _trend(t, "mi_mean", ["beta_vae", "beta_tc_vae"]),
        0,
        caveat=SHORT,
    ),
    Claim(
        "scores agree but for Modularity",
        "Scores other than Modularity agree with each other more than Modularity agrees with them.",
        "5.2, Figure 12",
        "all but Modularity correlate",
        lambda t: _over_sets(t, lambda m: _mean_pair(m, FIVE) - m.loc["modularity", list(FIVE)].mean()),
        0,
    ),
    Claim(
        "the five agree",
        "Scores other than Modularity agree mildly or strongly: mean rank correlation.",
        "5.2, Figure 12",
        "mild to strong",
        lambda t: _over_sets(t, lambda m: _mean_pair(m, FIVE)),
        0.3,
    ),
    Claim(
        "two tight pairs",
        "BetaVAE and FactorVAE scores, and MIG and DCI, agree more than other pairs.",
        "5.2, Figure 2",
        "strongly correlated pairs",
        lambda t: _over_sets(t, _tight),
        0,
    ),
    Claim(
        "agreement depends on the data",
        "Scores agree more on dSprites, Color- and Scream-dSprites than on other data sets.",
        "5.2, Figure 12",
        "strongly there, mildly elsewhere",
        lambda t: (
            _over_sets(t, lambda m: _mean_pair(m, FIVE), ALIKE)
            - _over_sets(t, lambda m: _mean_pair(m, FIVE), set(t.data_set) - set(ALIKE))
        ),
        0,
        caveat=DRAWN,
    ),
    Claim(
        "the method explains little",
        "The method explains less than half of a score's variance, mean over data sets and scores.",
        "5.3, Table 5",
        f"{paper.MEAN_VARIANCE['method']:.0%}",
        lambda t: _variance(t, "method_corrected"),
        0.5,
        above=False,
        caveat=SHORT,
    ),
    Claim(
        "strength adds to it",
        "Method and strength together explain much more than the method alone.",
        "5.3, Table 5",
        f"{paper.MEAN_VARIANCE['setting'] - paper.MEAN_VARIANCE['method']:.0%} more",
        lambda t: _variance(t, "setting_corrected") - _variance(t, "method_corrected"),
        0.1,
        caveat=FEW,
    ),
    Claim(
        "seeds matter",
        "A good part of a score's variance is explained by neither, but by the seed.",
        "5.3",
        f"{1 - paper.MEAN_VARIANCE['setting']:.0%}",
        lambda t: 1 - _variance(t, "setting_corrected"),
        0.2,
        caveat=FEW,
    ),
    Claim(
        "luck against tuning",
        "In many cases a good run of a worse setting beats a bad run of a better one (FactorVAE score).",
        "5.3, Figure 14",
        "in many cases",
        _overlap,
        0.1,
        caveat=FEW,
    ),
    Claim(
        "no method is best everywhere",
        "No method has the best median at more than half of the data sets and scores.",
        "5.3, 5.4, Figure 15",
        "none consistently",
        _winners,
        0.5,
        above=False,
    ),
    Claim(
        "unsupervised scores do not select",
        "No unsupervised score follows the disentanglement scores: largest mean rank correlation, any sign.",
        "5.4, Figure 16",
        "no clear pattern",
        lambda t: _with(t, UNSUPERVISED, FIVE).abs().to_numpy().max(),
        0.5,
        above=False,
    ),
    Claim(
        "only dSprites and Color-dSprites are alike",
        "Settings rank alike on dSprites and Color-dSprites, more than on any other two data sets.",
        "5.4, Figure 17",
        "only this pair, consistently",
        _nearest,
        0,
        caveat=FEW,
    ),
    Claim(
        "transfer within data set and score",
        "The best setting at one seed is at least as good as a random model at another seed, by the same score.",
        "5.4, Table 1",
        f"{paper.TRANSFER.loc['same score', 'same data set']:.1%}",
        lambda t: stats.transfer_game(t, SCORES).loc["same score", "same data set"],
        0.6,
        caveat=FEW,
    ),
    Claim(
        "transfer to another data set and score",
        "Chosen by another score on another data set, it is hardly better than a random model.",
        "5.4, Table 1",
        f"{paper.TRANSFER.loc['other score', 'other data set']:.1%}",
        lambda t: stats.transfer_game(t, SCORES).loc["other score", "other data set"],
        0.6,
        above=False,
    ),
    Claim(
        "scores follow accuracy on some data sets",
        "Scores other than Modularity follow downstream accuracy on the variants of dSprites and on Shapes3D.",
        "5.5, Figure 19",
        "correlated there",
        lambda t: _downstream(t, (*VARIANTS, "shapes3d")),
        0.3,
        caveat=SHORT,
    ),
    Claim(
        "and not on others",
        "They do not, or only weakly, on Cars3D and SmallNORB.",
        "5.5, Figure 19",
        "weak or none",
        lambda t: _downstream(t, ("cars3d", "smallnorb")),
        0.3,
        above=False,
        caveat=DRAWN,
    ),
    Claim(
        "no statistical efficiency",
        "Higher scores do not reliably mean that fewer labels are enough: mean rank correlation with efficiency.",
        "5.5, Figures 20, 21",
        "not reliably",
        _efficiency,
        0.3,
        above=False,
    ),
)


def of(question: str) -> tuple[Claim, ...]:
    """The claims of a question of section 5, such as "5.1", whose details stand in Appendix I.2, and so on."""
    appendix = f"I.{int(question.removeprefix('5.')) + 1}"
    found = tuple(claim for claim in CLAIMS if claim.where.startswith((question, appendix)))
    if not found:
        raise ValueError(f"no claims of {question!r}: choose from 5.1 to 5.5")
    return found
