"""What "Latent board" in the book shows of kept models of a study: decoders, codes, and what latents tell.

    python benchmarks/board.py [STUDY]

Of each data set two models: the one that benchmarks/keepsakes.py chose, and the one with the highest DCI score in the
table, which is trained again here (a minute or two each). On another machine the same seed may end elsewhere: it is
kept if its DCI is in the upper quarter of the table's. What is kept already stays. Writes
dlnb/tables/STUDY/models/DATA_SET.codes.npz, DATA_SET.best.codes.npz and DATA_SET.best.decoder.npz.
"""

import argparse

import numpy as np

from dlnb import data, metrics, models, results
from dlnb.metrics import information
from dlnb.results import keepsakes
from dlnb.run import worker
from dlnb.study import STUDIES, Study

IMAGES = 15_000  # as for the scores
GOOD = 0.75
SHOWN = 24  # codes that are kept


def keep(study: Study, name: str, model, data_set) -> None:
    codes = models.encode(model, data_set.sample(IMAGES, np.random.default_rng(1)))
    shares = information.shares(codes.mean, codes.factors)
    keepsakes.save_codes(study.name, name, codes.mean[:SHOWN], codes.kl, shares, data_set.factor_names)
    print(name, codes.kl.round(2), flush=True)


def best(study: Study, name: str, data_set) -> None:
    """Train the model of a data set with the highest DCI in the table again, and keep its decoder."""
    table = results.load(study.name)
    row = table.loc[table.dci_disentanglement[table.data_set == name].idxmax()]
    cell = next(c for c in study.cells() if results.key(c) == tuple(row[results.KEY]))
    model = models.train(
        data_set, worker.method_of(study, cell), study.training_of(cell.method), seed=cell.seed, name=str(cell)
    )
    codes = models.encode(model, data_set.sample(study.sample, models.generator(cell.seed, "sample")))
    options = {"boosting": row.boosting, "solver": study.solver}
    rng = models.generator(cell.seed, "scores")
    again = metrics.score(codes.mean, codes.factors, rng, ["dci"], **options)
    told = {"dci_of_the_table": float(row.dci_disentanglement), "dci": float(again["dci_disentanglement"])}
    print(cell, told, flush=True)
    if told["dci"] < table.dci_disentanglement[table.data_set == name].quantile(GOOD):
        return
    shape = {"image_shape": list(model.image_shape), "latents": model.latents, "kernels": "code"}
    name += keepsakes.BEST
    keepsakes.save_decoder(study.name, name, shape | model.about | told, model.decoder.get_weights())
    keep(study, name, model, data_set)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", nargs="?", default="short")
    study = STUDIES[parser.parse_args().study]
    folder = results.TABLES / study.name / "models"
    for name in keepsakes.FIGURE_7:
        if (path := folder / f"{name}.npz").exists():
            data_set = data.load(name, study.source, study.size)
            if not (folder / f"{name}.codes.npz").exists():
                keep(study, name, models.Model.load(path, data_set), data_set)
            if not (folder / f"{name}{keepsakes.BEST}.decoder.npz").exists():
                best(study, name, data_set)


if __name__ == "__main__":
    main()
