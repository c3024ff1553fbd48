"""The server as its clients see it: jobs, events, search, media, limits, starting and stopping."""

import json
import shutil
import socket
import subprocess
import threading
import time
from base64 import b64encode

import httpx
import pytest
from conftest import DATA, FORMATS, wait_until
from server import FINAL, Server

SPEECH = DATA / "jfk.flac"
WORDS = "ask not what your country can do for you"


def plain(text):
    return " ".join("".join(c for c in text.lower() if c.isalpha() or c.isspace()).split())


class Events(threading.Thread):
    """Follows the event stream as a browser does; keeps (id, type, data)."""

    def __init__(self, server, last=None, job=None):
        super().__init__(daemon=True)
        self.url = f"{server.url}/api/events"
        self.params = {"job": job} if job else {}
        self.headers = {} if last is None else {"Last-Event-ID": str(last)}
        self.got = []
        self.is_open = threading.Event()
        self.start()
        assert self.is_open.wait(10)

    def run(self):
        try:
            with httpx.stream("GET", self.url, params=self.params, headers=self.headers, timeout=60) as stream:
                assert stream.headers["content-type"].startswith("text/event-stream")
                self.is_open.set()
                event = {}
                for line in stream.iter_lines():
                    if line:
                        name, _, value = line.partition(":")
                        event[name] = value.strip()
                    elif "data" in event:
                        self.got.append((int(event["id"]), event["event"], json.loads(event["data"])))
                        event = {}
        except httpx.HTTPError:
            pass

    def of(self, kind):
        return [data for _, k, data in list(self.got) if k == kind]


def test_from_upload_to_every_format(server):
    job = server.transcribe(SPEECH, word_timestamps=True)
    assert job["state"] == "completed" and job["filename"] == "jfk.flac"
    assert 10.5 < job["duration_s"] < 11.5 and job["share"] == 1
    for form in FORMATS:
        assert WORDS in plain(server.text(job["id"], form)), form
    assert server.text(job["id"], "vtt").startswith("WEBVTT")
    document = json.loads(server.text(job["id"], "json"))
    assert document["words"] and document["coverage"]


def test_one_multipart_request_is_enough(server):
    with open(SPEECH, "rb") as file:
        answer = server.client.post("/api/jobs", files={"file": ("Ansprache – 1961.flac", file)}, data={"language": "en"})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"].endswith(answer.json()["id"])
    job = server.wait(answer.json()["id"])
    assert job["state"] == "completed" and job["filename"] == "Ansprache – 1961.flac"


def test_curl_as_in_the_documentation(server):
    curl = shutil.which("curl")
    if not curl:
        pytest.skip("needs curl")
    done = subprocess.run([curl, "-sS", "-F", f"file=@{SPEECH}", "-F", "language=en", f"{server.url}/api/jobs"],
                          capture_output=True, text=True, check=True)
    job = server.wait(json.loads(done.stdout)["id"])
    done = subprocess.run([curl, "-sS", f"{server.url}/api/jobs/{job['id']}/transcript.srt"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("1\n00:00:")


def test_subtitles_take_the_shape_that_was_asked_for(server):
    job = server.transcribe(SPEECH, subtitles={"line_length_max": 20, "lines_max": 1})
    lines = [line for line in server.text(job["id"], "srt").splitlines() if line and "-->" not in line and not line.isdigit()]
    assert lines and max(map(len, lines)) <= 20


def test_wrong_requests_are_named(server):
    upload = server.put(SPEECH)["id"]
    cases = [
        ({"upload": "nothing"}, 404, "not_found"),
        ({"upload": upload, "langage": "en"}, 400, "invalid_argument"),
        ({"upload": upload, "language": "klingon"}, 400, "invalid_argument"),
        ({"upload": upload, "model": "huge"}, 400, "invalid_argument"),
        ({"upload": upload, "beam_size": 99}, 400, "invalid_argument"),
        ({"upload": upload, "priority": 11}, 400, "invalid_argument"),
        ({"upload": upload, "subtitles": {"lines_max": 0}}, 400, "invalid_argument"),
        ({}, 400, "invalid_argument"),
        ([], 400, "invalid_argument"),
    ]
    for body, status, code in cases:
        answer = server.client.post("/api/jobs", json=body)
        assert answer.status_code == status, (body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["code"] == code and problem["status"] == status and problem["detail"]
    answer = server.client.post("/api/jobs", content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_argument")


def test_media_that_is_none_fails_with_a_sentence(server, tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_bytes(b"only words" * 1000)
    job = server.transcribe(path)
    assert job["state"] == "failed" and job["error"]["code"] in ("unsupported_media", "corrupt_media")
    assert job["error"]["message"]
    assert server.client.get(f"/api/jobs/{job['id']}/transcript.srt").status_code == 409


def test_the_same_key_is_the_same_job(server):
    upload = server.put(SPEECH)["id"]
    key = {"Idempotency-Key": "monday-1"}
    first = server.submit(upload, key, language="en")
    assert server.submit(upload, key, language="en")["id"] == first["id"]
    clash = server.client.post("/api/jobs", json={"upload": upload, "language": "en", "beam_size": 2}, headers=key)
    assert (clash.status_code, clash.json()["code"]) == (409, "conflict")
    assert len(server.client.get("/api/jobs").json()["jobs"]) == 1


def test_the_same_content_is_not_computed_twice(server):
    first = server.transcribe(SPEECH, language="en")
    begin = time.monotonic()
    again = server.transcribe(SPEECH, language="en")
    assert again["reused_from"] == first["id"] and time.monotonic() - begin < 2
    assert server.text(again["id"]) == server.text(first["id"])
    other = server.transcribe(SPEECH, language="en", hotwords="country")
    assert not other.get("reused_from")


def test_a_short_file_does_not_wait_behind_a_long_one(server, long_talk):
    long_job = server.submit(server.put(long_talk)["id"], language="en")
    server.wait(long_job["id"], ("running",))
    short = server.transcribe(DATA / "lj001_0005.mp3", language="en")
    assert short["state"] == "completed"
    assert server.job(long_job["id"])["state"] == "running"
    server.client.delete(f"/api/jobs/{long_job['id']}")


def test_cancelling_is_quick_and_retrying_goes_on(server, long_talk):
    job = server.submit(server.put(long_talk)["id"], language="en")["id"]
    assert wait_until(lambda: server.job(job)["share"] > 0.1)
    begin = time.monotonic()
    assert server.client.post(f"/api/jobs/{job}/cancel").status_code == 202
    assert server.wait(job, timeout=5)["state"] == "cancelled"
    assert time.monotonic() - begin < 1.5
    assert server.client.get(f"/api/jobs/{job}/transcript.txt").status_code == 409
    assert server.client.post(f"/api/jobs/{job}/retry").status_code == 202
    assert server.wait(job)["state"] == "completed"
    computed = [line for line in server.lines if f"job {job} window" in line]
    assert len(computed) == len({line.split("window ")[1] for line in computed})


def test_deleting_takes_media_and_text_along(server):
    job = server.transcribe(SPEECH)
    assert server.client.get("/api/search", params={"q": "country"}).json()["total"] > 0
    assert server.client.delete(f"/api/jobs/{job['id']}").status_code == 204
    for path in (f"/api/jobs/{job['id']}", f"/api/jobs/{job['id']}/media", f"/api/uploads/{job['upload']}"):
        assert server.client.get(path).status_code == 404, path
    assert server.client.get("/api/search", params={"q": "country"}).json()["total"] == 0


def test_pages_of_jobs(server):
    upload = server.put(SPEECH)["id"]
    ids = [server.wait(server.submit(upload, language="en")["id"])["id"] for _ in range(7)]
    seen, url = [], "/api/jobs?limit=3"
    while url:
        page = server.client.get(url).json()
        seen += [job["id"] for job in page["jobs"]]
        url = page.get("next")
    assert seen == ids[::-1]
    assert len(server.client.get("/api/jobs", params={"state": "failed"}).json()["jobs"]) == 0
    assert len(server.client.get("/api/jobs", params={"q": "jfk"}).json()["jobs"]) == 7


def test_unchanged_answers_are_not_sent_again(server):
    job = server.transcribe(SPEECH)["id"]
    for path in (f"/api/jobs/{job}", f"/api/jobs/{job}/transcript.srt"):
        first = server.client.get(path)
        again = server.client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_media_by_ranges(server):
    job = server.transcribe(SPEECH)["id"]
    whole = SPEECH.read_bytes()
    url = f"/api/jobs/{job}/media"
    answer = server.client.get(url)
    assert answer.content == whole and answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    for asked, begin, end in (("0-99", 0, 100), ("100-", 100, len(whole)), ("-50", len(whole) - 50, len(whole)), ("5-5", 5, 6)):
        part = server.client.get(url, headers={"Range": f"bytes={asked}"})
        assert (part.status_code, part.content) == (206, whole[begin:end]), asked
        assert part.headers["content-range"] == f"bytes {begin}-{end - 1}/{len(whole)}"
    assert server.client.get(url, headers={"Range": f"bytes={len(whole)}-"}).status_code == 416
    assert server.client.get(url, headers={"Range": "lines=1-2"}).content == whole


def test_events_tell_the_whole_story_and_replay(server):
    live = Events(server)
    job = server.transcribe(SPEECH, language="en")["id"]
    assert wait_until(lambda: any(data["state"] == "completed" for data in live.of("job")))
    states = [data["state"] for data in live.of("job")]
    assert [s for i, s in enumerate(states) if i == 0 or s != states[i - 1]] == ["queued", "running", "completed"]
    assert WORDS in plain("".join(data["text"] for data in live.of("segment")))
    assert live.of("progress") and live.of("job")[-1]["share"] == 1
    ids = [i for i, _, _ in live.got]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    half = ids[len(ids) // 2]
    replayed = Events(server, last=half)
    assert wait_until(lambda: len(replayed.got) == len(ids) - ids.index(half) - 1)
    assert replayed.got == live.got[ids.index(half) + 1:]
    alone = Events(server, last=0, job=job)
    assert wait_until(lambda: len(alone.got) >= 3)


def test_500_clients_hear_every_event_in_order(server):
    clients = [Events(server) for _ in range(500)]
    newest = Events(server)
    server.transcribe(SPEECH, language="en")
    server.transcribe(DATA / "lj001_0005.mp3", language="en")
    assert wait_until(lambda: sum(d["state"] == "completed" for d in newest.of("job")) >= 2)
    last = newest.got[-1][0]
    assert wait_until(lambda: all(c.got and c.got[-1][0] >= last for c in clients))
    first = newest.got[0][0]
    for client in clients:
        ids = [i for i, _, _ in client.got if first <= i <= last]
        assert ids == list(range(first, last + 1))


def test_search_finds_what_was_said_and_when(server):
    job = server.transcribe(SPEECH, language="en")["id"]
    found = server.client.get("/api/search", params={"q": "Country"}).json()
    assert found["total"] >= 1
    hit = found["hits"][0]
    assert hit["job"] == job and hit["filename"] == "jfk.flac" and 0 <= hit["start"] < hit["end"] < 11.5
    assert "country" in "".join(p["text"] for p in hit["pieces"] if p["is_hit"]).lower()
    assert server.client.get("/api/search", params={"q": '"your country"'}).json()["total"] >= 1
    assert server.client.get("/api/search", params={"q": '"country your"'}).json()["total"] == 0
    assert server.client.get("/api/search", params={"q": "countr*"}).json()["total"] >= 1
    for odd in ('"', "AND", "NEAR(", "a OR", "*", "-", "('", "\x00", "🎬"):
        assert server.client.get("/api/search", params={"q": odd}).status_code in (200, 400), odd


def upload_slowly(server, body, pause, parts=20, name="talk"):
    """A tus upload in parts; yields its id first, then after each part the bytes sent."""
    tus = {"Tus-Resumable": "1.0.0"}
    where = server.client.post("/api/uploads", headers={
        **tus, "Upload-Length": str(len(body)), "Upload-Metadata": "filename " + b64encode(name.encode()).decode()}).headers["Location"]
    yield where.rsplit("/", 1)[1]
    size = -(-len(body) // parts)
    for offset in range(0, len(body), size):
        answer = server.client.patch(where, content=body[offset:offset + size], headers={
            **tus, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"})
        assert answer.status_code == 204
        time.sleep(pause)
        yield offset + size


FFMPEG_FORMATS = {
    "wav": [], "mp3": [], "flac": [], "ogg": ["-c:a", "libvorbis"], "mkv": ["-c:a", "aac"], "webm": ["-c:a", "libopus"], "ts": ["-c:a", "aac"],
    "m4a": ["-movflags", "+faststart", "-c:a", "aac"], "mp4": ["-movflags", "+frag_keyframe+empty_moov", "-frag_duration", "1000000", "-c:a", "aac"],
}


@pytest.mark.parametrize("form", FFMPEG_FORMATS)
def test_text_appears_before_the_last_byte_arrives(server, tmp_path, form):
    path = tmp_path / f"talk.{form}"
    subprocess.run([shutil.which("ffmpeg"), "-v", "error", "-stream_loop", "14", "-i", SPEECH, *FFMPEG_FORMATS[form], path], check=True)
    body = path.read_bytes()
    parts = upload_slowly(server, body, 0.05, name=path.name)
    upload = next(parts)
    job = server.submit(upload, language="en")["id"]
    events = Events(server, last=0, job=job)
    early = False
    for sent in parts:
        if not early and sent < len(body) and sent > len(body) * 0.8:
            early = wait_until(lambda: events.of("segment"), 20)
    assert early, server.job(job)
    job = server.wait(job)
    assert job["state"] == "completed", job
    whole = server.transcribe(path, language="en", reuse=False)
    assert server.text(whole["id"], "json").replace(whole["id"], "") == server.text(job["id"], "json").replace(job["id"], "")


def test_an_mp4_with_its_index_at_the_end_waits_for_it(server):
    body = (DATA / "nasa_webb_video.mp4").read_bytes()
    parts = upload_slowly(server, body, 0, parts=4)
    job = server.submit(next(parts), language="en")["id"]
    for _ in parts:
        pass
    assert server.wait(job)["state"] == "completed"


def test_an_upload_that_a_job_waits_for_stays_until_the_job_is_cancelled(server):
    body = SPEECH.read_bytes()
    parts = upload_slowly(server, body, 0)
    upload = next(parts)
    job = server.submit(upload, language="en")["id"]
    next(parts)
    gone = {"Tus-Resumable": "1.0.0"}
    refused = server.client.delete(f"/api/uploads/{upload}", headers=gone)
    assert refused.status_code == 409 and f"job {job} needs the upload: cancel the job first" in refused.text
    assert server.client.delete(f"/api/jobs/{job}").status_code == 202
    assert server.wait(job, timeout=5)["state"] == "cancelled"
    assert server.client.delete(f"/api/jobs/{job}").status_code == 204
    assert server.client.delete(f"/api/uploads/{upload}", headers=gone).status_code in (204, 404)


def test_health_metrics_and_description(server):
    assert server.client.get("/healthz").status_code == 200
    assert server.client.get("/readyz").status_code == 200
    server.transcribe(SPEECH)
    metrics = server.client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    assert "verbatim_" in metrics.text and "process_resident_memory_bytes" in metrics.text
    description = server.client.get("/openapi.json").json()
    assert description["openapi"].startswith("3.1") and "/api/jobs/{id}" in description["paths"]


def test_it_listens_to_this_machine_alone_unless_told(tmp_path, verbatim):
    done = verbatim("serve", "--listen", "0.0.0.0:0", "--data-dir", tmp_path / "data", "--model", "tiny.en", timeout=20)
    assert done.code == 2 and "verbatim token create" in done.err and "--auth off" in done.err


def test_two_servers_do_not_share_a_folder(server, verbatim):
    done = verbatim("serve", "--listen", "127.0.0.1:0", "--data-dir", server.folder, "--model", "tiny.en", timeout=20)
    assert done.code != 0 and "another" in done.err


def test_a_graceful_stop_keeps_all_and_hands_jobs_back(server, long_talk):
    job = server.submit(server.put(long_talk)["id"], language="en")["id"]
    assert wait_until(lambda: server.job(job)["share"] > 0.05)
    tus = {"Tus-Resumable": "1.0.0"}
    where = server.client.post("/api/uploads", headers={**tus, "Upload-Length": "1000000"}).headers["Location"]
    hanging = socket.create_connection(("127.0.0.1", server.port))
    hanging.sendall((f"PATCH {where} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
                     "Content-Type: application/offset+octet-stream\r\nContent-Length: 1000000\r\n\r\n").encode() + bytes(70_000))
    time.sleep(0.3)
    code, seconds = server.stop()
    assert code == 0 and seconds < 10
    hanging.close()
    server.start()
    assert int(server.client.head(where, headers=tus).headers["Upload-Offset"]) == 70_000
    assert server.wait(job)["state"] in FINAL[:1]
    computed = [line.split("job ")[1] for line in server.lines if f"job {job} window" in line]
    assert len(computed) == len(set(computed))


def test_big_uploads_need_little_memory(server, tmp_path):
    path = tmp_path / "big.bin"
    with open(path, "wb") as file:
        file.truncate(400 << 20)
    before = server.memory
    peak = 0
    done = threading.Event()

    def watch():
        nonlocal peak
        while not done.is_set():
            peak = max(peak, server.memory)
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    upload = server.put(path)
    done.set()
    watcher.join()
    assert upload["length"] == 400 << 20
    assert peak - before < 64 << 20
