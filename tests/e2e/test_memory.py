"""Peak memory: it depends on workers and batch, not on the length of a recording, and weights are there once."""

import os
import shutil
import subprocess

import pytest
from conftest import DATA

pytestmark = pytest.mark.usefixtures("tiny")

MB = 1_000_000


CLIPS = ("nasa_webb_video.mp4", "lj001_0004.mp3", "jfk.flac", "lj001_0005.mp3")


@pytest.fixture
def recording(tmp_path):
    """Makes recordings of speech, in which a window hardly repeats itself. Unit: minutes."""
    if not shutil.which("ffmpeg"):
        pytest.skip("needs the program ffmpeg")
    inputs = [word for clip in CLIPS for word in ("-i", DATA / clip)]
    streams = "".join(f"[{i}:a]" for i in range(len(CLIPS)))
    subprocess.run(["ffmpeg", "-v", "error", *inputs, "-filter_complex", f"{streams}concat=n={len(CLIPS)}:v=0:a=1",
                    "-ar", "16000", "-ac", "1", tmp_path / "clips.wav"], check=True)

    def make(minutes):
        path = tmp_path / f"{minutes}_minutes.wav"
        subprocess.run(["ffmpeg", "-v", "error", "-stream_loop", "-1", "-i", tmp_path / "clips.wav", "-t", str(60 * minutes),
                        "-c:a", "copy", path], check=True)
        return path
    return make


def peak(verbatim, *words):
    """The most memory that one run had. Unit: bytes."""
    process = verbatim.start("transcribe", "--model", "tiny.en", *words, stdout=subprocess.DEVNULL, stderr=None)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * 1024


@pytest.mark.parametrize("compute_type, bytes_per_weight", [("int8", 1), ("f32", 4)])
def test_a_second_worker_has_no_second_copy_of_the_weights(verbatim, recording, tiny, compute_type, bytes_per_weight):
    words = [recording(3), "--threads", "1", "--batch", "1", "--compute-type", compute_type]
    one, two = (peak(verbatim, *words, "--workers", workers) for workers in ("1", "2"))
    weights = (tiny / "model.bin").stat().st_size / 2 * bytes_per_weight  # the file has half floats
    assert two - one < weights, (one, two)


def test_a_long_recording_takes_no_more_than_a_short_one(verbatim, recording):
    shape = ["--workers", "1", "--threads", "2", "--batch", "2"]
    # Pages of the caches are touched as longer texts come up. The sound of the other 17 minutes is 33 MB as 16-bit samples.
    short, long = (peak(verbatim, recording(minutes), *shape) for minutes in (3, 20))
    assert long - short < 8 * MB, (short, long)  # measured: 4
