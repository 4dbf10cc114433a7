"""The paper's claims, each as a number of the table of results and a threshold (tested by ``dlnb.claims.verdicts``).

Numbers, thresholds and sides were fixed before the table of the study "short" was analysed, but for those of claims
that say ``added`` or ``changed``. Parts of the study can be tested too: numbers about all data sets are means over
those of the table. The claims of sections 5.4 and 5.5 are in ``practice``.
"""

from dlnb import checks, paper
from dlnb.claims.caveats import CRITIC, DRAWN, FEW, GAMMA, SHORT
from dlnb.claims.places import rank_of_alike, rank_of_tight
from dlnb.claims.practice import CORRELATION, DIFFERENCE, LEFT_OUT, PRACTICE, SHARE
from dlnb.claims.quantities import (
    ALIKE,
    FIVE,
    above_others,
    contrast,
    flips,
    mean_pair,
    mean_with,
    over_sets,
    tight,
    trend,
    winners,
)
from dlnb.claims.verdicts import Claim
from dlnb.paper import DATA_SETS

BUT_SCREAM = tuple(name for name in DATA_SETS if name != "scream_dsprites")


def _level(n):
    """Mean correlation of two of the five scores."""
    return over_sets(n, lambda m: mean_pair(m, FIVE))


CLAIMS = (
    Claim(
        "sampled TC falls",
        "The total correlation of the sampled code falls with the strength of β-VAE and β-TCVAE.",
        "5.1, Figures 1, 8",
        "falls on all data sets",
        lambda n: trend(n, "tc_sampled", ["beta_vae", "beta_tc_vae"]),
        0,
        above=False,
        caveat=SHORT,
        bounds=CORRELATION,
    ),
    Claim(
        "mean TC rises",
        "The total correlation of the mean code rises with the strength of β-VAE and β-TCVAE.",
        "5.1, Figures 1, 9",
        "rises strongly",
        lambda n: trend(n, "tc_mean", ["beta_vae", "beta_tc_vae"]),
        0,
        caveat=SHORT,
        bounds=CORRELATION,
    ),
    Claim(
        "FactorVAE falls less",
        "The total correlation of the sampled code falls less with the strength of FactorVAE, or not at all.",
        "5.1, I.2, Figure 8",
        "does not fall with γ",
        lambda n: trend(n, "tc_sampled", ["factor_vae"]) - trend(n, "tc_sampled", ["beta_vae", "beta_tc_vae"]),
        0,
        caveat=CRITIC,
        bounds=DIFFERENCE,
    ),
    Claim(
        "DIP-VAE-I is the exception",
        "DIP-VAE-I, which penalises the covariance of the mean, has a less correlated mean code than β-VAE.",
        "5.1, Figure 9",
        "low by construction",
        lambda n: above_others(n, "beta_vae", "tc_mean", ["dip_vae_i"]),
        0.5,
        caveat=SHORT,
        bounds=SHARE,
    ),
    Claim(
        "AnnealedVAE has a correlated mean",
        "The mean code of AnnealedVAE has a very high total correlation: above the median of the other methods.",
        "I.2, Figure 26",
        "very high",
        lambda n: above_others(n, "annealed_vae", "tc_mean"),
        0.5,
        caveat=GAMMA,
        bounds=SHARE,
    ),
    Claim(
        "sampled TC of AnnealedVAE falls",
        "The total correlation of the sampled code of AnnealedVAE falls with its strength on all data sets but Scream.",
        "I.2, Figure 25",
        "falls, but on Scream",
        lambda n: trend(n, "tc_sampled", ["annealed_vae"], BUT_SCREAM),
        0,
        above=False,
        caveat=GAMMA,
        added=LEFT_OUT,
        bounds=CORRELATION,
    ),
    Claim(
        "mean information rises",
        "The mutual information of the mean code rises with the strength of β-VAE and β-TCVAE too.",
        "I.2, Figure 28",
        "generally rises",
        lambda n: trend(n, "mi_mean", ["beta_vae", "beta_tc_vae"]),
        0,
        caveat=SHORT,
        bounds=CORRELATION,
    ),
    Claim(
        "information of DIP-VAE-I rises",
        "The mutual information of both codes of DIP-VAE-I rises with its strength: mean of both.",
        "I.2, Figures 27, 28",
        "rises",
        lambda n: (trend(n, "mi_sampled", ["dip_vae_i"]) + trend(n, "mi_mean", ["dip_vae_i"])) / 2,
        0,
        caveat=SHORT,
        added=LEFT_OUT,
        bounds=CORRELATION,
    ),
    Claim(
        "scores agree but for Modularity",
        "Scores other than Modularity agree more with each other than with Modularity.",
        "5.2, Figure 12",
        "all but Modularity correlate",
        lambda n: over_sets(n, lambda m: mean_pair(m, FIVE) - mean_with(m, "modularity", FIVE)),
        0,
        bounds=DIFFERENCE,
    ),
    Claim(
        "the five agree",
        "Scores other than Modularity are mildly to strongly correlated: mean rank correlation.",
        "5.2, Figure 12",
        "mild to strong",
        _level,
        0.3,
        bounds=CORRELATION,
    ),
    Claim(
        "two tight pairs",
        "The BetaVAE and FactorVAE scores agree more than other pairs of scores, and so do MIG and DCI.",
        "5.2, Figure 2",
        "strongly correlated pairs",
        lambda n: over_sets(n, tight),
        0,
        rank=rank_of_tight,
        bounds=DIFFERENCE,
    ),
    Claim(
        "agreement depends on the data",
        "Scores agree more on dSprites, Color- and Scream-dSprites than on other data sets.",
        "5.2, Figure 12",
        "strongly there, mildly elsewhere",
        lambda n: contrast(n, lambda m: mean_pair(m, FIVE), ALIKE),
        0,
        caveat=DRAWN,
        among=ALIKE,
        each=_level,
        rank=rank_of_alike,
        bounds=DIFFERENCE,
    ),
    Claim(
        "the method explains little",
        "The method explains less than half of a score's variance, averaged over data sets and scores.",
        "5.3, Table 5",
        f"{paper.MEAN_VARIANCE['method']:.0%}",
        lambda n: n.variances.method_corrected,
        0.5,
        above=False,
        caveat=SHORT,
    ),
    Claim(
        "strength adds to it",
        "Method and strength together explain much more than the method alone.",
        "5.3, Table 5",
        f"{paper.MEAN_VARIANCE['setting'] - paper.MEAN_VARIANCE['method']:.0%} more",
        lambda n: n.variances.setting_corrected - n.variances.method_corrected,
        0.1,
        caveat=FEW,
    ),
    Claim(
        "seeds matter",
        "A good part of a score's variance is due to neither but to the seed (evaluation noise excluded where known).",
        "5.3",
        f"{1 - paper.MEAN_VARIANCE['setting']:.0%}",
        lambda n: 1 - n.variances.setting_corrected,
        0.2,
        caveat=FEW,
    ),
    Claim(
        "luck against tuning",
        "In many cases a good run of a worse setting beats a bad run of a better one: FactorVAE score, share of pairs "
        "of settings whose order flips between two seeds.",
        "5.3, Figure 14",
        "in many cases",
        flips,
        0.2,
        caveat=FEW,
        bounds=SHARE,
    ),
    Claim(
        "no method is best everywhere",
        "No method has the best median on more than half of the pairs of data set and score.",
        "5.3, 5.4, Figure 15",
        "none consistently",
        winners,
        0.5,
        above=False,
        whole=True,
        bounds=SHARE,
    ),
    *PRACTICE,
)


def of(question: str) -> tuple[Claim, ...]:
    """The claims on a question of section 5, including its details in the appendix (I.2 for 5.1).

    ``question``: "5.1", "5.2", "5.3", "5.4" or "5.5". Raises ValueError for any other.
    """
    appendix = checks.choose({f"5.{i}": f"I.{i + 1}" for i in range(1, 6)}, question, "question")
    return tuple(claim for claim in CLAIMS if claim.where.startswith((question, appendix)))
