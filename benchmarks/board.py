"""What "Latent board" in the book shows beside the decoder of each kept model of a study: codes, and what latents tell.

    python benchmarks/board.py [STUDY]

The models are those that benchmarks/keepsakes.py chose. Writes dlnb/tables/STUDY/models/DATA_SET.codes.npz.
"""

import argparse

import numpy as np

from dlnb import data, results
from dlnb.metrics import information
from dlnb.models import Model, encode
from dlnb.results import keepsakes
from dlnb.study import STUDIES

IMAGES = 15_000  # as for the scores
SHOWN = 24  # codes that are kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", nargs="?", default="short")
    study = STUDIES[parser.parse_args().study]
    for name in keepsakes.FIGURE_7:
        path = results.TABLES / study.name / "models" / f"{name}.npz"
        if path.exists():
            data_set = data.load(name, study.source, study.size)
            codes = encode(Model.load(path, data_set), data_set.sample(IMAGES, np.random.default_rng(1)))
            shares = information.shares(codes.mean, codes.factors)
            keepsakes.save_codes(study.name, name, codes.mean[:SHOWN], codes.kl, shares, data_set.factor_names)
            print(name, codes.kl.round(2), flush=True)


if __name__ == "__main__":
    main()
