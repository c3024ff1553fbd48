"""verbatim performance, and the same of a running server: numbers with their sources, workers, recommendations."""

import json


def answer(done):
    assert done.code == 0, done
    return json.loads(done.out)


def test_summary_names_every_source(verbatim):
    summary = answer(verbatim("performance", "summary", "--json"))
    resources = summary["resources"]
    for name in ("cores", "memory_total_bytes", "memory_available_bytes", "process_memory_bytes", "disk_free_bytes"):
        assert resources[name]["tier"] == "primary" and resources[name]["source"], name
    assert 0 < resources["memory_available_bytes"]["value"] <= resources["memory_total_bytes"]["value"]
    assert summary["workers"]["optimal"] >= 1
    text = verbatim("performance", "summary").out
    assert "Optimal workers calculated: " in text and "(primary)" in text


def test_settings_change_the_number_of_workers(verbatim):
    def workers(*flags):
        return answer(verbatim("performance", "workers", "--json", *flags))["workers"]

    assert workers("--max-workers-limit", "1")["optimal"] == 1
    many = workers("--min-workers", "5")
    assert (many["optimal"], many["bound"]) == (5, "floor")
    assert workers("--low-memory-threshold-gb", "4000", "--min-workers", "3")["optimal"] == 3
    (verbatim.folder / "verbatim.toml").write_text("max_workers_limit = 1\n")
    assert workers("--config", "verbatim.toml")["optimal"] == 1


def test_a_small_file_needs_fewer_workers(verbatim):
    (verbatim.folder / "short.wav").write_bytes(bytes(100_000))
    flags = ("--json", "--min-workers", "1", "--file", "short.wav")
    workers = answer(verbatim("performance", "workers", *flags))["workers"]
    assert workers["optimal"] == 1
    assert any("windows of 30 s" in reason for reason in workers["reasons"])
    assert verbatim("performance", "workers", "--file", "absent.wav").code != 0


def test_recommendations_follow_the_settings(verbatim):
    def ids(*flags):
        found = answer(verbatim("performance", "recommendations", "--json", *flags))["recommendations"]
        assert all(r["message"] and r["evidence"] and r["expected_gain"] for r in found)
        return {r["id"]: r for r in found}

    assert "memory_cleanup_off" not in ids()
    off = ids("--no-enable-memory-cleanup")["memory_cleanup_off"]
    assert off["action"] == {"setting": "enable_memory_cleanup", "value": "true"}
    assert ids("--workers", "64")["workers_exceed_cores"]["severity"] == "warning"
    text = verbatim("performance", "recommendations").out
    assert "Parallel upload enabled - large files will be processed more efficiently" in text


def test_optimize_says_what_came_back(verbatim):
    done = answer(verbatim("performance", "optimize", "--force-memory-cleanup", "--json"))
    assert done["is_done"] and done["source"] == "smaps_rollup"
    assert "memory cleaned: " in verbatim("performance", "optimize", "--force-memory-cleanup").out


def test_mistakes_are_named(verbatim):
    done = verbatim("performance", "workers", "--memory-safety-factor", "2")
    assert done.code == 2 and "must be a number, 0.1 to 1" in done.err
    assert verbatim("performance").code == 2
