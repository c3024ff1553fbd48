"""The same words from every CPU: the limits of ONEDNN_MAX_CPU_ISA make this one stand for older ones."""

import re

import pytest
from conftest import DATA

pytestmark = pytest.mark.usefixtures("tiny")

LIMITS = ("SSE41", "AVX2", "AVX512_CORE", "AVX512_CORE_VNNI", "AVX512_CORE_BF16", "DEFAULT")
CLIP = DATA / "lj001_0004.mp3"
WORD_ERRORS_MAX = 1
NO_BF16 = "this CPU cannot multiply bf16: use --compute-type int8, f32 or auto"


def words(text):
    return re.sub(r"[^a-z\s]", "", text.lower()).split()


def edit_distance(a, b):
    distances = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        diagonal, distances[0] = distances[0], i
        for j, right in enumerate(b, 1):
            diagonal, distances[j] = distances[j], min(diagonal + (left != right), distances[j] + 1, distances[j - 1] + 1)
    return distances[-1]


def transcribe(verbatim, limit, compute_type):
    verbatim.env["ONEDNN_MAX_CPU_ISA"] = limit
    return verbatim.transcribe(CLIP, "-o", "-", "-f", "txt", "--compute-type", compute_type)


@pytest.mark.parametrize("compute_type", ["f32", "bf16", "int8"])
def test_every_limit_hears_the_same_words(verbatim, compute_type):
    expected = words(CLIP.with_suffix(".txt").read_text())
    heard = {}
    for limit in LIMITS:
        done = transcribe(verbatim, limit, compute_type)
        if compute_type == "bf16" and done.code == 2:
            assert done.err == f"verbatim: {NO_BF16}\n"
            continue
        assert done.code == 0, (limit, done)
        heard[limit] = words(done.out)
        assert edit_distance(heard[limit], expected) <= WORD_ERRORS_MAX, (limit, done)
    # Only rounding differs between the sets: no word does in this clip.
    assert len({tuple(text) for text in heard.values()}) <= 1, heard


@pytest.mark.parametrize("limit", ["SSE41", "AVX2", "AVX512_CORE", "AVX512_CORE_VNNI"])
def test_bf16_is_refused_without_its_instructions(verbatim, limit):
    done = transcribe(verbatim, limit, "bf16")
    assert (done.code, done.out, done.err) == (2, "", f"verbatim: {NO_BF16}\n")


@pytest.mark.parametrize("name, sentence", [
    ("fastest", 'VERBATIM_KERNELS is "fastest", which is no set of kernels: use one of plain, avx2, '),
    ("", 'VERBATIM_KERNELS is "", which is no set of kernels: use one of plain, avx2, '),
])
def test_an_unknown_set_of_kernels_is_refused(verbatim, name, sentence):
    verbatim.env["VERBATIM_KERNELS"] = name
    done = verbatim.transcribe(CLIP, "-o", "-", "-f", "txt")
    assert done.code == 2
    assert done.out == ""
    assert sentence in done.err
    assert len(done.err.splitlines()) == 1


def test_a_set_that_the_limit_forbids_is_refused(verbatim):
    verbatim.env.update(VERBATIM_KERNELS="avx2", ONEDNN_MAX_CPU_ISA="SSE41")
    done = verbatim.transcribe(CLIP, "-o", "-", "-f", "txt")
    assert done.code == 2
    assert 'VERBATIM_KERNELS asks for "avx2", which this CPU does not have' in done.err


def test_the_plain_kernels_can_be_asked_for(verbatim):
    verbatim.env["VERBATIM_KERNELS"] = "plain"
    done = verbatim.transcribe(CLIP, "-o", "-", "-f", "txt")
    assert done.code == 0, done
    assert edit_distance(words(done.out), words(CLIP.with_suffix(".txt").read_text())) <= WORD_ERRORS_MAX
