"""Bad input, bad folders, full disks, interruptions: one clear sentence, an exit code, no half files."""

import os
import shutil
import signal

import pytest
from conftest import DATA, ROOT, results, stop, wait_until

pytestmark = pytest.mark.usefixtures("tiny")

SHARED = ROOT.parent / "shared" / "media-odd"


def check_one_sentence(done, name, code=1):
    assert done.code == code, done
    assert done.err.startswith(f"verbatim: {name}: "), done
    assert len(done.err.splitlines()) == 1, done
    assert done.err.count(str(name)) == 1, "the name is said once"


@pytest.mark.parametrize("name, sentence", [
    ("missing.mp4", "no such file"),
    ("some_folder", "is a folder"),
    ("empty.mp4", "is empty"),
    ("text_named.mp4", ""),
    ("video_only.mp4", ""),
    ("ac4.mp4", ""),
])
def test_bad_inputs(verbatim, name, sentence):
    (verbatim.folder / "some_folder").mkdir()
    (verbatim.folder / "empty.mp4").write_bytes(b"")
    if (DATA / name).exists():
        shutil.copy(DATA / name, verbatim.folder)
    done = verbatim.transcribe(name, timeout=60)
    check_one_sentence(done, name)
    assert sentence in done.err
    assert results(verbatim.folder) == []


def test_one_bad_file_does_not_stop_the_others(verbatim, talk):
    shutil.copy(DATA / "text_named.mp4", verbatim.folder / "bad.mp4")
    shutil.copy(DATA / "nasa_webb_video.mp4", verbatim.folder / "good.mp4")
    done = verbatim.transcribe("missing.mp4", "bad.mp4", "talk.flac", "good.mp4")
    assert done.code == 1
    assert results(verbatim.folder) == ["good.srt", "talk.srt"]
    assert [line.split(": ")[1] for line in done.err.splitlines()] == ["missing.mp4", "bad.mp4"]


def test_a_missing_input_needs_no_model(verbatim):
    verbatim.env["VERBATIM_MODEL_DIR"] = str(verbatim.folder / "none")
    done = verbatim("transcribe", "missing.mp4")
    check_one_sentence(done, "missing.mp4")
    assert not (verbatim.folder / "none").exists()


def test_unreadable_input(verbatim, talk):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    talk.chmod(0)
    check_one_sentence(verbatim.transcribe("talk.flac"), "talk.flac")


def test_silence_is_a_result_without_words(verbatim):
    done = verbatim.transcribe(DATA / "silent_10s.mp4", "-d", ".", "-f", "srt,json")
    assert done.code == 0, done
    assert (verbatim.folder / "silent_10s.srt").read_text() == ""


def test_a_truncated_file_gives_what_it_holds(verbatim):
    done = verbatim.transcribe(DATA / "jfk_truncated.wav", "-o", "-", "-f", "txt")
    assert done.code == 0, done
    assert "fellow" in done.out


def test_output_folder_is_a_file(verbatim, talk):
    (verbatim.folder / "out").write_text("x")
    done = verbatim.transcribe(talk, "-d", "out")
    assert done.code == 2
    assert "out" in done.err


def test_output_folder_cannot_be_written(verbatim, talk):
    done = verbatim.transcribe(talk, "-d", "/proc/verbatim")
    assert done.code == 2
    assert "/proc/verbatim" in done.err
    assert done.seconds < 5, "it is said before the work starts"


def test_output_folder_without_permission(verbatim, talk):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    closed = verbatim.folder / "closed"
    closed.mkdir(mode=0o500)
    done = verbatim.transcribe(talk, "-d", closed)
    assert done.code == 2
    assert "closed" in done.err


def test_full_disk(verbatim, talk, small_disk):
    filler = small_disk / "filler"
    with pytest.raises(OSError), open(filler, "wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    done = verbatim.transcribe(talk, "-d", small_disk)
    assert done.code == 4, done
    assert "No space left" in done.err
    assert results(small_disk) == []


def test_interrupted_by_ctrl_c(verbatim, long_talk):
    process = verbatim.start("transcribe", "--model", "tiny.en", "--verbose", long_talk)
    process.stdout.readline()  # the first text: it is in the middle of the work
    done = stop(process)
    assert done.code == 130
    assert done.seconds < 1.5, "a second, and some leave for a busy machine"
    assert results(verbatim.folder) == []
    assert "stopped" in done.err


def test_told_to_end(verbatim, long_talk):
    process = verbatim.start("transcribe", "--model", "tiny.en", "--verbose", long_talk)
    process.stdout.readline()
    assert stop(process, signal.SIGTERM).code == 143
    assert results(verbatim.folder) == []


def test_finished_files_stay_after_ctrl_c(verbatim, talk, long_talk):
    process = verbatim.start("transcribe", "--model", "tiny.en", "talk.flac", long_talk)
    assert wait_until(lambda: (verbatim.folder / "talk.srt").exists(), 120)
    assert stop(process).code == 130
    assert results(verbatim.folder) == ["talk.srt"]


def test_killed(verbatim, long_talk):
    old = verbatim.folder / "long.srt"
    old.write_text("old")
    process = verbatim.start("transcribe", "--model", "tiny.en", "--verbose", long_talk)
    process.stdout.readline()
    process.kill()
    process.communicate()
    assert results(verbatim.folder) == ["long.srt"]
    assert old.read_text() == "old"


def test_a_closed_pipe_ends_it(verbatim, talk):
    process = verbatim.start("transcribe", "--model", "tiny.en", talk, "-o", "-")
    process.stdout.close()
    assert process.wait(timeout=120) != 0


def copy_model(tiny, folder):
    target = folder / "model"
    target.mkdir()
    for item in tiny.iterdir():
        if item.is_file():
            shutil.copy(item, target)
    return target


@pytest.mark.parametrize("keep", [0, 3, 1000, 1 << 20, -1])
def test_truncated_model(verbatim, tiny, talk, keep):
    model = copy_model(tiny, verbatim.folder)
    path = model / "model.bin"
    os.truncate(path, keep if keep >= 0 else path.stat().st_size - 1)
    done = verbatim("transcribe", "--model", model, talk)
    assert done.code == 3, done
    assert len(done.err.splitlines()) == 1
    assert results(verbatim.folder) == []


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.bin"])
def test_model_without_a_file(verbatim, tiny, talk, name):
    model = copy_model(tiny, verbatim.folder)
    (model / name).unlink()
    done = verbatim("transcribe", "--model", model, talk)
    assert done.code == 3, done
    assert name in done.err


def test_wrong_model(verbatim, tiny, talk):
    model = copy_model(tiny, verbatim.folder)
    (model / "model.bin").write_bytes(os.urandom(4096))
    assert verbatim("transcribe", "--model", model, talk).code == 3
    assert verbatim("transcribe", "--model", verbatim.folder / "none", talk).code == 3


def odd_media():
    if not SHARED.is_dir():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"{SHARED} is absent"))]
    lines = (SHARED / "manifest.tsv").read_text().splitlines()
    header = lines[0].split("\t")
    return [pytest.param(dict(zip(header, line.split("\t"))), id=line.split("\t")[0]) for line in lines[1:]]


@pytest.mark.parametrize("row", odd_media())
def test_odd_media_end_well(verbatim, row):
    """Each ends in a result or one sentence, by itself, in bounded time."""
    track = ["--audio-track", "1"] if "first silent" in row["notes"] else []
    done = verbatim.transcribe(SHARED / row["file"], "-o", "-", "-f", "txt", *track, timeout=120)
    assert done.code in (0, 1), done
    if done.code == 1:
        assert done.out == ""
        assert len(done.err.splitlines()) == 1, done
    if row["has_audio"] == "no":
        assert done.code == 1, "without sound there is nothing to transcribe"
    if row["category"] == "silent":
        assert done.out == "", "nothing is invented in silence"
    if "JFK sentence" in row["notes"]:
        assert "ask not what your country" in done.out.lower()
