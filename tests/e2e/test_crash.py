"""Crashes and full disks: nothing that was acknowledged is lost, nothing is done twice."""

import hashlib
import os
import re
import shutil
import subprocess
import time

import pytest
from clients import seeded
from conftest import DATA, mount_in_memory
from load import Load, check
from server import Server

KILLS = int(os.environ.get("VERBATIM_KILLS", "50"))
WINDOW = re.compile(r"job (\w+) window (\d+) computed")


def windows(lines):
    return [found.groups() for found in map(WINDOW.search, lines) if found]


@pytest.fixture(scope="module")
def hour(tmp_path_factory):
    """An hour of speech."""
    path = tmp_path_factory.mktemp("media") / "hour.flac"
    subprocess.run([shutil.which("ffmpeg"), "-v", "error", "-stream_loop", "326", "-i", DATA / "jfk.flac", "-c:a", "flac",
                    "-compression_level", "0", path], check=True)
    return path


def test_an_hour_killed_in_the_middle_ends_with_the_same_text(tmp_path, tiny, hour):
    whole = Server(tmp_path / "whole")
    whole.start()
    job = whole.transcribe(hour, language="en")
    assert job["state"] == "completed"
    expected = whole.text(job["id"], "json")
    count = len(set(windows(whole.lines)))
    whole.stop()

    cut = Server(tmp_path / "cut")
    cut.start()
    job_id = cut.submit(cut.put(hour)["id"], language="en")["id"]
    at = seeded().randrange(5, count - 10)
    while len(windows(cut.lines)) < at:
        time.sleep(0.01)
    cut.kill()
    assert cut.start() < 2
    assert cut.wait(job_id)["state"] == "completed"
    assert cut.text(job_id, "json") == expected
    computed = windows(cut.lines)
    assert len(computed) == len(set(computed)), "a window was computed twice"
    # The kill may fall between the window's commit and its line.
    assert count - 1 <= len(computed) <= count
    cut.kill()


def test_kill_9_under_load_loses_nothing(tmp_path, tiny):
    chance = seeded()
    server = Server(tmp_path / "data", "--log", "text")
    server.start()
    port = server.port
    load = Load(server, chance.randrange(1 << 30), jobs_max=max(10, 4 * KILLS // 5))
    slowest = 0
    for _ in range(KILLS):
        time.sleep(chance.uniform(0, 0.4))
        server.kill()
        slowest = max(slowest, server.start(port))
    load.end()
    print(f"slowest start {slowest:.2f} s")
    check(server, load.uploaders)
    assert slowest < 2
    server.kill()


@pytest.fixture
def disk(tmp_path):
    """A folder on a disk of 24 MB."""
    folder = tmp_path / "disk"
    mount_in_memory(folder, "size=24m")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_said_and_survived(disk, tiny):
    server = Server(disk / "data", "--disk-reserve", "1000000")
    server.start()
    filler = disk / "filler"
    filler.write_bytes(bytes(15_000_000))
    tus = {"Tus-Resumable": "1.0.0"}
    body = os.urandom(12_000_000)
    made = server.client.post("/api/uploads", headers={**tus, "Upload-Length": str(len(body))})
    if made.status_code == 201:
        where = made.headers["Location"]
        full = server.client.patch(where, content=body, headers={
            **tus, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
        assert full.status_code == 507, full.text
        filler.unlink()
    else:
        assert made.status_code == 507, made.text
        filler.unlink()
        where = server.client.post("/api/uploads", headers={**tus, "Upload-Length": str(len(body))}).headers["Location"]
    offset = int(server.client.head(where, headers=tus).headers["Upload-Offset"])
    assert 0 <= offset < len(body)
    rest = server.client.patch(where, content=body[offset:], headers={
        **tus, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"})
    assert rest.status_code == 204, rest.text
    upload = server.client.get(where).json()
    assert upload["sha256"] == hashlib.sha256(body).hexdigest()
    assert server.client.delete(where, headers=tus).status_code == 204
    assert server.transcribe(DATA / "jfk.flac")["state"] == "completed"
    server.kill()


def test_a_media_file_that_somebody_deleted_keeps_nothing_from_starting(server, talk):
    done = server.transcribe(talk)
    upload = server.put(talk, name="copy.flac")["id"]
    server.kill()
    (server.folder / "uploads" / upload).unlink()
    server.start()
    assert any(f"upload {upload} (copy.flac) has lost bytes" in line for line in server.lines)
    assert server.text(done["id"])
    failed = server.wait(server.submit(upload, reuse=False)["id"])
    assert failed["state"] == "failed" and "send it again" in failed["error"]["message"]
