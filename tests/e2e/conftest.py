"""Fixtures of the end-to-end tests: the real program, its models, and folders to work in.

VERBATIM_PROGRAM names another build of the program than build/release/verbatim; VERBATIM_MODEL_DIR another folder of
models. Without tiny.en there, tests that transcribe are skipped.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import page_driver
import pytest

# Tests that were started in the background ignore it, and what they start would, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = ROOT / "tests" / "data"
PROGRAM = Path(os.environ.get("VERBATIM_PROGRAM", ROOT / "build" / "release" / "verbatim"))
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
MODELS = Path(os.environ.get("VERBATIM_MODEL_DIR") or CACHE / "verbatim" / "models")
FORMATS = ("txt", "srt", "vtt", "json", "tsv")


class Done:
    """A finished run: its exit code, what it wrote, and how long it took."""

    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    def __repr__(self):
        return f"exit code {self.code}\nstdout: {self.out}\nstderr: {self.err}"


class Verbatim:
    """Runs the program in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.env = {**os.environ, "VERBATIM_MODEL_DIR": str(MODELS), "VERBATIM_CALIBRATION": "off"}
        for name in ("VERBATIM_MODEL", "VERBATIM_HUB_URL"):
            self.env.pop(name, None)

    def start(self, *words, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": self.folder, "env": self.env, **options}
        return subprocess.Popen([PROGRAM, *map(str, words)], stdin=subprocess.DEVNULL, **options)

    def __call__(self, *words, timeout=300, **options):
        begin = time.monotonic()
        process = self.start(*words, **options)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        decoded = [(text or b"").decode("utf-8", "strict") for text in (out, err)]
        return Done(process.returncode, *decoded, time.monotonic() - begin)

    def transcribe(self, *words, **options):
        return self("transcribe", "--model", "tiny.en", *words, **options)


@pytest.fixture
def verbatim(tmp_path):
    if not PROGRAM.is_file():
        pytest.fail(f"{PROGRAM} is missing: build it first, or run ./test")
    return Verbatim(tmp_path)


@pytest.fixture(scope="session")
def tiny():
    folder = MODELS / "tiny.en"
    if not (folder / "model.bin").is_file():
        pytest.skip(f"tiny.en is not installed in {MODELS}: verbatim model pull tiny.en")
    return folder


@pytest.fixture
def talk(tmp_path):
    """A short recording in the test's folder."""
    return Path(shutil.copy(DATA / "jfk.flac", tmp_path / "talk.flac"))


@pytest.fixture
def long_talk(tmp_path):
    """Ten minutes of speech: long enough to be interrupted."""
    ffmpeg = shutil.which("ffmpeg")
    if not ffmpeg:
        pytest.skip("needs the program ffmpeg")
    path = tmp_path / "long.wav"
    subprocess.run([ffmpeg, "-v", "error", "-stream_loop", "60", "-i", DATA / "jfk.flac", "-c:a", "pcm_s16le", path],
                   check=True)
    return path


@pytest.fixture(autouse=True)
def no_server_is_left():
    """A test that fails before its end may leave some running, which would disturb the next ones."""
    from server import Server  # which needs this module whole

    before = len(Server.started)  # servers of the whole module
    yield
    while len(Server.started) > before:
        Server.started.pop().kill()


@pytest.fixture
def server(tmp_path, tiny):
    """A running server; the test may stop, kill and start it again."""
    from server import Server

    running = Server(tmp_path / "data")
    running.start()
    yield running
    running.kill()


@pytest.fixture(scope="session")
def node_folder():
    """A folder with tests/e2e/browser and the packages that it needs; the browser itself is the system's."""
    try:
        return page_driver.node_folder()
    except page_driver.Missing as missing:
        pytest.skip(str(missing))


def mount_in_memory(folder, options):
    """A small disk, mounted at a folder; whoever asks for it unmounts it."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("this system does not let us mount a small disk")


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 64 KB."""
    folder = tmp_path / "small_disk"
    mount_in_memory(folder, "size=64k")
    yield folder
    subprocess.run(["umount", folder], check=True)


def results(folder):
    """The names of all result and temporary files in a folder."""
    return sorted(p.name for p in folder.iterdir() if p.suffix[1:] in FORMATS or p.name.startswith(".verbatim"))


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def stop(process, which=signal.SIGINT):
    """Sends a signal; returns the exit code, what was written, and the seconds until the end."""
    begin = time.monotonic()
    process.send_signal(which)
    out, err = process.communicate(timeout=60)
    return Done(process.returncode, (out or b"").decode(), (err or b"").decode(), time.monotonic() - begin)
