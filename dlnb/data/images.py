"""What an image is: floats from 0 to 1, channels last. The one rule of data sets, training, encoding and evaluation.

A decoder gives each pixel a Bernoulli distribution, and a target outside [0, 1] has a likelihood without bound: a model
of such images learns to predict nonsense with a loss of minus infinity.
"""

import numpy as np

from dlnb import checks

FORM = "[n, height, width, channels]"
# Lanczos filters and their like leave a little outside [0, 1] beside sharp edges unless the result is clipped, as in
# the study's images of SmallNORB (-0.1 to 1.1). Reducing edges and corners of full contrast from 96 or 128 pixels to 64
# or 32, we found at most .175, and at most 8 % of an image's values. Centred images have far more.
OVERSHOOT, SHARE = 0.2, 0.25
LEVEL = 1 / 255  # closer to the range than one grey level is rounding
REMEDIES = "divide bytes by 255, map -1 to 1 by (images + 1) / 2, and neither centre nor standardise"


def valid_images(values, what: str = "images", *, count: int | None = None, shape=None, least: int = 0) -> np.ndarray:
    """``values`` as images float32 [n, h, w, c] in [0, 1]; other floats are cast.

    - ``what``: the images' name in messages.
    - ``count``: how many there must be, one for each row of factors.
    - ``shape``: (h, w, c) that they must have.
    - ``least``: how many there must be at least.

    Raises ValueError for another layout, integers, bool and values that are not finite or outside [0, 1]. Resized
    photographs may exceed it by OVERSHOOT in at most SHARE of all values.
    """
    found = checks.array(values, what, FORM)
    layout(found, what, count, shape, least)
    if found.dtype.kind != "f":
        raise ValueError(f"{what} must be floats in [0, 1], not {_whole_numbers(found)}")
    if found.size:
        low, high = found.min(), found.max()  # nan if any value is
        outside = not (low >= -OVERSHOOT and high <= 1 + OVERSHOOT)
        span = f"{found.dtype} from {low:.4g} to {high:.4g}"
        if not outside and (low < -LEVEL or high > 1 + LEVEL):
            share = np.mean((found < -LEVEL) | (found > 1 + LEVEL))
            outside, span = share > SHARE, f"{span} with {share:.0%} of the values outside"
        if outside:
            given = f" ({np.isnan(found).sum():,} values are nan)" if np.isnan(low) else ""
            passed = f"up to {OVERSHOOT} outside in a few pixels, as resizing leaves it, passes"
            raise ValueError(f"{what} must be floats in [0, 1], not {span}{given}: {REMEDIES} ({passed})")
    return found.astype(np.float32, copy=False)


def layout(found: np.ndarray, what: str, count: int | None = None, shape=None, least: int = 0) -> None:
    """Raise ValueError unless an array is [n, h, w, c]; the message guesses what was meant."""
    given = found.shape
    form = f"{FORM}{' with n above 0' if least else ''}"
    form += f"{' and' if least else ' with'} {' x '.join(map(str, shape))}" if shape else ""
    if shape and given[1:] == tuple(shape) and len(found) >= least:
        pass
    elif len(given) == 3 and given[-1] in (1, 3, 4) and given[0] != count:
        raise ValueError(f"{what} must be {form}, not {given}: of a single image give image[None]")
    elif len(given) == 3:
        raise ValueError(f"{what} must be {form}, not {given}: of grey images give images[..., None]")
    elif len(given) == 4 and given[1] in (1, 3, 4) and given[2] == given[3] > 4:
        raise ValueError(f"{what} must be {form}, not {given}: channels come last, images.transpose(0, 2, 3, 1)")
    elif len(given) != 4 or shape or 0 in given[1:] or len(found) < least:
        raise ValueError(f"{what} must be {form}, not {given}")
    if count is not None and len(found) != count:
        raise ValueError(f"{what} must be one for each row of factors: {len(found)} for {count}")


def _whole_numbers(found: np.ndarray) -> str:
    """What integers or bool were given, and how to make images of them."""
    if found.dtype == bool:
        return "bool: give images.astype(np.float32)"
    low, high = (found.min(), found.max()) if found.size else (0, 0)
    if 0 <= low <= high <= 1:
        return f"{found.dtype} from {low} to {high}: if 1 is white, give images.astype(np.float32)"
    bits = "bytes by 255" if high <= 255 else "16-bit values by 65535"
    return f"{found.dtype} from {low} to {high}: divide {bits} (images / {65535 if high > 255 else 255})"
