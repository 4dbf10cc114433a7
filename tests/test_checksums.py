"""Every flipped bit of a stored table is told, and no moment of a write locks its reader out."""

import hashlib
import json
import random
import shutil
import subprocess
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from sweeps import TINY, made_up_row

from dlnb import results, storage
from dlnb.results import Store, checksums, factors
from dlnb.study import STUDIES

CELLS = TINY.cells()


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(STUDIES, "tiny", TINY)


def put(runs, *cells):
    """Leave what the runner leaves of cells, made up."""
    for cell in cells:
        folder = runs / "tiny" / str(cell)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / results.ROW).write_text(json.dumps(made_up_row(TINY, cell)))
        factors.record(folder, ["shape", "scale"], {"mig": pd.Series([0.25, 0.5]).to_numpy()})


@pytest.fixture
def home(tmp_path):
    """The folder of the tables of two cells and of a failure."""
    put(tmp_path / "runs", *CELLS[:2])
    failure = dict(zip(results.KEY, results.key(CELLS[3]), strict=True)) | {"error": "no", "commit": "abc"}
    path = tmp_path / "runs" / "tiny" / str(CELLS[3]) / results.FAILURE
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(failure))
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    return tmp_path / "tables" / "tiny"


FILES = {
    "dsprites.parquet": lambda tables: results.load("tiny", tables),
    "factors/dsprites.parquet": lambda tables: factors.load("tiny", tables),
    "failed.csv": lambda tables: results.failures("tiny", tables),
}


def listed(home) -> dict[str, str]:
    return {name: sum for sum, name in (line.split("  ") for line in (home / "SHA256SUMS").read_text().splitlines())}


def test_the_list_is_that_of_the_command_sha256sum(home):
    assert listed(home) == {name: hashlib.sha256((home / name).read_bytes()).hexdigest() for name in FILES}
    assert list(listed(home)) == sorted(FILES), "one line for a file, in an order that does not tell who was first"
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=home, check=True, capture_output=True)


@pytest.mark.parametrize("name", FILES)
def test_every_flipped_bit_and_every_cut_is_told_by_the_name_of_the_file_and_a_remedy(name, home):
    whole, chance = (home / name).read_bytes(), random.Random(0)
    for _ in range(60):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        damaged = damaged[: chance.randrange(len(whole))] if chance.random() < 0.3 else damaged
        (home / name).write_bytes(damaged)
        with pytest.raises(ValueError, match=rf"{name} was damaged or changed: .*SHA256SUMS.*results.renew\("):
            FILES[name](home.parent)
    (home / name).write_bytes(whole)
    assert len(FILES[name](home.parent))


@pytest.mark.parametrize("name", FILES)
def test_damaged_tables_are_not_merged_and_nothing_is_written(name, home, tmp_path):
    (home / name).write_bytes((home / name).read_bytes()[:-1] + b"x")
    put(tmp_path / "others", CELLS[2])
    Store(TINY, tmp_path / "others", tmp_path / "here").collect()
    before = {path: path.read_bytes() for path in (tmp_path / "here").rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match=f"{name} was damaged or changed"):
        Store(TINY, None, tmp_path / "here").collect(shards=[home])
    assert {path: path.read_bytes() for path in before} == before
    with pytest.raises(ValueError, match=f"{name} was damaged or changed"):
        Store(TINY, tmp_path / "others", tmp_path / "tables").collect()


def test_a_change_that_was_meant_is_listed_by_the_command_of_the_message(home):
    path = home / "dsprites.parquet"
    pd.read_parquet(path).assign(mig=0.125).to_parquet(path)
    with pytest.raises(ValueError, match="damaged or changed") as raised:
        results.load("tiny", home.parent)
    exec(str(raised.value).split('python -c "')[1].removesuffix('"'))
    assert set(results.load("tiny", home.parent).mig) == {0.125}
    with pytest.raises(ValueError, match=r"there is no folder .*nowhere"):
        results.renew(home / "nowhere")


def test_tables_from_before_there_were_checksums_load_and_are_listed_when_they_are_written_again(home, tmp_path):
    before = listed(home)
    (home / "SHA256SUMS").unlink()
    for load in FILES.values():
        assert len(load(home.parent))
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    assert listed(home) == before


@pytest.mark.parametrize("damage", [lambda t: t[:-2] + "\n", lambda t: "<<<<<<< HEAD\n" + t, lambda t: "x" + t])
def test_a_damaged_list_is_named(damage, home):
    path = home / "SHA256SUMS"
    path.write_text(damage(path.read_text()).replace("f", "F", 1))
    with pytest.raises(ValueError, match=r"SHA256SUMS is damaged, at '.*results.renew\("):
        results.load("tiny", home.parent)


def test_lines_without_files_and_windows_line_ends_mean_nothing(home):
    path = home / "SHA256SUMS"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + b"0" * 64 + b"  cars3d.parquet\r\n")
    assert len(results.load("tiny", home.parent)) == 2


class Killed(BaseException):
    """In place of a process that ends there and then."""


def test_a_write_that_is_killed_at_any_of_its_steps_leaves_what_can_be_read_and_goes_on(home, tmp_path, monkeypatch):
    put(tmp_path / "runs", CELLS[2])
    shutil.copytree(tmp_path / "tables", tmp_path / "before")
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    expected = {name: (home / name).read_bytes() for name in [*FILES, "SHA256SUMS"]}
    # Renames in order, for each file: the list with both checksums, the file, the list with the new one.
    for step in range(9):
        shutil.rmtree(home.parent)
        shutil.copytree(tmp_path / "before", home.parent)
        steps, replace = iter(range(100)), Path.replace

        def dying(self, target, steps=steps, step=step, replace=replace):
            if next(steps) == step:
                raise Killed
            return replace(self, target)

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(Path, "replace", dying)
            patch.setattr(Path, "unlink", lambda *_, **__: None)  # a killed process cleans nothing up
            Store(TINY, tmp_path / "runs", home.parent).collect()
        assert [len(FILES[name](home.parent)) for name in FILES] == [2 if step < 2 else 3, 4 if step < 8 else 6, 1]
        assert [path for path in home.rglob(".*") if storage.TEMPORARY.fullmatch(path.name)]
        Store(TINY, tmp_path / "runs", home.parent).collect()
        assert {name: (home / name).read_bytes() for name in expected} == expected
        assert not [path for path in home.rglob(".*") if path.name != checksums.LOCK], "temporary files are swept"


def test_a_file_that_is_replaced_between_two_reads_is_read_again(home, tmp_path, monkeypatch):
    put(tmp_path / "runs", CELLS[2])
    texts = iter([(home / "SHA256SUMS").read_text()])  # the list as it was before the other process wrote
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    read = checksums._text
    monkeypatch.setattr(checksums, "_text", lambda home: next(texts, None) or read(home))
    assert len(results.load("tiny", home.parent)) == 3


FOLDERS = sorted({path.parent for path in results.TABLES.rglob("*.parquet") if path.parent.name != "factors"})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(results.TABLES).as_posix())
def test_every_committed_table_is_listed(folder):
    files = [*folder.glob("*.parquet"), *folder.glob("factors/*.parquet"), *folder.glob("failed.csv")]
    expected = {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
    assert listed(folder) == expected, f"list them: results.renew({str(folder)!r})"


def test_the_lists_are_installed_with_the_tables():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    package, patterns = results.TABLES.parent, project["tool"]["setuptools"]["package-data"]["dlnb"]
    there = {path for pattern in patterns for path in package.glob(pattern)}
    assert there >= {path for folder in FOLDERS for path in (folder / "SHA256SUMS", *folder.rglob("*.parquet"))}
