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
