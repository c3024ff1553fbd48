"""Memory that gets short while a job runs: the service gives way step by step, grows back, and the text stays the same."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from conftest import DATA, wait_until
from server import Server

pytestmark = pytest.mark.usefixtures("tiny")

MB = 1_000_000


class Machine:
    """What the server takes for its machine: the real one, but for its memory, which the test says."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "proc").mkdir(parents=True)
        (folder / "proc" / "self").symlink_to("/proc/self")
        self.set_available(16_000)

    def set_available(self, megabytes):
        text = f"MemTotal: {24_000_000} kB\nMemAvailable: {megabytes * 1000} kB\n"
        new = self.folder / "proc" / "meminfo.new"
        new.write_text(text)
        new.rename(self.folder / "proc" / "meminfo")


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path / "machine")


@pytest.fixture
def speech(tmp_path):
    """Makes recordings of one sentence again and again: a model is unsure of that, and takes its time. Unit: minutes."""
    if not shutil.which("ffmpeg"):
        pytest.skip("needs the program ffmpeg")

    def make(minutes, name="speech.wav"):
        path = tmp_path / name
        subprocess.run(["ffmpeg", "-v", "error", "-stream_loop", "-1", "-i", DATA / "jfk.flac", "-t", str(60 * minutes),
                        "-c:a", "pcm_s16le", path], check=True)
        return path
    return make


@contextlib.contextmanager
def running(folder, *flags, **options):
    server = Server(folder, "--log-level", "debug", *flags, **options)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def status(server):
    answer = server.client.get("/api/performance")
    assert answer.status_code == 200, answer.text
    return answer.json()


def shape(server):
    """Workers and batch of the loaded model."""
    models = status(server)["models"]
    return (models[0]["workers"], models[0]["batch"]) if models else None


class Listener:
    """Keeps the events of one type."""

    def __init__(self, server, kind):
        self.events = []
        self.kind = kind
        threading.Thread(target=self._listen, args=(server.url,), daemon=True).start()

    def _listen(self, url):
        with contextlib.suppress(httpx.HTTPError), httpx.stream("GET", f"{url}/api/events?last_event_id=0", timeout=None) as answer:
            kind = None
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: ") and kind == self.kind:
                    self.events.append(json.loads(line[6:]))


def test_a_running_job_gives_way_to_short_memory_and_grows_back(tmp_path, machine, speech):
    flags = ("--workers", "2", "--threads", "1", "--batch", "4", "--memory-recovery-seconds", "2")
    with running(tmp_path / "data", *flags, env={"VERBATIM_MACHINE_ROOT": str(machine.folder)}) as server:
        upload = server.put(speech(12))["id"]
        told = Listener(server, "pressure.changed")
        job = server.submit(upload)["id"]
        server.wait(job, ("running",))
        assert wait_until(lambda: shape(server) == (2, 4))
        assert status(server)["pressure"] == {"level": 0, "name": "none", "since_s": None, "is_short": False, "workers": 2, "batch": 4,
                                              "steps": []}

        machine.set_available(100)
        assert wait_until(lambda: shape(server) == (1, 1)), server.lines[-20:]
        pressure = status(server)["pressure"]
        assert pressure["level"] >= 2 and pressure["is_short"]
        assert [step["name"] for step in pressure["steps"]][:2] == ["fewer_workers", "small_batch"]
        assert server.job(job)["state"] == "running", "the recording is too short for this machine"

        machine.set_available(16_000)
        assert wait_until(lambda: shape(server) == (2, 4), 60), server.lines[-20:]
        assert status(server)["pressure"]["level"] == 0
        first = server.wait(job, timeout=600)
        assert first["state"] == "completed"
        again = server.wait(server.submit(upload, reuse=False)["id"], timeout=600)
        assert server.text(job) == server.text(again["id"]), "the same as without pressure"

        log = "\n".join(server.lines)
        assert re.search(r"Memory pressure, step 1 of 5 \(fewer_workers\): 1 worker for each model, batches of 4 \(\d+ MB available, \d+ MB held\)", log)
        assert re.search(r"Memory pressure, step 1 of 5 \(fewer_workers\): \d+ MB came back", log)
        assert "Memory pressure, step 2 of 5 (small_batch): 1 worker for each model, batches of 1" in log
        assert "Memory is at hand again: 2 workers for each model, batches of 4" in log
        levels = [event["level"] for event in told.events]
        top = max(levels)
        assert levels == [*range(1, top + 1), *range(top - 1, -1, -1)]
        assert re.search(rf"job {job}: \d+ MB at most, \d+ MB were predicted \([+-]\d+ %\)", log)
        assert status(server)["recent"]["memory_prediction_error"] < 1


def test_another_model_waits_for_memory_and_says_so(tmp_path, machine, speech):
    from conftest import MODELS
    if not (MODELS / "base" / "model.bin").is_file():
        pytest.skip("base is not installed")
    with running(tmp_path / "data", "--workers", "1", "--threads", "1", env={"VERBATIM_MACHINE_ROOT": str(machine.folder)}) as server:
        long = server.submit(server.put(speech(12))["id"])["id"]
        assert wait_until(lambda: status(server)["models"] and status(server)["models"][0]["busy_workers"] > 0)
        machine.set_available(300)
        other = server.submit(server.put(DATA / "jfk.flac")["id"], model="base")["id"]
        same = server.submit(server.put(DATA / "lj001_0004.mp3")["id"])["id"]
        assert wait_until(lambda: "waits for memory" in (server.job(other)["why_waiting"] or ""))
        assert re.fullmatch(r"It waits for memory: needs about \d+ MB, \d+ MB can be planned for\.", server.job(other)["why_waiting"])
        assert server.job(same)["why_waiting"] == "1 job is before it in the queue."
        assert server.job(long)["state"] == "running", "the recording is too short for this machine"
        machine.set_available(16_000)
        for job in (other, same):
            assert server.wait(job, timeout=600)["state"] == "completed"


def test_a_job_that_is_alone_starts_however_little_there_is(tmp_path, machine):
    machine.set_available(300)
    with running(tmp_path / "data", "--workers", "2", env={"VERBATIM_MACHINE_ROOT": str(machine.folder)}) as server:
        machine.set_available(60)
        job = server.wait(server.submit(server.put(DATA / "jfk.flac")["id"])["id"], timeout=120)
        assert job["state"] == "completed"
        assert any("nothing else runs, so it starts with one worker" in line for line in server.lines)


EATER = """
import os, sys
open(sys.argv[1], "w").write(str(os.getpid()))
held = []
for line in sys.stdin:
    held.append(bytearray(b"x") * int(line))
    print("eaten", flush=True)
"""


class Eater:
    """Another process in the same control group, which takes memory in bites."""

    def __init__(self, group):
        self.process = subprocess.Popen([sys.executable, "-c", EATER, group.folder / "cgroup.procs"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def eat(self, size):
        print(size, file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "eaten\n", "the control group is full"

    def stop(self):
        self.process.kill()
        self.process.wait()


class ControlGroup:
    """A control group with a limit on memory; of version 1 or 2, whichever can be made here."""

    def __init__(self, limit):
        name = f"verbatim_test_{os.getpid()}"
        v1, v2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
        if (v1 / "memory.limit_in_bytes").exists():
            self.folder, limit_file = v1 / name, "memory.limit_in_bytes"
        elif "memory" in (v2 / "cgroup.subtree_control").read_text().split() if (v2 / "cgroup.subtree_control").exists() else False:
            self.folder, limit_file = v2 / name, "memory.max"
        else:
            pytest.skip("no control group for memory can be made here")
        try:
            self.folder.mkdir()
            (self.folder / limit_file).write_text(str(limit))
        except OSError as error:
            pytest.skip(f"no control group for memory can be made here: {error}")

    def add(self, pid):
        (self.folder / "cgroup.procs").write_text(str(pid))

    def release(self, pid):
        (self.folder.parent / "cgroup.procs").write_text(str(pid))

    def remove(self):
        wait_until(lambda: not (self.folder / "cgroup.procs").read_text().strip(), 10)
        self.folder.rmdir()


def test_another_process_eats_the_memory_of_the_control_group(tmp_path, speech):
    group = ControlGroup(700 * MB)
    eater = None
    try:
        flags = ("--workers", "2", "--threads", "1", "--batch", "4", "--memory-recovery-seconds", "2")
        with running(tmp_path / "data", *flags) as server:
            group.add(server.process.pid)
            upload = server.put(speech(12))["id"]
            job = server.submit(upload)["id"]
            assert wait_until(lambda: shape(server) == (2, 4) and status(server)["models"][0]["busy_workers"] == 2)
            assert status(server)["resources"]["memory_total_bytes"]["source"].startswith("cgroup")
            eater = Eater(group)

            def is_small():  # memory is short below 35 MB; what the server gives back is eaten, too
                left = status(server)["resources"]["memory_available_bytes"]["value"]
                if left > 33 * MB:
                    eater.eat(min(left - 30 * MB, 40 * MB if left > 200 * MB else 8 * MB))
                return shape(server) == (1, 1)
            assert wait_until(is_small), server.lines[-20:]
            assert server.job(job)["state"] == "running", "the recording is too short for this machine"
            eater.stop()
            assert wait_until(lambda: shape(server) == (2, 4), 60), server.lines[-20:]
            assert server.wait(job, timeout=600)["state"] == "completed"
            again = server.wait(server.submit(upload, reuse=False)["id"], timeout=600)
            assert server.text(job) == server.text(again["id"])
    finally:
        if eater:
            eater.stop()
        group.remove()
