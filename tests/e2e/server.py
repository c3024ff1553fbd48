"""A running server of the real program: started, asked, killed and started again by the tests."""

import json
import os
import re
import signal
import subprocess
import threading
import time

import httpx
from conftest import MODELS, PROGRAM

READY = re.compile(r"verbatim: serving at (https?://\S+)")
FINAL = ("completed", "completed_with_gaps", "failed", "cancelled")


class Server:
    """`verbatim serve` with a data folder of its own; the log is kept in `lines`."""

    started = []  # all of them, since tests may fail before they stop theirs

    def __init__(self, folder, *flags, model="tiny.en", env=None):
        self.folder = folder
        self.flags = flags
        self.model = model
        self.env = {**os.environ, "VERBATIM_MODEL_DIR": str(MODELS), "VERBATIM_CALIBRATION": "off", **(env or {})}
        self.lines = []
        self.process = None
        self.url = None
        self.port = None
        self.client = None
        self.before_start = None  # called in the new process

    def start(self, port=0, timeout=60):
        """Starts and waits until it is ready; returns the seconds that took."""
        return self.start_at("127.0.0.1", port, timeout)

    def start_at(self, address, port=0, timeout=60):
        """The same at another address."""
        begin = time.monotonic()
        command = [PROGRAM, "serve", "--listen", f"{address}:{port}", "--data-dir", self.folder, "--model", self.model, *self.flags]
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True, env=self.env, preexec_fn=self.before_start)
        if self not in self.started:
            self.started.append(self)
        ready = threading.Event()
        threading.Thread(target=self._read, args=(self.process, ready), daemon=True).start()
        if not ready.wait(timeout) or self.url is None:
            self.kill()
            raise AssertionError("the server did not get ready:\n" + "\n".join(self.lines[-30:]))
        self.port = int(self.url.rsplit(":", 1)[1])
        self.client = httpx.Client(base_url=self.url, timeout=60)
        return time.monotonic() - begin

    def _read(self, process, ready):
        for line in process.stderr:
            self.lines.append(line.rstrip("\n"))
            found = READY.search(line)
            if found:
                self.url = found[1]
                ready.set()
        ready.set()  # it has ended

    def kill(self):
        """As a crash: nothing is told to it."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self, timeout=20):
        """Stops it gracefully; returns the exit code and the seconds that took."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout)
        return code, time.monotonic() - begin

    @property
    def memory(self):
        """Resident memory in bytes."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) * 1024

    # What tests do again and again.

    def put(self, path, name=None):
        """Uploads a file as it is; returns the upload."""
        with open(path, "rb") as file:
            answer = self.client.put("/api/uploads", params={"filename": name or path.name}, content=file)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def submit(self, upload, headers=None, **options):
        """Creates a job for an upload; returns it."""
        answer = self.client.post("/api/jobs", json={"upload": upload, **options}, headers=headers)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def job(self, job_id):
        answer = self.client.get(f"/api/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait(self, job_id, states=FINAL, timeout=120):
        """Waits until a job is in one of the states; returns it."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            job = self.job(job_id)
            if job["state"] in states:
                return job
            time.sleep(0.02)
        raise AssertionError(f"still {json.dumps(job)}")

    def transcribe(self, path, **options):
        """Uploads, submits and waits; returns the finished job."""
        return self.wait(self.submit(self.put(path)["id"], **options)["id"])

    def text(self, job_id, form="txt"):
        answer = self.client.get(f"/api/jobs/{job_id}/transcript.{form}")
        assert answer.status_code == 200, answer.text
        return answer.text
