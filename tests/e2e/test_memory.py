"""Memory: its peak depends on workers and batch, not on the length of a recording, weights are there once, and a hard
limit is kept to."""

import json
import os
import resource
import shutil
import subprocess
from pathlib import Path

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


@pytest.fixture
def limited_group(tmp_path):
    """Makes control groups with a limit of memory, of either version."""
    made = []

    def make(limit):
        lines = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
        v1 = next((path for _, controllers, path in lines if "memory" in controllers.split(",")), None)
        v2 = next((path for _, controllers, path in lines if not controllers), "/")
        mount = Path("/sys/fs/cgroup")
        parent = mount / "memory" / v1.lstrip("/") if v1 is not None else mount / v2.lstrip("/")
        group = parent / f"verbatim_{tmp_path.name}_{limit}"
        try:
            group.mkdir()
            made.append(group)
            (group / ("memory.limit_in_bytes" if v1 is not None else "memory.max")).write_text(str(limit))
        except OSError as error:
            pytest.skip(f"no control group can be made here: {error}")
        return group
    yield make
    for group in made:
        group.rmdir()


def text_of(verbatim, path, *words, code=0, **options):
    """What was heard, segment by segment, and what the program said."""
    done = verbatim.transcribe(path, "-f", "json", "-o", "-", *words, **options)
    assert done.code == code, done
    return (json.loads(done.out)["segments"] if code == 0 else None), done.err


LIMIT = 1 << 30  # with much less, windows are shorter: split::PlanSplit
SHAPES = {"as it chooses": [], "more than there is": ["--workers", "8", "--threads", "1", "--batch", "16"]}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_limited_address_space_changes_no_text(verbatim, recording, shape):
    path = recording(2)
    free, said = text_of(verbatim, path, *SHAPES[shape])
    assert "memory" not in said
    limited, said = text_of(verbatim, path, *SHAPES[shape],
                            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT)))
    assert limited == free
    assert ("not enough memory for all workers" in said) == bool(SHAPES[shape]), said


def test_too_little_for_one_worker_is_an_error(verbatim, talk):
    codes = []
    for megabytes in range(250, 650, 50):
        limit = megabytes << 20
        done = verbatim.transcribe(talk, "-f", "txt",
                                   preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
        codes.append(done.code)
        assert done.code >= 0, (megabytes, done)  # no signal ended it
    assert codes[-1] == 0
    assert codes[0] != 0


@pytest.mark.parametrize("shape", SHAPES)
def test_a_control_group_changes_no_text(verbatim, recording, limited_group, shape):
    path = recording(2)
    free, _ = text_of(verbatim, path, *SHAPES[shape])
    group = limited_group(LIMIT)
    limited, _ = text_of(verbatim, path, *SHAPES[shape],
                         preexec_fn=lambda: (group / "cgroup.procs").write_text(str(os.getpid())))
    assert limited == free


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
