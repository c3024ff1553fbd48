"""The n-th system call on the data folder fails, n = 1, 2, ... until none does, once and from then on, for each thing that a client
has done to it. Whatever was acknowledged is there, the rest is wholly done or wholly undone, and the same server goes on when the
fault is gone. A failed sync loses what it was to keep (fault_shim.c), so that a second try which seems to succeed is found out."""

import hashlib
import io
import os
import time
import wave

import httpx
import pytest
from clients import seeded
from conftest import DATA
from faults import ALL_KINDS, ERRORS, FOREVER, KINDS, Faults, kinds_of
from server import FINAL, Server

# How many of the calls fail in turn, of each operation and error; 0: every one. A campaign sets more than CI has time for.
CALLS = int(os.environ.get("VERBATIM_FAILING_CALLS", "2"))
TUS = {"Tus-Resumable": "1.0.0"}
BODY = bytes(range(256)) * 48
LARGE = bytes(range(256)) * (17 << 12)  # the server puts more than 16 MiB on disk before the body's end
REFUSALS = (500, 503, 507)
KINDS_OF = {"short write": kinds_of("write"), "EMFILE": kinds_of("open")}  # what else these do not happen to


def silence():
    """A file whose job takes no time."""
    into = io.BytesIO()
    with wave.open(into, "wb") as file:
        file.setparams((1, 2, 16000, 3200, "NONE", ""))
        file.writeframes(bytes(6400))
    return into.getvalue()


class Service:
    """A server with faults, and what its client was promised."""

    def __init__(self, folder):
        self.faults = Faults(folder, folder / "data")
        self.server = Server(folder / "data", env=self.faults.env)
        self.server.start()
        self.promises = []

    def ask(self, method, path, **more):
        return self.server.client.request(method, path, **more)

    def state_of(self, job):
        """None: no answer, as may be while something fails."""
        try:
            answer = self.ask("GET", f"/api/jobs/{job}")
        except httpx.TransportError:
            return None
        return answer.json()["state"] if answer.is_success else None

    def create(self, length, **headers):
        answer = self.ask("POST", "/api/uploads", headers={**TUS, "Upload-Length": str(length), **headers})
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"].rsplit("/", 1)[1]

    def patch(self, upload, offset, part):
        return self.ask("PATCH", f"/api/uploads/{upload}", content=part, headers={
            **TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"})

    def put(self, body):
        answer = self.ask("PUT", "/api/uploads", content=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def offset(self, upload):
        answer = self.ask("HEAD", f"/api/uploads/{upload}", headers=TUS)
        assert answer.status_code == 200, answer
        return int(answer.headers["Upload-Offset"])

    def finish(self, upload, body, at_least=0, at_most=None):
        """Sends the rest; all of it is what was sent."""
        offset = self.offset(upload)
        assert at_least <= offset <= (len(body) if at_most is None else at_most)
        if offset < len(body):
            answer = self.patch(upload, offset, body[offset:])
            assert answer.status_code == 204, answer.text
        self.expect(f"/api/uploads/{upload}", sha256=hashlib.sha256(body).hexdigest())

    def expect(self, path, **fields):
        """It is so now, and will be after a crash."""
        def check():
            answer = self.ask("GET", path)
            assert answer.status_code == 200, (path, answer.text)
            for name, value in fields.items():
                assert answer.json()[name] == value, (path, name, answer.json())
        check()
        self.promises.append(check)

    def expect_nothing(self, path):
        def check():
            assert self.ask("GET", path).status_code in (404, 410), path
        check()
        self.promises.append(check)

    def job(self, **options):
        """A job that is done."""
        return self.server.wait(self.server.submit(self.put(silence()), reuse=False, **options)["id"])["id"]


class Create:
    def prepare(self, service):
        return None

    def act(self, service, _):
        return service.ask("POST", "/api/uploads", headers={**TUS, "Upload-Length": str(len(BODY))})

    def check(self, service, _, answer):
        if answer:
            service.finish(answer.headers["Location"].rsplit("/", 1)[1], BODY)


class Patch:
    begin, end, body, kinds = 3000, 9000, BODY, ALL_KINDS

    def prepare(self, service):
        upload = service.create(len(self.body))
        assert service.patch(upload, 0, self.body[:self.begin]).status_code == 204
        return upload

    def act(self, service, upload):
        return service.patch(upload, self.begin, self.body[self.begin:self.end])

    def check(self, service, upload, answer):
        if answer:
            assert int(answer.headers["Upload-Offset"]) == self.end
        service.finish(upload, self.body, self.end if answer else self.begin, self.end)


class PatchTheEnd(Patch):
    end = len(BODY)


class PatchMuch(Patch):
    body, end, kinds = LARGE, len(LARGE) - 1000, kinds_of("sync")


class Join:
    def prepare(self, service):
        parts = [service.create(len(BODY), **{"Upload-Concat": "partial"}) for _ in range(2)]
        for part in parts:
            assert service.patch(part, 0, BODY).status_code == 204
        return parts

    def act(self, service, parts):
        return service.ask("POST", "/api/uploads", headers={**TUS, "Upload-Concat": "final;" + " ".join(f"/api/uploads/{p}" for p in parts)})

    def check(self, service, parts, answer):
        answer = answer or self.act(service, parts)  # asked again, it is the same one
        assert answer.status_code == 201, answer.text
        service.expect(f"/api/uploads/{answer.headers['Location'].rsplit('/', 1)[1]}", sha256=hashlib.sha256(BODY + BODY).hexdigest())


class Terminate(Patch):
    def act(self, service, upload):
        return service.ask("DELETE", f"/api/uploads/{upload}", headers=TUS)

    def check(self, service, upload, answer):
        if answer or service.ask("GET", f"/api/uploads/{upload}").status_code == 404:
            service.expect_nothing(f"/api/uploads/{upload}")
        else:
            service.finish(upload, self.body, self.begin, self.begin)


class Put:
    def prepare(self, service):
        return None

    def act(self, service, _):
        return service.ask("PUT", "/api/uploads", content=BODY)

    def check(self, service, _, answer):
        if answer:
            service.expect(f"/api/uploads/{answer.json()['id']}", sha256=hashlib.sha256(BODY).hexdigest())


class Submit:
    def prepare(self, service):
        return service.put(silence())

    def act(self, service, upload):
        return service.ask("POST", "/api/jobs", json={"upload": upload, "reuse": False}, headers={"Idempotency-Key": upload})

    def check(self, service, upload, answer):
        again = self.act(service, upload)
        assert again.status_code == 202, again.text
        if answer:
            assert answer.json()["id"] == again.json()["id"]
        assert service.server.wait(again.json()["id"])["state"] in FINAL
        service.expect(f"/api/jobs/{again.json()['id']}", id=again.json()["id"])


class Cancel:
    def prepare(self, service):
        upload = service.create(len(BODY))  # the job waits for its bytes
        return service.server.submit(upload, reuse=False)["id"]

    def act(self, service, job):
        return service.ask("POST", f"/api/jobs/{job}/cancel")

    def check(self, service, job, answer):
        if not answer:
            assert service.server.job(job)["state"] in ("queued", "running", "cancelled")
            if service.server.job(job)["state"] != "cancelled":
                assert self.act(service, job).is_success
        service.expect(f"/api/jobs/{job}", state="cancelled")


class Edit:
    def __init__(self):
        self.job, self.count = None, 0

    def document(self, service):
        return service.ask("GET", f"/api/jobs/{self.job}/transcript.json").json()

    def prepare(self, service):
        if self.job is None:
            self.job = service.server.transcribe(DATA / "jfk.flac", language="en")["id"]
        self.count += 1
        revisions = service.ask("GET", f"/api/jobs/{self.job}/transcript/revisions").json()["revisions"]
        return revisions[0]["revision"] if revisions else 0, self.document(service)

    def act(self, service, before):
        revision, document = before
        segment = document["segments"][0]
        text = f"pumpkin{self.count} is written here"
        return service.ask("PATCH", f"/api/jobs/{self.job}/transcript", headers={"If-Match": f'"{revision}"'}, json={"changes": [
            {"first": segment["id"], "count": 1, "segments": [{"start": segment["start"], "end": segment["end"], "text": text}]}]})

    def check(self, service, before, answer):
        text, word = self.document(service)["segments"][0]["text"], f"pumpkin{self.count}"
        is_done = word in text
        assert is_done or not answer
        assert is_done or text == before[1]["segments"][0]["text"]
        assert service.ask("GET", "/api/search", params={"q": word}).json()["total"] == int(is_done)


class DeleteJob:
    def prepare(self, service):
        return service.job()

    def act(self, service, job):
        return service.ask("DELETE", f"/api/jobs/{job}")

    def check(self, service, job, answer):
        if answer or service.ask("GET", f"/api/jobs/{job}").status_code == 404:
            service.expect_nothing(f"/api/jobs/{job}")
        else:
            service.expect(f"/api/jobs/{job}", state="completed")


class Settings:
    def __init__(self):
        self.value = 1000

    def shown(self, service):
        settings = service.ask("GET", "/api/performance/settings").json()["settings"]
        return next(one["value"] for one in settings if one["name"] == "keep_days")

    def prepare(self, service):
        self.value += 1
        return self.shown(service)

    def act(self, service, _):
        return service.ask("PATCH", "/api/performance/settings", json={"keep_days": self.value})

    def check(self, service, before, answer):
        assert self.shown(service) in ((self.value,) if answer else (self.value, before))


OPERATIONS = [Create, Patch, PatchTheEnd, PatchMuch, Join, Terminate, Put, Submit, Cancel, Edit, DeleteJob, Settings]


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    made = Service(tmp_path_factory.mktemp("failing"))
    yield made
    made.server.kill()


def count_calls(service, operation, kinds):
    state = operation.prepare(service)
    with service.faults.calls(0, FOREVER, FOREVER, kinds) as control:
        answer = operation.act(service, state)
        count = control.calls_count
    assert answer.is_success, answer.text
    operation.check(service, state, answer)
    return count


def fail(service, operation, error, first, last, kinds):
    """Whether a call failed."""
    state = operation.prepare(service)
    with service.faults.calls(ERRORS[error], first, last, kinds) as control:
        try:
            answer = operation.act(service, state)
        except httpx.TransportError:
            answer = None
        has_failed, kind = control.calls_failed > 0, KINDS[control.calls_last]
    told = f"{type(operation).__name__}: {error} at call {first} to {last}"
    assert service.server.process.poll() is None, (told, service.server.lines[-20:])
    if answer is not None and not answer.is_success:
        assert has_failed, (told, answer.text)
        assert answer.status_code in REFUSALS, (told, answer.text)
        # SQLite does not keep the reason of a failed sync.
        assert (error, kind) != ("ENOSPC", "write") or answer.status_code == 507, (told, answer.text)
        assert answer.json()["detail"], told
        answer = None
    try:
        operation.check(service, state, answer)
        assert service.ask("GET", "/readyz").status_code == 200
    except AssertionError as wrong:
        raise AssertionError(f"{told}, answered {answer}: {wrong}\n" + "\n".join(service.server.lines[-20:])) from wrong
    return has_failed


def calls_of(count, chance):
    if CALLS == 0:
        return range(1, 4 * count + 50)  # until clean
    return sorted(chance.sample(range(1, count + 1), min(CALLS, count)))


@pytest.mark.parametrize("kind", OPERATIONS)
def test_a_failing_call_is_a_refusal_and_no_loss(service, tiny, kind):
    operation, begin = kind(), time.monotonic()
    chance, made = seeded(), 0
    for error in ERRORS:
        kinds = KINDS_OF.get(error, ALL_KINDS) & getattr(operation, "kinds", ALL_KINDS)
        if kinds == 0:
            continue
        count = count_calls(service, operation, kinds)
        # A signal comes once: what is interrupted for ever never ends.
        for is_for_ever in (False, True) if error != "EINTR" else (False,):
            for call in calls_of(count, chance):
                has_failed = fail(service, operation, error, call, FOREVER if is_for_ever else call, kinds)
                made += has_failed
                if CALLS == 0 and call > count and not has_failed:
                    break
    print(f"{kind.__name__}: {made} faults in {time.monotonic() - begin:.0f} s")
    assert made > 0


def test_all_that_was_promised_outlives_the_server(service, tiny):
    service.server.kill()
    service.server.start()
    for check in service.promises:
        check()
    known = {upload for upload in (path.name for path in (service.server.folder / "uploads").iterdir())
             if service.ask("GET", f"/api/uploads/{upload}").status_code == 200}
    assert known == {path.name for path in (service.server.folder / "uploads").iterdir()}
