#!/usr/bin/env python3
"""Verbatim and a peer (faster-whisper) over the same recordings in one run: speed, peak memory and word error rate.

    python bench/compare.py --model DIR --manifest speech/manifest.tsv --set long --language en --rounds 3
    python bench/compare.py ... --peer-mode sequential --peer-compute float32 --verbatim-options '--compute-type f32'

The engines take turns: every round runs both over all chosen files, so a machine that slows down slows both, and the
ratio of speeds is taken within each round. Both are confined to the same CPUs. Verbatim is timed as a user meets it, a
whole process with start and loading, one call per language; the peer is timed without Python's start and without
loading its model, as inside a server. Speed is seconds of audio per second of wall time.

Manifest: tab-separated with a header: file, duration_s, language, and, if there is one, set and reference_text_file (empty: counts for
speed only). Paths are relative to the manifest. Word error rate: texts normalised with whisper-normalizer (its English rules,
or its basic ones), errors counted with jiwer and summed over files.
"""

import argparse
import csv
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).resolve().parent


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True, help="CTranslate2 model directory, read by both engines")
    parser.add_argument("--manifest", required=True, type=Path)
    parser.add_argument("--set", action="append", default=[], help="only rows of this set; may be repeated")
    parser.add_argument("--language", action="append", default=[], help="only rows of this language; may be repeated")
    parser.add_argument("--file", action="append", default=[], help="only this file of the manifest; may be repeated")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="CPUs for each engine")
    parser.add_argument("--beam", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    parser.add_argument("--texts", type=Path, help="keep the texts of the last round in this folder")
    peer = parser.add_argument_group("the peer")
    peer.add_argument("--peer-mode", choices=["batched", "sequential"], default="batched")
    peer.add_argument("--peer-compute", choices=["int8", "float32"], default="int8")
    peer.add_argument("--peer-batch", type=int, default=8)
    peer.add_argument("--peer-vad", choices=["auto", "on", "off"], default="auto",
                      help="speech detection before recognition; auto: on when batched (it needs it), off when sequential")
    peer.add_argument("--peer-timestamps", choices=["auto", "on", "off"], default="auto",
                      help="timestamp tokens; auto: the peer's own defaults, off when batched, on when sequential")
    ours = parser.add_argument_group("Verbatim")
    ours.add_argument("--verbatim", default=str(HERE.parent / "verbatim"), help="the program")
    ours.add_argument("--verbatim-options", default="", help="more flags for its transcribe command")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--peer-only", action="store_true")
    only.add_argument("--verbatim-only", action="store_true")
    return parser.parse_args(arguments)


def read_manifest(arguments):
    """The chosen rows, each with absolute paths."""
    root = arguments.manifest.resolve().parent
    rows = []
    with open(arguments.manifest, newline="", encoding="utf-8") as manifest:
        for row in csv.DictReader(manifest, delimiter="\t", quoting=csv.QUOTE_NONE):
            if arguments.set and row.get("set") not in arguments.set:
                continue
            if arguments.language and row["language"] not in arguments.language:
                continue
            if arguments.file and row["file"] not in arguments.file:
                continue
            reference = row.get("reference_text_file") or ""
            rows.append({
                "file": row["file"],
                "path": str(root / row["file"]),
                "seconds": float(row["duration_s"]),
                "language": row["language"],
                "set": row.get("set") or "",
                "reference": (root / reference).read_text(encoding="utf-8") if reference else None,
            })
    if not rows:
        sys.exit("compare.py: no row of the manifest fits")
    return rows


def run_measured(command, threads, standard_input=""):
    """Runs a command on the first `threads` CPUs: wall seconds, peak memory in bytes, its output.

    The peak of a child starts at its parent's size at the fork, so this process imports nothing large before the last round.
    """
    cpus = sorted(os.sched_getaffinity(0))[:threads]
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        source.write(standard_input.encode())
        source.seek(0)
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=source, stdout=output, stderr=errors,
                                   preexec_fn=lambda: os.sched_setaffinity(0, cpus))
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            tail = errors.read().decode(errors="replace")[-2000:]
            sys.exit(f"compare.py: exit code {process.returncode} from {shlex.join(command)}\n{tail}")
        return wall, usage.ru_maxrss * 1024, output.read().decode()


def run_peer(rows, arguments):
    batched = arguments.peer_mode == "batched"
    request = {
        "model": arguments.model,
        "mode": arguments.peer_mode,
        "compute": arguments.peer_compute,
        "threads": arguments.threads,
        "beam": arguments.beam,
        "batch": arguments.peer_batch,
        "vad": batched if arguments.peer_vad == "auto" else arguments.peer_vad == "on",
        "timestamps": not batched if arguments.peer_timestamps == "auto" else arguments.peer_timestamps == "on",
        "files": [{"path": row["path"], "language": row["language"]} for row in rows],
    }
    command = [sys.executable, str(HERE / "peer_worker.py")]
    wall, peak, output = run_measured(command, arguments.threads, json.dumps(request))
    answer = json.loads(output)
    return {
        "compute_s": sum(file["seconds"] for file in answer["files"]),
        "process_s": wall,
        "peak_bytes": peak,
        "texts": {row["file"]: file["text"] for row, file in zip(rows, answer["files"])},
    }


def run_verbatim(rows, arguments):
    by_language = defaultdict(list)
    for row in rows:
        by_language[row["language"]].append(row)
    wall_sum, peak_max, texts = 0.0, 0, {}
    for language, group in sorted(by_language.items()):
        with tempfile.TemporaryDirectory() as folder:
            command = [arguments.verbatim, "transcribe", "--model", arguments.model, "--language", language,
                       "--beam-size", str(arguments.beam), "--format", "txt", "--output-dir", folder,
                       "--progress", "none", *shlex.split(arguments.verbatim_options),
                       *(row["path"] for row in group)]
            wall, peak, _ = run_measured(command, arguments.threads)
            wall_sum, peak_max = wall_sum + wall, max(peak_max, peak)
            for row in group:
                texts[row["file"]] = (Path(folder) / f"{Path(row['file']).stem}.txt").read_text(encoding="utf-8")
    return {"compute_s": wall_sum, "process_s": wall_sum, "peak_bytes": peak_max, "texts": texts}


def count_errors(rows, texts):
    """Per file with a reference: wrong words and words of the reference."""
    import jiwer
    from whisper_normalizer.basic import BasicTextNormalizer
    from whisper_normalizer.english import EnglishTextNormalizer

    english, basic = EnglishTextNormalizer(), BasicTextNormalizer()
    counts = {}
    for row in rows:
        if row["reference"] is None:
            continue
        normalise = english if row["language"] == "en" else basic
        reference = normalise(row["reference"]).strip()
        hypothesis = normalise(texts[row["file"]]).strip()
        result = jiwer.process_words(reference, hypothesis)
        wrong = result.substitutions + result.deletions + result.insertions
        counts[row["file"]] = {"errors": wrong, "words": len(reference.split())}
    return counts


def summarise(rows, rounds, counts):
    """One engine's numbers: speed over rounds, memory, and the word error rate per set and language."""
    seconds = sum(row["seconds"] for row in rows)
    groups = defaultdict(lambda: {"errors": 0, "words": 0, "files": 0})
    for row in rows:
        if row["file"] not in counts:
            continue
        for key in ("all", " ".join(filter(None, (row["set"], row["language"])))):
            groups[key]["errors"] += counts[row["file"]]["errors"]
            groups[key]["words"] += counts[row["file"]]["words"]
            groups[key]["files"] += 1
    for group in groups.values():
        group["wer"] = group["errors"] / group["words"] if group["words"] else None
    return {
        "speed_rounds": [seconds / one["compute_s"] for one in rounds],
        "speed_median": statistics.median(seconds / one["compute_s"] for one in rounds),
        "process_s_rounds": [one["process_s"] for one in rounds],
        "peak_bytes": max(one["peak_bytes"] for one in rounds),
        "same_text_every_round": all(one["texts"] == rounds[0]["texts"] for one in rounds),
        "groups": dict(groups),
        "files": counts,
    }


def describe_machine():
    cpu = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    versions = {}
    for package in ("faster-whisper", "ctranslate2", "onnxruntime", "av", "jiwer", "whisper-normalizer"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    return {"cpu": cpu, "cpus": len(os.sched_getaffinity(0)), "system": platform.platform(), "packages": versions}


def print_report(report):
    print(f"{report['files']} files, {report['audio_s']:.0f} s of audio, {report['rounds']} rounds, "
          f"{report['threads']} CPUs, model {report['model']}, beam {report['beam']}")
    for name, engine in report["engines"].items():
        spread = f"({min(engine['speed_rounds']):.1f} to {max(engine['speed_rounds']):.1f})"
        print(f"{name:9s} {engine['speed_median']:7.1f} x real time {spread:18s} peak {engine['peak_bytes'] / 1e6:6.0f} MB")
        for key, group in engine["groups"].items():
            wer = "-" if group["wer"] is None else f"{100 * group['wer']:.2f} %"
            print(f"          {key:10s} word error rate {wer:>8s}  ({group['errors']} of {group['words']}, {group['files']} files)")
    if "ratio_rounds" in report:
        ratios = report["ratio_rounds"]
        print(f"ratio verbatim / peer: {statistics.median(ratios):.2f} (min {min(ratios):.2f}, max {max(ratios):.2f})")


def main():
    arguments = parse_arguments()
    rows = read_manifest(arguments)
    stems = [(row["language"], Path(row["file"]).stem) for row in rows]
    if len(set(stems)) != len(stems):
        sys.exit("compare.py: two files of one language have the same stem, so their texts would collide")
    runners = {"peer": run_peer, "verbatim": run_verbatim}
    if arguments.peer_only:
        del runners["verbatim"]
    if arguments.verbatim_only:
        del runners["peer"]

    rounds = defaultdict(list)
    for _ in range(arguments.rounds):
        for name, runner in runners.items():
            rounds[name].append(runner(rows, arguments))

    report = {
        "model": Path(arguments.model).name,
        "files": len(rows),
        "audio_s": sum(row["seconds"] for row in rows),
        "rounds": arguments.rounds,
        "threads": arguments.threads,
        "beam": arguments.beam,
        "peer_mode": arguments.peer_mode,
        "peer_compute": arguments.peer_compute,
        "peer_vad": arguments.peer_vad,
        "peer_timestamps": arguments.peer_timestamps,
        "verbatim_options": arguments.verbatim_options,
        "machine": describe_machine(),
        "engines": {},
    }
    for name, runs in rounds.items():
        report["engines"][name] = summarise(rows, runs, count_errors(rows, runs[-1]["texts"]))
        if arguments.texts:
            folder = arguments.texts / name
            folder.mkdir(parents=True, exist_ok=True)
            for file, text in runs[-1]["texts"].items():
                (folder / f"{file}.txt").write_text(text + "\n", encoding="utf-8")
    if len(runners) == 2:
        pairs = zip(report["engines"]["verbatim"]["speed_rounds"], report["engines"]["peer"]["speed_rounds"])
        report["ratio_rounds"] = [ours / theirs for ours, theirs in pairs]
    print_report(report)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
