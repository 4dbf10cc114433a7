"""Moving pictures for notebooks: images of several tiles in, a GIF out."""

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dlnb import checks
from dlnb.figures import inputs

LARGEST = 2_000  # pixels of a side


@dataclass(frozen=True)
class Animation:
    """A GIF that notebooks show as a moving picture."""

    gif: bytes

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"image/gif": base64.b64encode(self.gif).decode()}


def animation(images, labels, *, columns: int = 3, side: int = 160, milliseconds: int = 350) -> Animation:
    """One moving tile, ``side`` pixels wide, for each label, from images [tiles, frames, h, w, 1 or 3] in [0, 1].

    ``side`` is at most 2,000, ``milliseconds`` of a frame 10 to 60,000. Raises ValueError for other images, numbers or
    texts, and unless there are as many labels as tiles.
    """
    images = (inputs.images(images, "[tiles, frames, h, w, 1 or 3]") * 255).round().astype(np.uint8)
    tiles, length = images.shape[:2]
    labels = inputs.texts(labels, "labels", tiles)
    columns, side = checks.whole(columns, "columns"), checks.whole(side, "side", below=LARGEST + 1)
    checks.whole(milliseconds, "milliseconds", minimum=10, below=60_001)
    space, line, font = 12, 26, ImageFont.load_default(16)
    rows, columns = -(-tiles // columns), min(columns, tiles)
    frames = []
    for t in range(length):
        frame = Image.new("RGB", (columns * (side + space) - space, rows * (side + line + space) - space), "white")
        for i, label in enumerate(labels):
            corner = i % columns * (side + space), i // columns * (side + line + space)
            tile = Image.fromarray(np.broadcast_to(images[i, t], (*images.shape[2:4], 3)))
            frame.paste(tile.resize((side, side), Image.Resampling.NEAREST), (corner[0], corner[1] + line))
            ImageDraw.Draw(frame).text((corner[0], corner[1] + 4), label, fill="black", font=font)
        frames.append(frame)
    # One palette of colours for all frames, so that what does not move does not flicker.
    strip = Image.fromarray(np.concatenate([np.asarray(frame) for frame in frames]))
    palette = strip.quantize(255, method=Image.Quantize.MEDIANCUT)
    first, *others = (frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others, duration=milliseconds, loop=0, optimize=False)
    return Animation(file.getvalue())
