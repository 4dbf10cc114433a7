"""Gradient-boosted trees that split where scikit-learn's do, compiled: a depth-3 tree in one pass a level.

scikit-learn sorts the rows of every node of every tree anew. Here each latent is sorted once; the rows of all nodes of
a level then pass by in that order, each node keeping the sum of its residuals, so that every threshold is tried. What
is left of a difference is rounding: sums are taken in another order.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.special import expit, softmax

ROUNDS, RATE, DEPTH = 100, 0.1, 3  # of scikit-learn's GradientBoostingClassifier(), which the study uses
NODES, LEAVES = 2**DEPTH - 1, 2**DEPTH
APART = np.float32(1e-7)  # codes that differ by less are not split (scikit-learn)
PURE = np.finfo(float).eps  # a node whose residuals vary less is not split (scikit-learn)
FLAT = 1e-150  # a leaf whose second derivatives sum to less takes no step (scikit-learn)


@dataclass(frozen=True)
class Forest:
    """Trees [rounds, t], one for each class, or one in all if there are two.

    Node i splits at ``feature`` [rounds, t, 7] (-1: not at all, all rows go left) by ``threshold`` into the nodes
    2i + 1 and 2i + 2; ``value`` [rounds, t, 8] is what a leaf adds to ``start`` [t], the raw score of no tree.
    ``gain`` [d] is what the splits of each latent reduced the squared error of residuals by.
    """

    start: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    value: np.ndarray
    gain: np.ndarray

    def raw(self, codes) -> np.ndarray:
        """Raw scores [n, t]: logarithms of the chances, up to a constant for each row; of two classes the log odds."""
        found = np.tile(self.start[:, None], len(codes))
        _descend(_columns(codes), self.feature, self.threshold, self.value, found)
        return found.T


def fit(codes, targets, count: int, rng: np.random.Generator) -> Forest:
    """Fit trees to targets int [n], each 0 to ``count`` - 1 and each there. Of equal splits, ``rng`` picks a latent."""
    x, n, trees = _columns(codes), len(targets), count if count > 2 else 1
    order = np.argsort(x, axis=1, kind="stable").astype(np.int32)
    ranked = np.take_along_axis(x, order, axis=1)
    share = np.bincount(targets) / n
    start = np.log(share) if count > 2 else np.log(share[1:] / share[:1])
    told = np.ascontiguousarray(np.eye(count)[:, targets][-trees:])  # [t, n]
    raw, shrink = np.tile(start[:, None], n), RATE * ((count - 1) / count if count > 2 else 1)
    feature, threshold = np.full((ROUNDS, trees, NODES), -1, np.int16), np.zeros((ROUNDS, trees, NODES))
    value, gain = np.zeros((ROUNDS, trees, LEAVES)), np.zeros(len(x))
    latents = np.tile(np.arange(len(x), dtype=np.int16), (trees * NODES, 1))
    for number in range(ROUNDS):
        chance = softmax(raw, axis=0) if count > 2 else expit(raw)
        first = rng.permuted(latents, axis=1).reshape(trees, NODES, len(x))
        grown = feature[number], threshold[number], value[number]
        residual = told - chance
        # As scikit-learn takes them back from the residuals: below 1e-16 the chance of a row's own class is then 0, and
        # its leaf gets no value, where a step of one over that chance would throw all rows of the leaf far off.
        chance = told - residual
        _round(x, order, ranked, residual, chance, first, shrink, *grown, gain, raw)
    return Forest(start, feature, threshold, value, gain)


def _columns(codes) -> np.ndarray:
    """[d, n], in the precision in which scikit-learn splits."""
    return np.ascontiguousarray(np.asarray(codes).T, np.float32)


@njit
def _round(x, order, ranked, residuals, chances, first, shrink, feature, threshold, value, gain, raw):
    """Grow one tree for each row of ``residuals`` [t, n], and add its leaves' steps to ``raw`` [t, n]."""
    leaf = np.empty(x.shape[1], np.uint8)
    for tree in range(len(residuals)):
        residual, chance = residuals[tree], chances[tree]
        _grow(x, order, ranked, residual, first[tree], feature[tree], threshold[tree], gain, leaf)
        total, curvature = np.zeros(LEAVES), np.zeros(LEAVES)
        for row in range(len(leaf)):
            total[leaf[row]] += residual[row]
            curvature[leaf[row]] += chance[row] * (1 - chance[row])
        for end in range(LEAVES):
            value[tree, end] = 0.0 if curvature[end] < FLAT else shrink * total[end] / curvature[end]
        for row in range(len(leaf)):
            raw[tree, row] += value[tree, leaf[row]]


@njit
def _grow(x, order, ranked, residual, first, feature, threshold, gain, leaf):
    """Split all rows level by level; leave the leaf of each, 0 to 7, in ``leaf``.

    ``order`` [d, n] are the rows by rising code and ``ranked`` the codes in that order. Of splits
    that reduce the squared error equally, that of the latent with the lowest number in ``first`` [7, d] is taken, and
    of one latent the lowest.
    """
    latents, n = order.shape
    total, square, count = np.zeros(LEAVES), np.zeros(LEAVES), np.zeros(LEAVES, np.int64)
    below, passed, last = np.zeros(LEAVES), np.zeros(LEAVES, np.int64), np.zeros(LEAVES, np.float32)
    best, where, at = np.zeros(LEAVES), np.zeros(LEAVES, np.int64), np.zeros(LEAVES)
    for row in range(n):
        leaf[row] = 0
        total[0] += residual[row]
        square[0] += residual[row] * residual[row]
    count[0] = n
    for level in range(DEPTH):
        nodes = 1 << level
        mixed = False
        for k in range(nodes):
            best[k], where[k] = -np.inf, -1
            if count[k] > 1:
                mixed |= square[k] / count[k] - (total[k] / count[k]) ** 2 > PURE
        if not mixed:
            for row in range(n):
                leaf[row] <<= DEPTH - level
            return
        for latent in range(latents):
            for k in range(nodes):
                below[k], passed[k], last[k] = 0.0, 0, np.inf
            rows, codes = order[latent], ranked[latent]
            for i in range(n):
                row, code = rows[i], codes[i]
                k = leaf[row]
                left = below[k]
                if code > last[k] + APART:
                    right = total[k] - left
                    reduced = left * left / passed[k] + right * right / (count[k] - passed[k])
                    if reduced >= best[k]:
                        node = nodes - 1 + k
                        if reduced > best[k] or first[node, latent] < first[node, where[k]]:
                            best[k], where[k] = reduced, latent
                            half = np.float64(last[k]) / 2 + np.float64(code) / 2
                            at[k] = half if half < code else np.float64(last[k])
                below[k] = left + residual[row]
                passed[k] += 1
                last[k] = code
        for k in range(nodes):
            node = nodes - 1 + k
            pure = square[k] / max(count[k], 1) - (total[k] / max(count[k], 1)) ** 2 <= PURE
            if where[k] >= 0 and not pure:
                feature[node], threshold[node] = where[k], at[k]
                gain[where[k]] += best[k] - total[k] * total[k] / count[k]
        for k in range(2 * nodes):
            total[k], square[k], count[k] = 0.0, 0.0, 0
        for row in range(n):
            node = nodes - 1 + leaf[row]
            k = 2 * leaf[row]
            if feature[node] >= 0 and x[feature[node], row] > threshold[node]:
                k += 1
            leaf[row] = k
            total[k] += residual[row]
            square[k] += residual[row] * residual[row]
            count[k] += 1


@njit
def _descend(x, feature, threshold, value, raw):
    rounds, trees, _ = feature.shape
    for tree in range(trees):
        for number in range(rounds):
            for row in range(x.shape[1]):
                node = 0
                for _ in range(DEPTH):
                    split = feature[number, tree, node]
                    node = 2 * node + 1
                    if split >= 0 and x[split, row] > threshold[number, tree, (node - 1) // 2]:
                        node += 1
                raw[tree, row] += value[number, tree, node - NODES]
