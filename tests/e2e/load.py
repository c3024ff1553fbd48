"""Clients that remember what they were told, and what must be there after a crash."""

import hashlib
import random
import re
import threading
import time

import httpx
from conftest import DATA
from server import FINAL


class Uploader(threading.Thread):
    """Uploads a file over and over, part by part, and remembers every offset that was acknowledged."""

    def __init__(self, server, seed, jobs_max):
        super().__init__(daemon=True)
        self.server, self.random, self.jobs_max = server, random.Random(seed), jobs_max
        self.acknowledged = {}  # upload -> offset
        self.finished = {}      # upload -> sha256
        self.jobs = []
        self.is_ended = False

    def run(self):
        speech = (DATA / "jfk.flac").read_bytes()
        with httpx.Client(timeout=5) as client:
            while not self.is_ended:
                try:
                    self.upload(client, speech)
                except (httpx.HTTPError, AssertionError, KeyError):
                    time.sleep(0.01)  # the server is down; a new file is begun afterwards

    def upload(self, client, body):
        base = self.server.url
        tus = {"Tus-Resumable": "1.0.0"}
        made = client.post(f"{base}/api/uploads", headers={**tus, "Upload-Length": str(len(body))})
        assert made.status_code == 201
        upload = made.headers["Location"].rsplit("/", 1)[1]
        self.acknowledged[upload] = 0
        offset = 0
        while offset < len(body) and not self.is_ended:
            part = body[offset:offset + self.random.randrange(1, 90_000)]
            answer = client.patch(f"{base}/api/uploads/{upload}", content=part, headers={
                **tus, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"})
            assert answer.status_code == 204
            offset = int(answer.headers["Upload-Offset"])
            self.acknowledged[upload] = offset
        if offset == len(body):
            self.finished[upload] = hashlib.sha256(body).hexdigest()
            if len(self.jobs) < self.jobs_max:
                answer = client.post(f"{base}/api/jobs", json={"upload": upload, "language": "en", "reuse": False})
                assert answer.status_code == 202
                self.jobs.append(answer.json()["id"])


class Load:
    """Eight clients at work, two of which have their uploads transcribed, so many each."""

    def __init__(self, server, seed, jobs_max=40):
        self.server = server
        self.uploaders = [Uploader(server, seed + i, jobs_max if i < 2 else 0) for i in range(8)]
        for uploader in self.uploaders:
            uploader.start()

    def end(self):
        for uploader in self.uploaders:
            uploader.is_ended = True
        for uploader in self.uploaders:
            uploader.join(10)


def check(server, uploaders):
    """Nothing that was acknowledged is missing, nothing was done twice."""
    for uploader in uploaders:
        for upload, offset in uploader.acknowledged.items():
            answer = server.client.get(f"/api/uploads/{upload}")
            assert answer.status_code == 200, (upload, offset, answer.text)
            assert answer.json()["offset"] >= offset, (answer.json(), offset, [line for line in server.lines if upload in line])
        for upload, digest in uploader.finished.items():
            assert server.client.get(f"/api/uploads/{upload}").json()["sha256"] == digest
    accepted = [job for uploader in uploaders for job in uploader.jobs]
    assert accepted
    texts, given_up = set(), 0
    for job_id in accepted:
        job = server.wait(job_id)
        assert job["state"] in FINAL
        # A crash in mid-work counts against a job only if it hits the same job three times.
        if job["state"] == "completed":
            texts.add(server.text(job_id))
        else:
            assert job["error"]["code"] == "poison", job
            given_up += 1
    assert len(texts) == 1, f"{given_up} of {len(accepted)} jobs were given up"
    ended = [e for e in events_of(server) if e[0] == "job" and '"state":"completed"' in e[1]]
    per_job = [re.search(r'"id":"(\w+)"', data)[1] for _, data in ended]
    assert len(per_job) == len(set(per_job)), "a job was reported twice"


def events_of(server):
    """All events there are, as pairs of type and data: the stream is read until it falls silent."""
    events, kind, data = [], "", ""
    quiet = httpx.Timeout(10, read=2)
    try:
        with server.client.stream("GET", "/api/events?last_event_id=0", timeout=quiet) as stream:
            for line in stream.iter_lines():
                if line.startswith("event:"):
                    kind = line[6:].strip()
                elif line.startswith("data:"):
                    data = line[5:].strip()
                elif not line and data:
                    events.append((kind, data))
                    data = ""
    except httpx.ReadTimeout:
        return events
    raise AssertionError("the stream of events ended")
