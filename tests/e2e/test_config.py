"""Settings of the server: their sources, and what is said of mistakes."""

import json


def settings(done):
    assert done.code == 0, done
    return {s["name"]: s for s in json.loads(done.out)["settings"]}


def test_every_setting_names_value_source_and_range(verbatim):
    (verbatim.folder / "verbatim.toml").write_text('model = "small"\n[uploads]\nmax_file_size_bytes = "2 GiB"\n')
    verbatim.env["VERBATIM_BATCH"] = "3"
    shown = settings(verbatim("config", "show", "--config", "verbatim.toml", "--workers", "4", "--json"))
    assert [(shown[n]["value"], shown[n]["origin"]) for n in ("model", "max_file_size_bytes", "batch", "workers", "threads")] == [
        ("small", "file"), (2 << 30, "file"), (3, "environment"), (4, "flag"), (0, "default")]
    assert all(s["allowed"] and s["help"] for s in shown.values())
    assert shown["max_file_size_bytes"]["default"] == 1 << 30
    assert shown["workers"]["is_live"] and not shown["listen"]["is_live"]
    table = verbatim("config", "show").out
    assert all(name in table for name in shown)


def test_mistakes_are_named_with_their_place(verbatim):
    (verbatim.folder / "verbatim.toml").write_text("# mine\nthreads = 999\n")
    done = verbatim("config", "validate", "--config", "verbatim.toml")
    assert done.code == 2
    assert "verbatim.toml:2: threads is \"999\", but must be a whole number, 0 to 256" in done.err
    verbatim.env["VERBATIM_WORKERS"] = "many"
    assert "VERBATIM_WORKERS: workers is \"many\"" in verbatim("config", "validate").err
    del verbatim.env["VERBATIM_WORKERS"]
    assert verbatim("config", "validate").code == 0
    assert verbatim("serve", "--config", "verbatim.toml").code == 2
