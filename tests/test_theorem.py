"""Theorem 1: the map keeps the law, entangles every coordinate, and has the Jacobian of the proof."""

import numpy as np
import pytest
from scipy import stats

from dlnb.lessons import theorem
from dlnb.models.backend import tfp

tfd = tfp.distributions
LAWS = {
    "uniform": (tfd.Uniform(np.zeros(3), np.ones(3)), stats.uniform()),
    "normal": (tfd.Normal(np.zeros(3), 2 * np.ones(3)), stats.norm(scale=2)),
    "exponential": (tfd.Exponential(np.ones(3)), stats.expon()),
    "beta": (tfd.Beta(2 * np.ones(3), 5 * np.ones(3)), stats.beta(2, 5)),
}
each_law = pytest.mark.parametrize("name", LAWS)


@pytest.mark.parametrize("dimensions", [2, 3, 4, 10])
@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.3, 0.49])
def test_householder_is_orthogonal_without_a_zero_and_follows_the_formula(dimensions, alpha):
    a = theorem.householder(dimensions, alpha)
    assert np.allclose(a.T @ a, np.eye(dimensions), atol=1e-12) and np.abs(a).min() > 1e-3
    rest = (1 - alpha) / (dimensions - 1)  # every v_i^2 but the first
    assert a[0, 0] == pytest.approx(1 - 2 * alpha) and a[1, 1] == pytest.approx(1 - 2 * rest)
    assert a[0, 1] == pytest.approx(-2 * np.sqrt(alpha * rest))


def test_householder_of_three_dimensions_worked_by_hand():
    # alpha = .2: v = (sqrt .2, sqrt .4, sqrt .4), so -2 v1 v2 = -2 sqrt .08 = -.5657 and 1 - 2 * .4 = .2
    expected = [[0.6, -0.5657, -0.5657], [-0.5657, 0.2, -0.8], [-0.5657, -0.8, 0.2]]
    assert np.allclose(theorem.householder(3, 0.2), expected, atol=1e-4)


@pytest.mark.parametrize("alpha", [0, 0.5, 0.7, -0.1])
def test_householder_refuses_strengths_outside_the_family(alpha):
    with pytest.raises(ValueError, match="between 0 and 1/2"):
        theorem.householder(3, alpha)
    with pytest.raises(ValueError, match="at least 2"):
        theorem.householder(1)


def test_rotation_turns_counter_clockwise():
    assert np.allclose(theorem.rotation(90) @ [1, 0], [0, 1])
    assert np.allclose(theorem.rotation(30), [[np.sqrt(3) / 2, -0.5], [0.5, np.sqrt(3) / 2]])


@each_law
def test_map_keeps_the_law(name):
    law, reference = LAWS[name]
    z = reference.rvs((20_000, 3), random_state=0)
    new = theorem.entangle(law, theorem.householder(3)).forward(z).numpy()
    assert min(stats.kstest(column, reference.cdf).pvalue for column in new.T) > 1e-3
    assert np.abs(stats.spearmanr(new).statistic - np.eye(3)).max() < 0.03  # 4 standard errors of 20,000 draws
    assert np.abs(new - z).mean() > 0.1  # it is not the identity


@each_law
def test_rotating_alone_changes_every_law_but_the_normal(name):
    _, reference = LAWS[name]
    z = reference.rvs((20_000, 3), random_state=0) - reference.mean()
    turned = z @ theorem.householder(3).T + reference.mean()
    lowest = min(stats.kstest(column, reference.cdf).pvalue for column in turned.T)
    assert lowest > 1e-3 if name == "normal" else lowest < 1e-6


@each_law
def test_jacobian_is_that_of_the_proof(name):
    law, reference = LAWS[name]
    a, u = theorem.householder(3), reference.rvs((200, 3), random_state=1)
    f = theorem.entangle(law, a)
    new = f.forward(u).numpy()

    def slope(points):  # of h(g(.)): density over normal density at the normal quantile
        return reference.pdf(points) / stats.norm.pdf(stats.norm.ppf(reference.cdf(points)))

    expected = a[None] * slope(u)[:, None, :] / slope(new)[:, :, None]
    jacobian = theorem.jacobian(f, u)
    assert np.allclose(jacobian, expected, rtol=1e-5)
    assert np.abs(jacobian).min() > 0
    assert np.allclose(np.linalg.slogdet(jacobian)[1], f.forward_log_det_jacobian(u, event_ndims=1), atol=1e-8)


@each_law
def test_inverse_returns_every_point(name):
    law, reference = LAWS[name]
    z = reference.rvs((500, 3), random_state=2)
    f = theorem.entangle(law, theorem.householder(3))
    assert np.allclose(f.inverse(f.forward(z)), z, atol=1e-7)


@pytest.mark.parametrize("matrix", [np.ones((2, 2)), np.eye(3)[:2], np.eye(2) - np.outer([0.6, 0.8], [0.6, 0.8])])
def test_map_refuses_matrices_that_are_not_orthogonal(matrix):
    with pytest.raises(ValueError, match="orthogonal"):
        theorem.entangle(tfd.Uniform(np.zeros(2), np.ones(2)), matrix)


LAW = tfd.Uniform(np.zeros(2), np.ones(2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theorem.rotation(None), "an angle in degrees must be a number, not None"),
        (lambda: theorem.rotation(float("nan")), "an angle in degrees must be a number"),
        (lambda: theorem.householder(3, "0.2"), "alpha must be strictly between 0 and 1/2, not '0.2'"),
        (lambda: theorem.householder("3"), "dimensions must be a whole number"),
        (lambda: theorem.entangle(None, np.eye(2)), "marginals must be a distribution such as"),
        (lambda: theorem.entangle(LAW, None), "the matrix must be an array of numbers"),
        (lambda: theorem.entangle(LAW, np.full((2, 2), np.nan)), "the matrix must be finite"),
        (lambda: theorem.entangle(LAW, np.eye(3)), r"float64 and batch shape \(\) or \(3,\), not of float64 .*\(2,\)"),
        (lambda: theorem.entangle(tfd.Normal(0.0, 1.0), np.eye(2)), "not of float32"),
        (lambda: theorem.jacobian(None, np.zeros((3, 2))), "f must be a bijector such as entangle returns"),
        (lambda: theorem.jacobian(theorem.entangle(LAW, np.eye(2)), [0.1, 0.2]), r"points must be \[n, d\]"),
        (lambda: theorem.jacobian(theorem.entangle(LAW, np.eye(2)), None), "points must be an array of numbers"),
    ],
)
def test_what_the_map_is_not_made_for_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
