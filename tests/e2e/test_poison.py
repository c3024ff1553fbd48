"""Jobs whose reader of media dies or has too little memory, and jobs that take down the whole server. They end as failed, with a
reason, and hurt no other job."""

import os
import wave

import pytest
from conftest import DATA, wait_until
from server import Server
from test_hostile_media import kill, readers_of
from test_pressure import MB, ControlGroup

# How often each is done. A campaign sets more than there is time for otherwise.
TIMES = int(os.environ.get("VERBATIM_POISON_TIMES", "5"))

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.fixture
def silence(tmp_path):
    """A file that takes a while to be read, and in which nothing is said: no window is ever finished."""
    path = tmp_path / "silence.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 16000 * 3600))
    return path


@pytest.fixture
def large_picture(tmp_path):
    """A file of music whose reader needs some 30 MB: it has a picture on its sleeve."""
    def size_of(content):
        return bytes(len(content) >> shift & 127 for shift in (21, 14, 7, 0))
    picture = b"\0image/png\0\x03\0" + bytes(30 * MB)
    frame = b"APIC" + size_of(picture) + b"\0\0" + picture
    path = tmp_path / "picture.mp3"
    path.write_bytes(b"ID3\x04\0\0" + size_of(frame) + frame)
    return path


def speech(server):
    """Starts a job of a few seconds, and returns it."""
    return server.submit(server.put(DATA / "jfk.flac")["id"], reuse=False, language="en")["id"]


def check_flat(sizes):
    """Memory of the server after each round; the first half warms it up: the database has a cache for each of its connections."""
    quarter = len(sizes) // 4
    early, late = (sum(part) / quarter for part in (sizes[2 * quarter:3 * quarter], sizes[-quarter:]))
    print(f"measured: in {len(sizes)} rounds the server held {min(sizes) / MB:.0f} to {max(sizes) / MB:.0f} MB, "
          f"{early / MB:.1f} MB in the third quarter and {late / MB:.1f} in the last")
    assert late - early < 8 * MB


def test_a_file_whose_reader_always_dies_fails_alone(server, silence):
    upload = server.put(silence)["id"]
    for _ in range(TIMES):
        poison, other = server.submit(upload, reuse=False)["id"], speech(server)
        assert wait_until(lambda: readers_of(server.process)[0])
        while server.job(poison)["state"] in ("queued", "running"):
            for reader in readers_of(server.process)[0]:
                if server.job(other)["state"] == "completed":
                    kill(reader)
        ended = server.job(poison)
        assert (ended["state"], ended["error"]["code"]) == ("failed", "busy"), ended
        assert "was killed" in ended["error"]["message"]
        assert server.wait(other)["state"] == "completed"
    assert server.client.get("/readyz").status_code == 200


def test_a_reader_over_its_limit_of_memory_fails_alone(server, large_picture):
    """The kernel kills it, as it does where a control group is full, and not the zygote, which is in the group as well."""
    upload = server.put(large_picture)["id"]
    group, sizes = ControlGroup(12 * MB), []
    try:
        for _ in range(4 * TIMES):
            assert server.wait(speech(server))["state"] == "completed"
            for zygote in readers_of(server.process)[1]:  # whose children begin in its group
                group.add(zygote)
            ended = server.wait(server.submit(upload, reuse=False)["id"])
            assert ended["state"] == "failed" and "memory" in ended["error"]["message"], ended
            for zygote in readers_of(server.process)[1]:
                group.release(zygote)
            sizes.append(server.memory)
    finally:
        server.kill()
        group.remove()
    check_flat(sizes)


def test_a_server_at_the_limit_of_its_group_goes_on(server):
    """There is room for little more than one worker beside its model."""
    job = server.wait(speech(server))["id"]
    text, sizes, refused = server.text(job), [], 0
    group = ControlGroup(server.memory + 60 * MB)
    server.stop()
    server.before_start = lambda: group.add(os.getpid())
    try:
        server.start()
        for _ in range(4 * TIMES):
            jobs = [speech(server) for _ in range(4)]
            server.put(DATA / "nasa_webb_video.mp4")
            for job in jobs:
                ended = server.wait(job)
                if ended["state"] == "completed":
                    assert server.text(job) == text
                else:
                    assert ended["state"] == "failed" and "memory" in ended["error"]["message"], ended
                    refused += 1
            sizes.append(server.memory)
    finally:
        server.kill()
        group.remove()
    check_flat(sizes)
    assert refused < len(sizes), "most of them find room one after another"


def test_a_job_that_ends_the_server_three_times_is_given_up_alone(tmp_path, silence):
    for place in range(max(1, TIMES // 5)):
        server = Server(tmp_path / f"data_{place}", "--workers", "1", "--threads", "1")
        server.start()
        poison = server.submit(server.put(silence)["id"], reuse=False)["id"]
        other = server.submit(server.put(silence)["id"], reuse=False)["id"]
        for crash in (1, 2):
            for job in (poison, other):
                server.wait(job, ("running",))
            server.kill()
            server.start()
            assert server.job(poison)["error"] is None, crash
        server.wait(poison, ("running",))
        assert server.job(other)["state"] == "queued"
        assert "runs alone" in server.job(other)["why_waiting"]
        server.kill()
        server.start()
        ended = server.job(poison)
        assert (ended["state"], ended["error"]["code"]) == ("failed", "poison"), ended
        assert server.wait(other)["state"] == "completed"
        server.kill()
