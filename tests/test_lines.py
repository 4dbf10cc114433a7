"""A line for each figure and table on which claims rest."""

import numpy as np
import pandas as pd

from dlnb import claims

ROWS = pd.DataFrame(
    {
        "claim": ["falls", "rises", "unknown", "share"],
        "where": ["5.1, I.2, Figures 1, 8", "5.3, 5.4, Figure 8", "5.2, Figure 12", "5.3, Table 5"],
        "paper": ["falls", "rises", "agree", "37 %"],
        "here": [-0.8, 0.123, np.nan, 0.21],
        "threshold": ["< 0", "> 0", "> 0.3", "< 0.5"],
        "verdict": ["agrees", "cannot tell", "cannot tell", "agrees"],
    }
)


def test_each_figure_and_table_has_the_claims_that_name_it():
    falls = "falls: paper falls, here -0.80 (claimed < 0), agrees"
    rises = "rises: paper rises, here 0.12 (claimed > 0), cannot tell"
    assert claims.by_place(ROWS) == {
        "Figure 1": f"{falls}.",
        "Figure 8": f"{falls}; {rises}.",
        "Table 5": "share: paper 37 %, here 0.21 (claimed < 0.5), agrees.",
    }


def test_every_claim_of_the_paper_that_names_a_figure_or_table_finds_its_place():
    weighed = pd.DataFrame([{"where": each.where, "claim": each.name} for each in claims.CLAIMS])
    weighed = weighed.assign(paper="p", here=0.0, threshold="> 0", verdict="agrees")
    text = " ".join(claims.by_place(weighed).values())
    for claim in claims.CLAIMS:
        assert (f"{claim.name}: " in text) == ("Figure" in claim.where or "Table" in claim.where)
