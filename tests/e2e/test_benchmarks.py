"""bench/performance.py: measures, keeps, compares."""

import json
import subprocess
import sys

from conftest import PROGRAM, ROOT


def bench(*words, env, code=0):
    done = subprocess.run([sys.executable, ROOT / "bench" / "performance.py", *map(str, words)],
                          capture_output=True, text=True, timeout=300, env=env, check=False)
    assert done.returncode == code, done.stderr
    return done


def test_two_programs_in_one_run(verbatim, tiny, tmp_path):
    kept = tmp_path / "result.json"
    done = bench("versus", f"{PROGRAM} --workers 1 --threads 1", f"{PROGRAM} --workers 1 --threads 1 --beam-size 8 --unsure-beams 8", "--only", "time,use", "--rounds", 1,
                 "--json", kept, env=verbatim.env)
    assert "after / before" in done.stdout
    programs = json.loads(kept.read_text())["programs"]
    before, after = (programs[name]["rounds"][0] for name in ("before", "after"))
    assert before.keys() == after.keys()
    assert before["time.long.seconds"] > before["time.short.seconds"] > 0
    assert after["use.cpu_seconds"] > before["use.cpu_seconds"]  # eight beams are more work
    assert 0 < before["use.cpu_percent"] <= 101
    assert bench("show", kept, env=verbatim.env).stdout == done.stdout


def test_splitting_is_measured_on_a_server(verbatim, tiny):
    out = bench("run", "--program", PROGRAM, "--only", "splitting", "--rounds", 1, env=verbatim.env).stdout
    for kind in ("short", "long", "dense", "sparse"):
        assert f"splitting.{kind}.adaptive_seconds" in out
        assert f"splitting.{kind}.fixed_seconds" in out


def test_an_unknown_measurement_is_refused(verbatim):
    assert "choose from memory, time, workers, use, splitting" in bench("run", "--only", "speed", env=verbatim.env, code=2).stderr
