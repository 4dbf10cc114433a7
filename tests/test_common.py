"""The guard of processes, which must end what hangs and tell what it printed."""

import subprocess
import sys

import pytest
from common import finished, guarded

ASLEEP = "import time; time.sleep(3600)"
HANGS = {"alone": ASLEEP, "with a child": f"import subprocess, sys; subprocess.run([sys.executable, '-c', {ASLEEP!r}])"}


@pytest.mark.parametrize("hangs", HANGS.values(), ids=list(HANGS))
def test_a_process_that_hangs_fails_its_test_with_what_it_printed(hangs, tmp_path):
    out = tmp_path / "out.txt"
    code = f"print('before it hung', flush=True)\n{hangs}"
    with open(out, "w") as file:
        process = subprocess.Popen([sys.executable, "-c", code], stdout=file, start_new_session=True)
    while not out.read_text() and process.poll() is None:
        pass
    with (
        pytest.raises(pytest.fail.Exception, match=r"did not end within 0.1 seconds; it printed:\nbefore it hung"),
        guarded(process, out.read_text, limit=0.1),
    ):
        process.wait()
    assert process.returncode < 0


def test_a_command_that_hangs_is_ended_too():
    with pytest.raises(pytest.fail.Exception, match=r"time.sleep.* did not end within 0.1 seconds"):
        finished([sys.executable, "-c", ASLEEP], limit=0.1)


def test_a_process_that_ends_gives_its_status_and_both_outputs():
    done = finished([sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"])
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")
