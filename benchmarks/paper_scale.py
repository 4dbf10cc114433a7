"""One model at the paper's own scale: which losses does it reach, and how fast?

    python benchmarks/paper_scale.py [--runs runs] [--until 300000]

Model 0 of the released study is a plain VAE (beta-VAE, beta = 1) on dSprites at 64 x 64, with the kernels of the code,
trained for 300,000 updates at a learning rate of 1e-4; its published losses are 18.34 nats of reconstruction and 27.66
of KL divergence. This script trains the same model, seed 0, on images drawn by this package and evaluates it on 100 new
batches every 10,000 updates. It takes half a day on one core and can be stopped and resumed at any time; each
evaluation is a row of dlnb/tables/paper_scale.csv.
"""

import argparse
from pathlib import Path

import pandas as pd

from dlnb import data, models, results, storage
from dlnb.run import engines
from dlnb.study import STUDIES

TABLE = results.TABLES / "paper_scale.csv"
EVERY, BATCHES, SEED = 10_000, 100, 0
STUDY = STUDIES["paper"]


def evaluated(model: models.Model, data_set: data.DataSet) -> dict:
    """Losses on new batches, and the means of the training losses over the last EVERY / 10 updates."""
    found = models.evaluate(model, data_set, models.generator(SEED, "evaluation"), BATCHES)
    ends = {name: model.history[name][-EVERY // 10 :] for name in ("reconstruction", "kl")}
    return found | {f"{name}_in_training": float(values.mean()) for name, values in ends.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--until", type=int, default=STUDY.training.steps)
    options = parser.parse_args()
    engines.prepare()
    sprites = data.load("dsprites", "rendered", STUDY.size)
    rows = pd.read_csv(TABLE).to_dict("records") if TABLE.exists() else []
    options.runs.mkdir(parents=True, exist_ok=True)
    for updates in range(EVERY, options.until + 1, EVERY):
        if any(row["updates"] == updates for row in rows):
            continue
        protocol = {**vars(STUDY.training), "steps": updates}
        state = options.runs / "paper_scale.npz"
        model = models.train(sprites, models.BetaVAE(1), seed=SEED, checkpoint=state, name="paper scale", **protocol)
        rows.append({"updates": updates, **evaluated(model, sprites), "seconds": model.about["seconds"]})
        table = pd.DataFrame(rows).round(4)
        storage.write(TABLE, lambda temporary, table=table: table.to_csv(temporary, index=False))
        model.save(options.runs / "paper_scale.model.npz")
        print(table.tail(1).to_string(index=False, header=len(rows) == 1), flush=True)


if __name__ == "__main__":
    main()
