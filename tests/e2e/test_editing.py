"""What people change: transcripts and their revisions, titles, tags, and the archive of many transcripts."""

import io
import json
import threading
import zipfile

import httpx
import pytest
from conftest import DATA, wait_until

SPEECH = DATA / "jfk.flac"


def document(server, job, **query):
    answer = server.client.get(f"/api/jobs/{job}/transcript.json", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def edit(server, job, revision, changes, **more):
    return server.client.patch(f"/api/jobs/{job}/transcript", headers={"If-Match": f'"{revision}"'}, json={"changes": changes, **more})


def restore(server, job, revision, to):
    return server.client.post(f"/api/jobs/{job}/transcript/restore", headers={"If-Match": f'"{revision}"'}, json={"revision": to})


def replaced(segment, text):
    """A change of a segment's text alone."""
    return {"first": segment["id"], "count": 1, "segments": [{"start": segment["start"], "end": segment["end"], "text": text}]}


def hits(server, words):
    return server.client.get("/api/search", params={"q": words}).json()["total"]


@pytest.fixture
def job(server):
    return server.transcribe(SPEECH, reuse=False)["id"]


def test_an_edit_is_in_every_format_and_in_the_search(server, job):
    before = document(server, job)
    segment = before["segments"][0]
    words = segment["word_data"]
    text = segment["text"].strip().replace("fellow", "pumpkin")
    answer = edit(server, job, 0, [replaced(segment, text)], summary="a pumpkin")
    assert answer.status_code == 200, answer.text
    assert answer.json()["revision"] == 1
    for form in ("txt", "srt", "vtt", "tsv", "json"):
        assert "pumpkin" in server.text(job, form), form
    after = document(server, job)["segments"][0]
    assert after["edited"] is True
    # Only the word that changed has another probability; times of the others stay.
    at = next(i for i, word in enumerate(words) if "fellow" in word[0])
    assert [word[1:] for word in after["word_data"][:at]] == [word[1:] for word in words[:at]]
    assert [word[1:] for word in after["word_data"][at + 1:]] == [word[1:] for word in words[at + 1:]]
    assert after["word_data"][at][3] == 1
    assert hits(server, "pumpkin") == 1 and hits(server, "fellow") == 0
    found = server.client.get("/api/search", params={"q": "pumpkin"}).json()["hits"][0]
    assert (found["job"], found["segment"]) == (job, 0)


def test_split_merge_insert_and_delete(server, job):
    segment = document(server, job)["segments"][0]
    middle = round((segment["start"] + segment["end"]) / 2, 3)
    split = [{"first": 0, "count": 1, "segments": [
        {"start": segment["start"], "end": middle, "text": "Erste Hälfte"},
        {"start": middle, "end": segment["end"], "text": "二番目。"}]}]
    answer = edit(server, job, 0, split).json()
    assert [s["text"] for s in answer["changes"][0]["segments"]] == [" Erste Hälfte", "二番目。"]
    assert [w["word"] for w in answer["changes"][0]["segments"][1]["words"]] == ["二", "番", "目。"]
    assert hits(server, "番目") == 1
    merged = [{"first": 0, "count": 2, "segments": [{"start": segment["start"], "end": segment["end"], "text": "Wieder eines"}]}]
    assert edit(server, job, 1, merged).status_code == 200
    assert edit(server, job, 2, [{"first": 0, "count": 1, "segments": []}]).status_code == 200
    assert hits(server, "wieder") == 0
    inserted = [{"first": 0, "count": 0, "segments": [{"start": segment["start"], "end": segment["end"], "text": "Neu"}]}]
    assert edit(server, job, 3, inserted).status_code == 200
    assert document(server, job)["segments"][0]["text"] == " Neu"
    assert len(document(server, job)["segments"]) == len(document(server, job, revision=0)["segments"])


def test_conflicts_and_history(server, job):
    original = server.text(job, "json")
    segment = json.loads(original)["segments"][0]
    assert server.client.patch(f"/api/jobs/{job}/transcript", json={"changes": []}).status_code == 428
    assert edit(server, job, 0, [replaced(segment, "Version eins")], summary="eins").status_code == 200
    stale = edit(server, job, 0, [replaced(segment, "Version zwei")])
    assert stale.status_code == 412
    assert stale.json()["code"] == "precondition_failed" and stale.json()["revision"] == 1
    assert edit(server, job, 1, [replaced(segment, "Version zwei")]).status_code == 200
    listed = server.client.get(f"/api/jobs/{job}/transcript/revisions").json()
    assert [r["revision"] for r in listed["revisions"]] == [2, 1] and listed["next"] is None
    assert listed["revisions"][1]["summary"] == "eins"
    assert document(server, job, revision=1)["segments"][0]["text"] == " Version eins"
    assert server.client.get(f"/api/jobs/{job}/transcript.json", params={"revision": 3}).status_code == 404

    assert restore(server, job, 2, 0).json() == {"revision": 3}
    assert server.text(job, "json") == original
    assert restore(server, job, 3, 1).json() == {"revision": 4}
    answer = server.client.get(f"/api/jobs/{job}/transcript.txt")
    assert answer.headers["transcript-revision"] == "4" and answer.text.startswith("Version eins")
    again = server.client.get(f"/api/jobs/{job}/transcript.txt", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_of_many_at_once_one_wins(server, job):
    segment = document(server, job)["segments"][0]
    for revision in range(3):
        codes = []

        def client(number):
            with httpx.Client(base_url=server.url, timeout=60) as own:
                answer = own.patch(f"/api/jobs/{job}/transcript", headers={"If-Match": f'"{revision}"'},
                                   json={"changes": [replaced(segment, f"Nummer {number}")]})
                codes.append(answer.status_code)

        threads = [threading.Thread(target=client, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(codes) == [200, 412, 412, 412, 412, 412]


def test_the_engines_own_text_is_reused(server):
    first = server.transcribe(SPEECH, reuse=False)["id"]
    segment = document(server, first)["segments"][0]
    assert edit(server, first, 0, [replaced(segment, "Etwas anderes")]).status_code == 200
    second = server.transcribe(SPEECH)
    assert second["reused_from"] == first
    assert document(server, second["id"])["segments"] == document(server, first, revision=0)["segments"]


def test_what_was_acknowledged_survives_a_crash(server, job):
    segment = document(server, job)["segments"][0]
    acknowledged = []
    stop = threading.Event()

    def write():
        with httpx.Client(base_url=server.url, timeout=10) as own:
            while not stop.is_set():
                number = len(acknowledged)
                try:
                    answer = own.patch(f"/api/jobs/{job}/transcript", headers={"If-Match": f'"{number}"'},
                                       json={"changes": [replaced(segment, f"zahl{number + 1}")]})
                except httpx.HTTPError:
                    return
                acknowledged.append(answer.json().get("revision"))

    writer = threading.Thread(target=write)
    writer.start()
    assert wait_until(lambda: len(acknowledged) >= 30)
    server.kill()
    stop.set()
    writer.join()
    assert acknowledged == list(range(1, len(acknowledged) + 1))
    server.start()
    now = int(server.client.get(f"/api/jobs/{job}/transcript.txt").headers["transcript-revision"])
    assert now in (len(acknowledged), len(acknowledged) + 1)  # one more may have been on its way
    assert document(server, job)["segments"][0]["text"] == f" zahl{now}"
    assert document(server, job, revision=10)["segments"][0]["text"] == " zahl10"
    assert hits(server, f"zahl{now}") == 1 and hits(server, f"zahl{now - 1}") == 0


def test_titles_and_tags(server):
    upload = server.put(SPEECH)["id"]
    job = server.wait(server.submit(upload, title="Antritt – 1961", tags=["reden", "kennedy"])["id"])
    assert (job["title"], job["tags"]) == ("Antritt – 1961", ["kennedy", "reden"])
    answer = server.client.patch(f"/api/jobs/{job['id']}", json={"title": "Inauguration xyzzy", "tags": ["reden", "usa"]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["tags"] == ["reden", "usa"]
    assert server.client.patch(f"/api/jobs/{job['id']}", json={"priority": 3}).status_code == 409
    assert server.client.patch(f"/api/jobs/{job['id']}", json={"tags": ["a,b"]}).status_code == 400
    found = server.client.get("/api/jobs", params={"q": "XYZZY"}).json()["jobs"]
    assert [one["id"] for one in found] == [job["id"]]
    assert server.client.get("/api/jobs", params={"tag": "us"}).json()["jobs"] == []
    assert [one["id"] for one in server.client.get("/api/jobs", params={"tag": "usa"}).json()["jobs"]] == [job["id"]]
    tags = {one["tag"]: one["jobs"] for one in server.client.get("/api/tags").json()["tags"]}
    assert tags["usa"] == 1 and "kennedy" not in tags
    hit = server.client.get("/api/search", params={"q": "country", "job": job["id"]}).json()["hits"][0]
    assert hit["title"] == "Inauguration xyzzy"


def test_an_archive_of_many(server):
    upload = server.put(SPEECH, name="Rede: a?b*.flac")["id"]
    jobs = [server.wait(server.submit(upload, tags=["zip"])["id"])["id"] for _ in range(2)]
    jobs.append(server.wait(server.submit(upload, tags=["zip"], title="日本語 …/x")["id"])["id"])
    broken = server.client.put("/api/uploads", params={"filename": "noise.bin"}, content=b"no sound at all").json()["id"]
    failed = server.wait(server.submit(broken, tags=["zip"])["id"])
    assert failed["state"] == "failed"
    answer = server.client.get("/api/export.zip", params={"tag": "zip", "formats": "srt,txt", "lines_max": 1})
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="transcripts.zip"'
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    stems = ["Rede_ a_b_", "Rede_ a_b_ (2)", "日本語 …_x"]
    assert sorted(archive.namelist()) == sorted([f"{stem}.{form}" for stem in stems for form in ("srt", "txt")] + ["skipped.txt"])
    assert archive.read("日本語 …_x.txt").decode() == server.text(jobs[2])
    assert archive.read("日本語 …_x.srt").decode() == server.client.get(f"/api/jobs/{jobs[2]}/transcript.srt?lines_max=1").text
    assert failed["id"] in archive.read("skipped.txt").decode()

    answer = server.client.get("/api/export.zip", params={"jobs": f"{jobs[0]},{jobs[1]}"})
    assert len(zipfile.ZipFile(io.BytesIO(answer.content)).namelist()) == 2
    for wrong in ({}, {"jobs": jobs[0], "tag": "zip"}, {"tag": "zip", "formats": "doc"}, {"tag": "zip", "lines_max": 0}):
        assert server.client.get("/api/export.zip", params=wrong).status_code == 400, wrong
    assert server.client.get("/api/export.zip", params={"jobs": "0" * 32}).status_code == 404
