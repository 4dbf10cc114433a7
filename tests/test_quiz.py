"""The questions of the concept checks are well made, and what they say can be computed."""

import re
import sys
from collections import Counter
from math import comb, log, sqrt
from pathlib import Path

import nbformat
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm, uniform
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.tree import DecisionTreeClassifier

from dlnb import metrics, paper
from dlnb.lessons import examples
from dlnb.metrics.unsupervised import gaussian_total_correlation

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "book/_ext"))

import questions  # noqa: E402

FILES = sorted((ROOT / "book/_quiz").glob("*.yml"))
CHECKS = {path.stem: questions.load(path) for path in FILES}
EVERY = [(name, i, one) for name, check in CHECKS.items() for i, one in enumerate(check, 1)]
LOOKED_UP = {"index", "figures", "more_figures", "lab", "reproduce", "differences", "glossary", "references"}
of_each_page = pytest.mark.parametrize("name", CHECKS)
of_each = pytest.mark.parametrize("question", [one for *_, one in EVERY], ids=[f"{n}-{i}" for n, i, _ in EVERY])
# Numbers with a point or a percent sign, and halves, outside of fractions in TeX
NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*\.\d+(?: %)?|(?<![\w.,])\d+ %|[½⅓¼](?!\w)")


def page_text(name: str) -> str:
    cells = nbformat.read(ROOT / f"book/{name}.ipynb", 4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def test_every_page_that_teaches_has_a_check_of_its_own():
    pages = {path.stem for path in (ROOT / "book").glob("*.ipynb")}
    assert set(CHECKS) == pages - LOOKED_UP
    named = {name: re.findall(r"^```{concept-check} (\S+)$", page_text(name), re.M) for name in pages}
    assert {name: found for name, found in named.items() if found} == {n: [f"_quiz/{n}.yml"] for n in CHECKS}


@of_each_page
def test_it_has_five_questions_in_a_section_with_a_label(name):
    assert len(CHECKS[name]) == 5
    section = rf"^\({name}-check\)=\n## Check yourself\n\n.*\n\n```{{concept-check}}"
    assert re.search(section, page_text(name), re.M)
    after = page_text(name).split("## Check yourself")[1]
    assert "\n## " not in after or re.search(r"^## (.*)$", after, re.M)[1] in ("Takeaways", "Exercises")


@of_each_page
def test_answers_lead_to_sections_of_the_page(name):
    prose = re.sub(r"^(`{3,}).*?^\1", "", page_text(name), flags=re.M | re.S)
    titles = {re.sub(r"[*`]", "", title) for title in re.findall(r"^#+ (.*)$", prose, re.M)}
    assert {one.see for one in CHECKS[name]} <= titles - {"Check yourself"}


@of_each
def test_a_question_is_short_and_its_answers_differ(question):
    assert len(question.ask.split()) <= 70
    texts = [option.text for option in question.options]
    assert len(set(texts)) == len(texts) and max(len(text.split()) for text in texts) <= 25
    assert not any("](" in text for text in texts), "a link within a label is pressed by who chooses the answer"


@of_each
def test_every_answer_is_explained_in_a_few_sentences(question):
    for option in question.options:
        assert 8 <= len(option.reason.split()) <= 60, option.reason
        assert option.reason.endswith("."), option.reason
        goes_on = r"[.!?] But (Modularity |(?![A-Z][a-z]+ ))"  # in the same sentence, so with a small letter
        assert option.right or re.search(goes_on, option.reason), option.reason


def test_the_place_of_the_right_answer_is_not_to_be_guessed():
    four = [one for *_, one in EVERY if len(one.options) == 4]
    letters = Counter(one.answer for one in four)
    assert all(0.15 <= letters[letter] / len(four) <= 0.35 for letter in "ABCD"), letters
    for i in range(1, 6):  # nor by who remembers the pages before
        assert max(Counter(one.answer for _, n, one in EVERY if n == i).values()) <= len(CHECKS) / 2
    assert all(max(Counter(one.answer for one in check).values()) <= 2 for check in CHECKS.values())


@pytest.mark.parametrize("extreme", [min, max])
def test_the_right_answer_is_not_told_by_its_length(extreme):
    told = [extreme(one.options, key=lambda option: len(option.text)).right for *_, one in EVERY]
    assert 0.1 < np.mean(told) < 0.4  # by chance a quarter or a little more


COINS = [[a, b] for a in (0, 1) for b in (0, 1)]


def noise_and_factors():
    five, factors = examples.five(6_000, np.random.default_rng(0))
    return five["random"], factors


# What expressions of the files may name
NAMES = {"np": np, "quad": quad, "norm": norm, "uniform": uniform, "log": log, "sqrt": sqrt, "comb": comb}
NAMES |= {"metrics": metrics, "paper": paper, "gaussian_total_correlation": gaussian_total_correlation}
NAMES |= {"COINS": COINS, "noise_and_factors": noise_and_factors}
HALVES = {"½": 1 / 2, "⅓": 1 / 3, "¼": 1 / 4}


def printed(number: str) -> tuple[float, float]:
    """The value of a number as it is printed, and how far from it the true one may be."""
    if number in HALVES:
        return HALVES[number], 0.002
    unit = 0.01 if number.endswith("%") else 1
    plain = number.removesuffix(" %").replace(",", "")
    return float(plain) * unit, 0.5001 * unit * 10 ** -len(plain.partition(".")[2])


@of_each
def test_computed_numbers_are_what_the_texts_say(question):
    for number, expression in question.computed.items():
        value, off = printed(number)
        found = eval(expression, dict(NAMES))
        assert abs(found - value) <= off, f"{number} is printed, {expression} = {found}"
        assert any(re.search(rf"(?<![\d.]){re.escape(number)}(?![\d%])", text) for text in question.texts), number


@of_each
def test_no_number_is_printed_that_is_neither_given_nor_computed(question):
    given = set(NUMBER.findall(question.ask))
    for text in question.texts[1:]:
        assert set(NUMBER.findall(re.sub(r"\$[^$]*\$", "", text))) <= given | set(question.computed), text


def test_an_outlier_hides_a_perfect_code_and_only_the_remedy_that_is_named_helps():
    codes, factors = examples.five(6_000, np.random.default_rng(0))
    codes = codes["perfect"]

    def gap(codes, bins=20):  # with NumPy's own bins
        binned = [np.digitize(z, np.histogram_bin_edges(z, bins)[:-1]) for z in codes.T]
        found = np.array([[mutual_info_score(z, v) for v in factors.T] for z in binned])
        second, first = np.sort(found / [mutual_info_score(v, v) for v in factors.T], axis=0)[-2:]
        return np.mean(first - second)

    out = codes.copy()
    out[0] = 1_000
    assert gap(codes) > 0.9 and np.abs(codes).max() < 3
    assert max(gap(out), gap(out / out.std(axis=0)), gap(out, 40)) < 0.01
    assert gap(out.argsort(axis=0).argsort(axis=0)) > 0.9 and gap(out.clip(-3, 3)) > 0.9


def test_scores_of_rotated_collapsed_and_duplicated_codes_are_as_the_questions_say():
    five, factors = examples.five(6_000, np.random.default_rng(0))
    names = ["factor_vae_score", "beta_vae_score", "mig", "dci"]
    table = {n: metrics.score(five[n], factors, np.random.default_rng(0), names) for n in five}
    assert table["rotated"]["factor_vae_score"] > 0.99 and 0.05 < table["rotated"]["mig"] < 0.2
    assert table["random"]["factor_vae_score"] < 0.35 and table["collapsed"]["factor_vae_score"] < 0.7
    assert table["duplicated"]["mig"] < 0.02 < 0.9 < table["duplicated"]["dci_disentanglement"]
    assert table["duplicated"]["beta_vae_score"] > 0.99


def test_a_line_reads_some_values_of_a_latent_that_is_the_factor_and_a_tree_all():
    rng = np.random.default_rng(0)
    factor = rng.integers(32, size=15_000)
    latent = ((factor - 15.5) / factor.std() + 0.001 * rng.standard_normal(15_000))[:, None]
    fit, test = slice(10_000), slice(10_000, None)
    line = OneVsRestClassifier(LogisticRegression(max_iter=1_000)).fit(latent[fit], factor[fit])
    tree = DecisionTreeClassifier().fit(latent[fit], factor[fit])
    right = np.mean(line.predict(latent[test]) == factor[test])
    assert 3 / 32 < right < 0.8 < 0.99 < np.mean(tree.predict(latent[test]) == factor[test])


def test_a_rotation_moves_trees_with_few_labels_and_not_lines():
    rng = np.random.default_rng(0)
    factors = rng.integers(8, size=(5_000, 2))
    codes = (factors - 3.5) / 2.3 + 0.02 * rng.standard_normal((5_000, 2))
    c, s = np.cos(np.pi / 6), np.sin(np.pi / 6)
    turned = codes @ [[c, -s], [s, c]]

    def right(model, codes):
        model.fit(codes[:100], factors[:100, 0])
        return model.score(codes[100:], factors[100:, 0])

    line, tree = LogisticRegression(), DecisionTreeClassifier(random_state=0)
    assert abs(right(line, codes) - right(line, turned)) < 0.01
    assert right(tree, turned) < right(tree, codes) - 0.05


def test_a_latent_beside_its_square_is_uncorrelated_and_a_critic_can_tell():
    z = np.random.default_rng(0).standard_normal(20_000)
    pair = np.stack([z, z**2 - 1], axis=1)
    assert abs(np.corrcoef(pair.T)[0, 1]) < 0.05
    shuffled = np.stack([pair[:, 0], np.roll(pair[:, 1], 1)], axis=1)
    codes, real = np.concatenate([pair, shuffled]), np.repeat([1, 0], len(z))
    order = np.random.default_rng(1).permutation(len(codes))
    critic = DecisionTreeClassifier(max_depth=10).fit(codes[order[:30_000]], real[order[:30_000]])
    assert critic.score(codes[order[30_000:]], real[order[30_000:]]) > 0.8


def test_a_square_rotated_by_45_degrees_is_uncorrelated_and_dependent():
    z = np.random.default_rng(0).uniform(-0.5, 0.5, size=(50_000, 2))
    turned = z @ np.array([[1, -1], [1, 1]]) / sqrt(2)
    assert abs(np.corrcoef(turned.T)[0, 1]) < 0.02 < 0.2 < -np.corrcoef(np.abs(turned).T)[0, 1]
    assert 0.1 < np.mean(np.abs(turned).max(axis=1) > 0.5)


def test_a_second_run_of_the_winner_stands_between_the_middle_and_the_top():
    rng = np.random.default_rng(0)
    quality = rng.standard_normal((2_000, 36))
    first, second = (quality + 1.5 * rng.standard_normal(quality.shape) for _ in range(2))
    again = np.take_along_axis(second.argsort(axis=1).argsort(axis=1), first.argmax(axis=1)[:, None], axis=1) / 35
    assert 0.6 < again.mean() < 0.9
