"""Help, version, wrong usage, completion."""

import shutil
import subprocess

import pytest
from conftest import results


def test_version(verbatim):
    done = verbatim("--version")
    assert done.code == 0
    assert done.out.startswith("verbatim ")
    assert done.err == ""


@pytest.mark.parametrize("words", [[], ["transcribe"], ["demo"], ["model"], ["model", "pull"], ["completion"]])
def test_every_command_has_help(verbatim, words):
    done = verbatim(*words, "--help")
    assert done.code == 0
    assert "Usage: verbatim" in done.out
    assert max(map(len, done.out.splitlines())) <= 100
    assert "\n\n\n" not in done.out


def test_help_has_examples_and_exit_codes(verbatim):
    done = verbatim("--help")
    assert "verbatim transcribe talk.mp4" in done.out
    assert "130 interrupted" in done.out


@pytest.mark.parametrize("words, sentence", [
    ([], "subcommand"),
    (["sing"], 'unknown command "sing"; choose from transcribe, demo, model, completion'),
    (["model", "sing"], 'unknown command "sing"; choose from list, pull, verify'),
    (["transcribe"], "FILE"),
    (["transcribe", "a.mp4", "--format", "doc"], 'unknown format "doc"; choose from txt, srt, vtt, json, tsv'),
    (["transcribe", "a.mp4", "--language", "klingon"], 'unknown language "klingon"'),
    (["transcribe", "a.mp4", "--beam-size", "many"], '"many" is no number from 1 to 32'),
    (["transcribe", "a.mp4", "b.mp4", "--output", "-"], "--output takes one file"),
    (["transcribe", "a.mp4", "a.mp4"], "given twice"),
    (["transcribe", "x/a.mp4", "y/a.mp4", "-d", "out"], "would both become"),
    (["transcribe", "a.txt", "--format", "txt"], "would overwrite the input"),
    (["transcribe", "a.mp4", "--lines", "2", "--min-duration", "9", "--max-duration", "1"], "duration"),
    (["completion", "tcsh"], "choose from bash, zsh, fish"),
    (["model", "pull", "bass"], 'unknown model "bass"; choose from tiny, tiny.en, base'),
])
def test_wrong_usage_is_code_2_and_one_sentence(verbatim, words, sentence):
    done = verbatim(*words)
    assert done.code == 2
    assert sentence in done.err
    assert done.err.startswith("verbatim: ")
    assert done.out == ""
    assert len(done.err.splitlines()) <= 2


def test_unknown_model_of_transcribe(verbatim, talk):
    done = verbatim("transcribe", "--model", "bass", talk)
    assert done.code == 2
    assert 'unknown model "bass"; choose from' in done.err
    assert results(verbatim.folder) == []


def bash_completes(verbatim, *words):
    script = verbatim("completion", "bash").out
    array = " ".join(f"'{word}'" for word in ("verbatim", *words))
    call = f"{script}\nCOMP_WORDS=({array}); COMP_CWORD={len(words)}; _verbatim; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(["bash", "-c", call], capture_output=True, text=True, cwd=verbatim.folder, check=True)
    assert "syntax" not in done.stderr
    return done.stdout.split()


def test_bash_completion(verbatim):
    (verbatim.folder / "talk.mp4").write_text("x")
    assert bash_completes(verbatim, "tr") == ["transcribe"]
    assert bash_completes(verbatim, "model", "") == ["list", "pull", "verify"]
    assert "--output-dir" in bash_completes(verbatim, "transcribe", "--out")
    assert bash_completes(verbatim, "transcribe", "--task", "") == ["transcribe", "translate"]
    assert bash_completes(verbatim, "transcribe", "ta") == ["talk.mp4"]
    assert "large-v3-turbo" in bash_completes(verbatim, "transcribe", "-m", "large")
    assert "tiny.en" in bash_completes(verbatim, "model", "pull", "tiny")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_valid(verbatim, shell):
    done = verbatim("completion", shell)
    assert done.code == 0
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    subprocess.run([shell, "-n"], input=done.out, text=True, check=True)


def test_results_that_cannot_be_printed_are_an_error(verbatim, tiny, talk):
    with open("/dev/full", "wb") as full:
        done = verbatim.transcribe(talk, "-o", "-", stdout=full)
    assert done.code == 4
    assert "No space left" in done.err


