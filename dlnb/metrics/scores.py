"""The registry of scores, and the computation of several at once."""

import inspect
import re
from collections.abc import Callable, Iterable
from functools import partial
from numbers import Real

import numpy as np

from dlnb import checks, registry, study
from dlnb.metrics import rows
from dlnb.metrics.downstream import SIZES, accuracies, check_sizes, downstream
from dlnb.metrics.information import binned, entropies, mig, modularity, mutual_information
from dlnb.metrics.interventions import beta_vae_score, factor_vae_score
from dlnb.metrics.literature import dcimig, info, irs, jemmig, mig_sup
from dlnb.metrics.predictors import accuracies as accuracies_of_latents
from dlnb.metrics.predictors import areas, dci, explicitness, fit_trees, sap
from dlnb.metrics.unsupervised import average_mutual_information, total_correlation, wasserstein_correlation
from dlnb.study import STANDARD

CODES = "mean", "sampled"  # codes of which studies compute unsupervised scores
METRICS = {
    "beta_vae_score": beta_vae_score,
    "factor_vae_score": factor_vae_score,
    "mig": mig,
    "modularity": modularity,
    "dci": dci,
    "sap": sap,
}
DOWNSTREAM = {
    "explicitness": explicitness,
    "downstream": downstream,
}
UNSUPERVISED = {
    "total_correlation": total_correlation,
    "average_mutual_information": average_mutual_information,
    "wasserstein_correlation": wasserstein_correlation,
}
LITERATURE = {
    "irs": irs,
    "jemmig": jemmig,
    "dcimig": dcimig,
    "mig_sup": mig_sup,
    "info": info,
}
SCORES = METRICS | DOWNSTREAM | UNSUPERVISED | LITERATURE
OWN = frozenset(SCORES)
RECORDED = {  # columns of the table of results that are no scores
    *("data_set", "method", "hyperparameter", "strength", "seed", "reconstruction", "kl", "elbo", "active"),
    *("protocol", "source", "size", "objective", "annealed_gamma", "sample", "evaluation", "boosting", "solver"),
    *("seconds_training", "seconds_scoring", "commit", "versions", "machine", *study.PROTOCOL),
}
OF_LABELS = re.compile(r"(lr|gbt)_\d+")  # columns of the downstream task
BY_FACTOR = {"explicitness": areas, "downstream": accuracies}  # values for each factor, whose mean is the score


def score(codes, factors, rng, names=None, **options) -> dict[str, float]:
    """Several scores in one dict; trees that several of them need are fitted once.

    codes: float [n, d], finite; a row is an image
    factors: int [n, k], class indices of the same images; None will do for unsupervised scores alone
    rng: numpy.random.Generator; each score has its own stream, so its value does not depend on the other ``names``.
        The streams are spawned: they depend on the seed of rng and the number of earlier calls, not on what else was
        drawn from it
    names: a key of SCORES or several (None: all)
    options: passed to the scores that take them: ``boosting`` ("exact", "lightgbm", "scikit-learn"), ``solver``
        ("one_vs_rest", "multinomial"), ``sizes`` of the downstream task, ``points`` and ``batch`` of the interventions

    Returns {column: float}, where DCI, the downstream task and the Wasserstein correlation have several columns each.
    Raises ValueError for an unknown name or option, and if a score fails, with its name ("boosted trees" if shared).

    >>> import numpy as np
    >>> from dlnb.metrics import score
    >>> factors = np.array(120 * list(np.ndindex(2, 2)))  # two binary factors
    >>> def values(codes):
    ...     found = score(codes, factors, np.random.default_rng(0), ["mig", "modularity", "explicitness"])
    ...     return {name: round(value, 2) for name, value in found.items()}
    >>> values(factors)  # perfect
    {'mig': 1.0, 'modularity': 1.0, 'explicitness': 1.0}
    >>> values(factors @ [[1, 1], [0, 1]])  # latent 1 is the sum of both factors
    {'mig': 0.5, 'modularity': 0.5, 'explicitness': 1.0}
    >>> values(np.zeros((480, 2)))  # empty
    {'mig': 0.0, 'modularity': 0.0, 'explicitness': 0.5}
    """
    return measure(codes, factors, rng, names, **options)[0]


def measure(codes, factors, rng, names=None, **options) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """The result of ``score``, and the arrays behind it. Parameters and errors are those of ``score``.

    Returns ({column: float}, {array: float [k] or [d, k]}). The arrays are

    each column of explicitness and of the downstream task: [k], its value for each factor
    "information": [d, k], mutual information of latents and factors in nats (with MIG or Modularity)
    "entropy": [k], of each factor in nats (with MIG or Modularity)
    "importance": [d, k], of each latent in the boosted trees of a factor, columns sum to 1 or 0 (with DCI)
    "accuracy": [d, k], of a support vector machine on one latent alone (with SAP)

    >>> import numpy as np
    >>> from dlnb.metrics import measure
    >>> factors = np.array(120 * list(np.ndindex(2, 2)))  # two binary factors
    >>> def information(codes):  # in bits
    ...     values, arrays = measure(codes, factors, np.random.default_rng(0), "mig")
    ...     return round(values["mig"], 2), (arrays["information"] / np.log(2)).round(2).tolist()
    >>> information(factors)  # perfect
    (1.0, [[1.0, 0.0], [0.0, 1.0]])
    >>> information(factors @ [[1, 1], [0, 1]])  # latent 1 is the sum of both factors
    (0.5, [[1.0, 0.0], [0.5, 0.5]])
    >>> information(np.zeros((480, 2)))  # empty
    (0.0, [[0.0, 0.0], [0.0, 0.0]])
    """
    checks.generator(rng, "score")
    names = SCORES if names is None else (names,) if isinstance(names, str) else names
    if not isinstance(names, Iterable):
        raise ValueError(f"names must be a score or several, not {checks.shown(names)}")
    names = tuple(names)
    functions = {name: checks.choose(SCORES, name, "score") for name in names}
    taken = {name: set(inspect.signature(function).parameters) for name, function in SCORES.items()}
    known = dict.fromkeys(sorted(set().union(*taken.values()) - {"codes", "factors", "rng", "trees"}))
    for option in options:
        checks.choose(known, option, "option")
    if set(names) - UNSUPERVISED.keys():
        codes, factors = checks.labelled_codes(codes, factors)
    elif names:
        codes = checks.codes(codes)
    if "downstream" in names:
        check_sizes(options.get("sizes", SIZES), len(codes))  # before anything slow
    # Registered scores draw from separate streams, so that those of the package's scores do not change.
    forest, *streams = rng.spawn(1 + len(STANDARD))
    others = [name for name in SCORES if name not in STANDARD]
    streams = dict(zip((*STANDARD, *others), (*streams, *forest.spawn(len(others))), strict=True))
    if {"dci", "downstream"} & set(names):
        options = options | {"trees": fit_trees(codes, factors, forest, options.get("boosting", "exact"))}
    found, parts = {}, {}
    for name, function in functions.items():
        given = {key: value for key, value in options.items() if key in taken[name]}
        try:
            if name in BY_FACTOR:
                each = BY_FACTOR[name](codes, factors, streams[name], **given)
                parts |= each
                values = {key: float(np.mean(value)) for key, value in each.items()}
            else:
                values = _numbers(name, function(codes, factors, streams[name], **given))
            if twice := [key for key in values if key in found]:
                raise ValueError(f"{name} returned {twice[0]}, which is a column of another score: call it otherwise")
            found |= values
        except ValueError as error:
            raise ValueError(str(error) if str(error).startswith(name) else f"{name}: {error}") from error
        except Exception as error:
            error.add_note(f"in the score {name}, which is called as {name}(codes, factors, rng)")
            raise
    return found, parts | _matrices(codes, factors, functions, options.get("trees"))


def _numbers(name: str, found) -> dict[str, float]:
    numbers = isinstance(found, dict) and all(isinstance(v, Real) and np.isfinite(v) for v in found.values())
    if not numbers:
        raise ValueError(f"{name} must return a dict of finite numbers, such as {{{name!r}: 0.5}}, not {found!r}")
    if name not in OWN and {*found} != {*_promised(name)}:
        given, promised = ", ".join(map(str, found)) or "nothing", ", ".join(_promised(name))
        raise ValueError(f"{name} returned {given}, but is registered with the columns {promised}")
    return {key: float(value) for key, value in found.items()}  # NumPy's numbers cannot be written as JSON


def _promised(name: str) -> tuple[str, ...]:
    """What a registered score returns."""
    made = study.SCORES[name]
    return tuple(column.removesuffix("_mean") for column in made[::2]) if name in UNSUPERVISED else made


def _matrices(codes, factors, names, trees) -> dict[str, np.ndarray]:
    found = {}
    if {"mig", "modularity"} & names.keys():
        codes_fit, factors_fit = rows.fitted(codes, factors, "mig")
        found["information"] = mutual_information(binned(codes_fit), factors_fit)
        found["entropy"] = entropies(factors_fit)
    if "dci" in names:
        found["importance"] = trees.importance
    if "sap" in names:
        found["accuracy"] = accuracies_of_latents(codes, factors)
    return found


def register(name: str, function: Callable, *, columns: tuple[str, ...] = (), unsupervised: bool = False) -> None:
    """Add a score of your own under ``name``, for ``score``, for studies that list it, and for the table.

    ``function(codes, factors, rng) -> {column: number}`` follows the rules at the top of ``dlnb.metrics``; ``columns``
    are the keys that it returns (default: ``name``). An ``unsupervised`` score ignores the factors; studies compute it
    for mean and sampled codes, in columns that end in ``_mean`` and ``_sampled``. Registering a name again replaces the
    earlier function. Raises ValueError for the name of a score of the package, a name that is no identifier, a column
    that the table has from elsewhere, and a ``function`` that cannot be called with codes, factors and rng.
    """
    registry.name_of(name, "score", OWN)
    try:
        inspect.signature(checks.function(function, "a score", "a function")).bind(None, None, None)
    except (TypeError, ValueError):
        given = checks.shown(function)
        raise ValueError(f"a score must be a function of codes, factors and rng, in this order, not {given}") from None
    names, unsupervised = checks.names(columns, "columns") or (name,), checks.flag(unsupervised, "unsupervised")
    made = tuple(f"{n}_{kind}" for n in names for kind in CODES) if unsupervised else names
    taken = {column for other, each in study.SCORES.items() if other != name for column in each} | RECORDED | OWN
    taken |= {column for other in SCORES if other not in OWN | {name} for column in _promised(other)}
    if twice := [column for column in (*names, *made) if column in taken or OF_LABELS.fullmatch(column)]:
        raise ValueError(f"the column {twice[0]} of the score {name} is another's: name the columns of yours otherwise")
    for family in (DOWNSTREAM, UNSUPERVISED):
        family.pop(name, None)
    (UNSUPERVISED if unsupervised else DOWNSTREAM)[name] = SCORES[name] = function
    study.SCORES[name] = made
    again = partial(register, columns=columns, unsupervised=unsupervised)
    registry.remember("score", name, again, function)
