"""The official OpenAI client against the server: what people have written for the cloud works here."""

import os

import httpx
import openai
import pytest
from conftest import DATA

WORDS = "ask not what your country can do for you"
SPEECH = DATA / "jfk.flac"


@pytest.fixture
def client(server):
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)


def transcribe(client, **options):
    with open(SPEECH, "rb") as file:
        return client.audio.transcriptions.create(**{"file": file, "model": "whisper-1", **options})


def plain(text):
    return "".join(c for c in text.lower() if c.isalpha() or c == " ")


def test_json_is_the_default(client):
    assert WORDS in plain(transcribe(client).text)


def test_text(client):
    answer = transcribe(client, response_format="text")
    assert isinstance(answer, str) and WORDS in plain(answer)


def test_srt_and_vtt(client):
    assert transcribe(client, response_format="srt").startswith("1\n00:00:0")
    assert transcribe(client, response_format="vtt").startswith("WEBVTT")


def test_verbose_json_has_segments_with_times(client):
    answer = transcribe(client, response_format="verbose_json")
    assert answer.task == "transcribe" and answer.language in ("en", "english")
    assert 10.5 < float(answer.duration) < 11.5
    assert answer.segments and not answer.words
    ends = 0
    for i, segment in enumerate(answer.segments):
        assert segment.id == i and ends <= segment.start < segment.end
        assert segment.tokens and segment.avg_logprob < 0 and segment.text
        ends = segment.end


def test_word_times(client):
    answer = transcribe(client, response_format="verbose_json", timestamp_granularities=["word"])
    assert plain(" ".join(w.word for w in answer.words)).replace("  ", " ").count(" ") > 15
    assert all(a.end <= b.start + 1e-6 and a.start < a.end for a, b in zip(answer.words, answer.words[1:]))
    both = transcribe(client, response_format="verbose_json", timestamp_granularities=["word", "segment"])
    assert both.words and both.segments


def test_streaming_sends_text_as_it_is_found(client):
    events = list(transcribe(client, stream=True))
    assert {e.type for e in events} == {"transcript.text.delta", "transcript.text.done"}
    assert events[-1].type == "transcript.text.done"
    assert WORDS in plain(events[-1].text)
    assert "".join(e.delta for e in events[:-1]).strip() == events[-1].text.strip()


def test_options_reach_the_engine(client):
    answer = transcribe(client, language="en", prompt="A speech.", temperature=0, response_format="verbose_json")
    assert WORDS in plain(answer.text)


def test_model_list(client, server):
    models = {m.id: m for m in client.models.list()}
    assert "tiny.en" in models and models["tiny.en"].object == "model"
    assert client.models.retrieve("tiny.en").id == "tiny.en"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("no-such-model")


def test_an_english_model_does_not_translate(client):
    with open(SPEECH, "rb") as file, pytest.raises(openai.BadRequestError) as error:
        client.audio.translations.create(file=file, model="tiny.en")
    assert "English only" in error.value.message


def test_translation(client):
    from conftest import MODELS

    if not (MODELS / "base" / "model.bin").is_file():
        pytest.skip("needs the model base")
    with open(SPEECH, "rb") as file:
        assert WORDS in plain(client.audio.translations.create(file=file, model="base").text)


@pytest.mark.parametrize(("options", "kind", "words"), [
    ({"model": "no-such-model"}, openai.NotFoundError, "no-such-model"),
    ({"response_format": "docx"}, openai.BadRequestError, "response_format"),
    ({"language": "xx"}, openai.BadRequestError, "xx"),
    ({"temperature": 7}, openai.BadRequestError, "temperature"),
    ({"file": ("empty.wav", b"")}, openai.BadRequestError, "empty"),
    ({"file": ("talk.wav", b"this is no sound" * 100)}, openai.BadRequestError, ""),
])
def test_errors_are_those_of_the_client(client, options, kind, words):
    with pytest.raises(kind) as error:
        transcribe(client, **options)
    body = error.value.body
    assert body["type"] and "code" in body and "param" in body
    assert words in body["message"] or words == body["param"]


def test_a_file_over_the_limit(tmp_path, tiny):
    from server import Server

    small = Server(tmp_path / "data", "--max-file-size", "100000")
    small.start()
    try:
        with pytest.raises(openai.APIStatusError) as error:
            transcribe(openai.OpenAI(base_url=f"{small.url}/v1", api_key="none", max_retries=0))
        assert error.value.status_code == 413
    finally:
        small.kill()


def test_nothing_is_left_behind(client, server):
    transcribe(client)
    assert server.client.get("/api/jobs").json()["jobs"] == []
    assert [n for _, _, names in os.walk(server.folder) for n in names if len(n) == 32] == []


def test_a_client_that_leaves_ends_its_job(server, long_talk):
    with open(long_talk, "rb") as file, pytest.raises(httpx.TimeoutException):
        httpx.post(f"{server.url}/v1/audio/transcriptions", files={"file": file}, data={"model": "tiny.en"},
                   timeout=httpx.Timeout(60, read=0.3))
    from conftest import wait_until

    assert wait_until(lambda: "verbatim_jobs_running 0" in server.client.get("/metrics").text or
                      'verbatim_jobs{state="running"} 0' in server.client.get("/metrics").text, 10)
