"""Whatever is damaged in a checkpoint, a model or a file of codes is refused by name, or changes nothing."""

import io
import json
import random
import zipfile

import numpy as np
import pytest

from dlnb import data, storage
from dlnb.models import BetaVAE, Model, training
from dlnb.representation import Representation

PLACES = data.restrict(data.load("dsprites", size=32), shape=1, scale=3, orientation=0)
FEW = {"seed": 1, "batch": 2, "latents": 2, "name": "few"}
DAMAGES = 300


def representation() -> Representation:
    rng = np.random.default_rng(0)
    mean, logvar = rng.standard_normal((2, 20, 3)).astype(np.float32)
    return Representation(rng.integers(5, size=(20, 2)), mean, logvar)


def same(one, other) -> bool:
    """Whether two results of ``storage.load`` or two dicts of arrays are equal."""
    if isinstance(one, tuple):
        return one[0] == other[0] and same(one[1], other[1])
    return one.keys() == other.keys() and all(
        one[n].dtype == other[n].dtype and np.array_equal(one[n], other[n], equal_nan=one[n].dtype.kind == "f")
        for n in one
    )


def codes(path):
    found = Representation.load(path)
    return {"factors": found.factors, "mean": found.mean, "logvar": found.logvar}


def described(path):
    return storage.load(path, "thing")


def damaged(content: bytes, chance: random.Random) -> bytes:
    """A flipped bit, a byte of another value, a cut, zeros or a block twice, as disks and copies leave it."""
    made, place = bytearray(content), chance.randrange(len(content))
    if (kind := chance.choice(["bit", "bit", "byte", "cut", "hole", "twice"])) == "bit":
        made[place] ^= 1 << chance.randrange(8)
    elif kind == "byte":
        made[place] = chance.randrange(256)
    elif kind == "cut":
        del made[place:]
    elif kind == "hole":
        made[place : place + 64] = bytes(len(made[place : place + 64]))
    else:
        made[place:place] = made[place : place + 100]
    return bytes(made)


@pytest.mark.parametrize("kind", [codes, described], ids=["compressed", "stored"])
def test_random_damage_is_refused_by_name_or_changes_nothing(kind, tmp_path):
    path = tmp_path / "file.npz"
    representation().save(path)
    if kind is described:
        arrays = codes(path) | {"history": np.linspace(0, 1, 30, dtype=np.float32).reshape(10, 3)}
        storage.save(path, {"kind": "thing", "updates": 10}, arrays)
    whole, right, chance, refused = path.read_bytes(), kind(path), random.Random(0), 0
    for _ in range(DAMAGES):
        path.write_bytes(damaged(whole, chance))
        try:
            found = kind(path)
        except ValueError as error:
            assert str(error).startswith(f"{path} "), error
            refused += 1
        else:
            assert same(found, right)
    assert refused > 0.8 * DAMAGES


def test_bits_all_over_an_archive(tmp_path):
    # Names, sizes and shapes stand there: a shape of no rows would leave a member unread, and its checksum with it.
    path = tmp_path / "file.npz"
    storage.save(path, {"kind": "thing"}, {"history": np.arange(6.0, dtype=np.float32).reshape(2, 3)})
    whole, right = path.read_bytes(), described(path)
    for place in range(0, 8 * len(whole), 3):
        made = bytearray(whole)
        made[place // 8] ^= 1 << place % 8
        path.write_bytes(made)
        try:
            assert same(described(path), right)
        except ValueError as error:
            assert str(error).startswith(f"{path} ")


def forged(path, entries: dict[str, bytes], method=zipfile.ZIP_STORED) -> None:
    """An archive whose checksums are right, though what it holds is not."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def header(shape, descr="'<f4'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def plain(values) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


THING = plain(np.array(json.dumps({"kind": "thing"})))


@pytest.mark.parametrize(
    "entries",
    [
        {"x.npy": header((10**12,))},  # more than there is memory for
        {"x.npy": header((2**63, 2**63))},
        {"x.npy": header((-2, -2)) + bytes(16)},
        {"x.npy": header((2**70, 0))},
        {"x.npy": header((4,)) + bytes(12)},
        {"x.npy": header((2,)) + bytes(12)},  # what is left over would not be read
        {"x.npy": header((1,), "'|O'") + bytes(8)},
        {"x.npy": header("(" * 7_000)},
        {"x.npy": b"\x93NUMPY\x09\x00" + bytes(20)},
        {"x.npy": b""},
        {"x.txt": b"text"},
        {"about.npy": plain(np.array("[" * 100_000))},
        {"about.npy": plain(np.array("[1, 2]"))},
        {"about.npy": plain(np.zeros(3))},
    ],
    ids=range(14),
)
def test_what_was_never_written_by_this_package_is_refused_by_name(entries, tmp_path):
    forged(tmp_path / "file.npz", {"about.npy": THING} | entries)
    with pytest.raises(ValueError, match=r"file\.npz is not a thing file"):
        described(tmp_path / "file.npz")


def test_an_entry_that_claims_more_than_its_bytes_can_hold_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "file.npz"
    forged(path, {"about.npy": THING, "x.npy": plain(np.zeros(10**6, np.float32))}, zipfile.ZIP_DEFLATED)
    assert described(path)[1]["x"].shape == (10**6,)
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02") + 24  # the size of the last entry, in the central directory
    content[place : place + 4] = (2**31).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"file\.npz .*entry x\.npy claims 2,147,483,648 bytes in"):
        described(path)
    forged(path, {"x.npy": plain(np.zeros(3))}, zipfile.ZIP_LZMA)
    with pytest.raises(ValueError, match="claims"):
        described(path)


def test_what_is_no_file_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"is not a thing file but a folder"):
        described(tmp_path)
    for load in (Model.load, Representation.load):
        for wrong in (None, 3, b"x", ""):
            with pytest.raises(ValueError, match="path must be the path of a file"):
                load(wrong)
        with pytest.raises(FileNotFoundError):
            load(tmp_path / "none.npz")


# A checkpoint and a model


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model of four updates, the path of its file and of its checkpoint."""
    folder = tmp_path_factory.mktemp("trained")
    model = training.train(PLACES, BetaVAE(4), steps=4, checkpoint=folder / "state.npz", **FEW)
    model.save(folder / "model.npz")
    return model, folder / "model.npz", folder / "state.npz"


def changed(trained, tmp_path, about=(), **arrays):
    """A checkpoint that was written with other contents."""
    found, values = storage.load(trained[2], training.CHECKPOINT)
    storage.save(tmp_path / "state.npz", found | dict(about), values | arrays)
    return tmp_path / "state.npz"


def history(rows, value=1.0):
    return np.full((rows, 3), value, np.float32)


@pytest.mark.parametrize(
    ("about", "arrays", "message"),
    [
        ({}, {"history": history(0)}, "it has the losses of 0 updates and the weights of 4"),
        ({}, {"history": history(3)}, "it has the losses of 3 updates and the weights of 4"),
        ({}, {"history": history(4, np.nan)}, "its losses must be finite"),
        ({"updates": None}, {"history": history(4, np.inf)}, "its losses must be finite"),
        ({"updates": "4"}, {}, "it has the losses of 4 updates"),
        ({}, {"history": np.ones(4, np.float32)}, "it holds"),
        ({}, {"history": np.array(["a", "b"])}, "its losses must be an array of numbers"),
        ({}, {"vae/vector": np.zeros(3, np.float32)}, "it holds"),
        ({}, {"critic/vector": np.zeros(3, np.float32)}, "it holds"),
        ({"seconds": "many"}, {}, "seconds must be a number"),
        ({"seconds": -1}, {}, "seconds must be a number"),
    ],
)
def test_a_checkpoint_whose_parts_do_not_belong_together_is_refused(about, arrays, message, trained, tmp_path):
    path = changed(trained, tmp_path, about, **arrays)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=rf"state\.npz is not a checkpoint file .*or is damaged: {message}.*remove it"):
        training.train(PLACES, BetaVAE(4), steps=4, checkpoint=path, **FEW)
    assert path.read_bytes() == before


def test_weights_that_are_not_finite_are_not_trained_on(trained, tmp_path):
    size = storage.load(trained[2], training.CHECKPOINT)[1]["vae/vector"].shape
    path = changed(trained, tmp_path, **{"vae/vector": np.full(size, np.nan, np.float32)})
    with pytest.raises(ValueError, match="its weights must be finite"):
        training.train(PLACES, BetaVAE(4), steps=6, checkpoint=path, **FEW)


def test_a_checkpoint_of_an_earlier_version_which_tells_no_updates_is_gone_on_from(trained, tmp_path):
    about, arrays = storage.load(trained[2], training.CHECKPOINT)
    assert about.pop("updates") == 4
    storage.save(tmp_path / "state.npz", about, arrays)
    further = training.train(PLACES, BetaVAE(4), steps=6, checkpoint=tmp_path / "state.npz", **FEW)
    whole = training.train(PLACES, BetaVAE(4), steps=6, **FEW)
    for one, other in zip(further.encoder.get_weights(), whole.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("run", [None, [], "x", {}])
def test_a_checkpoint_that_tells_no_run_is_of_another_one(run, trained, tmp_path):
    with pytest.raises(ValueError, match=r"state\.npz is the checkpoint of another run"):
        training.train(PLACES, BetaVAE(4), steps=4, checkpoint=changed(trained, tmp_path, {"run": run}), **FEW)


@pytest.mark.parametrize(
    ("about", "arrays"),
    [
        ({"latents": 10**12}, {}),
        ({"latents": "two"}, {}),
        ({"latents": None}, {}),
        ({"image_shape": [32, 32, 10**9]}, {}),
        ({"image_shape": [10**6, 10**6, 1]}, {}),
        ({"image_shape": 32}, {}),
        ({"kernels": "paper"}, {}),
        ({"steps": 5}, {}),
        ({}, {"history/kl": np.ones(3, np.float32)}),
        ({}, {"history/kl": np.full(4, np.nan, np.float32)}),
        ({}, {"encoder/0": np.zeros((4, 4, 1, 31), np.float32)}),
        ({}, {"encoder/0": np.full((4, 4, 1, 32), np.inf, np.float32)}),
        ({}, {"encoder/12": np.zeros(3, np.float32)}),
    ],
)
def test_a_model_whose_parts_do_not_fit_is_refused_by_name(about, arrays, trained, tmp_path):
    found, values = storage.load(trained[1], "trained model")
    storage.save(tmp_path / "model.npz", found | about, values | arrays)
    with pytest.raises(ValueError, match=r"model\.npz is not a trained model file .*, or is damaged"):
        Model.load(tmp_path / "model.npz")


def test_a_model_without_an_array_is_refused_by_name(trained, tmp_path):
    about, arrays = storage.load(trained[1], "trained model")
    for name in ("encoder/0", "decoder/0", "decoder/3"):
        storage.save(tmp_path / "model.npz", about, {n: values for n, values in arrays.items() if n != name})
        with pytest.raises(ValueError, match=r"model\.npz is not a trained model file"):
            Model.load(tmp_path / "model.npz")


def test_a_model_is_asked_for_with_a_data_set(trained):
    with pytest.raises(ValueError, match="data_set must be a DataSet"):
        Model.load(trained[1], "dsprites")


def test_codes_need_no_ending_in_their_name_and_are_numbers(tmp_path):
    representation().save(tmp_path / "codes")
    assert [path.name for path in tmp_path.iterdir()] == ["codes"]
    assert Representation.load(tmp_path / "codes").mean.shape == (20, 3)
    np.savez(tmp_path / "text.npz", factors=np.array([["a"]]), mean=np.zeros((1, 1)), logvar=np.zeros((1, 1)))
    with pytest.raises(ValueError, match=r"text\.npz holds factors of <U1, not numbers"):
        Representation.load(tmp_path / "text.npz")
    np.savez(tmp_path / "short.npz", factors=np.zeros((1, 2), int), mean=np.zeros((2, 1)), logvar=np.zeros((2, 1)))
    with pytest.raises(ValueError, match=r"short\.npz is not a representation file .*do not match"):
        Representation.load(tmp_path / "short.npz")
