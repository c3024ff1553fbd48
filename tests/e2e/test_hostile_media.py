"""Hostile media: whatever a file is, the program ends in order, opens nothing that the file names, and takes no more than its share."""

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import hostile_media
import pytest
from clients import seeded
from conftest import DATA, PROGRAM, wait_until

CODES = {"corrupt_media", "unsupported_media", "busy"}  # what a file may be refused as
FILE_SECONDS_MAX = 30
# Files cut off within their first 4,096 bytes; 0: at each of them.
CUTS = int(os.environ.get("VERBATIM_CUTS", "600"))
CUT_KINDS = ("pcm.wav", "a.flac", "a.mp3", "a.ogg", "front.mp4", "opus.mkv")
MUTANTS = int(os.environ.get("VERBATIM_MUTANTS", "600"))
MEMORY_KB_MAX = 900_000  # of a process: the model is in it


@pytest.fixture
def canary():
    """A port of this machine that listens; counts who comes."""
    listener = socket.create_server(("127.0.0.1", 0))
    visits = []

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            visits.append(connection.recv(1000))
            connection.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield listener.getsockname()[1], visits
    listener.close()


def run(verbatim, files, *flags, prefix=(), timeout=600):
    """Transcribes files in one call; returns what is told of each, by its name: text or None, and the code of its error."""
    command = [*prefix, PROGRAM, "transcribe", "--model", "tiny.en", "--language", "en", "--progress", "json", "-f", "txt", "-d", "out", *flags,
               "--", *files]
    process = subprocess.Popen(list(map(str, command)), cwd=verbatim.folder, env=verbatim.env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    told, last = {}, time.monotonic()
    watchdog = threading.Timer(timeout, process.kill)
    watchdog.start()
    for line in process.stderr:
        event = json.loads(line)
        if event["event"] not in ("file_done", "file_failed"):
            continue
        name = event["path"].rsplit("/", 1)[-1]
        assert name not in told, "each is told of once"
        assert time.monotonic() - last < FILE_SECONDS_MAX, f"{name} took long"
        last = time.monotonic()
        told[name] = event.get("code")
    watchdog.cancel()
    assert process.wait(timeout=30) in (0, 1)
    assert sorted(told) == sorted(path.name for path in files)
    return told


def texts(folder):
    return "".join(path.read_text() for path in (folder / "out").glob("*.txt")) if (folder / "out").is_dir() else ""


def check_codes(told):
    wrong = {name: code for name, code in told.items() if code is not None and code not in CODES}
    assert not wrong


@pytest.fixture
def trap_files(tmp_path, canary):
    secret = tmp_path / "secret.wav"
    subprocess.run(["ffmpeg", "-v", "error", "-i", DATA / "jfk.flac", "-c:a", "pcm_s16le", "-ar", "16000", secret], check=True)
    folder = tmp_path / "traps"
    folder.mkdir()
    shutil.copy(secret, folder / secret.name)
    return hostile_media.traps(folder, secret, canary[0])


pytestmark = [pytest.mark.usefixtures("tiny"), pytest.mark.skipif(not hostile_media.have_ffmpeg(), reason="needs the program ffmpeg")]


@pytest.mark.parametrize("mode", ["required", "off"])
def test_traps_lead_nowhere(verbatim, trap_files, canary, mode):
    """Also without the sandbox: what libav may open is closed by itself."""
    assert len(trap_files) >= 60
    check_codes(run(verbatim, trap_files, "--sandbox", mode))
    assert canary[1] == [], "nobody was called"
    assert "country" not in texts(verbatim.folder), "no other file was read"


def test_readers_open_nothing(verbatim, trap_files):
    """Seen by strace: from the moment they are locked up, they open, connect to and start nothing."""
    strace = shutil.which("strace")
    if not strace:
        pytest.skip("needs the program strace")
    log = verbatim.folder / "strace.log"
    run(verbatim, trap_files, prefix=[strace, "-f", "-qq", "-o", log, "-e", "trace=%file,%network,%process,seccomp"], timeout=900)
    locked, calls = set(), []
    for line in log.read_text(errors="replace").splitlines():
        found = re.match(r"(\d+)\s+(\w+)\(", line)
        if not found:
            continue
        pid, call = found.groups()
        if call == "seccomp" and "SECCOMP_SET_MODE_FILTER" in line and line.endswith("= 0"):
            locked.add(pid)
        elif pid in locked and call not in ("exit", "exit_group") and "EACCES" not in line and "EPERM" not in line:
            calls.append(line)
    assert len(locked) >= len(trap_files), "each has a process of its own"
    probes = [line for line in calls if "resumed" not in line]
    assert len({line.split()[0] for line in probes}) <= 2, "the two that try the locks at the start, and no other"


def test_bombs_are_refused_or_defused(verbatim):
    folder = verbatim.folder / "bombs"
    folder.mkdir()
    files = hostile_media.bombs(folder)
    assert len(files) >= 40
    check_codes(run(verbatim, files))
    assert texts(verbatim.folder).strip() == "", "nothing is invented"
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < MEMORY_KB_MAX


def test_mutated_media_end_in_order(verbatim):
    folder = verbatim.folder / "mutated"
    folder.mkdir()
    seeds = hostile_media.seeds(folder)
    assert len(seeds) >= 20
    told = run(verbatim, hostile_media.mutate(folder, seeds, MUTANTS), timeout=MUTANTS)
    check_codes(told)
    assert sum(code is None for code in told.values()) > 100, "many can still be read"


def cut_off(seed, chance):
    """The sizes at which a file is cut off."""
    sizes = range(1, min(4096, seed.stat().st_size) + 1)
    some = chance.sample(sizes[1:], CUTS // len(CUT_KINDS) - 1) if CUTS else sizes[1:]
    return [sizes[0], *sorted(some)]  # of most kinds, nearly every other size can be read


@pytest.mark.parametrize("kind", CUT_KINDS)
def test_files_cut_off_anywhere_near_their_begin_end_in_order(verbatim, kind):
    folder = verbatim.folder / "cut"
    folder.mkdir()
    seed = next(path for path in hostile_media.seeds(folder, (kind,)) if path.name == kind)
    body, files = seed.read_bytes(), []
    for size in cut_off(seed, seeded()):
        files.append(folder / f"{size:04}_{kind}")
        files[-1].write_bytes(body[:size])
    told = run(verbatim, files, timeout=60 + len(files))
    check_codes(told)
    print(f"{kind}: {len(files)} files, {sum(code is None for code in told.values())} of them can be read")
    assert any(code is not None for code in told.values())


def readers_of(process):
    """The processes that read media for a running program, by their place below it."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,comm="], capture_output=True, text=True, check=True).stdout
    parents = {}
    for line in listed.splitlines():
        pid, parent, _ = line.split(None, 2)
        parents[int(pid)] = int(parent)
    zygotes = {pid for pid, parent in parents.items() if parent == process.pid}
    return [pid for pid, parent in parents.items() if parent in zygotes], zygotes


def readers_with(process, path):
    """Those that have the file open: others try out the sandbox."""
    def has_open(pid):
        with contextlib.suppress(OSError):
            return any(os.readlink(place) == str(path) for place in Path(f"/proc/{pid}/fd").iterdir())
        return False
    return [pid for pid in readers_of(process)[0] if has_open(pid)]


def kill(pid):
    subprocess.run(["kill", "-KILL", str(pid)], check=False)


def test_a_killed_reader_is_an_error_of_its_file(verbatim, talk):
    noise = long_noise(verbatim.folder)
    process = verbatim.start("transcribe", "--model", "tiny.en", noise, talk)
    assert wait_until(lambda: readers_with(process, noise))
    kill(readers_with(process, noise)[0])
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1, err
    assert b"was killed" in err
    assert (verbatim.folder / "talk.srt").exists(), "the next file is read by a process of its own"


def long_noise(folder, seconds=1200):
    """A file that takes a while to be read, and in which nothing is said."""
    path = folder / "long.flac"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"anoisesrc=a=0.02:s=1:r=48000:d={seconds}", "-ac", "2", "-c:a", "flac", path], check=True)
    return path


def test_another_zygote_takes_the_place_of_a_dead_one(server, talk):
    assert server.transcribe(talk)["state"] == "completed"
    _, zygotes = readers_of(server.process)
    assert len(zygotes) == 1
    kill(zygotes.pop())
    assert server.transcribe(talk)["state"] == "completed"
    readers, zygotes = readers_of(server.process)
    assert len(zygotes) == 1
    assert readers == [], "none is left"
    checks = server.client.get("/readyz").json()["checks"]
    assert checks["sandbox"]["ok"]
    assert {layer["name"]: layer["active"] for layer in checks["sandbox"]["layers"]}["seccomp"]


def test_a_zygote_that_dies_as_it_is_asked_costs_no_job(server, talk):
    """It holds the order for a reader already."""
    assert server.transcribe(talk)["state"] == "completed"
    zygote = readers_of(server.process)[1].pop()
    os.kill(zygote, signal.SIGSTOP)
    job = server.submit(server.put(talk)["id"], reuse=False)["id"]
    server.wait(job, ("running",))
    time.sleep(0.5)
    assert server.job(job)["state"] == "running"
    kill(zygote)
    assert server.wait(job)["state"] == "completed"


def test_a_kill_of_the_program_leaves_no_process(verbatim):
    process = verbatim.start("transcribe", "--model", "tiny.en", long_noise(verbatim.folder))
    assert wait_until(lambda: readers_of(process)[0])
    readers, zygotes = readers_of(process)
    process.send_signal(signal.SIGKILL)
    process.wait()

    def is_gone(pid):
        return subprocess.run(["kill", "-0", str(pid)], check=False, capture_output=True).returncode != 0

    assert wait_until(lambda: all(map(is_gone, [*readers, *zygotes])))


def test_the_text_is_the_same_with_and_without(verbatim):
    for name in ("jfk.flac", "nasa_webb_video.mp4", "lj001_0004.mp3", "jfk_truncated.wav"):
        results = [verbatim.transcribe(DATA / name, "-f", "json", "-o", "-", "--sandbox", mode).out for mode in ("required", "off")]
        assert results[0] == results[1], name


def test_doctor(verbatim):
    done = verbatim("doctor", "--model", "tiny.en", "--data-dir", verbatim.folder / "data")
    assert done.code == 0, done
    for name in ("cpu", "memory", "model tiny.en", "codecs", "sandbox seccomp", "disk"):
        assert f" {name} " in done.out
    told = json.loads(verbatim("doctor", "--json", "--model", "tiny.en", "--data-dir", verbatim.folder / "data").out)
    assert told["fine"]
    states = {check["check"]: check["state"] for check in told["checks"]}
    assert states["sandbox seccomp"] == "fine"
    missing = verbatim("doctor", "--model", "small")
    assert missing.code == 3, missing
    assert "verbatim model pull small" in missing.out
