"""`verbatim bench --calibrate` with the real program: what it keeps is what later runs use."""

import json

import pytest

pytestmark = pytest.mark.usefixtures("tiny")


def start_of(verbatim, talk, *words):
    done = verbatim.transcribe(talk, "-f", "txt", "--progress", "json", *words)
    assert done.code == 0, done
    events = [json.loads(line) for line in done.err.splitlines()]
    return next(event for event in events if event["event"] == "start"), events


def test_later_runs_use_what_was_found(verbatim, talk):
    kept = verbatim.folder / "cache" / "calibration.json"
    done = verbatim("bench", "--calibrate", "--model", "tiny.en", "--calibration", kept, talk)
    assert done.code == 0, done
    assert "chosen: encoder" in done.out
    (entry,) = json.loads(kept.read_text())["entries"]
    assert entry["model"] == "tiny.en"
    curve = entry["curve"]
    assert [point["workers"] for point in curve] == sorted({point["workers"] for point in curve})
    assert curve[0]["workers"] == 1
    assert all(point["speed"] > 0 and 50e6 < point["memory_bytes"] < 10e9 for point in curve)
    assert "each number of workers" in done.out
    reasons = json.loads(verbatim("performance", "workers", "--model", "tiny.en", "--calibration", kept, "--json").out)
    assert any(reason.startswith("measured on this machine: ") for reason in reasons["workers"]["reasons"])
    # Other values than the rules have, so that it shows where they come from.
    entry.update(workers=1, threads=1, batch=3)
    entry["formats"] = {"encoder": "f32", "attention": "f32", "decoder": "int8", "audio": "half"}
    kept.write_text(json.dumps({"format": "verbatim calibration", "format_version": 1, "entries": [entry]}))
    start, _ = start_of(verbatim, talk, "--calibration", kept)
    assert {name: start[name] for name in ("workers", "threads", "batch")} == {"workers": 1, "threads": 1, "batch": 3}
    assert start["compute_type"] == "mixed"
    assert start["formats"] == entry["formats"]
    assert set(start["chosen_by"].values()) == {"calibration"}

    verbatim.env["VERBATIM_CALIBRATION"] = str(kept)
    start, _ = start_of(verbatim, talk, "--compute-type", "int8", "--batch", "2")
    assert start["compute_type"] == "int8"
    assert start["chosen_by"] == {
        "formats": "options", "workers": "calibration", "threads": "calibration", "batch": "options"}
    measured = verbatim("bench", "--model", "tiny.en", talk)
    assert "from the calibration: formats, workers, threads, batch\n" in measured.out
    assert "formats: encoder f32, attention f32, decoder int8, audio half\n" in measured.out


def test_without_a_calibration_rules_decide(verbatim, talk):
    start, _ = start_of(verbatim, talk, "--calibration", "none.json")
    assert set(start["chosen_by"].values()) == {"rule"}
    assert not (verbatim.folder / "none.json").exists()


def test_a_damaged_file_is_a_warning(verbatim, talk):
    (verbatim.folder / "broken.json").write_text("{}")
    start, events = start_of(verbatim, talk, "--calibration", "broken.json")
    assert set(start["chosen_by"].values()) == {"rule"}
    (warning,) = [event for event in events if event["event"] == "warning"]
    assert "broken.json: it is no calibration" in warning["message"]
    done = verbatim.transcribe(talk, "--calibration", "broken.json")
    assert done.code == 0
    assert done.err.count("warning:") == 1


def test_a_file_of_another_kind_is_not_written_over(verbatim, talk):
    (verbatim.folder / "notes.txt").write_text("mine")
    done = verbatim("bench", "--calibrate", "--model", "tiny.en", "--calibration", "notes.txt", talk)
    assert done.code == 2
    assert (verbatim.folder / "notes.txt").read_text() == "mine"


def test_flags_that_it_measures_itself_are_refused(verbatim, talk):
    assert verbatim("bench", "--calibrate", "--workers", "2", talk).code == 2
    assert verbatim("bench", "--calibrate", "--model", "tiny.en", "--calibration", "off", talk).code == 2
