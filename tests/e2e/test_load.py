"""Many requests at once: all are answered, and memory stays where it was."""

import re
import shutil
import subprocess

import pytest
from conftest import DATA


@pytest.fixture
def wrk():
    program = shutil.which("wrk")
    if not program:
        pytest.skip("needs wrk")

    def run(url, seconds=4):
        done = subprocess.run([program, "-t", "1", "-c", "64", "-d", f"{seconds}s", "--timeout", "10s", "--latency", url],
                              capture_output=True, text=True, check=True)
        print(done.stdout)
        assert "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout, done.stdout
        return int(re.search(r"(\d+) requests in", done.stdout)[1])

    return run


def test_status_requests_leave_memory_flat(server, wrk):
    job = server.transcribe(DATA / "jfk.flac", language="en")["id"]
    wrk(f"{server.url}/api/jobs/{job}")
    wrk(f"{server.url}/api/jobs")
    before = server.memory
    count = wrk(f"{server.url}/api/jobs/{job}", 6) + wrk(f"{server.url}/api/jobs", 4)
    grown = server.memory - before
    print(f"{count} requests, {grown / 1e6:.1f} MB more")
    assert count > 1000 and grown < 4 << 20
