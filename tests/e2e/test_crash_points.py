"""The server dies at each named step of what it puts on disk (base/crash_point.h), at the first time it comes there, the last, and
some between. Afterwards all that was acknowledged is there, and the client finishes its work."""

import os
import re
import signal

import httpx
import pytest
from clients import seeded
from conftest import DATA, ROOT
from server import Server

TUS = {"Tus-Resumable": "1.0.0"}
SPEECH = (DATA / "jfk.flac").read_bytes()
# How many of the times it comes to a step the server dies there; 0: at each. A campaign sets more than CI has time for.
TIMES = int(os.environ.get("VERBATIM_CRASH_TIMES", "3"))


def steps_of(room):
    """The names that stand in the sources."""
    found = set()
    for path in (ROOT / "src").glob(f"{room}/**/*.cc"):
        found |= set(re.findall(r'CrashPoint\("([\w.]+)"\)', path.read_text(encoding="utf-8")))
    return found


class Client:
    """Uploads, has transcribed, deletes, and remembers what it was told. Each step may be begun again after a crash."""

    def __init__(self, server):
        self.server = server
        self.upload = self.job = self.text = self.second = None
        self.offset = 0
        self.is_removed = False

    def work(self):
        self.send()
        self.transcribe()
        self.send_another()
        self.remove()

    def send(self):
        if not self.upload:
            made = self.server.client.post("/api/uploads", headers={**TUS, "Upload-Length": str(len(SPEECH))})
            assert made.status_code == 201
            self.upload = made.headers["Location"].rsplit("/", 1)[1]
        while self.offset < len(SPEECH):
            # A checksum that does not fit makes the server take bytes back, too.
            wrong = {**TUS, "Upload-Offset": str(self.offset), "Content-Type": "application/offset+octet-stream",
                     "Upload-Checksum": "sha1 " + "A" * 27 + "="}
            assert self.server.client.patch(f"/api/uploads/{self.upload}", content=b"x" * 999, headers=wrong).status_code == 460
            part = SPEECH[self.offset:self.offset + 60_000]
            answer = self.server.client.patch(f"/api/uploads/{self.upload}", content=part, headers={
                **TUS, "Upload-Offset": str(self.offset), "Content-Type": "application/offset+octet-stream"})
            assert answer.status_code == 204, answer.text
            self.offset = int(answer.headers["Upload-Offset"])

    def transcribe(self):
        if not self.job:
            answer = self.server.client.post("/api/jobs", json={"upload": self.upload, "reuse": False},
                                             headers={"Idempotency-Key": "the-one"})
            assert answer.status_code == 202, answer.text
            self.job = answer.json()["id"]
        if not self.text:
            assert self.server.wait(self.job)["state"] == "completed"
            self.text = self.server.text(self.job)

    def send_another(self):
        if not self.second:
            self.second = self.server.put(DATA / "jfk.flac")["id"]

    def remove(self):
        if not self.is_removed:
            for path in (f"/api/uploads/{self.second}", f"/api/jobs/{self.job}"):
                assert self.server.client.delete(path, headers=TUS).status_code in (204, 404)
            self.is_removed = True

    def check(self):
        """Nothing that was told is missing."""
        client = self.server.client
        if self.is_removed:
            assert client.get(f"/api/jobs/{self.job}").status_code == 404
            return
        if self.upload and not self.text:
            kept = client.get(f"/api/uploads/{self.upload}").json()
            assert self.offset <= kept["offset"] <= len(SPEECH)
            self.offset = kept["offset"]
        if self.job and not self.second:
            assert client.get(f"/api/jobs/{self.job}").status_code == 200
        if self.text and not self.second:
            assert self.server.text(self.job) == self.text


@pytest.fixture(scope="module")
def reached(tmp_path_factory):
    """How often a whole life comes to each step, and the text."""
    folder = tmp_path_factory.mktemp("life")
    server = Server(folder / "data", env={"VERBATIM_CRASH_LOG": str(folder / "steps")})
    server.start()
    client = Client(server)
    client.work()
    server.kill()
    steps = (folder / "steps").read_text(encoding="ascii").split()
    return {step: steps.count(step) for step in steps}, client.text


def test_a_life_comes_to_every_step(reached):
    assert set(reached[0]) == steps_of("service")


def chosen(count, chance):
    if TIMES == 0 or count <= TIMES:
        return range(1, count + 1)
    return sorted({1, count, *chance.sample(range(2, count), max(TIMES - 2, 0))})


def test_dying_at_any_step_loses_nothing(reached, tmp_path):
    chance = seeded()
    counts, text = reached
    died = 0
    for step, count in sorted(counts.items()):
        for time in chosen(count, chance):
            died += die_at(f"{step}:{time}", tmp_path / f"{step}-{time}", text)
    print(f"died {died} times, at {len(counts)} steps")
    assert died >= len(counts)


def die_at(step, folder, text):
    """Whether it came to that: how often a step is come to depends on time."""
    server = Server(folder, env={"VERBATIM_CRASH_AT": step})
    client = Client(server)
    try:
        server.start()
        client.work()
        server.kill()
        return False
    except (httpx.TransportError, AssertionError):
        assert server.process.wait(5) == -signal.SIGKILL, (step, server.lines[-10:])
    server.env.pop("VERBATIM_CRASH_AT")
    assert server.start() < 5
    try:
        client.check()
        client.work()
        assert client.text == text
        client.check()
        assert server.client.get("/readyz").status_code == 200
    except AssertionError as error:
        raise AssertionError(f"after dying at {step}: {error}\n" + "\n".join(server.lines[-20:])) from error
    finally:
        server.kill()
    return True


@pytest.mark.parametrize("step", sorted(steps_of("base")))
def test_an_output_is_whole_or_not_there(verbatim, talk, tiny, step):
    done = verbatim.transcribe(talk, "--format", "txt,srt", env={**verbatim.env, "VERBATIM_CRASH_AT": f"{step}:2"})
    assert done.code == -signal.SIGKILL
    assert len(list(verbatim.folder.glob("talk.txt"))) == 1  # the first was written
    again = verbatim.transcribe(talk, "--format", "txt,srt")
    assert again.code == 0
    assert (verbatim.folder / "talk.srt").read_text(encoding="utf-8").count(" --> ") > 1
