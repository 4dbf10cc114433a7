"""Theorem 1 of the paper: any factorized distribution can be mapped onto itself so that all coordinates are entangled.

The proof's map is f = g^-1 o h^-1 o A o h o g: g maps each coordinate to a uniform distribution by its cumulative
distribution function (CDF), h maps that to a standard normal, and A is orthogonal. Points are float64 [n, d].
"""

from numbers import Real

import numpy as np

from dlnb import checks
from dlnb.models.backend import tf, tfp

tfb = tfp.bijectors


def rotation(degrees: float) -> np.ndarray:
    """The rotation of the plane by an angle, float64 [2, 2]; it entangles unless the angle is a multiple of 90.

    Raises ValueError for an angle that is not finite.
    """
    degrees = checks.number(degrees, "an angle in degrees", -np.inf)
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cos, -sin], [sin, cos]])


def householder(dimensions: int, alpha: float = 0.2) -> np.ndarray:
    """I - 2 v v^T with v = (sqrt(alpha), sqrt((1 - alpha) / (d - 1)), ...): orthogonal, symmetric, without zeros.

    The paper's infinite family (Appendix A): one map for every alpha strictly between 0 and 1/2. Its printed
    off-diagonal, -v_i v_j, lacks the factor 2, without which the matrix is not orthogonal. float64 [d, d]. Raises
    ValueError for fewer than 2 dimensions and another alpha.
    """
    checks.whole(dimensions, "dimensions", minimum=2)
    if not isinstance(alpha, Real) or not 0 < alpha < 0.5:
        raise ValueError(f"alpha must be strictly between 0 and 1/2, not {checks.shown(alpha)}")
    v = np.full(dimensions, np.sqrt((1 - alpha) / (dimensions - 1)))
    v[0] = np.sqrt(alpha)
    return np.eye(dimensions) - 2 * np.outer(v, v)


def entangle(marginals, orthogonal: np.ndarray):
    """The proof's f as a chain of TFP bijectors, for independent coordinates with the distributions ``marginals``.

    ``marginals``: a continuous TFP distribution in float64 of batch shape [d] (one for each coordinate) or [] (the same
    for all); ``orthogonal``: [d, d]. Raises ValueError if that matrix is not orthogonal or of another size than the
    batch, and for what is no distribution in float64.
    """
    checks.instance(marginals, tfp.distributions.Distribution, "marginals", "a distribution such as tfd.Uniform")
    orthogonal = checks.finite(orthogonal, "the matrix", "[d, d]").astype(np.float64)
    square = orthogonal.ndim == 2 and orthogonal.shape[0] == orthogonal.shape[1]
    if not square or not np.allclose(orthogonal.T @ orthogonal, np.eye(len(orthogonal)), atol=1e-9):
        raise ValueError(f"the matrix must be orthogonal, A^T A = I: given {orthogonal.tolist()}")
    batch = tuple(marginals.batch_shape)
    if marginals.dtype != tf.float64 or batch not in ((), (len(orthogonal),)):
        given = f"{marginals.dtype.name} and batch shape {batch}"
        raise ValueError(f"marginals must be of float64 and batch shape () or ({len(orthogonal)},), not of {given}")
    to_uniform = tfb.Inline(
        forward_fn=marginals.cdf,
        inverse_fn=marginals.quantile,
        forward_log_det_jacobian_fn=marginals.log_prob,  # the derivative of a CDF is the density
        forward_min_event_ndims=0,
        name="to_uniform",
    )
    to_normal = tfb.Invert(tfb.NormalCDF(), name="to_normal")
    rotate = tfb.Inline(
        forward_fn=lambda x: tf.linalg.matvec(orthogonal, x),
        inverse_fn=lambda y: tf.linalg.matvec(orthogonal, y, transpose_a=True),
        forward_log_det_jacobian_fn=lambda x: tf.zeros((), tf.float64),  # |det A| = 1
        forward_min_event_ndims=1,
        name="rotate",
    )
    return tfb.Chain([tfb.Invert(to_uniform), tfb.Invert(to_normal), rotate, to_normal, to_uniform])


def jacobian(f, points) -> np.ndarray:
    """d f_i / d u_j at every point, by automatic differentiation: [n, d] -> float64 [n, d, d].

    ``f``: what ``entangle`` returns, or another bijector of TFP. Raises ValueError for anything else, and for points
    that are not finite numbers [n, d].
    """
    checks.instance(f, tfb.Bijector, "f", "a bijector such as entangle returns")
    points = tf.convert_to_tensor(checks.finite(points, "points", "[n, d]", 2).astype(np.float64))
    with tf.GradientTape() as tape:
        tape.watch(points)
        values = f.forward(points)
    return tape.batch_jacobian(values, points).numpy()
