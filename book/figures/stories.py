"""Draw the figure of the README: ``python book/figures/stories.py`` writes stories.svg beside this file."""

from pathlib import Path

import numpy as np

from dlnb.data.dsprites import draw
from dlnb.figures import plots
from dlnb.lessons import theorem
from dlnb.models.backend import tfp

f = theorem.entangle(tfp.distributions.Uniform(np.zeros(2), np.ones(2)), theorem.rotation(45))
path, middle = np.linspace(0.05, 0.95, 7), np.full(7, 0.5)
moves = [np.stack([path, middle], axis=1), np.stack([middle, path], axis=1)]
places = moves + [f.inverse(move).numpy() for move in moves]
pictures = [[draw(2, 0.8, 0.0, *place, size=32) for place in row] for row in places]
figure = plots.image_grid(pictures, rows=["move $z_1$", "move $z_2$", r"move $\hat{z}_1$", r"move $\hat{z}_2$"])
figure.savefig(Path(__file__).with_suffix(".svg"), metadata={"Date": None})
