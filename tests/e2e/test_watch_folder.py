"""The watched folder: what comes there is transcribed once, and its results lie beside it."""

import os
import shutil
import time

import pytest
from conftest import DATA, wait_until
from server import Server


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def start(tmp_path, inbox, *flags):
    server = Server(tmp_path / "data", "--watch-folder", inbox, *flags)
    server.start()
    return server


def jobs(server):
    return server.client.get("/api/jobs").json()["jobs"]


def test_new_files_become_subtitles_beside_them_once(tmp_path, tiny, inbox):
    server = start(tmp_path, inbox, "--watch-formats", "srt,txt")
    (inbox / "deep").mkdir()
    shutil.copy(DATA / "jfk.flac", inbox / "talk.flac")
    shutil.copy(DATA / "lj001_0004.mp3", inbox / "deep" / "reading.MP3")
    (inbox / "notes.pdf").write_bytes(b"no media")
    shutil.copy(DATA / "jfk.flac", inbox / ".hidden.flac")
    wanted = [inbox / "talk.srt", inbox / "talk.txt", inbox / "deep" / "reading.srt", inbox / "deep" / "reading.txt"]
    assert wait_until(lambda: all(path.exists() for path in wanted), 60), server.lines
    assert "country" in wanted[1].read_text() and "-->" in wanted[0].read_text()
    assert len(jobs(server)) == 2
    server.kill()
    server.start()
    time.sleep(9)
    assert len(jobs(server)) == 2  # known over restarts
    # Another recording under the same name is new.
    shutil.copy(DATA / "lj001_0005.mp3", inbox / "deep" / "reading.MP3")
    before = wanted[3].read_text()
    assert wait_until(lambda: wanted[3].read_text() != before, 60)
    assert len(jobs(server)) == 3
    server.kill()


def test_a_file_is_taken_only_when_it_has_come_to_rest(tmp_path, tiny, inbox):
    server = start(tmp_path, inbox)
    body = (DATA / "jfk.flac").read_bytes()
    with open(inbox / "slow.flac", "wb") as file:
        for i in range(8):
            file.write(body[len(body) * i // 8:len(body) * (i + 1) // 8])
            file.flush()
            time.sleep(1.5)
            assert not jobs(server)
    assert wait_until((inbox / "slow.srt").exists, 60)
    assert len(jobs(server)) == 1
    server.kill()


def test_failures_are_noted_beside_the_file_once(tmp_path, tiny, inbox):
    server = start(tmp_path, inbox)
    (inbox / "broken.mp4").write_bytes(os.urandom(50_000))
    note = inbox / "broken.error.txt"
    assert wait_until(note.exists, 60)
    assert len(note.read_text()) > 10
    note.unlink()
    server.stop()
    server.start()
    time.sleep(9)
    assert not note.exists() and len(jobs(server)) == 1
    # Made good, it is taken again.
    shutil.copy(DATA / "jfk.flac", inbox / "broken.mp4")
    assert wait_until((inbox / "broken.srt").exists, 60)
    server.kill()


def test_results_go_to_a_folder_of_their_own_and_meet_in_no_name(tmp_path, tiny, inbox):
    out = tmp_path / "out"
    (inbox / "a").mkdir()
    shutil.copy(DATA / "jfk.flac", inbox / "a" / "talk.flac")
    shutil.copy(DATA / "lj001_0004.mp3", inbox / "a" / "talk.mp3")
    server = start(tmp_path, inbox, "--watch-output", out)
    assert wait_until(lambda: (out / "a" / "talk.flac.srt").exists() and (out / "a" / "talk.mp3.srt").exists(), 60)
    assert sorted(path.name for path in (inbox / "a").iterdir()) == ["talk.flac", "talk.mp3"]
    server.kill()


def test_a_server_killed_in_between_neither_loses_nor_doubles(tmp_path, tiny, inbox):
    server = start(tmp_path, inbox)
    for number in range(6):
        body = bytearray((DATA / "jfk.flac").read_bytes())
        (inbox / f"talk{number}.flac").write_bytes(body + bytes(number))
    time.sleep(5.5)
    for _ in range(6):
        time.sleep(0.7)
        server.kill()
        server.start()
    wanted = [inbox / f"talk{number}.srt" for number in range(6)]
    assert wait_until(lambda: all(path.exists() for path in wanted), 90), server.lines[-20:]
    assert len(jobs(server)) == 6
    server.kill()
