"""Why a small study may differ from the paper, and of which tables each reason is true.

In the texts stand for what a table tells: {updates}, how many times more the paper has; {pixels}, the share of its
pixels; {gamma}, a clause about AnnealedVAE's constant.
"""

import pandas as pd

from dlnb.paper import PROTOCOL

SHORT = "Trained for 1/{updates} of the paper's updates, on images with {pixels}."
GAMMA = "Its capacity grows {updates} times faster than in the paper{gamma}."
CRITIC = "The critic is smaller and learns faster than the paper's."
DRAWN = "Images are rendered by this package; its cars, toys and painting are stand-ins."
FEW = "A few seeds say little about the spread of models of one setting."
MANY = 10  # seeds, from which on they are no few
PIXELS = 64  # along a side of the paper's images
ANNEALED_GAMMA = 1_000  # of the paper


def of(text: str, table: pd.DataFrame) -> str:
    """The caveat as it is true of a table; empty if it is not, or if the table does not tell."""
    if text in APPLIES and not APPLIES[text](table):
        return ""
    used = [name for name in ("{updates}", "{pixels}") if name in text]
    if not used:
        return text
    if not {"steps", "size"} <= set(table) or len(table[["steps", "size"]].drop_duplicates()) != 1:
        return ""
    updates, pixels = PROTOCOL.steps / table.steps.iloc[0], (PIXELS / table["size"].iloc[0]) ** 2
    if max({"{updates}": updates, "{pixels}": pixels}[name] for name in used) <= 1:
        return ""
    share = {1: "as many pixels", 4: "a quarter of the pixels"}.get(pixels, f"1/{pixels:.3g} of the pixels")
    share = share if pixels >= 1 else "more pixels"
    smaller = _differs(table, "annealed_gamma", lambda gamma: gamma < ANNEALED_GAMMA)
    gamma = ", with a smaller weight (γ)" if smaller else ""
    return text.replace("{updates}", f"{updates:.3g}").replace("{pixels}", share).replace("{gamma}", gamma)


def _differs(table: pd.DataFrame, column: str, test) -> bool:
    """Whether the test holds for some value of a column that the table has."""
    return column in table and bool(test(table[column].dropna()).any())


def _few(table: pd.DataFrame) -> bool:
    return bool(table.groupby(["data_set", "method", "strength"]).size().median() < MANY)


def _critic(table: pd.DataFrame) -> bool:
    narrow = _differs(table, "critic_width", lambda width: width < PROTOCOL.critic_width)
    return narrow and _differs(table, "critic_learning_rate", lambda rate: rate > PROTOCOL.critic_learning_rate)


def _drawn(table: pd.DataFrame) -> bool:
    return _differs(table, "source", lambda source: source == "rendered")


APPLIES = {CRITIC: _critic, DRAWN: _drawn, FEW: _few}
