"""Which part of a seed draws a model's luck: the initial weights, the images, or the noise?

    python benchmarks/luck.py [--runs runs]

A seed decides all three. Here they are crossed: one setting of the study *short* (β-VAE, β = 4, dSprites), every
combination of four draws of the weights, three of the images and three of the noise, 36 models, scored on the same
images. Takes about two minutes a model on one core; models under ``runs`` are not trained again. Writes

- dlnb/tables/luck.csv: the five scores that need no trees, losses at the end of training, of every model;
- dlnb/tables/luck_pairs.csv: for every two models what they share, and mean absolute rank correlations of latents that
  are active in both, of the same number and of different numbers, over 1,000 images.
"""

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))  # beside a training

import argparse
from itertools import combinations, product
from pathlib import Path
from unittest import mock

import pandas as pd
from length import compared

from dlnb import data, metrics, models, results, storage
from dlnb.models import training
from dlnb.models.model import Model
from dlnb.representation import Representation
from dlnb.run import engines
from dlnb.study import STUDIES

STUDY, METHOD, DATA_SET = STUDIES["short"], models.BetaVAE(4), "dsprites"
SOURCES = {"weights": range(4), "images": range(3), "noise": range(3)}
STREAMS = {"encoder": "weights", "decoder": "weights", "training": "images"}  # all else is the seed's, the noise
SCORES = "beta_vae_score", "factor_vae_score", "mig", "modularity", "sap"
COMPARED = 1_000  # images


def trained(sprites: data.DataSet, draws: dict[str, int], path: Path) -> Model:
    """A model whose initial weights, images and noise are those of three seeds."""
    own = training.generator

    def generator(seed, stream, step=0):
        return own(draws[STREAMS[stream]] if stream in STREAMS else seed, stream, step)

    if not path.exists():
        with mock.patch.object(training, "generator", generator):
            model = training.train(sprites, METHOD, STUDY.training, seed=draws["noise"], name=path.stem)
        path.parent.mkdir(parents=True, exist_ok=True)
        model.save(path)
    return Model.load(path)


def pairs(codes: dict[tuple[int, ...], Representation]) -> pd.DataFrame:
    rows = []
    for one, other in combinations(codes, 2):
        found = compared(codes[one], codes[other]).query("active")
        means = found.groupby(found.early == found.late).correlation.mean()
        alike = [a == b for a, b in zip(one, other, strict=True)]
        rows.append((*alike, means.get(True), means.get(False)))
    return pd.DataFrame(rows, columns=[*SOURCES, "same", "different"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    options = parser.parse_args()
    engines.prepare()
    sprites = data.load(DATA_SET, STUDY.source, STUDY.size)
    images = sprites.sample(STUDY.sample, models.generator(0, "sample"))
    rows, codes = [], {}
    for draw in product(*SOURCES.values()):
        draws = dict(zip(SOURCES, draw, strict=True))
        name = ",".join(f"{source}={number}" for source, number in draws.items())
        model = trained(sprites, draws, options.runs / "luck" / f"{name}.npz")
        found = models.encode(model, images)
        scores = metrics.score(found.mean, found.factors, models.generator(0, "scores"), SCORES)
        losses = {loss: model.history[loss][-100:].mean() for loss in ("reconstruction", "kl")}
        rows.append(draws | {key: scores[key] for key in SCORES} | losses)
        arrays = (values[:COMPARED] for values in (found.factors, found.mean, found.logvar))
        codes[draw] = Representation(*arrays)
        print(pd.DataFrame(rows[-1:]).round(3).to_string(index=False, header=len(rows) == 1), flush=True)
    tables = {"luck": pd.DataFrame(rows).round(5), "luck_pairs": pairs(codes).round(3)}
    for name, table in tables.items():
        path = results.TABLES / f"{name}.csv"
        storage.write(path, lambda temporary, table=table: table.to_csv(temporary, index=False))


if __name__ == "__main__":
    main()
