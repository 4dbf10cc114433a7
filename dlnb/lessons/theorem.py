"""Theorem 1 of the paper: any factorized distribution can be mapped onto itself so that all coordinates are entangled.

The proof's map is f = g^-1 o h^-1 o A o h o g: g maps each coordinate to a uniform distribution by its cumulative
distribution function (CDF), h maps that to a standard normal, and A is orthogonal. Points are float64 [n, d].
"""

import numpy as np

from dlnb import checks
from dlnb.models.backend import tf, tfp

tfb = tfp.bijectors


def rotation(degrees: float) -> np.ndarray:
    """The rotation of the plane by an angle, float64 [2, 2]; it entangles unless the angle is a multiple of 90."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cos, -sin], [sin, cos]])


def householder(dimensions: int, alpha: float = 0.2) -> np.ndarray:
    """I - 2 v v^T with v = (sqrt(alpha), sqrt((1 - alpha) / (d - 1)), ...): orthogonal, symmetric, without zeros.

    The paper's infinite family (Appendix A): one map for every alpha strictly between 0 and 1/2. Its printed
    off-diagonal, -v_i v_j, lacks the factor 2, without which the matrix is not orthogonal. float64 [d, d].
    """
    checks.whole(dimensions, "dimensions", minimum=2)
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha must be strictly between 0 and 1/2, not {alpha!r}")
    v = np.full(dimensions, np.sqrt((1 - alpha) / (dimensions - 1)))
    v[0] = np.sqrt(alpha)
    return np.eye(dimensions) - 2 * np.outer(v, v)


def entangle(marginals, orthogonal: np.ndarray):
    """The proof's f as a chain of TFP bijectors, for independent coordinates with the distributions ``marginals``.

    ``marginals``: a continuous TFP distribution in float64 of batch shape [d] (one for each coordinate) or [] (the same
    for all); ``orthogonal``: [d, d]. Raises ValueError if that matrix is not orthogonal.
    """
    orthogonal = np.asarray(orthogonal, np.float64)
    square = orthogonal.ndim == 2 and orthogonal.shape[0] == orthogonal.shape[1]
    if not square or not np.allclose(orthogonal.T @ orthogonal, np.eye(len(orthogonal)), atol=1e-9):
        raise ValueError(f"the matrix must be orthogonal, A^T A = I: given {orthogonal.tolist()}")
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
    """d f_i / d u_j at every point, by automatic differentiation: [n, d] -> float64 [n, d, d]."""
    points = tf.convert_to_tensor(np.asarray(points, np.float64))
    with tf.GradientTape() as tape:
        tape.watch(points)
        values = f.forward(points)
    return tape.batch_jacobian(values, points).numpy()
