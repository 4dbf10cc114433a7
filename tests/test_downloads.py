"""Servers that never end, send too much or answer what makes no sense; files without a published checksum."""

import hashlib
import io
import threading
from pathlib import Path

import numpy as np
import pytest
import servers
from PIL import Image
from servers import sends

from dlnb.data import downloads, files
from dlnb.data.files import DataFileError, File, fetch
from dlnb.data.formats import decode
from dlnb.data.published import FILES

BODY = np.random.default_rng(0).bytes(300_000)
KNOWN = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
HANGS = 120  # seconds after which a test fails instead of waiting for ever


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DLNB_DATA", str(tmp_path / "home"))
    monkeypatch.setattr(downloads, "PAUSE", 0)
    return tmp_path / "home"


@pytest.fixture
def server():
    with servers.running() as server:
        yield server


@pytest.fixture
def end():
    """An event that ends what a server would go on with."""
    end = threading.Event()
    yield end
    end.set()


def kept(home):
    return sorted(path.name for path in home.rglob("*") if path.suffix != ".lock")


def refused(file, *reasons):
    with pytest.raises(DataFileError) as error:
        fetch(file)
    for part in (f"{file.name} could not be downloaded", *file.urls, *reasons, "folder="):
        assert part in str(error.value)


def goes_on(end, start, part, pause):
    """An answer of any bytes that never ends; the bytes that were sent, or tried to be."""
    sent = []

    def answer(request):
        try:
            request.wfile.write(start)
            while not end.wait(pause):
                request.wfile.write(part)
                sent.append(len(part))
        except OSError:  # the client has left
            end.set()

    return answer, sent


HEAD = b"HTTP/1.0 200 OK\r\n"


@pytest.mark.parametrize(
    "start",
    [b"", HEAD + b"X-Long: ", HEAD + b"\r\n", HEAD + b"Content-Length: 300000\r\n\r\n"],
    ids=["before the header", "in the header", "without a length", "with a length"],
)
def test_a_server_that_sends_a_byte_now_and_then_is_left(start, server, end, home, monkeypatch):
    url = server.url("/set.bin", goes_on(end, start, b"H", 0.02)[0])
    with monkeypatch.context() as patch:
        patch.setattr(downloads, "WINDOW", 0.2)
        refused(File("set.bin", (url,), KNOWN, len(BODY)), "the server is too slow (0 bytes in the last 0.2 seconds)")
    assert len(server.requests) == downloads.ATTEMPTS
    assert kept(home) == []
    server.url("/set.bin", sends(BODY))
    assert fetch(File("set.bin", (url,), KNOWN, len(BODY))).read_bytes() == BODY


def test_a_server_that_pauses_is_waited_for(server, monkeypatch):
    monkeypatch.setattr(downloads, "WINDOW", 0.01)
    monkeypatch.setattr(downloads, "SLOWEST", 0)

    def answer(request):
        request.wfile.write(HEAD + b"\r\n" + BODY[:1000])
        request.wfile.flush()
        threading.Event().wait(0.1)
        request.wfile.write(BODY[1000:])

    assert fetch(File("set.bin", (server.url("/set.bin", answer),), KNOWN)).read_bytes() == BODY


@pytest.mark.parametrize(
    ("start", "size", "most"),
    [
        (HEAD + b"\r\n", len(BODY), 10**9),
        (HEAD + b"\r\n", None, len(BODY)),
        (HEAD + b"Content-Length: 600000000\r\n\r\n", len(BODY), 10**9),
        (HEAD + b"Content-Length: 600000000\r\n\r\n", None, len(BODY)),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", len(BODY), 10**9),
    ],
    ids=["known", "unknown", "known, with a length", "unknown, with a length", "chunks"],
)
def test_more_than_the_file_is_not_taken(start, size, most, server, end, home):
    part = (b"%x\r\n" % 65536 + bytes(65536) + b"\r\n") if b"chunked" in start else bytes(65536)
    answer, sent = goes_on(end, start, part, 0)
    url = server.url("/set.bin", answer)
    refused(File("set.bin", (url,), KNOWN, size, most), "the server sends more than the 300,000 bytes of the file")
    assert len(server.requests) == 1, "it would send too much again"
    assert end.wait(HANGS)
    assert sum(sent) < 50_000_000, "what buffers of the system take"
    assert kept(home) == []


def test_what_comes_with_a_redirect_is_not_read(server, end):
    target = server.url("/there", sends(BODY))
    start = b"HTTP/1.0 302 Found\r\nLocation: " + target.encode() + b"\r\n\r\n"
    answer, sent = goes_on(end, start, bytes(65536), 0)
    assert fetch(File("set.bin", (server.url("/here", answer),), KNOWN)).read_bytes() == BODY
    assert end.wait(HANGS)
    assert sum(sent) < 50_000_000


@pytest.mark.parametrize("length", ["many", "-5", "1e3", "300000, 300000", "", "9" * 400])
def test_a_length_that_is_no_number_is_said(length, server, home):
    url = server.url("/set.bin", sends(BODY, length=0, Content_Length=length))
    refused(File("set.bin", (url,), KNOWN, len(BODY)), "its answer cannot be understood (a length of")
    assert len(server.requests) == 1
    assert kept(home) == []


@pytest.mark.parametrize(
    "target",
    ["http://[", "http://[::1", "http://127.0.0.1:port/", "file:///etc/passwd", "ftp://127.0.0.1/x"],
)
def test_a_redirect_to_no_address_is_said_and_the_next_address_is_tried(target, server, home):
    odd = server.url("/odd", sends(b"", 302, Location=target))
    refused(File("set.bin", (odd,), KNOWN), "its answer cannot be understood")
    assert len(server.requests) == 1
    assert kept(home) == []
    assert fetch(File("set.bin", (odd, server.url("/good", sends(BODY))), KNOWN)).read_bytes() == BODY


def test_redirects_in_a_circle_end(server):
    here = server.url("/here", sends(b"", 302, Location="/there"))
    server.url("/there", sends(b"", 307, Location="/here"))
    refused(File("set.bin", (here,), KNOWN), "redirects more than 10 times")
    assert len(server.requests) == downloads.REDIRECTS + 1


@pytest.mark.parametrize("status", [201, 203, 204, 206, 300, 304])
def test_only_a_whole_file_is_an_answer(status, server, home):
    refused(File("set.bin", (server.url("/set.bin", sends(BODY, status)),), None), f"the server responded {status}")
    assert kept(home) == []


# A file without a published checksum


def jpeg(width=400, height=500):
    content = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(noise).save(content, format="JPEG")
    return content.getvalue()


def png():
    content = io.BytesIO()
    Image.new("RGB", (400, 500)).save(content, format="PNG")
    return content.getvalue()


def test_the_painting_is_decoded_and_every_other_file_has_a_checksum():
    every = [file for entry in FILES.values() for file in entry.files]
    (painting,) = FILES["painting"].files
    assert painting.decode is decode and painting.most <= 10**8
    assert all((file.decode is None) != (file.known_hash is None) for file in every)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"Too many requests. Please try again later.\n" * 100, "it is not a JPEG image"),
        (b'{"error": {"code": "ratelimited"}}', "it is not a JPEG image"),
        (png(), "it is not a JPEG image"),
        (b"P6 40 50 255\n" + bytes(6000), "it is not a JPEG image"),
        (jpeg()[: len(jpeg()) // 2], "truncated"),
        (jpeg()[:-1000], "truncated"),
    ],
    ids=["text", "json", "png", "ppm", "half", "nearly all"],
)
def test_what_is_not_the_picture_is_never_kept(content, reason, server, home):
    file = File("a.jpg", (server.url("/a.jpg", sends(content), sends(jpeg())),), None, decode=decode)
    refused(file, reason)
    assert kept(home) == []
    assert fetch(file).read_bytes() == jpeg()
    (home / "a.jpg").write_bytes(content)  # as an earlier version may have left it
    (home / "a.jpg.sha256").unlink()
    assert fetch(file).read_bytes() == jpeg()
    assert len(server.requests) == 3


def test_a_picture_that_changes_on_disk_is_fetched_again(server, home):
    file = File("a.jpg", (server.url("/a.jpg", sends(jpeg())),), None, decode=decode)
    for _ in range(2):
        path = fetch(file)
        assert (home / "a.jpg.sha256").read_text() == f"{hashlib.sha256(jpeg()).hexdigest()}  a.jpg\n"
    assert len(server.requests) == 1
    changed = bytearray(jpeg())
    changed[len(changed) // 2] ^= 1
    path.write_bytes(changed)
    decode(path)  # the picture is another one, and nothing in the file says so
    assert fetch(file).read_bytes() == jpeg()
    assert len(server.requests) == 2
    for damage in (b"", b"\xff", b"no checksum"):  # without one, what can be decoded is taken
        (home / "a.jpg.sha256").write_bytes(damage)
        assert fetch(file) == path
    assert len(server.requests) == 2


# Arguments


@pytest.mark.parametrize("folder", [3, "", b"images", ["images"], False])
def test_a_folder_that_is_no_path_is_refused(folder):
    for look in (lambda: fetch(File("set.bin", (), None), folder), lambda: files.find("set.bin", folder)):
        with pytest.raises(ValueError, match="folder must be the path of a file or folder, not"):
            look()


@pytest.mark.parametrize("folder", ["~nobody-of-this-name/x", "no\0name", "/dev/null", __file__, "there/is/none"])
def test_a_folder_that_is_none_is_named(folder):
    with pytest.raises(DataFileError, match="folder"):
        files.find("set.bin", folder)


def test_a_home_of_nobody_is_said(monkeypatch):
    monkeypatch.setenv("DLNB_DATA", "~nobody-of-this-name/x")
    with pytest.raises(DataFileError, match="the environment variable DLNB_DATA is ~nobody-of-this-name/x"):
        files.home()


@pytest.mark.parametrize("name", [None, "", 3, "a/b", "../b", "..", ".", "/etc/passwd"])
def test_a_name_that_is_more_than_a_name_is_refused(name, tmp_path):
    for make in (lambda: files.find(name, tmp_path), lambda: File(name, (), None)):
        with pytest.raises(ValueError, match=r"name .* must be .*without folders"):
            make()


def test_a_name_is_no_pattern(tmp_path):
    (tmp_path / "set.bin").write_bytes(BODY)
    (tmp_path / "a[1].bin").write_bytes(BODY)
    assert files.find("*.bin", tmp_path) is None
    assert files.find("a[1].bin", tmp_path) == tmp_path / "a[1].bin"
    assert files.find_all("*.bin", tmp_path) == [tmp_path / "a[1].bin", tmp_path / "set.bin"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"urls": "http://a/"}, "addresses of set.bin must be a tuple of texts"),
        ({"urls": (None,)}, "addresses of set.bin must be a tuple of texts"),
        ({"known_hash": "sha1:" + "0" * 40}, "checksum of set.bin must be sha256"),
        ({"known_hash": "0" * 64}, "checksum of set.bin must be sha256"),
        ({"known_hash": 7}, "checksum of set.bin must be sha256"),
    ],
)
def test_a_file_that_cannot_be_told_from_others_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        File(**{"name": "set.bin", "urls": (), "known_hash": None, **fields})


@pytest.mark.parametrize("file", [None, "set.bin", Path("set.bin"), FILES["dsprites"]])
def test_only_a_file_is_fetched(file):
    with pytest.raises(ValueError, match=r"file must be a File, such as those of published\.FILES"):
        fetch(file)
