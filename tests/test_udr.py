import numpy as np
import pytest
from common import rng
from scipy.stats import spearmanr
from sklearn.linear_model import Lasso

from dlnb.metrics import udr
from dlnb.metrics.unsupervised import _one_to_one
from dlnb.representation import Representation

each_kind = pytest.mark.parametrize("kind", ["spearman", "lasso"])

# Two latents of five values each, all pairs: they are not correlated at all, nor are their ranks.
GRID = np.array(list(np.ndindex(5, 5)), float)
TURN = np.array([[1.0, 1.0], [1.0, -1.0]])  # by an eighth of a turn, and stretched


def model(mean, logvar=-2.0, factors=None):
    """What a model says of some images; with this variance, a seventh of the prior's, its latents count as active."""
    mean = np.asarray(mean, np.float32)
    factors = np.zeros((len(mean), 0), int) if factors is None else factors
    return Representation(factors, mean, np.broadcast_to(np.float32(logvar), mean.shape))


# How far a matrix of likeness is one to one


def test_a_matrix_counts_as_far_as_each_latent_has_one_counterpart():
    # Largest squared by the sum. Columns: .64 / .8 and .25 / .7, mean .578571. Rows: .64 / 1 and .25 / .5, mean .57.
    assert _one_to_one(np.array([[0.8, 0.2], [0.0, 0.5]])) == pytest.approx((0.578571 + 0.57) / 2, abs=1e-6)


def test_a_latent_without_counterpart_counts_as_zero():
    # Columns: .81 / .9 and 0, mean .45. Rows: .81 / .9, 0 and 0, mean .3.
    assert _one_to_one(np.array([[0.9, 0.0], [0.0, 0.0], [0.0, 0.0]])) == pytest.approx(0.375, abs=1e-9)


# Models whose likeness is known


def test_models_that_differ_in_order_sign_and_scale_of_latents_agree_wholly():
    others = [GRID[:, ::-1], -GRID, GRID * [0.1, 10.0] + 3, GRID**3]
    np.testing.assert_allclose(udr([model(each) for each in (GRID, *others)]), 1.0, atol=1e-6)


def test_lasso_takes_its_penalty_off_the_weights_of_models_that_agree():
    # The weight of a standardised latent for itself is 1 - 0.1; .9² / .9 = .9.
    others = [GRID[:, ::-1], -GRID, GRID * [0.1, 10.0] + 3]
    np.testing.assert_allclose(udr([model(each) for each in (GRID, *others)], "lasso"), 0.9, atol=1e-5)


def test_models_turned_against_each_other_by_an_eighth_of_a_turn():
    # Latents a and b, 0 or 1, against a + b and a - b. Ranks of a less their mean: -1, -1, 1, 1; of a + b: -1.5, 0, 0,
    # 1.5. Their correlation is 3 / (2 · sqrt 4.5) = sqrt 1/2, as are the other three but for signs: 1/2 / sqrt 2.
    square = np.array(list(np.ndindex(2, 2)), float)
    np.testing.assert_allclose(udr([model(square), model(square @ TURN)]), np.sqrt(1 / 8), atol=1e-6)
    # Weights are sqrt 1/2 - 0.1 for the Lasso, all the same: a half of that.
    lasso = udr([model(GRID), model(GRID @ TURN)], "lasso")
    np.testing.assert_allclose(lasso, (np.sqrt(1 / 2) - 0.1) / 2, atol=1e-5)


def test_a_model_scores_the_median_over_the_others():
    # Two that agree wholly and two turned against both, which agree with each other: to each, one other is like it and
    # two are not. Then three against one: it is unlike all three, and of the others two are like each of them.
    square = np.array(list(np.ndindex(2, 2)), float)
    upright, turned = model(square), model(square @ TURN)
    unlike = np.sqrt(1 / 8)
    np.testing.assert_allclose(udr([upright, turned, upright, turned]), unlike, atol=1e-6)
    np.testing.assert_allclose(udr([upright, upright, turned, upright]), [1.0, 1.0, unlike, 1.0], atol=1e-6)
    middle = (1 + unlike) / 2
    np.testing.assert_allclose(udr([upright, turned, upright]), [middle, unlike, middle], atol=1e-6)


@each_kind
def test_passive_latents_are_left_out(kind):
    # A mean that varies little and a variance near the prior's: KL (.1² · var + small) / 2 is below 0.01.
    more = np.column_stack([GRID, 0.1 * rng().standard_normal(25)])
    passive = model(more, logvar=np.array([-2.0, -2.0, 0.0], np.float32))
    assert passive.kl[2] < 0.01 < passive.kl[:2].min()
    plain = udr([model(GRID), model(GRID[:, ::-1])], kind)
    np.testing.assert_allclose(udr([passive, model(GRID[:, ::-1])], kind), plain, atol=1e-6)
    active = model(more)
    assert (udr([active, model(GRID[:, ::-1])], kind) < plain - 0.05).all()


@each_kind
def test_a_model_without_active_latents_agrees_with_none(kind):
    dead = model(np.zeros((25, 3)), logvar=0.0)
    alive = udr([model(GRID), model(GRID)], kind)[0]
    np.testing.assert_allclose(udr([dead, dead, dead], kind), 0.0)
    # Of two others a living model has one that is dead: the median is the mean of both.
    np.testing.assert_allclose(udr([model(GRID), dead, model(GRID)], kind), [alive / 2, 0.0, alive / 2], atol=1e-6)


@each_kind
def test_a_latent_that_is_active_but_always_says_the_same_has_no_counterpart(kind):
    # Its variance, not its mean, differs from the prior's. Columns and rows: 1 and 0 for the constant latent.
    constant = model(np.column_stack([GRID[:, 0], np.full(25, 0.1)]))
    assert (constant.kl > 0.01).all()
    alone = udr([model(GRID[:, :1]), model(GRID[:, :1])], kind)
    np.testing.assert_allclose(udr([constant, model(GRID[:, :1])], kind), 0.75 * alone, atol=1e-6)


@each_kind
def test_models_may_have_different_numbers_of_latents(kind):
    # One latent against the same and another: one side wholly, the other half.
    alone = udr([model(GRID[:, :1]), model(GRID[:, :1])], kind)
    np.testing.assert_allclose(udr([model(GRID), model(GRID[:, :1])], kind), 0.75 * alone, atol=1e-6)


# Any models, by loops


def by_loops(representations, kind):
    """UDR written from its description: latents of little KL are zeroed for the Lasso, and masked afterwards."""
    codes, active = [], []
    for each in representations:
        mean, logvar = each.mean.astype(float), each.logvar.astype(float)
        kl = [np.mean((mean[:, j] ** 2 + np.exp(logvar[:, j]) - logvar[:, j] - 1) / 2) for j in range(4)]
        active.append([j for j in range(4) if kl[j] > 0.01])
        codes.append(np.column_stack([(mean[:, j] - mean[:, j].mean()) / mean[:, j].std() for j in range(4)]))
        codes[-1][:, [j for j in range(4) if j not in active[-1]]] = 0.0
    pairs = {}
    for i, left in enumerate(codes):
        for j, right in enumerate(codes):
            if kind == "lasso":
                matrix = np.abs(Lasso(alpha=0.1).fit(left, right).coef_).T
            else:
                matrix = np.zeros((4, 4))
                for a in active[i]:
                    for b in active[j]:
                        matrix[a, b] = abs(spearmanr(left[:, a], right[:, b]).statistic)
            lines = [[matrix[a, b] for b in active[j]] for a in active[i]]
            rows = [max(line) ** 2 / sum(line) if sum(line) else 0.0 for line in lines]
            columns = [max(line) ** 2 / sum(line) if sum(line) else 0.0 for line in zip(*lines, strict=True)]
            pairs[i, j] = (sum(rows) / len(rows) + sum(columns) / len(columns)) / 2
    count = len(codes)
    return [np.median([pairs[j, i] for j in range(count) if j != i]) for i in range(count)]


@each_kind
@pytest.mark.parametrize("seed", range(3))
def test_udr_is_what_loops_over_models_and_latents_find(kind, seed):
    drawn = rng(seed)
    sources, models = drawn.standard_normal((200, 4)), []
    for mixing in (0.1, 0.4, 0.7, 1.5, 0.4):
        mean = sources @ (np.eye(4)[drawn.permutation(4)] + mixing * drawn.standard_normal((4, 4)))
        mean, logvar = mean + 0.5 * drawn.standard_normal(mean.shape), np.full(4, -2.0, np.float32)
        mean[:, 2] *= 0.05 if mixing == 0.4 else 1.0
        logvar[2] = 0.0 if mixing == 0.4 else -2.0
        models.append(model(mean, logvar))
    assert sorted(int((each.kl > 0.01).sum()) for each in models) == [3, 3, 4, 4, 4]
    expected = by_loops(models, kind)
    assert 0.1 < min(expected) < max(expected) < 0.8
    found = udr(models, kind)
    assert found.shape == (5,)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@each_kind
def test_the_order_of_models_only_orders_their_scores(kind):
    models = [model(rng(seed).standard_normal((50, 3)) + GRID[:, [0, 1, 1]].repeat(2, axis=0)) for seed in range(4)]
    order = [2, 0, 3, 1]
    np.testing.assert_allclose(udr([models[i] for i in order], kind), udr(models, kind)[order], atol=1e-6)


# Codes without variances


@each_kind
def test_codes_alone_agree_as_representations_of_them_do(kind):
    codes = [rng(seed).standard_normal((50, 3)) + GRID[:, [0, 1, 1]].repeat(2, axis=0) for seed in range(3)]
    expected = udr([model(each) for each in codes], kind)
    np.testing.assert_allclose(udr(codes, kind), expected, atol=1e-4)
    np.testing.assert_allclose(udr(np.stack(codes), kind), expected, atol=1e-4)
    np.testing.assert_allclose(udr([codes[0], model(codes[1]), codes[2].tolist()], kind), expected, atol=1e-4)


@each_kind
def test_of_codes_alone_latents_that_hardly_vary_are_left_out(kind):
    for deviation, counts in ((0.04, False), (0.06, True)):
        noise = rng().standard_normal(25)
        more = np.column_stack([GRID, deviation * noise / noise.std()])
        found, plain = udr([more, GRID[:, ::-1]], kind), udr([GRID, GRID[:, ::-1]], kind)
        assert (found < plain - 0.05).all() if counts else np.allclose(found, plain)


@pytest.mark.parametrize(
    ("models", "message"),
    [
        (GRID, r"give a list of representations, or of codes \[n, d\]"),
        (model(GRID), "give a list of representations"),
        (None, "not None"),
        ([GRID, GRID[:20]], "models have 25, 20 rows"),
        ([GRID[:2], GRID[:2]], "at least 3 rows of codes, not 2"),
        ([GRID, np.where(GRID == 0, np.nan, GRID)], r"codes of model 1 \(counted from 0\).* latent 0 .* nan"),
        ([GRID, 1e-3 * GRID], "no latent of model 1 .* deviation of at least 0.05: leave a collapsed model out"),
        ([GRID, "x"], "codes of model 1"),
    ],
)
def test_models_that_cannot_be_compared_are_refused(models, message):
    with pytest.raises(ValueError, match=message):
        udr(models)


# Input


def test_a_single_model_agrees_with_nobody():
    for few in ([], [model(GRID)]):
        with pytest.raises(ValueError, match=f"it needs at least 2, not {len(few)}"):
            udr(few)


def test_models_of_other_images_are_refused():
    labels = np.arange(25)[:, None]
    with pytest.raises(ValueError, match="udr compares representations of the same images: their factors differ"):
        udr([model(GRID, factors=labels), model(GRID, factors=labels[::-1])])
    with pytest.raises(ValueError, match="their factors differ"):
        udr([model(GRID), model(GRID[:20])])
    udr([model(GRID, factors=labels), model(GRID, factors=labels)])


def test_an_unknown_kind_is_refused_with_the_choices():
    with pytest.raises(ValueError, match="unknown kind 'pearson': choose from spearman, lasso"):
        udr([model(GRID), model(GRID)], "pearson")


@each_kind
def test_udr_leaves_its_arguments_untouched(kind):
    models = [model(GRID), model(GRID @ TURN)]
    kept = [each.mean.copy() for each in models]
    for each in models:
        each.mean.setflags(write=False)
    udr(models, kind)
    for each, before in zip(models, kept, strict=True):
        np.testing.assert_array_equal(each.mean, before)
