"""The data folder's disk turns read-only under a running server, as ext4 does after an error, or is so from the start. What is there
can be read, every change is refused in a sentence, and the same server goes on when the disk takes bytes again."""

import errno
import os
import subprocess
from pathlib import Path

import pytest
from conftest import DATA, PROGRAM, wait_until
from faults import Faults, kinds_of
from server import Server
from test_failing_calls import BODY, TUS

REFUSALS = (503, 507)


@pytest.fixture
def disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk")
    image, place = tmp_path / "disk.img", tmp_path / "disk"
    place.mkdir()
    with open(image, "wb") as file:
        file.truncate(512 << 20)
    if subprocess.run(["mkfs.ext4", "-q", "-F", image], capture_output=True, check=False).returncode != 0 or not mount(place, "rw"):
        pytest.skip("this system does not let us make and mount a disk")
    yield place
    subprocess.run(["umount", "-l", place], check=False)


def mount(place, how):
    return subprocess.run(["mount", "-o", f"loop,errors=remount-ro,{how}", place.parent / "disk.img", place], capture_output=True,
                          check=False).returncode == 0


def unmount(place):
    assert wait_until(lambda: subprocess.run(["umount", place], capture_output=True, check=False).returncode == 0)


def break_disk(place):
    """An error of the file system, after which the kernel lets nothing be written."""
    device = subprocess.run(["findmnt", "-n", "-o", "SOURCE", place], capture_output=True, text=True, check=True).stdout.strip()
    trigger = Path("/sys/fs/ext4") / device.rsplit("/", 1)[-1] / "trigger_fs_error"
    if not trigger.exists():
        pytest.skip("this kernel causes no errors of ext4 on demand")
    trigger.write_text("test", encoding="ascii")


class Client:
    """With a transcript and half of an upload."""

    def __init__(self, server):
        self.server = server
        self.job = server.transcribe(DATA / "jfk.flac", language="en")["id"]
        self.text = server.text(self.job)
        made = server.client.post("/api/uploads", headers={**TUS, "Upload-Length": str(len(BODY))})
        self.upload = made.headers["Location"].rsplit("/", 1)[1]
        self.offset = 5000
        assert self.patch(0, BODY[:5000]).status_code == 204

    def patch(self, offset, part):
        return self.server.client.patch(f"/api/uploads/{self.upload}", content=part, headers={
            **TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"})

    def changes(self):
        """One after the other, each change that a client can ask for."""
        client = self.server.client
        yield "a part", self.patch(self.offset, BODY[self.offset:self.offset + 100])
        yield "an upload", client.post("/api/uploads", headers={**TUS, "Upload-Length": "10"})
        yield "a file", client.put("/api/uploads", content=BODY)
        yield "a job", client.post("/api/jobs", json={"upload": self.server.job(self.job)["upload"], "reuse": False})
        yield "a title", client.patch(f"/api/jobs/{self.job}", json={"title": "changed"})
        yield "a setting", client.patch("/api/performance/settings", json={"keep_days": 77})
        yield "a deletion", client.delete(f"/api/jobs/{self.job}")
        yield "an end", client.delete(f"/api/uploads/{self.upload}", headers=TUS)

    def check_refused(self):
        for what, answer in self.changes():
            assert answer.status_code in REFUSALS, (what, answer.status_code, answer.text, self.server.lines[-5:])
            assert len(answer.json()["detail"]) > 10, what
        ready = self.server.client.get("/readyz")
        assert ready.status_code == 503 and not ready.json()["checks"]["database"]["ok"]
        self.check_readable()

    def check_readable(self):
        client = self.server.client
        assert self.server.text(self.job) == self.text
        assert client.get("/api/search", params={"q": "country"}).json()["total"] == 2
        assert client.get(f"/api/jobs/{self.job}/media").content == (DATA / "jfk.flac").read_bytes()
        assert client.get("/api/jobs").json()["jobs"]
        head = client.head(f"/api/uploads/{self.upload}", headers=TUS)
        assert head.headers["Upload-Offset"] == str(self.offset)

    def go_on(self):
        self.check_readable()
        assert wait_until(lambda: self.server.client.get("/readyz").status_code == 200)
        assert self.patch(self.offset, BODY[self.offset:]).status_code == 204
        assert self.server.transcribe(DATA / "jfk.flac", language="en", reuse=False)["state"] == "completed"


def test_a_disk_that_turns_read_only_is_read(disk, tiny):
    server = Server(disk / "data")
    server.start()
    try:
        client = Client(server)
        break_disk(disk)
        client.check_refused()
        assert server.process.poll() is None
        server.kill()
        unmount(disk)
        assert mount(disk, "rw")
        server.start()
        client.go_on()
    finally:
        server.kill()


def test_the_same_server_goes_on_when_it_may_write_again(tmp_path, tiny):
    faults = Faults(tmp_path, tmp_path / "data")
    server = Server(tmp_path / "data", env=faults.env)
    server.start()
    try:
        client = Client(server)
        with faults.calls(errno.EROFS, kinds=kinds_of("write", "truncate", "rename", "unlink", "mkdir")):
            client.check_refused()
        client.go_on()
    finally:
        server.kill()


def test_a_start_on_a_read_only_disk_says_so(disk, tiny):
    server = Server(disk / "data")
    server.start()
    job = server.transcribe(DATA / "jfk.flac", language="en")["id"]
    server.stop()
    unmount(disk)
    assert mount(disk, "ro")
    done = subprocess.run([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--data-dir", disk / "data", "--model", "tiny.en"],
                          capture_output=True, text=True, timeout=60, check=False, env=server.env)
    assert done.returncode == 4, done  # as for a full one
    errors = [line for line in done.stderr.splitlines() if line.startswith("verbatim:")]
    assert len(errors) == 1 and str(disk / "data") in errors[0] and "read-only" in errors[0].lower(), done.stderr
    unmount(disk)
    assert mount(disk, "rw")
    server.start()
    assert server.text(job)
    server.kill()
