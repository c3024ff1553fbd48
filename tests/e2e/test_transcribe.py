"""Transcribing with the real program: results, formats, names, progress."""

import json
import os
import pty
import re
import shutil

import pytest
from conftest import DATA, FORMATS, results

pytestmark = pytest.mark.usefixtures("tiny")

WORDS = "ask not what your country can do for you"


def plain(text):
    """Its words alone: no case, no punctuation, no numbers and times."""
    return " ".join(re.sub(r"[^a-z\s]", "", text.lower()).split())


def test_result_lies_beside_the_media_and_nothing_is_said(verbatim, talk):
    done = verbatim.transcribe(talk)
    assert done.code == 0, done
    assert (done.out, done.err) == ("", "")
    assert results(verbatim.folder) == ["talk.srt"]
    subtitles = (verbatim.folder / "talk.srt").read_text()
    assert subtitles.startswith("1\n00:00:0")
    assert WORDS in plain(subtitles)


def test_all_formats_at_once(verbatim, talk):
    done = verbatim.transcribe(talk, "-f", ",".join(FORMATS), "-d", "out/deep")
    assert done.code == 0, done
    folder = verbatim.folder / "out" / "deep"
    assert results(folder) == sorted(f"talk.{name}" for name in FORMATS)
    for name in FORMATS:
        assert WORDS in plain((folder / f"talk.{name}").read_text()), name
    assert (folder / "talk.vtt").read_text().startswith("WEBVTT")
    document = json.loads((folder / "talk.json").read_text())
    assert document["language"] in ("en", "english")
    assert document["duration"] == pytest.approx(11.0, abs=0.1)


def test_standard_output(verbatim, talk):
    done = verbatim.transcribe(talk, "-o", "-", "-f", "txt")
    assert WORDS in plain(done.out)
    assert done.err == ""
    assert results(verbatim.folder) == []


def test_extension_of_the_output_is_its_format(verbatim, talk):
    assert verbatim.transcribe(talk, "-o", "x/y.vtt").code == 0
    assert (verbatim.folder / "x" / "y.vtt").read_text().startswith("WEBVTT")


def test_existing_results_are_replaced_whole(verbatim, talk):
    old = verbatim.folder / "talk.srt"
    old.write_text("old " * 10000)
    assert verbatim.transcribe(talk).code == 0
    assert "old" not in old.read_text()


def test_a_relative_name_and_an_odd_one(verbatim, talk):
    name = "odd é中 '; $(x) %s {} .wav"
    shutil.copy(DATA / "jfk.flac", verbatim.folder / name)
    done = verbatim.transcribe(name, "talk.flac")
    assert done.code == 0, done
    assert results(verbatim.folder) == ["odd é中 '; $(x) %s {} .srt", "talk.srt"]


def test_inputs_of_one_stem_keep_their_extension(verbatim, talk):
    shutil.copy(DATA / "jfk_second_track.mkv", verbatim.folder / "talk.mkv")
    done = verbatim.transcribe("talk.flac", "talk.mkv", "--audio-track", "0")
    assert done.code == 0, done
    assert results(verbatim.folder) == ["talk.flac.srt", "talk.mkv.srt"]


def test_audio_track(verbatim):
    words = ["--output", "-", "--format", "txt", DATA / "jfk_second_track.mkv"]
    assert WORDS in plain(verbatim.transcribe(*words, "--audio-track", "1").out)
    assert verbatim.transcribe(*words, "--audio-track", "0").out == ""
    missing = verbatim.transcribe(*words, "--audio-track", "7")
    assert missing.code == 2
    assert "track" in missing.err


def test_a_video(verbatim):
    done = verbatim.transcribe(DATA / "nasa_webb_video.mp4", "-o", "-", "-f", "txt")
    assert done.code == 0, done
    expected = set(plain((DATA / "nasa_webb_video.txt").read_text()).split())
    heard = set(plain(done.out).split())
    assert len(expected & heard) > 0.7 * len(expected)


def test_demo(verbatim):
    done = verbatim("demo", "--model", "tiny.en")
    assert done.code == 0, done
    assert "00:00:0" in done.out
    assert list(verbatim.folder.iterdir()) == []


def test_verbose_shows_the_text(verbatim, talk):
    done = verbatim.transcribe(talk, "--verbose")
    assert re.match(r"\[00:00:0\d\.\d{3} -> 00:00:\d\d\.\d{3}\] \S", done.out)
    done = verbatim.transcribe(talk, "--verbose", "-o", "-", "-f", "txt")
    assert "->" not in done.out
    assert "->" in done.err


def test_progress_json(verbatim, talk):
    shutil.copy(DATA / "text_named.mp4", verbatim.folder / "bad.mp4")
    done = verbatim.transcribe("talk.flac", "bad.mp4", "missing.mp4", "--progress", "json", "--verbose")
    assert done.code == 1
    assert done.out == ""
    events = [json.loads(line) for line in done.err.splitlines()]
    kinds = [event["event"] for event in events]
    start = events[kinds.index("start")]
    assert start["files"] == ["talk.flac", "bad.mp4", "missing.mp4"]
    assert start["workers"] >= 1 and start["threads"] >= 1 and start["batch"] >= 1
    assert kinds.count("file_done") == 1
    assert sorted(e["file"] for e in events if e["event"] == "file_failed") == [1, 2]
    assert {e["code"] for e in events if e["event"] == "file_failed"} <= {"not_found", "corrupt_media", "unsupported_media"}
    progress = [e for e in events if e["event"] == "progress" and e["file"] == 0]
    assert progress[-1]["share"] == 1
    assert all(a["position"] <= b["position"] for a, b in zip(progress, progress[1:]))
    assert "segment" in kinds
    file_done = events[kinds.index("file_done")]
    assert file_done["outputs"] == ["talk.srt"]
    assert file_done["words"] > 15
    assert events[-1] == {**events[-1], "event": "done", "files": 3, "failed": 2, "exit_code": 1}


def on_a_terminal(verbatim, *words):
    """Runs with standard error on a terminal of its own; returns what was drawn there."""
    master, slave = pty.openpty()
    process = verbatim.start("transcribe", "--model", "tiny.en", *words, stderr=slave)
    os.close(slave)
    drawn = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:
            break
        if not chunk:
            break
        drawn += chunk
    os.close(master)
    out, _ = process.communicate()
    return process.returncode, out.decode(), drawn.decode()


def test_a_terminal_sees_a_bar_and_a_summary(verbatim, talk):
    code, out, drawn = on_a_terminal(verbatim, talk)
    assert code == 0
    assert out == ""
    assert "\r\x1b[K" in drawn
    last = drawn.rsplit("\x1b[K", 1)[1]
    assert re.search(r"talk\.flac: 0:1[01] of sound in .* words, English -> .*talk\.srt", last)


def test_a_terminal_without_progress_stays_empty(verbatim, talk):
    assert on_a_terminal(verbatim, talk, "--progress", "none") == (0, "", "")


def test_names_cannot_steer_the_terminal(verbatim):
    name = "evil\x1b[2J.flac"
    shutil.copy(DATA / "jfk.flac", verbatim.folder / name)
    code, _, drawn = on_a_terminal(verbatim, name)
    assert code == 0
    assert "\x1b[2J" not in drawn
    assert "\x1b[2J" not in verbatim.transcribe(name + ".gone").err


def test_the_same_text_whatever_the_workers(verbatim, talk):
    words = [talk, DATA / "nasa_webb_video.mp4", "-f", "json", "--compute-type", "f32"]
    texts = []
    for number, shape in enumerate((["--workers", "1", "--threads", "1", "--batch", "1"], ["--threads", "2", "--batch", "4"])):
        done = verbatim.transcribe(*words, *shape, "-d", str(number))
        assert done.code == 0, done
        texts.append([json.loads(p.read_text())["text"] for p in sorted((verbatim.folder / str(number)).iterdir())])
    assert texts[0] == texts[1]


def test_language_for_an_english_model(verbatim, talk):
    done = verbatim.transcribe(talk, "--language", "de")
    assert done.code == 2
    assert "English" in done.err
    assert results(verbatim.folder) == []
