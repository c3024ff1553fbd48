"""Jobs that take down whoever works on them: the process that reads their media, or the whole server. They end as failed, with a
reason, and hurt no other job."""

import contextlib
import os
import subprocess

import pytest
from conftest import DATA, wait_until
from server import Server
from test_hostile_media import long_noise, readers_of
from test_pressure import MB, ControlGroup

# How often each is done. A campaign sets more than CI has time for.
TIMES = int(os.environ.get("VERBATIM_POISON_TIMES", "1"))

pytestmark = pytest.mark.usefixtures("tiny")


def reader_of(server):
    assert wait_until(lambda: readers_of(server.process)[0])
    return readers_of(server.process)[0][0]


def test_a_file_whose_reader_always_crashes_fails_alone(server, tmp_path):
    noise = server.put(long_noise(tmp_path, 300))["id"]
    for signal_name in ["SEGV", "KILL"] * TIMES:
        poison = server.submit(noise, reuse=False)["id"]
        reader = reader_of(server)
        other = server.submit(server.put(DATA / "jfk.flac")["id"], reuse=False, language="en")["id"]
        subprocess.run(["kill", f"-{signal_name}", str(reader)], check=True)
        ended = server.wait(poison, timeout=20)
        assert ended["state"] == "failed", ended
        assert ended["error"]["code"] == {"SEGV": "corrupt_media", "KILL": "busy"}[signal_name], ended
        assert len(ended["error"]["message"]) > 20, ended
        assert server.wait(other)["state"] == "completed"
    assert server.client.get("/readyz").status_code == 200


def test_a_reader_over_its_limit_of_memory_fails_alone(server, tmp_path):
    """The kernel kills it, as it does where a control group is full."""
    noise = server.put(long_noise(tmp_path, 300))["id"]
    speech = server.put(DATA / "jfk.flac")["id"]
    group, sizes = ControlGroup(1 * MB), []
    try:
        for _ in range(10 * TIMES):
            poison = server.submit(noise, reuse=False)["id"]
            reader = reader_of(server)
            with contextlib.suppress(OSError):  # it may be killed as it enters
                group.add(reader)
            ended = server.wait(poison, timeout=60)
            assert ended["state"] == "failed" and "memory" in ended["error"]["message"], ended
            assert server.wait(server.submit(speech, reuse=False, language="en")["id"])["state"] == "completed"
            sizes.append(server.memory)
    finally:
        server.kill()
        group.remove()
    settled = sizes[len(sizes) // 4:]
    print(f"the server's memory: {[size // MB for size in sizes]} MB")
    assert max(settled) - min(settled) < 30 * MB


def test_a_server_at_the_limit_of_its_group_goes_on(server, tmp_path):
    """Beside its model there is room for little more than one worker."""
    speech = server.put(DATA / "jfk.flac")["id"]
    text = server.text(server.wait(server.submit(speech, reuse=False, language="en")["id"])["id"])
    group, sizes = ControlGroup(server.memory + 60 * MB), []
    try:
        group.add(server.process.pid)
        for _ in range(5 * TIMES):
            jobs = [server.submit(speech, reuse=False, language="en")["id"] for _ in range(4)]
            assert server.put(DATA / "nasa_webb_video.mp4")
            for job in jobs:
                ended = server.wait(job)
                if ended["state"] == "completed":
                    assert server.text(job) == text
                else:
                    assert ended["state"] == "failed" and "memory" in ended["error"]["message"], ended
            sizes.append(server.memory)
    finally:
        server.kill()
        group.remove()
    print(f"the server's memory: {[size // MB for size in sizes]} MB")
    assert max(sizes[1:]) - min(sizes[1:]) < 60 * MB


def test_a_job_that_ends_the_server_three_times_is_given_up(tmp_path):
    server = Server(tmp_path / "data", "--workers", "1", "--threads", "1")
    server.start()
    poison = server.submit(server.put(long_noise(tmp_path, 300))["id"], reuse=False)["id"]
    for crash in range(1, 4):
        if crash == 3:
            other = server.submit(server.put(DATA / "jfk.flac")["id"], reuse=False, language="en")["id"]
        server.wait(poison, ("running",), timeout=20)
        reader_of(server)
        server.kill()
        server.start()
        assert crash == 3 or server.job(poison)["state"] in ("queued", "running")
    ended = server.job(poison)
    assert (ended["state"], ended["error"]["code"]) == ("failed", "poison"), ended
    assert server.wait(other)["state"] == "completed"
    server.kill()
