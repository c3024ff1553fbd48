"""Settings that change while the server runs: each acts at once, and is still there after kill -9."""

import httpx
from conftest import DATA, wait_until

SPEECH = DATA / "jfk.flac"
SETTINGS = "/api/performance/settings"


def patch(server, **values):
    return server.client.patch(SETTINGS, json=values)


def change(server, **values):
    answer = patch(server, **values)
    assert answer.status_code == 200, answer.text
    return answer.json()


def shown(server):
    return {one["name"]: one for one in server.client.get(SETTINGS).json()["settings"]}


def recommendations(server):
    return {one["id"]: one for one in server.client.get("/api/performance/optimization").json()["recommendations"]}


def events(server):
    """Those that are kept, up to now."""
    kept = []
    with httpx.stream("GET", f"{server.url}/api/events", params={"last_event_id": 0}, timeout=2) as stream:
        try:
            for line in stream.iter_lines():
                kept.append(line)
        except httpx.ReadTimeout:
            pass
    return "\n".join(kept)


def test_a_change_acts_is_told_and_outlives_the_server(server):
    assert change(server, max_file_size_bytes=1000, log_level="debug", workers=3)["changes"][0] == {
        "name": "max_file_size_bytes", "before": 1 << 30, "after": 1000}
    assert server.client.put("/api/uploads", content=b"x" * 1001).status_code == 413
    assert server.client.put("/api/uploads", content=b"x" * 1000).status_code == 201
    assert any("settings changed (api): max_file_size_bytes from 1 GiB to 1000" in line for line in server.lines)
    told = events(server)
    assert "event: settings.changed" in told and '"name":"workers","before":0,"after":3' in told
    server.kill()
    server.start()
    assert server.client.put("/api/uploads", content=b"x" * 1001).status_code == 413
    settings = shown(server)
    assert (settings["workers"]["value"], settings["workers"]["origin"]) == (3, "changed")
    change(server, max_file_size_bytes=None)
    server.kill()
    server.start()
    assert server.client.put("/api/uploads", content=b"x" * 1001).status_code == 201
    assert shown(server)["max_file_size_bytes"]["origin"] == "default"
    assert shown(server)["workers"]["value"] == 3


def test_flags_of_the_start_win_over_earlier_changes(server):
    change(server, workers=3, batch=2)
    server.kill()
    server.flags = (*server.flags, "--workers", "1")
    server.start()
    settings = shown(server)
    assert (settings["workers"]["value"], settings["workers"]["origin"]) == (1, "flag")
    assert (settings["batch"]["value"], settings["batch"]["origin"]) == (2, "changed")
    assert any("workers was changed to 3 in an earlier run, but its flag says 1" in line for line in server.lines)


def test_mistakes_change_nothing(server):
    answer = patch(server, workers=4, batch=65)
    assert answer.status_code == 400
    assert answer.json()["detail"] == 'batch is "65", but must be a whole number, 0 to 64'
    answer = patch(server, workers=4, max_worker_limit=4)
    assert answer.status_code == 400 and 'did you mean "max_workers_limit"?' in answer.json()["detail"]
    answer = patch(server, workers=4, data_dir="/elsewhere")
    assert answer.status_code == 409 and "data_dir can't change while the server runs" in answer.json()["detail"]
    assert shown(server)["workers"]["origin"] != "changed"


def test_the_queue_and_its_runners_follow(server, long_talk):
    change(server, running_jobs_max=1, queued_jobs_max=1)
    upload = server.put(long_talk)["id"]
    first = server.submit(upload, reuse=False)
    server.wait(first["id"], ("running",))
    second = server.submit(upload, reuse=False, prompt="other")
    refused = server.client.post("/api/jobs", json={"upload": upload, "reuse": False, "prompt": "third"})
    assert refused.status_code == 503 and "the queue is full" in refused.json()["detail"]
    assert server.job(second["id"])["state"] == "queued"
    change(server, running_jobs_max=2)
    server.wait(second["id"], ("running",), timeout=30)
    third = server.submit(upload, reuse=False, prompt="third")
    # A time-out counts for jobs that run, too.
    change(server, processing_timeout_seconds=1)
    assert server.wait(first["id"])["error"]["code"] == "timeout"
    change(server, processing_timeout_seconds=None)
    for job in (second, third):
        server.client.post(f"/api/jobs/{job['id']}/cancel")


def test_the_log_follows(server):
    change(server, log_level="error")
    server.transcribe(SPEECH)
    assert not any("queued" in line for line in server.lines)
    change(server, log_level="info")
    job = server.transcribe(SPEECH, prompt="once more")
    assert wait_until(lambda: any(f"job {job['id']} queued" in line for line in server.lines))


def test_a_recommendation_is_applied_and_taken_back(server):
    change(server, min_workers=7, enable_memory_cleanup=False)
    for rule in ("floor_above_ceiling", "memory_cleanup_off"):
        assert not recommendations(server)[rule]["is_applied"]
        answer = server.client.post(f"/api/performance/recommendations/{rule}/apply")
        assert answer.status_code == 200, answer.text
        assert rule not in recommendations(server)
    assert shown(server)["default_max_workers"]["value"] == 7
    server.kill()
    server.start()
    applied = server.client.get("/api/performance/optimization").json()["applied"]
    assert [(one["id"], one["can_undo"]) for one in applied] == [("memory_cleanup_off", True), ("floor_above_ceiling", True)]
    assert server.client.post("/api/performance/recommendations/floor_above_ceiling/undo").status_code == 200
    assert shown(server)["default_max_workers"]["value"] == 6
    assert "floor_above_ceiling" in recommendations(server)
    change(server, enable_memory_cleanup=False)
    refused = server.client.post("/api/performance/recommendations/memory_cleanup_off/undo")
    assert refused.status_code == 409 and "changed since, to false (api)" in refused.json()["detail"]
    assert server.client.post("/api/performance/recommendations/nonsense/apply").status_code == 404


def test_the_model_of_new_jobs(server):
    for wrong, status, says in (("bass", 400, "not the name of a model"), ("/etc", 400, "not the name of a model"),
                                ("large-v3", 409, "verbatim model pull large-v3")):
        answer = patch(server, model=wrong)
        assert (answer.status_code, says in answer.json()["detail"]) == (status, True), answer.text
    assert server.transcribe(SPEECH, reuse=False)["options"]["model"] == "tiny.en"
    change(server, model="base")
    assert server.transcribe(SPEECH, reuse=False)["options"]["model"] == "base"
    assert {model["name"] for model in server.client.get("/api/performance").json()["models"]} == {"base", "tiny.en"}
    change(server, model=None)
    assert server.transcribe(SPEECH, reuse=False)["options"]["model"] == "tiny.en"
