"""Which part of a seed draws a model's luck, the initial weights, the images or the noise? And when?

    python benchmarks/luck.py crossed|early|branches|joined [--runs runs]

One setting of the study *short* (β-VAE, β = 4, dSprites, 2,000 updates), scored on the same images.

- crossed: every combination of four draws of the weights, three of the images and three of the noise, 36 models.
- early: the same models, stopped after 150, 300 and 600 updates.
- branches: models that begin alike and have other images and other noise from some update on, three of each of three
  beginnings for each of four updates, 36 models.
- joined: models that begin differently, with weights, images and noise of their own, and have the same images and noise
  from some update on: four beginnings, three continuations, two updates, 24 models.

Takes about two minutes a model on one core; models under ``runs`` are not trained again. Writes

- dlnb/tables/luck_KIND.csv: the five scores that need no trees, and losses at the end of training, of every model;
- dlnb/tables/luck_KIND_pairs.csv: for every two models (of branches and joined: those of one update) what they share,
  and mean absolute rank correlations, over 1,000 images, of latents that are active in both: of the same number, of
  different numbers, and of those that match best one to one; not for early;
- dlnb/tables/luck_parted.csv: that correlation of every latent of branch 0 with every latent of branch 1, for each
  beginning and update of parting;
- dlnb/tables/luck_losses.csv: losses of the crossed models at the beginning, over ten updates each: mean, lowest and
  highest.
"""

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))  # beside a training

import argparse
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from length import compared
from scipy.optimize import linear_sum_assignment

from dlnb import data, metrics, models, results, storage
from dlnb.models import graphs, training
from dlnb.models.model import Model
from dlnb.representation import Representation
from dlnb.run import engines
from dlnb.study import STUDIES

STUDY, METHOD, DATA_SET = STUDIES["short"], models.BetaVAE(4), "dsprites"
CROSSED = {"weights": range(4), "images": range(3), "noise": range(3)}
EARLY = CROSSED | {"updates": (150, 300, 600)}
BRANCHES = {"first": range(3), "update": (100, 200, 300, 1_000), "branch": range(3)}
JOINED = {"first": range(4), "update": (100, 300), "rest": range(3)}
STREAMS = {"encoder": "weights", "decoder": "weights", "training": "images"}  # all else is the seed's, the noise
SCORES = "beta_vae_score", "factor_vae_score", "mig", "modularity", "sap"
COMPARED = 1_000  # images
BEGINNING, WINDOW = 600, 10  # updates


def crossed(draw: dict[str, int]):
    """For each source, the seed at an update."""
    return lambda source, step: draw[source]


def beginning(first: int) -> dict[str, int]:
    return {"weights": first, "images": 100 + first, "noise": 200 + first}


def branches(draw: dict[str, int]):
    """The seeds of a beginning, and from some update on others for its images and noise."""
    own, number = beginning(draw["first"]), 10 * draw["first"] + draw["branch"]
    other = own | {"images": 1_000 + number, "noise": 2_000 + number}
    return lambda source, step: (other if step >= draw["update"] else own)[source]


def joined(draw: dict[str, int]):
    """The seeds of a beginning, and from some update on those that other beginnings have as well."""
    own = beginning(draw["first"])
    other = own | {"images": 3_000 + draw["rest"], "noise": 4_000 + draw["rest"]}
    return lambda source, step: (other if step >= draw["update"] else own)[source]


KINDS = {
    **{"crossed": (CROSSED, crossed), "early": (EARLY, crossed)},
    **{"branches": (BRANCHES, branches), "joined": (JOINED, joined)},
}


def trained(sprites: data.DataSet, seeds, path: Path, updates: int) -> Model:
    """A model whose initial weights, images and noise are those of the seeds at every update."""
    generator, run = training.generator, graphs.Graph.run

    def drawn(seed, stream, step=0):
        return generator(seeds(STREAMS[stream], step) if stream in STREAMS else seed, stream, step)

    def ran(graph, images, start, seed, *rest):
        return run(graph, images, start, seeds("noise", start), *rest)

    if not path.exists():
        protocol = replace(STUDY.training, steps=updates)
        with mock.patch.object(training, "generator", drawn), mock.patch.object(graphs.Graph, "run", ran):
            model = training.train(sprites, METHOD, protocol, seed=seeds("noise", 0), name=path.stem)
        path.parent.mkdir(parents=True, exist_ok=True)
        model.save(path)
    return Model.load(path)


def matched(found: pd.DataFrame) -> float:
    """Mean of the correlations of a one-to-one matching of latents whose sum is highest."""
    square = found.pivot(index="early", columns="late", values="correlation").to_numpy()
    return square[linear_sum_assignment(-square)].mean() if square.size else np.nan


def pairs(kind: str, codes: dict[tuple[int, ...], Representation]) -> pd.DataFrame:
    rows, names = [], list(KINDS[kind][0])
    for one, other in combinations(codes, 2):
        shared = {name: a == b for name, a, b in zip(names, one, other, strict=True)}
        if kind != "crossed":
            if not shared["update"] or (kind == "joined" and shared["first"]):
                continue
            of_kind = "first" if kind == "branches" else "rest"
            shared = {"update": one[1], of_kind: shared[of_kind]}
        found = compared(codes[one], codes[other]).query("active")
        means = found.groupby(found.early == found.late).correlation.mean()
        rows.append(shared | {"same": means.get(True), "different": means.get(False), "matched": matched(found)})
    return pd.DataFrame(rows)


def parted(codes: dict[tuple[int, ...], Representation]) -> pd.DataFrame:
    """Every pair of latents of the first two branches of a beginning that parted at one update."""
    ways = [(first, update) for first, update, branch in codes if branch == 0]
    found = {way: compared(codes[*way, 0], codes[*way, 1]) for way in ways}
    return pd.concat(found, names=["first", "update"]).reset_index(level=["first", "update"])


def losses(histories: list[dict]) -> pd.DataFrame:
    """Means over the models, and the lowest and highest of them, every WINDOW updates."""
    columns = {}
    for name in ("reconstruction", "kl"):
        windows = np.stack([each[name][:BEGINNING].reshape(-1, WINDOW).mean(axis=1) for each in histories])
        ends = {"": np.mean, "_lowest": np.min, "_highest": np.max}
        columns |= {f"{name}{end}": found(windows, axis=0) for end, found in ends.items()}
    return pd.DataFrame({"updates": np.arange(WINDOW, BEGINNING + 1, WINDOW)} | columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    options = parser.parse_args()
    engines.prepare()
    sprites = data.load(DATA_SET, STUDY.source, STUDY.size)
    images = sprites.sample(STUDY.sample, models.generator(0, "sample"))
    values, seeds = KINDS[options.kind]
    rows, codes, histories = [], {}, []
    for draws in product(*values.values()):
        draw = dict(zip(values, draws, strict=True))
        name = ",".join([options.kind, *(f"{source}={number}" for source, number in draw.items())])
        updates = draw.get("updates", STUDY.training.steps)
        model = trained(sprites, seeds(draw), options.runs / "luck" / f"{name}.npz", updates)
        histories.append(model.history)
        found = models.encode(model, images)
        scores = metrics.score(found.mean, found.factors, models.generator(0, "scores"), SCORES)
        last = {loss: model.history[loss][-100:].mean() for loss in ("reconstruction", "kl")}
        rows.append(draw | {key: scores[key] for key in SCORES} | last)
        codes[draws] = Representation(*(each[:COMPARED] for each in (found.factors, found.mean, found.logvar)))
        print(pd.DataFrame(rows[-1:]).round(3).to_string(index=False, header=len(rows) == 1), flush=True)
    tables = {options.kind: pd.DataFrame(rows).round(5)}
    if options.kind != "early":
        tables[f"{options.kind}_pairs"] = pairs(options.kind, codes).round(3)
    if options.kind == "branches":
        tables["parted"] = parted(codes).round(3)
    if options.kind == "crossed":
        tables["losses"] = losses(histories).round(3)
    for name, table in tables.items():
        path = results.TABLES / f"luck_{name}.csv"
        storage.write(path, lambda temporary, table=table: table.to_csv(temporary, index=False))


if __name__ == "__main__":
    main()
