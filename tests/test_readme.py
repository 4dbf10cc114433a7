"""The README's example runs as it stands, and its links lead somewhere."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_example_runs_and_prints_a_score(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    exec(compile(example, "README.md", "exec"), {})
    score = re.fullmatch(r"\{'mig': (\d\.\d+)\}\n", capsys.readouterr().out)
    assert 0 < float(score[1]) < 1


def test_files_and_commands_exist():
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target.partition("#")[0]).exists(), target
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.M)
    assert set(re.findall(r"make (book|test|study)", README)) <= set(targets)
