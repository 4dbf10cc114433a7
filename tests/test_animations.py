"""A GIF shows every image of every tile in turn."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from dlnb.figures.animations import animation


@pytest.mark.parametrize("channels", [1, 3])
def test_animation_moves_every_tile_through_its_images(channels):
    images = np.random.default_rng(0).integers(0, 2, size=(4, 5, 8, 8, channels)).astype(float)
    bundle = animation(images, ["one", "two", "three", "four"], columns=3, side=16)._repr_mimebundle_()
    with Image.open(io.BytesIO(base64.b64decode(bundle["image/gif"]))) as moving:
        assert (moving.n_frames, moving.size) == (5, (3 * 16 + 2 * 12, 2 * (16 + 26) + 12))
        assert moving.info["loop"] == 0
        for t in range(5):
            moving.seek(t)
            frame = np.asarray(moving.convert("RGB")) / 255
            for tile, (x, y) in enumerate([(0, 26), (28, 26), (56, 26), (0, 26 + 54)]):
                shown = frame[y : y + 16 : 2, x : x + 16 : 2]  # twice as large as the image
                np.testing.assert_allclose(shown, np.broadcast_to(images[tile, t], (8, 8, 3)), atol=0.02)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"labels": ["a"]}, "labels must be 2, one for each, not 1"),
        ({"labels": list("abc")}, "labels must be 2, one for each, not 3"),
        ({"images": np.full((2, 2, 4, 4, 1), 255)}, "divide bytes by 255"),
        ({"side": 10**6}, "side must be a whole number of at least 1 and below 2001"),
        ({"milliseconds": 1}, "milliseconds must be a whole number of at least 10"),
    ],
)
def test_an_animation_shows_all_its_tiles(wrong, message):
    with pytest.raises(ValueError, match=message):
        animation(**{"images": np.zeros((2, 2, 4, 4, 1)), "labels": ["a", "b"]} | wrong)
