"""How the server did: samples each second, minutes that outlive a crash, live values, metrics, prediction."""

import json
import re
import time

from conftest import DATA, wait_until


def history(server, **query):
    answer = server.client.get("/api/performance/history", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def greatest(server, series):
    """The greatest value of the last seconds."""
    column = history(server, series=series, step="1s")["series"][series]
    return max((value for value in column["max"] if value is not None), default=0)


def metric(server, name):
    """The sum of a metric's series."""
    text = server.client.get("/metrics").text
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))


def events(server, seconds=30, **query):
    """Events with their ids (None: it has none), as they come."""
    end = time.monotonic() + seconds
    with server.client.stream("GET", "/api/events", params=query) as answer:
        block = {}
        for line in answer.iter_lines():
            assert time.monotonic() < end, "too few events"
            if line == "" and "event" in block:
                yield block.get("id"), block["event"], json.loads(block["data"])
            if line == "":
                block = {}
            name, _, value = line.partition(": ")
            block[name] = value


def test_work_is_seen_in_history_and_metrics(server):
    assert wait_until(lambda: len(history(server, step="1s")["times"]) >= 2)
    idle = history(server, step="1s")
    assert set(idle["series"]["load"]) == {"mean", "min", "max"}
    assert idle["series"]["memory_available_bytes"]["min"][0] > 0
    assert greatest(server, "realtime_factor") == 0
    server.transcribe(DATA / "jfk.flac")
    assert wait_until(lambda: greatest(server, "realtime_factor") > 0)
    assert greatest(server, "windows_per_s") > 0 and greatest(server, "cpu_cores") > 0
    stages = history(server, step="1m")["series"]
    assert any(name.startswith("stage_encoder") and sum(column["mean"]) > 0 for name, column in stages.items())
    assert metric(server, "verbatim_stage_seconds_total") > 0
    assert metric(server, "verbatim_engine_workers") >= 1
    assert 0 < metric(server, "verbatim_engine_efficiency") <= 1
    assert metric(server, "verbatim_ready") == 1
    assert metric(server, "verbatim_memory_total_bytes") >= metric(server, "verbatim_memory_available_bytes") > 0


def test_the_minute_in_hand_outlives_an_orderly_end(server):
    assert wait_until(lambda: len(history(server, step="1s")["times"]) >= 2)
    begin = history(server, step="1m")["times"][0]
    assert server.stop()[0] == 0
    server.start()
    assert history(server, step="1m", series="load")["times"][0] == begin


def test_live_values_come_between_the_events_without_an_id(server):
    server.transcribe(DATA / "jfk.flac")
    ids, live = [], []
    for number, kind, data in events(server, performance="true", last_event_id=0):
        if kind == "performance":
            assert number is None
            live.append(data)
        else:
            ids.append(int(number))
        if len(live) >= 2 and len(ids) >= 3:
            break
    assert ids == list(range(1, len(ids) + 1))
    assert live[0]["time"] < live[1]["time"] and live[0]["memory_available_bytes"] > 0


def test_wrong_questions_are_named(server):
    for query in ({"step": "1d"}, {"from": "yesterday"}, {"from": 5, "to": 4}, {"series": "nothing"}):
        answer = server.client.get("/api/performance/history", params=query)
        assert answer.status_code == 400 and next(iter(query)) in answer.json()["detail"], query


def predictions(server, **query):
    answer = server.client.get("/api/performance/predictions", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_predictions_learn_from_jobs_and_outlive_a_restart(server):
    question = {"file_bytes": (DATA / "jfk.flac").stat().st_size, "filename": "talk.flac"}
    before = predictions(server, **question)
    assert before["models"] == [] and before["queue"] == []
    assert before["prediction"]["time_from"] == "rule" and before["prediction"]["best_workers"] >= 1
    upload = server.put(DATA / "jfk.flac")["id"]
    for _ in range(9):
        server.wait(server.submit(upload, reuse=False)["id"])
    assert wait_until(lambda: predictions(server)["models"][0]["samples"] == 9)
    after = predictions(server, **question)
    assert after["models"][0]["model"] == "tiny.en"
    for quantity in ("time", "memory"):
        accuracy = after["models"][0][quantity]
        assert accuracy["predictions"] == 9
        errors = {way: accuracy[f"{way}_error_percent"] for way in ("rule", "regression")}
        assert accuracy["in_use"] == min(errors, key=errors.get), errors
    assert abs(after["prediction"]["audio_s"] - 11) < 2, "it knows now how long such files are"
    assert after["prediction"]["regression"] != before["prediction"]["regression"]
    server.kill()
    server.start()
    again = predictions(server, **question)
    assert again["models"] == after["models"] and again["prediction"]["regression"]["time_s"] > 0
    for query in ({"file_bytes": 0}, {"audio_s": "long"}, {"model": "nonesuch", "audio_s": 1}, {"model": "tiny.en"}):
        assert server.client.get("/api/performance/predictions", params=query).status_code == 400, query


def test_the_queue_is_predicted(server, long_talk):
    upload = server.put(long_talk)["id"]
    jobs = [server.submit(upload, reuse=False)["id"] for _ in range(6)]
    queue = predictions(server)["queue"]
    assert {entry["job"] for entry in queue} <= set(jobs) and queue
    ends = [entry["ends_in_s"] for entry in queue]
    assert ends == sorted(ends) and ends[0] >= 0
    for job in jobs:
        server.client.delete(f"/api/jobs/{job}")


def test_self_tuning_is_off_unless_asked_for(server):
    assert predictions(server)["tuning"] == {"is_on": False, "state": "resting", "attempt": None, "outcomes": []}
