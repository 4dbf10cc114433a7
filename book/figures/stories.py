"""Draw the figure of the README and the card that other sites show with a link to the book.

``python book/figures/stories.py`` writes stories.svg beside this file and ../_static/card.png, of 1200 x 630 pixels.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dlnb.data.dsprites import draw
from dlnb.figures import plots
from dlnb.lessons import theorem
from dlnb.models.backend import tfp

f = theorem.entangle(tfp.distributions.Uniform(np.zeros(2), np.ones(2)), theorem.rotation(45))


def stories(columns: int) -> list[list[np.ndarray]]:
    """Two rows of the first story and two of the second; in each one coordinate moves."""
    path, middle = np.linspace(0.05, 0.95, columns), np.full(columns, 0.5)
    moves = [np.stack([path, middle], axis=1), np.stack([middle, path], axis=1)]
    places = moves + [f.inverse(move).numpy() for move in moves]
    return [[draw(2, 0.8, 0.0, *place, size=32) for place in row] for row in places]


figure = plots.image_grid(stories(7), rows=["move $z_1$", "move $z_2$", r"move $\hat{z}_1$", r"move $\hat{z}_2$"])
figure.savefig(Path(__file__).with_suffix(".svg"), metadata={"Date": None})

card = Figure(figsize=(12, 6.3), dpi=100, facecolor="white")
card.text(0.05, 0.86, "Unsupervised disentanglement, rerun", size=34, weight="bold")
card.text(
    0.05, 0.78, "Same pictures, same distribution, other axes: a study of 12,600 models, rerun and explained", size=16
)
for row, line in enumerate(stories(10)):
    for column, picture in enumerate(line):
        axes = card.add_axes((0.05 + 0.091 * column, 0.56 - 0.17 * row, 0.16 * 0.525, 0.16))  # squares
        axes.imshow(picture, cmap="gray", vmin=0, vmax=1)
        axes.set_axis_off()
card.savefig(Path(__file__).parents[1] / "_static/card.png", metadata={"Software": None})
