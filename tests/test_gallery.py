import numpy as np
import pytest

from dlnb.data import gallery


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DLNB_DATA", str(tmp_path))
    monkeypatch.setattr(gallery, "FEW", 4)
    return tmp_path


@pytest.fixture
def calls():
    return []


@pytest.fixture
def look(calls):
    def draw(i, j):
        calls.append((i, j))
        return np.full((2, 3), 10 * i + j, np.uint8) + np.array([[0], [100]], np.uint8)

    return gallery.gallery("numbers", "1", (3, 4), (2, 3), draw)


def cells(*rows):
    return np.array(rows, int).reshape(-1, 2)


def test_few_images_are_drawn_one_by_one_and_only_once(look, calls, home):
    images = look(cells((2, 1), (0, 3), (2, 1)))
    assert images[:, 0, 0].tolist() == [21, 3, 21]
    assert images[:, 1, 2].tolist() == [121, 103, 121]
    look(cells((0, 3)))
    assert sorted(calls) == [(0, 3), (2, 1)]
    assert not list(home.rglob("*.npy"))


def test_many_images_come_from_a_table_that_is_drawn_once_and_kept(look, calls, home):
    every = cells(*np.ndindex(3, 4))
    few = look(every[:4])
    np.testing.assert_array_equal(look(every)[:4], few)
    assert len(calls) == 4 + 12
    np.testing.assert_array_equal(look(every)[:, 0, 0], 10 * every[:, 0] + every[:, 1])
    assert len(calls) == 4 + 12
    again = gallery.gallery("numbers", "1", (3, 4), (2, 3), None)  # another process, which finds the table
    np.testing.assert_array_equal(again(every), look(every))


def test_another_version_is_drawn_anew(look, home):
    every = cells(*np.ndindex(3, 4))
    look(every)
    other = gallery.gallery("numbers", "2", (3, 4), (2, 3), lambda i, j: np.full((2, 3), 7, np.uint8))
    assert (other(every) == 7).all()


def test_an_entry_of_the_first_axis_may_be_chosen(look):
    every = cells(*np.ndindex(3, 4))
    for some in (every[:3], every):
        inner = np.arange(len(some)) % 2
        np.testing.assert_array_equal(look(some, inner), look(some)[np.arange(len(some)), inner])


def test_nothing_asked_is_nothing_drawn(look, calls):
    assert look(cells()).shape == (0, 2, 3)
    assert not calls


def test_a_version_changes_with_the_source(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "drawing_of_a_test.py").write_text("A = 1\n")
    import drawing_of_a_test

    before = gallery.version(drawing_of_a_test.__name__)
    assert before == gallery.version(drawing_of_a_test.__name__)
    (tmp_path / "drawing_of_a_test.py").write_text("A = 2\n")
    assert gallery.version(drawing_of_a_test.__name__) != before
    assert gallery.version("dlnb.data.scenes.cars", "dlnb.data.scenes.toys") != gallery.version("dlnb.data.scenes.cars")


@pytest.mark.parametrize("made", [np.full((2, 3), 0.5), np.zeros((2, 3), int), np.zeros((1, 3), np.uint8), None, 7])
@pytest.mark.parametrize("count", [1, 12])
def test_what_is_drawn_as_anything_but_bytes_of_the_shape_is_refused(made, count):
    look = gallery.gallery("numbers", "1", (3, 4), (2, 3), lambda i, j: made)
    with pytest.raises(ValueError, match=r"images of numbers must be drawn as uint8 \(2, 3\), not"):
        look(cells(*np.ndindex(3, 4))[:count])
