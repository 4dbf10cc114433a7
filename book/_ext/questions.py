"""The questions of a concept check, read from YAML: what is asked, the options, and why each is right or wrong.

A file is a list of questions:

    - ask: "What is asked?"                    # Markdown in one paragraph, as are all texts
      options:                                 # three or four, one of them right
        - wrong: "An option"
          tempting: "Why one might think so."
          but: "this is why it is wrong."         # shown as: Why one might think so. But this is why it is wrong.
        - right: "Another option"
          because: "Why it is right."
      see: Title of the section that answers   # of the same page
      computed: {"0.81": "3 / 2 - log(2)"}     # numbers in the texts, as tests/test_quiz.py computes them
"""

from dataclasses import dataclass
from pathlib import Path

import yaml

LETTERS = "ABCD"
REASONS = {"right": ("because",), "wrong": ("tempting", "but")}  # two of them are joined by the word But
KEYS = {"ask", "options", "see", "computed"}


@dataclass(frozen=True)
class Option:
    letter: str
    text: str
    right: bool
    reason: str


@dataclass(frozen=True)
class Question:
    ask: str
    options: tuple[Option, ...]
    see: str
    computed: dict[str, str]

    @property
    def answer(self) -> str:
        """The letter of the right option."""
        return next(option.letter for option in self.options if option.right)

    @property
    def texts(self) -> list[str]:
        return [self.ask, *(text for option in self.options for text in (option.text, option.reason))]


def load(path: Path) -> list[Question]:
    """The questions of a file. Raises ValueError with file and question if one is not of the form above."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: no questions there ({error.strerror}); name a file of book/_quiz") from None
    except yaml.YAMLError as error:
        raise ValueError(f"{path.name} is no YAML: {error}; put texts with ': ' or a mark in front in quotes") from None
    if not isinstance(found, list) or not found:
        raise ValueError(f"{path.name} must be a list of questions, each beginning with '- ask:', not {found!r:.60}")
    return [_question(each, f"{path.name}, question {i}") for i, each in enumerate(found, 1)]


def _question(given, where: str) -> Question:
    if not isinstance(given, dict) or not {"ask", "options", "see"} <= set(given) <= KEYS:
        raise ValueError(f"{where} must have ask, options and see, and may have computed, not {_keys(given)}")
    options = given["options"]
    if not isinstance(options, list) or not 3 <= len(options) <= len(LETTERS):
        raise ValueError(f"{where} must have 3 or 4 options in a list, not {options!r:.60}")
    options = tuple(_option(*each, where) for each in zip(LETTERS, options, strict=False))
    if (right := sum(option.right for option in options)) != 1:
        raise ValueError(f"{where} must have one right option, not {right}")
    computed = given.get("computed", {})
    if not isinstance(computed, dict) or not all(isinstance(text, str) for text in computed):
        raise ValueError(f"{where}: computed must map numbers, in quotes as they are printed, to expressions")
    computed = {text: str(expression) for text, expression in computed.items()}
    return Question(_text(given["ask"], where), options, _text(given["see"], where), computed)


def _option(letter: str, given, where: str) -> Option:
    where = f"{where}, option {letter},"
    for kind, reasons in REASONS.items():
        if isinstance(given, dict) and set(given) == {kind, *reasons}:
            reason = " But ".join(_text(given[key], where) for key in reasons)
            return Option(letter, _text(given[kind], where), kind == "right", reason)
    raise ValueError(f"{where} must have right and because, or wrong, tempting and but, not {_keys(given)}")


def _text(given, where: str) -> str:
    if not isinstance(given, str) or not given.strip() or "\n" in given.strip():
        raise ValueError(f"{where} has {given!r:.60} in place of a text in one paragraph; put it in quotes")
    return given.strip()


def _keys(given) -> str:
    return ", ".join(map(str, given)) if isinstance(given, dict) else f"{given!r:.60}"
