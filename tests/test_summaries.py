"""The variance and the verdicts are drawn as they are given."""

import numpy as np
import pandas as pd
import pytest
from test_statements import study

from dlnb.claims import verdicts
from dlnb.claims.statements import CLAIMS
from dlnb.figures import summaries


def test_shares_fill_their_row_in_the_order_of_the_parts():
    parts = pd.DataFrame(
        {"method": [0.5, -0.1], "strength": [0.3, 0.4], "seed": [0.15, 0.6], "evaluation": [0.05, 0.1]},
        index=["mig", "shapes3d"],
    )
    (axis,) = summaries.shares(parts).axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["MIG", "Shapes3D"]
    widths = np.array([[bar.get_width() for bar in bars] for bars in axis.containers])
    assert widths.T[0] == pytest.approx([0.5, 0.3, 0.15, 0.05])
    assert widths.T[1] == pytest.approx(np.array([0, 0.4, 0.6, 0.1]) / 1.1)
    starts = np.array([[bar.get_x() for bar in bars] for bars in axis.containers])
    assert starts[1:] == pytest.approx(np.cumsum(widths, axis=0)[:-1])
    assert {text.get_text() for text in axis.texts} == {"50%", "30%", "15%", "36%", "55%", "9%"}


def test_the_scorecard_shows_value_interval_threshold_and_verdict():
    weighed = verdicts.weigh(study(), CLAIMS, np.random.default_rng(0), draws=5)
    (axis,) = summaries.scorecard(weighed).axes
    stars = [" *" if claim.added or claim.changed else "" for claim in CLAIMS]
    assert [label.get_text() for label in axis.get_yticklabels()] == list(weighed.claim + stars)
    assert sum(map(bool, stars)) >= 3
    for place, claim in enumerate(weighed.itertuples()):
        threshold, interval, dot, chance, sets = axis.lines[5 * place : 5 * place + 5]
        np.testing.assert_equal(sets.get_xdata(), [claim.sets_low, claim.sets_high])
        assert float(chance.get_xdata()[0]) == claim.chance
        assert set(threshold.get_xdata()) == {float(claim.threshold.split()[1])}
        assert list(interval.get_xdata()) == [claim.low, claim.high]
        assert float(dot.get_xdata()[0]) == claim.here and dot.get_ydata()[0] == place
        assert dot.get_color() == summaries.VERDICTS[claim.verdict][0]
        shaded = axis.collections[place].get_paths()[0].vertices[:, 0]
        end = axis.get_xlim()[1]
        assert (shaded.max() == end) == claim.threshold.startswith(">") and max(abs(shaded)) == end


@pytest.mark.parametrize("values", [[0.5, np.nan, 0.3, 0.1], [np.nan] * 4, [-0.1, 0, 0, -0.2], [np.inf, 0, 0, 0]])
def test_a_row_that_lacks_a_part_would_fill_the_rest(values):
    parts = pd.DataFrame([[0.25] * 4, values], ["a", "b"], ["method", "strength", "seed", "evaluation"])
    with pytest.raises(ValueError, match=r"column \w+ must be finite|row 'b' has no part above 0: leave it out"):
        summaries.shares(parts)


def test_values_without_an_interval_are_on_the_scorecard_too():
    weighed = verdicts.weigh(study(seeds=1), CLAIMS[:2], np.random.default_rng(0), draws=2).assign(here=[1.5, -0.5])
    (axis,) = summaries.scorecard(weighed).axes
    assert axis.get_xlim() == pytest.approx((-1.53, 1.53))


def test_the_scorecard_knows_its_verdicts():
    weighed = verdicts.weigh(study(), CLAIMS[:2], np.random.default_rng(0), draws=2)
    with pytest.raises(ValueError, match="unknown verdict 'maybe': choose from agrees, cannot tell, disagrees"):
        summaries.scorecard(weighed.assign(verdict="maybe"))
