import errno
import json
import os

import numpy as np
import pytest

from dlnb import storage


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_in_a_folder_that_is_made(tmp_path):
    storage.write(tmp_path / "a" / "b.txt", lambda temporary: temporary.write_text("whole"))
    assert (tmp_path / "a" / "b.txt").read_text() == "whole"
    assert names(tmp_path / "a") == ["b.txt"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "b.txt"
    path.write_text("old")

    def half(temporary):
        temporary.write_text("ne")
        assert path.read_text() == "old", "not written in place"
        raise OSError("disk full")

    with pytest.raises(OSError, match=r"b\.txt could not be written: disk full"):
        storage.write(path, half)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["b.txt"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
@pytest.mark.parametrize("named", [False, True])
def test_an_error_of_the_disk_names_the_file_and_stays_of_its_kind(number, named, tmp_path):
    def fail(temporary):
        raise OSError(number, os.strerror(number), *([str(temporary)] if named else []))

    with pytest.raises(OSError, match=r"b\.txt'$") as raised:
        storage.write(tmp_path / "b.txt", fail)
    assert raised.value.errno == number and raised.value.filename == str(tmp_path / "b.txt")
    assert not names(tmp_path)


def test_an_error_of_another_file_names_that_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere"):
        storage.write(tmp_path / "b.txt", lambda _: (tmp_path / "nowhere").read_bytes())


def gone() -> int:
    """The number of a process that has ended."""
    process = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(process, 0)
    return process


@pytest.mark.skipif(not hasattr(os, "posix_spawn"), reason="without signals any process may still run")
def test_what_killed_writes_left_is_swept_and_nothing_else(tmp_path):
    dead, alive = gone(), os.getppid()
    ours = [f".a.npz.{dead}.npz", f".row.json.{dead}.json", f".SHA256SUMS.{dead}", f".a.b.txt.{os.getpid()}.txt"]
    others = [
        f".a.npz.{alive}.npz",
        ".lock",
        ".hidden",
        f"a.npz.{dead}.npz",
        f".a.npz.{dead}.txt",
        ".a.npz.x.npz",
        "a.npz",
    ]
    for name in (*ours, *others):
        (tmp_path / name).write_text("half")
    (tmp_path / f".folder.{dead}").mkdir()
    storage.sweep(tmp_path, "a.npz", "SHA256SUMS")
    assert names(tmp_path) == sorted([ours[1], ours[3], *others, f".folder.{dead}"])
    storage.sweep(tmp_path)
    assert names(tmp_path) == sorted([*others, f".folder.{dead}"])
    storage.sweep(tmp_path / "nowhere")


def test_an_archive_comes_back_with_what_it_says_of_itself(tmp_path):
    arrays = {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "part/y": np.array([1, 2])}
    about = {"kind": "thing", "shape": (2, 3), "name": "β"}
    storage.save(tmp_path / "file.npz", about, arrays)
    found, back = storage.load(tmp_path / "file.npz", "thing")
    assert found == {"kind": "thing", "shape": [2, 3], "name": "β"} == storage.plain(about)
    assert set(back) == set(arrays)
    for name, values in arrays.items():
        np.testing.assert_array_equal(back[name], values)
        assert back[name].dtype == values.dtype


def test_an_archive_needs_no_ending_in_its_name(tmp_path):
    storage.save(tmp_path / "run", {"kind": "thing"}, {"x": np.arange(3)})
    assert names(tmp_path) == ["run"]
    assert storage.load(tmp_path / "run", "thing")[1]["x"].tolist() == [0, 1, 2]


def test_an_archive_holds_no_pickles(tmp_path):
    storage.save(tmp_path / "file.npz", {"kind": "thing"}, {"x": np.zeros(2)})
    with np.load(tmp_path / "file.npz", allow_pickle=False) as file:
        assert json.loads(str(file["about"])) == {"kind": "thing"}


def test_another_kind_of_archive_is_refused(tmp_path):
    storage.save(tmp_path / "file.npz", {"kind": "thing"}, {"x": np.zeros(2)})
    with pytest.raises(ValueError, match=r"file.npz is not a trained model file but a thing file"):
        storage.load(tmp_path / "file.npz", "trained model")
    storage.save(tmp_path / "file.npz", {}, {"x": np.zeros(2)})
    with pytest.raises(ValueError, match=r"file.npz is not a trained model file$"):
        storage.load(tmp_path / "file.npz", "trained model")


@pytest.mark.parametrize("content", [b"", b"PK half of", b"not an archive", None])
def test_damaged_and_foreign_files_are_named(tmp_path, content):
    path = tmp_path / "file.npz"
    if content is None:  # cut short while it was copied
        storage.save(path, {"kind": "thing"}, {"x": np.random.default_rng(0).uniform(size=10_000)})
        path.write_bytes(path.read_bytes()[:9_000])
    else:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"file.npz is not a thing file of this package, or is damaged"):
        storage.load(path, "thing")


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        storage.load(tmp_path / "none.npz", "thing")


def test_arrays_that_say_nothing_of_themselves_are_not_called_damaged(tmp_path):
    np.savez(tmp_path / "codes.npz", mean=np.zeros(3), factors=np.zeros(3))
    with pytest.raises(
        ValueError, match=r"codes.npz is not a trained model file: it holds arrays alone \(factors, mean\)"
    ):
        storage.load(tmp_path / "codes.npz", "trained model")


def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    storage.save(tmp_path / "one.npz", {"kind": "one"}, {})
    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(PermissionError, match=r"Permission denied: .*one\.npz"):
        storage.load(tmp_path / "one.npz", "one")


def test_numbers_of_numpy_are_read_back_as_numbers():
    assert storage.plain({"beta": np.int64(4), "rate": np.float32(0.5), "more": {1}}) == {
        **{"beta": 4, "rate": 0.5, "more": "{1}"},
    }
