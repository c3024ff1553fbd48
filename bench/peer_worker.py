"""Runs the peer (faster-whisper) once over a list of files; started by compare.py, one process per round.

Reads a request as JSON on standard input:
    {"model", "mode": "batched" | "sequential", "compute", "threads", "beam", "batch", "vad", "timestamps",
     "files": [{"path", "language"}]}
and answers as JSON on standard output: {"load_s", "files": [{"seconds", "text"}]}, seconds being wall time per file.
"""

import json
import sys
import time


def main():
    request = json.load(sys.stdin)
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    start = time.perf_counter()
    model = WhisperModel(
        request["model"],
        device="cpu",
        compute_type=request["compute"],
        cpu_threads=request["threads"],
    )
    options = {
        "beam_size": request["beam"],
        "without_timestamps": not request["timestamps"],
        "vad_filter": request["vad"],
    }
    transcriber = model
    if request["mode"] == "batched":
        transcriber = BatchedInferencePipeline(model)
        options["batch_size"] = request["batch"]
    loaded = time.perf_counter()

    answers = []
    for file in request["files"]:
        begin = time.perf_counter()
        segments, _ = transcriber.transcribe(
            file["path"], language=file["language"], **options
        )
        text = " ".join(segment.text.strip() for segment in segments)
        answers.append({"seconds": time.perf_counter() - begin, "text": text})
    json.dump({"load_s": loaded - start, "files": answers}, sys.stdout)


if __name__ == "__main__":
    main()
