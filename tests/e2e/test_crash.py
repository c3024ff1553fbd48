"""Crashes and full disks: nothing that was acknowledged is lost, nothing is done twice."""

import hashlib
import os
import random
import re
import shutil
import subprocess
import threading
import time

import httpx
import pytest
from conftest import DATA
from server import FINAL, Server

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
    seed = random.randrange(1 << 30)
    print("seed", seed)
    at = random.Random(seed).randrange(5, count - 10)
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


class Uploader(threading.Thread):
    """Uploads a file over and over, part by part, and remembers every offset that was acknowledged."""

    def __init__(self, server, seed, submits):
        super().__init__(daemon=True)
        self.server, self.random, self.submits = server, random.Random(seed), submits
        self.acknowledged = {}  # upload -> offset
        self.finished = {}      # upload -> sha256
        self.jobs = []
        self.is_ended = False

    def run(self):
        speech = (DATA / "jfk.flac").read_bytes()
        with httpx.Client(timeout=5) as client:
            while not self.is_ended:
                try:
                    self.upload(client, speech)
                except (httpx.HTTPError, AssertionError, KeyError):
                    time.sleep(0.01)  # the server is down; a new file is begun afterwards

    def upload(self, client, body):
        base = self.server.url
        tus = {"Tus-Resumable": "1.0.0"}
        made = client.post(f"{base}/api/uploads", headers={**tus, "Upload-Length": str(len(body))})
        assert made.status_code == 201
        upload = made.headers["Location"].rsplit("/", 1)[1]
        self.acknowledged[upload] = 0
        offset = 0
        while offset < len(body) and not self.is_ended:
            part = body[offset:offset + self.random.randrange(1, 90_000)]
            answer = client.patch(f"{base}/api/uploads/{upload}", content=part, headers={
                **tus, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"})
            assert answer.status_code == 204
            offset = int(answer.headers["Upload-Offset"])
            self.acknowledged[upload] = offset
        if offset == len(body):
            self.finished[upload] = hashlib.sha256(body).hexdigest()
            if self.submits and len(self.jobs) < 40:
                answer = client.post(f"{base}/api/jobs", json={"upload": upload, "language": "en", "reuse": False})
                assert answer.status_code == 202
                self.jobs.append(answer.json()["id"])


def test_kill_9_under_load_loses_nothing(tmp_path, tiny):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chance = random.Random(seed)
    server = Server(tmp_path / "data", "--log", "text")
    server.start()
    port = server.port
    uploaders = [Uploader(server, seed + i, submits=i < 2) for i in range(8)]
    for uploader in uploaders:
        uploader.start()
    slowest = 0
    for _ in range(50):
        time.sleep(chance.uniform(0, 0.4))
        server.kill()
        slowest = max(slowest, server.start(port))
    for uploader in uploaders:
        uploader.is_ended = True
    for uploader in uploaders:
        uploader.join(10)
    print(f"slowest start {slowest:.2f} s")
    assert slowest < 2
    check(server, uploaders)
    server.kill()


def check(server, uploaders):
    for uploader in uploaders:
        for upload, offset in uploader.acknowledged.items():
            answer = server.client.get(f"/api/uploads/{upload}")
            assert answer.status_code == 200, (upload, offset, answer.text)
            assert answer.json()["offset"] >= offset
        for upload, digest in uploader.finished.items():
            assert server.client.get(f"/api/uploads/{upload}").json()["sha256"] == digest
    accepted = [job for uploader in uploaders for job in uploader.jobs]
    assert accepted
    texts = set()
    for job_id in accepted:
        job = server.wait(job_id)
        assert job["state"] in FINAL
        # A crash in mid-work counts against a job only if it hits the same job three times.
        if job["state"] == "completed":
            texts.add(server.text(job_id))
        else:
            assert job["error"]["code"] == "poison", job
    assert len(texts) == 1
    ended = [e for e in events_of(server) if e[0] == "job" and '"state":"completed"' in e[1]]
    per_job = [re.search(r'"id":"(\w+)"', data)[1] for _, data in ended]
    assert len(per_job) == len(set(per_job)), "a job was reported twice"


def events_of(server):
    """All events there are, as pairs of type and data: the stream is read until it falls silent."""
    events, kind, data = [], "", ""
    quiet = httpx.Timeout(10, read=2)
    try:
        with server.client.stream("GET", "/api/events?last_event_id=0", timeout=quiet) as stream:
            for line in stream.iter_lines():
                if line.startswith("event:"):
                    kind = line[6:].strip()
                elif line.startswith("data:"):
                    data = line[5:].strip()
                elif not line and data:
                    events.append((kind, data))
                    data = ""
    except httpx.ReadTimeout:
        return events
    raise AssertionError("the stream of events ended")


@pytest.fixture
def disk(tmp_path):
    """A folder on a disk of 24 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("this system does not let us mount a small disk")
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
