"""What a person asks of a sweep that is going on (tests/test_runners.py asks it of one that runs)."""

from sweeps import MANY, TINY

from dlnb import results
from dlnb.run import status, worker


def test_seeds_that_are_as_far_are_told_together():
    cells = MANY.cells()
    found = {cell: worker.State.DONE if cell.seed == 0 else worker.State.MISSING for cell in cells}
    assert status.by_seed(found) == "seed 0: 4 of 4; seeds 1 to 5: 0 of 4"
    found[next(cell for cell in cells if cell.seed == 2)] = worker.State.DONE
    assert status.by_seed(found) == "seed 0: 4 of 4; seed 1: 0 of 4; seed 2: 1 of 4; seeds 3 to 5: 0 of 4"


def test_the_report_of_nothing_done_counts_and_says_no_speed(tmp_path):
    lines = status.report(results.Store(TINY, tmp_path, tmp_path), TINY.cells()).splitlines()
    assert lines == [
        "tiny: 0 done, 0 running, 0 interrupted, 0 failed, 4 missing of 4 models",
        "seeds 0 to 1: 0 of 2",
    ]


def test_seeds_that_are_not_in_a_row_are_named_one_by_one():
    assert status._spans([0, 1, 2, 4, 7, 8]) == "0 to 2, 4, 7 to 8"
