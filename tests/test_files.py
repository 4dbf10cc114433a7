"""Downloads and derived arrays: what goes wrong is said clearly, and never leaves a file that a later run trusts."""

import errno
import gzip
import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import pytest
import servers
from common import finished, guarded
from servers import resets, sends

from dlnb.data import downloads, files
from dlnb.data.files import DataFileError, File, derived, fetch

BODY = np.random.default_rng(0).bytes(300_000)
PAGE = b"\n<!DOCTYPE html><title>Sign in</title>" + b" " * 300_000
HANGS = 120  # seconds after which a test of several processes fails instead of waiting for ever


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DLNB_DATA", str(tmp_path / "home"))
    monkeypatch.setattr(downloads, "PAUSE", 0)
    return tmp_path / "home"


@pytest.fixture
def server():
    with servers.running() as server:
        yield server


def published(*urls, body=BODY, known_hash="", size=None, name="set.bin"):
    return File(name, urls, known_hash or f"sha256:{hashlib.sha256(body).hexdigest()}", size)


def is_empty(folder):
    """No file but locks: nothing that a later run could take for the real one."""
    return not [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]


def no_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/set.bin"


# Downloads


@pytest.mark.parametrize("kind", ["sha256", "md5"])
def test_a_download_is_kept_and_not_repeated(server, home, kind):
    url = server.url("/set.bin", sends(BODY))
    file = published(url, known_hash=f"{kind}:{hashlib.new(kind, BODY).hexdigest()}", size=len(BODY))
    path = fetch(file)
    assert path == home / "set.bin"
    assert path.read_bytes() == BODY
    assert fetch(file) == path
    assert len(server.requests) == 1
    assert sorted(each.name for each in home.iterdir()) == ["set.bin", "set.bin.lock"]


def test_the_client_says_who_it_is(server):
    fetch(published(server.url("/set.bin", sends(BODY))))
    assert "dlnb" in server.requests[0][1]["User-Agent"]


def test_a_gzipped_file_stays_gzipped_even_if_the_server_calls_that_an_encoding(server):
    body = gzip.compress(BODY)
    path = fetch(published(server.url("/set.gz", sends(body, Content_Encoding="gzip")), body=body))
    assert path.read_bytes() == body


def test_redirects_are_followed(server):
    target = server.url("/there", sends(BODY))
    assert fetch(published(server.url("/here", sends(b"", 302, Location=target)))).read_bytes() == BODY


@pytest.mark.parametrize(
    ("answer", "reason", "requests"),
    [
        (sends(BODY[:-1] + b"!"), "its sha256 checksum is not the published", 1),
        (sends(b""), "it is empty", 3),
        (sends(BODY[:1000], length=len(BODY)), "the connection failed or broke", 3),
        (sends(BODY[:1000], length=0), "it has 1,000 bytes instead of 300,000", 3),
        (resets(BODY[:1000], len(BODY)), "the connection failed or broke", 3),
        (sends(b"no such file", 404), "the server responded 404 Not Found", 1),
        (sends(PAGE, 403, Content_Type="text/html"), "the server responded 403 Forbidden", 1),
        (sends(PAGE, 200, Content_Type="text/html"), "it is a web page", 1),
        (sends(PAGE, 503), "the server responded 503 Service Unavailable", 3),
    ],
    ids=["checksum", "empty", "truncated", "unannounced end", "reset", "404", "403", "page", "503"],
)
def test_what_a_server_does_wrong_is_said_and_leaves_no_file(server, home, answer, reason, requests):
    url = server.url("/set.bin", answer)
    with pytest.raises(DataFileError) as error:
        fetch(published(url, size=len(BODY)))
    for part in ("set.bin could not be downloaded", url, reason, "folder="):
        assert part in str(error.value)
    assert len(server.requests) == requests
    assert is_empty(home)
    server.url("/set.bin", sends(BODY))
    assert fetch(published(url, size=len(BODY))).read_bytes() == BODY


def test_no_network_is_said_with_every_address(home):
    urls = no_port(), no_port()
    with pytest.raises(DataFileError, match=r"the connection failed or broke") as error:
        fetch(published(*urls))
    assert all(url in str(error.value) for url in urls)
    assert is_empty(home)


def test_a_connection_that_is_cut_is_tried_again(server):
    answers = resets(BODY[:1000], len(BODY)), sends(BODY[:1000], length=len(BODY)), sends(BODY)
    assert fetch(published(server.url("/set.bin", *answers))).read_bytes() == BODY
    assert len(server.requests) == 3


def test_the_second_address_serves_where_the_first_does_not(server):
    dead, wrong = no_port(), server.url("/wrong", sends(BODY[::-1]))
    gone, good = server.url("/gone", sends(b"", 404)), server.url("/good", sends(BODY))
    assert fetch(published(dead, wrong, gone, good)).read_bytes() == BODY


def test_without_a_published_checksum_pages_and_cut_connections_are_still_refused(server, home):
    for answer in (sends(PAGE), sends(BODY[:1000], length=len(BODY))):
        with pytest.raises(DataFileError):
            fetch(File("set.jpg", (server.url("/set.jpg", answer),), None))
        assert is_empty(home)
    assert fetch(File("set.jpg", (server.url("/set.jpg", sends(BODY)),), None)).read_bytes() == BODY


@pytest.mark.parametrize("content", [BODY[:1000], b"", PAGE, BODY[::-1]])
def test_a_file_that_was_put_or_damaged_in_the_cache_is_not_trusted(server, home, content):
    home.mkdir()
    (home / "set.bin").write_bytes(content)
    url = server.url("/set.bin", sends(b"", 404), sends(BODY))
    with pytest.raises(DataFileError):
        fetch(published(url))
    assert fetch(published(url)).read_bytes() == BODY


def test_bars_are_shown_in_terminals_only(server, monkeypatch, capsys):
    for i, (terminal, book, shown) in enumerate([(True, "", True), (True, "1", False), (False, "", False)]):
        monkeypatch.setenv("DLNB_BOOK", book)
        monkeypatch.setattr(sys.stderr, "isatty", lambda answer=terminal: answer)
        fetch(published(server.url(f"/{i}", sends(BODY)), name=f"{i}.bin"))
        assert ("300k" in capsys.readouterr().err) == shown


def test_importing_says_nothing_in_a_notebook():
    # tqdm.auto, which pooch imports, warns in kernels without ipywidgets.
    pytest.importorskip("ipykernel.zmqshell")
    code = "import ipykernel.zmqshell, dlnb.data.files"
    done = finished([sys.executable, "-W", "always", "-c", code])
    assert done.returncode == 0 and "IProgress" not in done.stderr, done.stderr


def test_the_cache_is_that_of_the_user_unless_named(monkeypatch, tmp_path):
    assert files.home() == tmp_path / "home"
    monkeypatch.setenv("DLNB_DATA", "~/images")
    assert files.home() == files.Path.home() / "images"
    for unset in (lambda: monkeypatch.setenv("DLNB_DATA", ""), lambda: monkeypatch.delenv("DLNB_DATA")):
        unset()
        assert "dlnb" in files.home().parts


# Files of the user


def test_a_file_of_the_user_is_found_below_the_folder_and_left_where_it_is(tmp_path, home):
    path = tmp_path / "mine" / "deep" / "set.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(BODY)
    assert fetch(published("http://127.0.0.1:9/"), tmp_path / "mine") == path
    assert fetch(published("http://127.0.0.1:9/"), str(tmp_path / "mine")) == path
    assert not home.exists()


def test_a_missing_file_of_the_user_is_said_with_the_place_and_the_address(tmp_path):
    (tmp_path / "set.bin").mkdir()  # a folder of that name is no file
    with pytest.raises(DataFileError, match=rf"set\.bin is not in {tmp_path} or below it.*http://a/ or http://b/"):
        fetch(published("http://a/", "http://b/"), tmp_path)
    for wrong in (tmp_path / "none", __file__):
        with pytest.raises(DataFileError, match="does not exist or is not a folder"):
            fetch(published("http://a/"), wrong)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (BODY[:1000], "it has 1,000 bytes instead of 300,000"),
        (BODY[::-1], "its sha256 checksum is not"),
        (PAGE, "it is a web page"),
    ],
)
def test_a_wrong_file_of_the_user_is_refused_and_kept(tmp_path, content, reason):
    path = tmp_path / "set.bin"
    path.write_bytes(content)
    with pytest.raises(DataFileError, match=rf"{path} is not the published file: {reason}.*http://a/"):
        fetch(published("http://a/", size=len(BODY)), tmp_path)
    assert path.read_bytes() == content


# Disks that cannot be written


@pytest.fixture
def blocked(tmp_path, monkeypatch):
    """A cache folder that cannot be made, also by root: it lies below a file."""
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("DLNB_DATA", str(tmp_path / "file" / "home"))


@pytest.mark.usefixtures("blocked")
def test_a_folder_that_cannot_be_written_is_said():
    for attempt in (lambda: fetch(published("http://127.0.0.1:9/")), lambda: derived("table", "1", (2, 3), fill)):
        with pytest.raises(DataFileError, match=r"cannot write .*home.*(set\.bin|table).*: .*DLNB_DATA"):
            attempt()


@pytest.fixture
def run():
    """A function that starts a Python process with the cache ``home``: its output and errors are text."""
    with ExitStack() as stack:

        def start(code, home, *arguments):
            first = "import sys\nfrom dlnb.data.files import *\nfrom dlnb.data import downloads\ndownloads.PAUSE = 0\n"
            code = first + code
            pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
            environment = {**os.environ, "DLNB_DATA": str(home)}
            process = subprocess.Popen([sys.executable, "-c", code, *arguments], env=environment, text=True, **pipes)
            rest = (process.stdout, process.stderr)
            stack.enter_context(guarded(process, lambda: "".join(p.read() for p in rest if not p.closed)))
            return process

        yield start


FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    {attempt}
except DataFileError as error:
    print(error)
"""


@pytest.mark.parametrize(
    "attempt", ["fetch(File('set.bin', (sys.argv[1],), None))", "derived('table', '1', (10**6,), id)"]
)
def test_a_full_disk_is_said_and_leaves_no_file(server, home, run, attempt):
    pytest.importorskip("resource")
    url = server.url("/set.bin", sends(BODY))
    out, _ = run(FULL.format(attempt=attempt), home, url).communicate()
    assert "cannot write" in out
    assert "DLNB_DATA" in out
    assert is_empty(home)
    assert len(server.requests) <= 1, "another address does not help a full disk"


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="of Linux")
def test_room_for_an_array_is_taken_before_it_is_filled(home, monkeypatch):
    # Without, writing to a map of a file without room would end the process with SIGBUS.
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        with pytest.raises(DataFileError, match="No space left"):
            derived("table", "1", (10,), lambda _: pytest.fail("make is not reached"))
    assert is_empty(home)
    derived("table", "1", (10**6,), lambda _: None)
    (path,) = home.rglob("*.npy")
    assert path.stat().st_blocks * 512 >= 10**6, "no holes"


# Derived arrays


def fill(array):
    array[:] = np.arange(array.size).reshape(array.shape)


def never(array):
    pytest.fail("made again")


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.int64])
def test_an_array_is_made_once_and_read_only(dtype, home):
    array = derived("table", "1", (2, 3), fill, dtype)
    again = derived("table", "1", (2, 3), never, dtype)
    for each in (array, again):
        assert isinstance(each, np.memmap)
        assert each.dtype == dtype
        np.testing.assert_array_equal(each, [[0, 1, 2], [3, 4, 5]])
        with pytest.raises(ValueError, match="read-only"):
            each[0] = 1
    assert [path.suffix for path in sorted((home / "derived").iterdir())] == [".npy", ".lock"]


def test_what_make_is_given_is_writable_zeros_of_the_shape():
    def make(array):
        assert (array.shape, array.dtype, array.flags.writeable) == ((4, 5), np.uint8, True)
        assert not array.any()

    derived("table", "1", (4, 5), make)


def test_other_names_versions_shapes_and_types_are_other_arrays():
    derived("table", "1", (2, 3), fill)
    made = []
    for arguments in (("other", "1", (2, 3)), ("table", "2", (2, 3)), ("table", "1", (3, 2)), ("table", "1", (6,))):
        derived(*arguments, made.append)
    derived("table", "1", (2, 3), made.append, np.int8)
    assert len(made) == 5


@pytest.mark.parametrize("problem", [RuntimeError("no"), KeyboardInterrupt(), OSError("mine")])
def test_if_make_raises_nothing_is_kept_and_the_error_passes_through(problem, home):
    def make(array):
        array[:] = 7
        raise problem

    with pytest.raises(type(problem)) as error:
        derived("table", "1", (2, 3), make)
    assert error.value is problem
    assert is_empty(home)
    assert derived("table", "1", (2, 3), fill)[1, 2] == 5


def flip(place):
    return lambda b: b[:place] + bytes([b[place] ^ 16]) + b[place + 1 :] if place >= 0 else flip(len(b) + place)(b)


@pytest.mark.parametrize(
    "damage",
    [
        *(lambda b: b[:-1], lambda b: b[:5], lambda b: b"", lambda b: b"PK" + b, lambda b: BODY),
        *(lambda b: b + b"x", lambda b: b[:-32]),  # the last: an array from before there were checksums
        *map(flip, (0, 30, 60, 127, 128, 130, 133, 134, -32, -1)),  # 128 to 133 are the array, after its header
    ],
)
def test_a_damaged_array_is_made_again(home, damage):
    derived("table", "1", (2, 3), fill)
    (path,) = home.rglob("*.npy")
    path.write_bytes(damage(path.read_bytes()))
    np.testing.assert_array_equal(derived("table", "1", (2, 3), fill), [[0, 1, 2], [3, 4, 5]])


def test_an_array_that_is_there_is_read_without_writing_anything(home):
    derived("table", "1", (2, 3), fill)
    (home / "derived" / "table-1-2x3-uint8.npy.lock").unlink()
    derived("table", "1", (2, 3), never)
    assert [path.suffix for path in (home / "derived").iterdir()] == [".npy"]


# Several processes


@pytest.mark.skipif(files.fcntl is None, reason="without locks both do the work")
def test_two_processes_that_want_a_file_download_it_once(server, home, run):
    both = threading.Event()

    def answer(request):
        both.wait(HANGS)
        sends(BODY)(request)

    url, known = server.url("/set.bin", answer), published().known_hash
    code = "print('ready', flush=True)\nprint(fetch(File('set.bin', (sys.argv[1],), sys.argv[2])))"
    processes = [run(code, home, url, known) for _ in range(2)]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 2
    both.set()
    for process in processes:
        out, err = process.communicate()
        assert out.strip() == str(home / "set.bin"), err
    assert (home / "set.bin").read_bytes() == BODY
    assert len(server.requests) == 1


def test_without_locks_both_download_and_both_are_right(server, home, monkeypatch):
    monkeypatch.setattr(files, "fcntl", None)
    together = threading.Barrier(2, timeout=HANGS)

    def answer(request):
        together.wait()
        sends(BODY)(request)

    file = published(server.url("/set.bin", answer))
    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(fetch, [file, file]))
    assert paths == [home / "set.bin"] * 2
    assert paths[0].read_bytes() == BODY
    assert len(server.requests) == 2
    assert not list(home.glob("*.part"))


def test_a_file_system_that_refuses_locks_is_used_without(monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "no locks")

    if files.fcntl is not None:
        monkeypatch.setattr(files.fcntl, "flock", refuse)
    assert derived("table", "1", (2, 3), fill)[1, 2] == 5


MAKE = """
def make(array):
    print("making", flush=True)
    sys.stdin.readline()
    array[:] = 7
print("ready", flush=True)
print(derived("table", "1", (3,), make).sum())
"""


@pytest.mark.skipif(files.fcntl is None, reason="without locks both do the work")
def test_two_processes_that_want_an_array_make_it_once(home, run):
    first = run(MAKE, home)
    assert [first.stdout.readline() for _ in range(2)] == ["ready\n", "making\n"]
    second = run(MAKE, home)
    assert second.stdout.readline() == "ready\n"
    assert first.communicate("go on\n")[0] == "21\n"
    assert second.communicate()[0] == "21\n", "not made again"


def test_a_killed_process_leaves_no_lock_and_nothing_that_is_trusted(home, run):
    process = run(MAKE, home)
    assert [process.stdout.readline() for _ in range(2)] == ["ready\n", "making\n"]
    process.kill()
    process.communicate()
    (left,) = home.rglob("*.part")
    np.testing.assert_array_equal(derived("table", "1", (3,), fill), [0, 1, 2])
    assert left.exists(), "it may be of a process on another computer"
    long_ago = time.time() - 2 * files.ABANDONED
    os.utime(left, (long_ago, long_ago))
    derived("table", "2", (3,), fill)
    assert not left.exists()
