"""Every exercise has a solution in the book or a model answer, and the code of both runs and does what it says."""

import ast
import re

import matplotlib
import numpy as np
import pandas as pd
import pytest
from exercises import ANSWERS, BLOCK, CHAPTERS, code, code_cells, labels, solutions
from scipy import stats

from dlnb import analysis, data, figures, metrics, models, registry, results, study
from dlnb.lessons import examples, lab
from dlnb.lessons.toy import LinearGaussian

PARTS = ["**A full answer mentions**", "**Often wrong.**", "**Points"]
MOST_WORDS, WIDTH = 350, 120  # half a page
HOME = {label: name for name in CHAPTERS for label in labels(name)}
SOLVED = {label: text for name in CHAPTERS for label, text in solutions(name).items()}
WITH_CODE = [label for label, text in ANSWERS.items() if BLOCK.search(text) and not label.startswith("graded-")]
each_answer = pytest.mark.parametrize("label", ANSWERS)


def words(text: str) -> int:
    return len(BLOCK.sub("", text).split())


# Nothing is left out


def test_every_exercise_has_a_label_of_its_own():
    found = [label for name in CHAPTERS for label in labels(name)]
    assert "" not in found and len(found) == len(set(found)) > 40


def test_every_exercise_has_a_solution_in_the_book_or_a_model_answer():
    assert set(SOLVED) | set(ANSWERS) == set(HOME)
    assert not set(SOLVED) & set(ANSWERS), "one of both is enough"


@each_answer
def test_a_model_answer_says_what_counts_what_goes_wrong_and_how_it_is_graded(label):
    text = ANSWERS[label]
    assert text.startswith(("**Model answer.** ", "**Solution.** "))
    places = [text.index(part) for part in PARTS]
    assert places == sorted(places) and all(text.count(part) == 1 for part in PARTS)
    assert label.startswith("graded-") or words(text) <= MOST_WORDS
    assert all(len(line) <= WIDTH for block in BLOCK.findall(text) for line in block.splitlines())
    assert not re.search(r"\{[\w:]+\}`|^:\w+:|\]\((?!https://)", text, re.M), "notation of the book, or a local link"


@pytest.mark.parametrize("label", [label for label in ANSWERS if label.startswith("exercise-")])
def test_points_of_a_model_answer_add_up(label):
    total, rest = re.search(r"\*\*Points \(of (\d+)\)\.\*\* (.*)", ANSWERS[label]).groups()
    assert sum(int(each) for each in re.findall(r"(?:^|, )(\d+) for", rest)) == int(total) == 4, rest


# Model answers: their code


@pytest.fixture
def as_before():
    """What a program registers is forgotten after it."""
    registries = models.METHODS, study.SWEEPS, registry._additions
    kept = [dict(each) for each in registries]
    yield
    for each, before in zip(registries, kept, strict=True):
        each.clear()
        each.update(before)


@pytest.mark.parametrize("label", WITH_CODE)
def test_code_of_a_model_answer_runs_alone_and_its_checks_hold(label, as_before):
    matplotlib.use("agg")
    program = "\n".join(BLOCK.findall(ANSWERS[label]))
    assert "assert" in program, "what the text says of the numbers is checked"
    exec(compile(program, label, "exec"), {})


def stored(source: str) -> set[str]:
    """What a program binds at its top, other than by import and in comprehensions."""
    found = set()
    for statement in ast.parse(re.sub(r"^([ \t]*)[%!].*", r"\1pass", source, flags=re.M)).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found.add(statement.name)
            continue
        inner = {id(n) for c in ast.walk(statement) if isinstance(c, ast.comprehension) for n in ast.walk(c.target)}
        names = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
        found |= {node.id for node in names if isinstance(node.ctx, ast.Store) and id(node) not in inner}
    return found


@pytest.mark.parametrize("label", WITH_CODE)
def test_code_of_a_model_answer_changes_nothing_in_the_page_where_it_is_put(label):
    page = {name for cell in code_cells(HOME[label]) for name in stored(cell.source)}
    assert not page & stored("\n".join(BLOCK.findall(ANSWERS[label])))


# Solutions in the book: their code


def dumps(source: str) -> set[str]:
    """Every expression and statement of a program, as text that does not depend on how it is written."""
    tree = ast.parse(re.sub(r"^([ \t]*)[%!].*", r"\1pass", source, flags=re.M))
    return {ast.dump(node) for node in ast.walk(tree) if isinstance(node, ast.expr | ast.stmt)}


def key_of(piece: str) -> str:
    (statement,) = ast.parse(piece).body
    return ast.dump(statement.value if isinstance(statement, ast.Expr) else statement)


def on_page(piece: str, name: str) -> bool:
    """Whether a cell of the page has the same code, which the book runs."""
    program = "\n".join(re.sub(r"^([ \t]*)[%!].*", r"\1pass", c.source, flags=re.M) for c in code_cells(name))
    return len(ast.parse(piece).body) == 1 and key_of(piece) in dumps(program)


def run(label: str, names: dict, number: int = 0):
    """The value of the piece of code of that number in a solution."""
    piece = code(SOLVED[label])[number]
    try:
        return eval(compile(piece, label, "eval"), names)
    except SyntaxError:
        exec(compile(piece, label, "exec"), names)


RUN = {}  # by label: the test that runs the code of the solution


def solution(label: str):
    def mark(test):
        RUN[label] = test
        return test

    return mark


def test_all_code_of_solutions_is_run_on_its_page_or_here():
    alone = {label for label, text in SOLVED.items() for piece in code(text) if not on_page(piece, HOME[label])}
    assert alone <= set(RUN), alone - set(RUN)
    assert sum(bool(code(text)) for text in SOLVED.values()) > 12


@solution("exercise-width")
def test_the_best_width_is_that_of_the_posterior():
    toy, x = LinearGaussian(weight=1.5, noise=1.0), 2.4
    mean, deviation = toy.posterior(x)
    bounds = run("exercise-width", {"toy": toy, "x": x, "mean": mean, "np": np})
    assert abs(np.linspace(0.2, 1, 81)[bounds.argmax()] - deviation) <= 0.005
    assert bounds.max() < toy.evidence(x) - 0.1


@solution("exercise-mig")
def test_the_gap_is_drawn_against_the_strength():
    rng = np.random.default_rng(0)
    names = {"analysis": analysis, "figures": figures, "rng": rng, "table": results.load("miniature")}
    run("exercise-mig", names)
    figure = run("exercise-mig", names, 1)
    (axes,) = [each for each in figure.axes if each.has_data()]
    medians = names["table"].groupby("strength").mig.median()
    drawn = [line.get_ydata() for line in axes.lines if len(line.get_ydata()) == len(medians)]
    assert any(np.allclose(line, medians) for line in drawn)


@solution("mean-images")
def test_mean_images_are_computed_one_by_one():
    names = {"sets": {name: data.load(name, size=16) for name in ("dsprites", "color_dsprites")}}
    names["rng"] = np.random.default_rng(0)
    run("mean-images", names)
    assert [mean.shape for mean in names["means"]] == [(16, 16, 1), (16, 16, 3)]
    assert all(0 < mean.mean() < 1 for mean in names["means"])


@solution("exercise-beta-prior")
def test_another_prior_for_the_square_keeps_its_distribution():
    from dlnb.lessons import theorem
    from dlnb.models.backend import tfp

    square = tfp.distributions.Beta(2 * np.ones(2), 5 * np.ones(2))
    run("exercise-beta-prior", names := {"square": square})
    z, turn = names["z"], theorem.rotation(45)
    new = theorem.entangle(square, turn).forward(z).numpy()
    middle = (z - z.mean(axis=0)) @ turn.T + z.mean(axis=0)
    for column in range(2):
        assert stats.kstest(new[:, column], stats.beta(2, 5).cdf).pvalue > 0.01
    assert stats.kstest(middle[:, 1], stats.beta(2, 5).cdf).pvalue < 0.001
    assert np.abs(stats.spearmanr(z, new).statistic[:2, 2:]).min() > 0.3  # both new ones follow both old ones


@solution("exercise-alpha")
def test_the_weakest_link_is_strongest_at_a_third():
    from dlnb.lessons import theorem

    alphas = np.linspace(0.05, 0.45, 241)
    matrices = np.abs([run("exercise-alpha", {"theorem": theorem, "alpha": alpha}) for alpha in alphas])
    links = 6 / np.pi * np.arcsin(matrices / 2)
    assert abs(alphas[links.min(axis=(1, 2)).argmax()] - 1 / 3) < 0.002
    expected = [{abs(1 - 2 * a), a, 1 - a, np.sqrt(2 * a * (1 - a))} for a in alphas]
    for matrix, entries in zip(matrices, expected, strict=True):
        assert all(min(abs(entry - each) for each in entries) < 1e-9 for entry in matrix.ravel())
    # The formula of the solution, by simulation.
    z = np.random.default_rng(0).standard_normal((100_000, 3))
    found = np.abs(stats.spearmanr(z, z @ theorem.householder(3, 0.2).T).statistic[:3, 3:]).T
    assert np.abs(found - 6 / np.pi * np.arcsin(np.abs(theorem.householder(3, 0.2)) / 2)).max() < 0.01


@solution("exercise-look-image")
def test_a_strip_starts_from_the_image_of_that_number():
    model = models.train(data.load("dsprites", size=32), models.BetaVAE(1), steps=2, seed=0)
    probe = np.random.default_rng(0).uniform(size=(6, 32, 32, 1)).astype(np.float32)
    tiles, names = run("exercise-look-image", {"lab": lab, "model": model, "probe": probe, "k": 2})
    codes = models.encode(model, probe[2:])
    top = int(np.argmax(codes.kl))
    assert names[0] == f"latent {top + 1}"
    np.testing.assert_allclose(tiles[0], models.traverse(model, codes.mean[0], lab.VALUES)[top], atol=1e-6)


@solution("exercise-lab-seed")
def test_stars_are_drawn_for_every_row_of_the_table():
    table = pd.DataFrame({"method": ["beta_vae", "beta_vae"], "mig": [0.1, 0.2]})
    names = {"pd": pd, "others": table.assign(mig=0.5), "table": table}
    stars = run("exercise-lab-seed", names)
    assert stars.method.tolist() == ["beta_vae"] * 2 + ["your model"] * 2 and stars.mig.tolist() == [0.5, 0.5, 0.1, 0.2]
    assert table.method.tolist() == ["beta_vae"] * 2


@pytest.fixture(scope="module")
def ovals():
    """What the page on methods trains on, and a run that is as short as one can be."""
    world = data.restrict(data.load("dsprites", size=32), shape=1, orientation=0)
    training = models.Training(steps=60, batch=16, learning_rate=1e-3)
    return {"models": models, "ovals": world, "training": training, "steps": training.steps}


@solution("exercise-methods-beta")
def test_beta_tc_vae_is_trained_at_three_strengths_and_at_1_it_is_the_plain_vae(ovals):
    trained = run("exercise-methods-beta", dict(ovals))
    assert list(trained) == [1, 4, 16]
    plain = models.train(ovals["ovals"], models.BetaVAE(1), ovals["training"], seed=0)
    assert np.allclose(trained[1].history["reconstruction"][:5], plain.history["reconstruction"][:5], rtol=1e-4)
    sample = ovals["ovals"].sample(50, np.random.default_rng(0))
    used = [run("exercise-methods-beta", {"models": models, "model": m, "sample": sample}, 1) for m in trained.values()]
    assert all(each.shape == (10,) and each.dtype == bool for each in used)


@solution("exercise-methods-capacity")
def test_errors_of_capacities_are_means_of_the_last_losses(ovals):
    names = dict(ovals)
    run("exercise-methods-capacity", names)
    assert list(names["errors"]) == [2, 5, 10, 20]
    assert all(np.isfinite(error) and error > 0 for error in names["errors"].values())


@solution("exercise-rows")
def test_scores_from_few_rows_are_printed(capsys):
    run("exercise-rows", {"examples": examples, "np": np, "pd": pd, "metrics": metrics})
    few, many = re.findall(r"^modularity +(.*)$", capsys.readouterr().out, re.M)
    names = ["perfect", "rotated", "duplicated", "collapsed", "random"]
    few, many = (dict(zip(names, map(float, row.split()), strict=True)) for row in (few, many))
    assert many["collapsed"] - few["collapsed"] > 0.1 and few["collapsed"] < few["rotated"]
    assert many["collapsed"] > many["rotated"]


@solution("exercise-extend-score")
def test_the_score_of_the_closest_latent_is_fooled_by_copies_and_mixtures():
    registered = {}
    run("exercise-extend-score", {"np": np, "metrics": type("Metrics", (), {"register": registered.__setitem__})})
    five, causes = examples.five(3_000, np.random.default_rng(0))
    perfect = five["perfect"]
    codes = five | {"one more, of two factors": np.column_stack([perfect, perfect[:, 0] + perfect[:, 1]])}
    found = {name: registered["closest"](each, causes, None)["closest"] for name, each in codes.items()}
    assert found["perfect"] > 0.95 > found["rotated"] > 0.5 > 0.1 > found["random"]
    for name in ("duplicated", "one more, of two factors"):
        assert found[name] == pytest.approx(found["perfect"], abs=0.005), name


# Solutions in words that say what scores do


def test_which_score_falls_first_when_two_latents_are_turned():
    """exercise-rotation"""
    five, causes = examples.five(6_000, np.random.default_rng(0))

    def scored(angle):
        c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        codes = five["perfect"].copy()
        codes[:, :2] = codes[:, :2] @ [[c, -s], [s, c]]
        return metrics.score(codes, causes, np.random.default_rng(0), list(metrics.METRICS), boosting="lightgbm")

    at = {angle: scored(angle) for angle in (0, 1, 10, 40, 45)}
    falls = {name: at[0][name] - at[1][name] for name in at[0]}
    assert max(falls, key=falls.get) == "mig" and falls["mig"] > 0.01
    for name in ("sap", "dci_disentanglement"):
        assert at[0][name] - at[10][name] < 0.1 < at[0][name] - at[45][name], name
    for name in ("beta_vae_score", "factor_vae_score"):
        assert at[40][name] > 0.95, name


def test_which_scores_twenty_latents_of_noise_change():
    """exercise-noise"""
    five, causes = examples.five(6_000, np.random.default_rng(0))
    noise = np.random.default_rng(1).standard_normal((6_000, 20))
    names = ["mig", "sap", "modularity", "dci"]
    before, after, alone = (
        metrics.score(codes, causes, np.random.default_rng(0), names, boosting="lightgbm")
        for codes in (five["perfect"], np.hstack([five["perfect"], noise]), noise)
    )
    for name in ("mig", "sap", "dci_disentanglement"):
        assert abs(before[name] - after[name]) < 0.05, name
    assert after["modularity"] < before["modularity"] - 0.1
    assert after["modularity"] == pytest.approx((4 * before["modularity"] + 20 * alone["modularity"]) / 24, abs=0.02)
