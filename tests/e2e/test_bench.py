"""`verbatim bench` with the real program: its numbers agree with each other."""

import json

import pytest

pytestmark = pytest.mark.usefixtures("tiny")

SUMS = ("encoder", "decoder", "all")


def measure(verbatim, *words):
    done = verbatim("bench", "--model", "tiny.en", "--json", "numbers.json", *words)
    assert done.code == 0, done
    return done, json.loads((verbatim.folder / "numbers.json").read_text())


@pytest.mark.parametrize("words", [(), ("--workers", "2", "--threads", "1", "--rounds", "2", "--beam-size", "2")])
def test_stages_add_up(verbatim, talk, words):
    done, numbers = measure(verbatim, talk, "--compute-type", "f32", *words)
    assert "encoder attention" in done.out
    assert done.err == ""
    rounds = sum(numbers["round_seconds"])
    threads = numbers["workers"] * numbers["threads"]
    booked = sum(stage["thread_seconds"] for stage in numbers["stages"])
    assert booked <= rounds * (threads + 1) * 1.001
    assert numbers["accounted_percent"] == pytest.approx(100 * booked / (rounds * (threads + 1)))
    assert numbers["accounted_percent"] > 60  # a worker without windows ends early
    assert numbers["audio_seconds"] == pytest.approx(11.0, abs=0.1)
    assert 0 < numbers["load_seconds"] < numbers["first_text_seconds"]
    assert numbers["memory_peak_bytes"] > 50e6
    assert numbers["limits"]["before"]["f32_gops"] > 0
    assert numbers["limits"]["after"]["copy_gb_per_second"] > 0
    assert numbers["limits"]["step_bytes"] > 1e6


def test_every_stage_of_a_talk_has_numbers(verbatim, talk):
    _, numbers = measure(verbatim, talk)
    for stage in numbers["stages"]:
        if stage["is_waiting"]:
            assert stage["limit"] is None, stage
            continue
        assert stage["thread_seconds"] > 0, stage
        if stage["name"] != "preparing":
            assert stage["calls"] > 0, stage
    # Others on the machine slow the measured limits too, so no tighter bound holds always.
    for stage in [*numbers["stages"], *(numbers[name] for name in SUMS)]:
        if stage["limit"] is not None:
            assert 0 < stage["limit_percent"] < 1000, stage
    encoder = [stage for stage in numbers["stages"] if stage["name"].startswith("encoder")]
    assert numbers["encoder"]["operations"] == pytest.approx(sum(stage["operations"] for stage in encoder))


def test_rounds_do_the_same_work(verbatim, talk):
    _, one = measure(verbatim, talk)
    _, two = measure(verbatim, talk, "--rounds", "2")
    assert two["all"]["operations"] == pytest.approx(2 * one["all"]["operations"])
    assert len(two["round_seconds"]) == 2


def test_json_on_standard_output(verbatim, talk):
    done = verbatim("bench", "--model", "tiny.en", "--json", "-", talk)
    assert json.loads(done.out)["model"] == "tiny.en"


def test_a_file_that_fails_ends_it(verbatim):
    done = verbatim("bench", "--model", "tiny.en", "missing.wav")
    assert done.code == 1
    assert "missing.wav: there is no such file" in done.err
    (verbatim.folder / "noise.wav").write_bytes(b"no sound at all" * 99)
    assert verbatim("bench", "--model", "tiny.en", "noise.wav").code == 1
