import numpy as np
import pytest

from dlnb.representation import Representation


def example(n=4, d=3, k=2):
    rng = np.random.default_rng(0)
    mean, logvar = rng.standard_normal((2, n, d)).astype(np.float32)
    return Representation(rng.integers(5, size=(n, k)), mean, logvar)


def test_draws_are_normal_with_the_mean_and_the_variance_of_each_image():
    n = 40_000
    mean, logvar = np.float32([1.0, -2.0]), np.log(np.float32([0.25, 9.0]))  # standard deviations 1/2 and 3
    codes = Representation(np.zeros((n, 1), int), np.tile(mean, (n, 1)), np.tile(logvar, (n, 1)))
    z = codes.draw(np.random.default_rng(1))
    assert z.shape == (n, 2)
    assert z.dtype == np.float32
    np.testing.assert_allclose(z.mean(axis=0), [1.0, -2.0], atol=5 * 3 / np.sqrt(n))
    np.testing.assert_allclose(z.std(axis=0), [0.5, 3.0], rtol=0.02)
    standard = (z - mean) / [0.5, 3.0]
    assert (standard**4).mean() == pytest.approx(3.0, abs=0.15)  # the fourth moment of a normal law
    assert abs(np.corrcoef(standard, rowvar=False)[0, 1]) < 5 / np.sqrt(n)


def test_the_generator_decides_the_draw_which_changes_nothing():
    codes = example()
    mean, logvar = codes.mean.copy(), codes.logvar.copy()
    first, same, other = (codes.draw(np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, same)
    assert (first != other).all()
    np.testing.assert_array_equal(codes.mean, mean)
    np.testing.assert_array_equal(codes.logvar, logvar)


def test_kl_of_each_latent_and_which_latents_are_active():
    # Mean over two images. Latent 0: (.5 + 2) / 2. Latent 1: the prior twice. Latent 2: variance 4, then 1:
    # ((4 - 1 - log 4) / 2 + 0) / 2 = .4034264. Latent 3 has 0.1^2 / 2 / 2 = .0025 nats, too few to count.
    mean = np.float32([[1, 0, 0, 0.1], [2, 0, 0, 0]])
    logvar = np.log(np.float32([[1, 1, 4, 1], [1, 1, 1, 1]]))
    codes = Representation(np.zeros((2, 1), int), mean, logvar)
    np.testing.assert_allclose(codes.kl, [1.25, 0, 0.4034264, 0.0025], atol=1e-6)
    assert codes.active.tolist() == [True, False, True, False]


def test_drawing_without_a_generator_is_refused():
    with pytest.raises(ValueError, match="draw needs rng"):
        example().draw(None)


def test_saved_codes_come_back_bit_for_bit(tmp_path):
    codes = example()
    codes.save(tmp_path / "new" / "folder" / "codes.npz")
    back = Representation.load(tmp_path / "new" / "folder" / "codes.npz")
    for name in ("factors", "mean", "logvar"):
        one, other = getattr(codes, name), getattr(back, name)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["codes.npz"]


def test_saving_again_replaces_the_file(tmp_path):
    example(n=4).save(tmp_path / "codes.npz")
    example(n=7).save(tmp_path / "codes.npz")
    assert len(Representation.load(tmp_path / "codes.npz").mean) == 7


def test_an_interrupted_save_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "codes.npz"
    example(n=4).save(path)

    def half(file, **arrays):
        file.write(b"PK half of")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", half)
    with pytest.raises(OSError, match="disk full"):
        example(n=7).save(path)
    assert len(Representation.load(path).mean) == 4


def test_a_file_of_something_else_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", mean=np.zeros((2, 2)), labels=np.zeros(2))
    with pytest.raises(ValueError, match=r"other.npz holds \['labels', 'mean'\], not factors, mean and logvar"):
        Representation.load(tmp_path / "other.npz")


@pytest.mark.parametrize(
    ("factors", "mean", "logvar"), [((4, 2), (4, 3), (4, 2)), ((3, 2), (4, 3), (4, 3)), ((4, 2), (4,), (4,))]
)
def test_arrays_that_do_not_fit_together_are_refused(factors, mean, logvar):
    with pytest.raises(ValueError, match="do not match"):
        Representation(np.zeros(factors, int), np.zeros(mean), np.zeros(logvar))


class Tensor:
    """As PyTorch's, which NumPy refuses while it needs a gradient."""

    def __init__(self, values):
        self.values = values

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return self.values


def test_tensors_and_lists_are_converted_and_whole_numbers_become_floats():
    known = example()
    found = Representation(known.factors.tolist(), Tensor(known.mean), Tensor(known.logvar))
    np.testing.assert_array_equal(found.draw(np.random.default_rng(0)), known.draw(np.random.default_rng(0)))
    assert found.mean.dtype == np.float32
    assert Representation([[0]], [[1]], [[0]]).kl.tolist() == [0.5]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mean": None}, "mean must be an array of numbers"),
        ({"logvar": "x"}, "logvar must be an array of numbers"),
        ({"factors": [["a", "b"]] * 4}, "factors must be an array of numbers"),
        ({"factors": np.zeros(4, int)}, r"factors must be \[n, k\], not \(4,\): of one factor give factors\[:, None\]"),
        ({"mean": np.full((4, 3), np.nan)}, r"mean must be finite, but holds nan at \(0, 0\)"),
        ({"logvar": np.full((4, 3), -np.inf)}, "logvar must be finite"),
        ({"logvar": np.full((4, 3), 100, np.float32)}, "logvar must be at most 88.7, whose variance is finite"),
        ({"logvar": np.full((4, 3), 1000.0)}, "logvar must be at most 710, whose variance is finite"),
        ({"mean": np.ma.masked_greater(np.zeros((4, 3)), -1)}, "mean has masked entries"),
    ],
)
def test_codes_that_are_no_finite_numbers_are_refused(changes, message):
    known = example()
    values = {"factors": known.factors, "mean": known.mean, "logvar": known.logvar}
    with pytest.raises(ValueError, match=message):
        Representation(**values | changes)


def test_the_kl_of_codes_whose_squares_are_beyond_their_dtype_is_finite():
    found = Representation(np.zeros((2, 1), int), np.full((2, 1), 500, np.float16), np.zeros((2, 1), np.float16))
    assert found.kl == pytest.approx(500**2 / 2)


def test_two_representations_can_be_compared_and_kept_in_a_set():
    one, other = (Representation(np.zeros((2, 1)), np.zeros((2, 1)), np.zeros((2, 1))) for _ in range(2))
    assert one != other and len({one, other, one}) == 2


def test_factors_that_are_a_single_number_are_refused():
    with pytest.raises(ValueError, match="do not match"):
        Representation(np.array(3), np.zeros((2, 1)), np.zeros((2, 1)))
