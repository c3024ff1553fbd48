"""The wall clock jumps, forward and back, while files come in, jobs run and things are due to expire. Nothing is lost, no job is done
twice, events keep their order: leases and waits are by a clock that nobody sets."""

import hashlib
import json
import os
import time

import pytest
from clients import seeded
from conftest import DATA, wait_until
from faults import Faults
from server import Server
from test_failing_calls import BODY, TUS

HOUR, YEARS = 3600, 10 * 365 * 86400
JUMPS = int(os.environ.get("VERBATIM_CLOCK_JUMPS", "12"))
# Whether things that are due are waited for: they are looked for once a minute.
WAITS = os.environ.get("VERBATIM_CLOCK_WAITS") == "1"


@pytest.fixture
def jumping(tmp_path, tiny):
    """A server, and the faults that set its clock."""
    faults = Faults(tmp_path, tmp_path / "data")
    server = Server(tmp_path / "data", "--keep-days", "30", env=faults.env)
    server.start()
    yield server, faults
    server.kill()


def patch(server, upload, offset, part):
    answer = server.client.patch(f"/api/uploads/{upload}", content=part, headers={
        **TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"})
    assert answer.status_code == 204, answer.text


def event_ids(server):
    """Of all events, in the order in which they are told; and of the jobs that ended, once for each time."""
    ids, ended = [], []
    with server.client.stream("GET", "/api/events?last_event_id=0", timeout=2) as stream:
        try:
            for line in stream.iter_lines():
                if line.startswith("id:"):
                    ids.append(int(line[3:]))
                elif line.startswith("data:") and '"state":"completed"' in line:
                    ended.append(json.loads(line[5:])["id"])
        except Exception as silence:  # the stream has no end
            assert "Timeout" in type(silence).__name__
    return ids, ended


def test_jumps_lose_nothing_and_do_nothing_twice(jumping):
    server, faults = jumping
    chance = seeded()
    kept = server.transcribe(DATA / "jfk.flac", language="en")["id"]
    text = server.text(kept)
    made = server.client.post("/api/uploads", headers={**TUS, "Upload-Length": str(len(BODY))})
    upload = made.headers["Location"].rsplit("/", 1)[1]
    offset, jobs = 0, []
    jumps = [HOUR, -HOUR, YEARS, -YEARS, -2]
    for number in range(JUMPS):
        step = len(BODY) // (JUMPS + 1)
        speech = server.put(DATA / "lj001_0004.mp3")["id"]
        job = server.submit(speech, reuse=False, language="en")["id"]
        server.wait(job, ("running", "completed"))
        time.sleep(chance.uniform(0, 0.3))
        faults.set_clock(jumps[number % len(jumps)] * chance.uniform(0.5, 1.5))
        patch(server, upload, offset, BODY[offset:offset + step])
        offset += step
        jobs.append(job)
        time.sleep(chance.uniform(0, 1))
    for job in jobs:
        assert server.wait(job)["state"] == "completed"
    patch(server, upload, offset, BODY[offset:])
    assert server.client.get(f"/api/uploads/{upload}").json()["sha256"] == hashlib.sha256(BODY).hexdigest()
    assert server.text(kept) == text
    assert not any("had nobody who worked on it" in line for line in server.lines), "no lease was lost"
    ids, ended = event_ids(server)
    assert ids == sorted(set(ids))
    assert sorted(ended) == sorted([kept, *jobs])
    server.kill()
    server.start()
    assert server.text(kept) == text
    assert event_ids(server)[0][:len(ids)] == ids


def test_ten_years_at_once_remove_nothing(jumping):
    if not WAITS:
        pytest.skip("waits for a minute: tests/campaign clock does; the rule itself is jobs.RetentionTest's")
    server, faults = jumping
    kept = server.transcribe(DATA / "jfk.flac", language="en")["id"]
    unused = server.put(DATA / "lj001_0004.mp3")["id"]
    time.sleep(61)  # a look at what is due, by which the jump is known as one
    faults.set_clock(YEARS)
    assert wait_until(lambda: any("the clock was set forward" in line for line in server.lines), 70)
    time.sleep(62)
    assert server.text(kept)
    assert server.client.get(f"/api/uploads/{unused}").status_code == 200
    faults.set_clock(0)
    assert wait_until(lambda: any("the clock was set back" in line for line in server.lines), 70)
    assert server.client.get(f"/api/uploads/{unused}").status_code == 200
