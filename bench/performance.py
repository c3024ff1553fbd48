#!/usr/bin/env python3
"""What a machine gets out of Verbatim, and whether a change made it better.

    bench/performance.py run [--only memory,time,workers,use,splitting] [--json RESULT]
    bench/performance.py versus BEFORE AFTER [--only ...] [--json RESULT]
    bench/performance.py show RESULT [OTHER]

run measures one program; versus measures two in one run, in turn in each round, so that a machine that slows down slows both;
show prints kept results, two of them side by side. BEFORE and AFTER are programs, or words of a command: "build/release/verbatim
--workers 1" adds flags.

memory     peak of a short, a long and a very long recording: it must not grow with the length
time       wall time of the whole program for a short, a long, a dense and a sparse recording
workers    speed of 1, 2 ... workers of one thread each, and their efficiency: speed / (workers x speed of one)
use        CPU time / (wall time x CPUs), memory and reading from disk while a long recording is done
splitting  a job of the server with windows fitted to the file and with fixed ones (chunk_size_optimization)
"""

import argparse
import json
import os
import platform
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data"
CLIPS = ("jfk.flac", "lj001_0004.mp3", "lj001_0005.mp3")
SUITES = ("memory", "time", "workers", "use", "splitting")
CPUS = len(os.sched_getaffinity(0))


def make_recordings(folder):
    """The kinds of recordings, made of a few clips in turn: 24 s of speech, or 60 s with a pause."""
    def make(name, *arguments):
        path = folder / f"{name}.wav"
        subprocess.run(["ffmpeg", "-v", "error", *arguments, "-ac", "1", "-ar", "16000", path], check=True)
        return path

    def repeated(times, source):
        return ("-stream_loop", str(times - 1), "-i", source)

    inputs = [word for clip in CLIPS for word in ("-i", DATA / clip)]
    turn = make("turn", *inputs, "-filter_complex", f"concat=n={len(CLIPS)}:v=0:a=1")
    dense = make("dense_turn", "-i", turn, "-af", "silenceremove=stop_periods=-1:stop_duration=0.1:stop_threshold=-35dB")
    sparse = make("sparse_turn", "-i", turn, "-af", "apad=whole_dur=60")
    return {"short": make("short", "-i", DATA / CLIPS[0]), "long": make("long", *repeated(15, turn)),
            "very_long": make("very_long", *repeated(60, turn)), "dense": make("dense", *repeated(15, dense)),
            "sparse": make("sparse", *repeated(6, sparse))}


class Program:
    """A build of Verbatim with flags, timed as a user meets it: a whole process, loading included."""

    def __init__(self, words, model):
        self.words = shlex.split(words)
        self.model = model

    def transcribe(self, recording, *flags):
        program, *more = self.words
        with tempfile.TemporaryDirectory() as out:
            command = [program, "transcribe", "--model", self.model, "--format", "txt", "--output-dir", out, *more, *flags, str(recording)]
            begin = time.monotonic()
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            error = process.stderr.read()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                sys.exit(f"{shlex.join(command)}: {error.strip()}")
        return {"seconds": time.monotonic() - begin, "cpu_seconds": used.ru_utime + used.ru_stime,
                "peak_mb": used.ru_maxrss * 1024 / 1e6, "read_mb": used.ru_inblock * 512 / 1e6}


def measure_memory(program, recordings):
    return {f"memory.{kind}.peak_mb": program.transcribe(recordings[kind])["peak_mb"] for kind in ("short", "long", "very_long")}


def measure_time(program, recordings):
    return {f"time.{kind}.seconds": program.transcribe(recordings[kind])["seconds"] for kind in ("short", "long", "dense", "sparse")}


def measure_workers(program, recordings):
    counts = sorted({1, *(2 ** i for i in range(1, 7) if 2 ** i < CPUS), CPUS})
    seconds = {n: program.transcribe(recordings["long"], "--workers", str(n), "--threads", "1")["seconds"] for n in counts}
    values = {f"workers.{n}.seconds": taken for n, taken in seconds.items()}
    return values | {f"workers.{n}.efficiency_percent": 100 * seconds[1] / taken / n for n, taken in seconds.items()}


def measure_use(program, recordings):
    run = program.transcribe(recordings["long"])
    return {"use.cpu_percent": 100 * run["cpu_seconds"] / run["seconds"] / CPUS, "use.cpu_seconds": run["cpu_seconds"],
            "use.peak_mb": run["peak_mb"], "use.read_mb": run["read_mb"]}


def measure_splitting(program, recordings):
    sys.path.insert(0, str(ROOT / "tests" / "e2e"))
    os.environ["VERBATIM_PROGRAM"] = shutil.which(program.words[0])
    import conftest
    from server import Server
    conftest.PROGRAM = Path(os.environ["VERBATIM_PROGRAM"])
    values = {}
    for choice, flags in (("adaptive", []), ("fixed", ["--no-chunk-size-optimization"])):
        with tempfile.TemporaryDirectory() as folder:
            server = Server(Path(folder) / "data", *flags, *program.words[1:], model=program.model)
            server.start()
            try:
                server.transcribe(recordings["short"])  # loads the model
                for kind in ("short", "long", "dense", "sparse"):
                    upload = server.put(recordings[kind], f"{choice}-{kind}.wav")["id"]
                    begin = time.monotonic()
                    server.wait(server.submit(upload, reuse=False)["id"])
                    values[f"splitting.{kind}.{choice}_seconds"] = time.monotonic() - begin
            finally:
                server.kill()
    return values


MEASURES = {"memory": measure_memory, "time": measure_time, "workers": measure_workers, "use": measure_use, "splitting": measure_splitting}


def measure(programs, arguments):
    """Each program's rounds, the programs in turn within a round."""
    rounds = {name: [] for name in programs}
    with tempfile.TemporaryDirectory() as folder:
        recordings = make_recordings(Path(folder))
        for number in range(arguments.rounds):
            for name, program in programs.items():
                values = {}
                for suite in arguments.only:
                    print(f"round {number + 1} of {arguments.rounds}: {name}, {suite}", file=sys.stderr)
                    values |= MEASURES[suite](program, recordings)
                rounds[name].append(values)
    return {"machine": machine(), "model": arguments.model,
            "programs": {name: {"command": shlex.join(programs[name].words), "rounds": taken} for name, taken in rounds.items()}}


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as cpus:
        names = [line.split(":", 1)[1].strip() for line in cpus if line.startswith("model name")]
    return {"cpu": names[0] if names else platform.machine(), "cpus": CPUS, "page_bytes": resource.getpagesize()}


def medians(program):
    return {name: statistics.median(values[name] for values in program["rounds"]) for name in program["rounds"][0]}


def show(programs):
    """One program's medians; of two, the ratio of each round, its median and range."""
    columns = [medians(program) for program in programs]
    if len(programs) == 1:
        for name, value in columns[0].items():
            print(f"{name:<36}{value:12.2f}")
        return
    print(f"{'':<36}{'before':>12}{'after':>12}{'after / before':>16}   of the rounds")
    for name in columns[0]:
        if name not in columns[1]:
            continue
        pairs = zip(programs[0]["rounds"], programs[1]["rounds"])
        ratios = [after[name] / before[name] for before, after in pairs if before[name]]
        ratio = f"{statistics.median(ratios):16.3f}   {min(ratios):.3f} to {max(ratios):.3f}" if ratios else ""
        print(f"{name:<36}{columns[0][name]:12.2f}{columns[1][name]:12.2f}{ratio}")


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure one program")
    run.add_argument("--program", default=str(ROOT / "build" / "release" / "verbatim"))
    versus = commands.add_parser("versus", help="measure two programs in one run")
    versus.add_argument("before")
    versus.add_argument("after")
    for command in (run, versus):
        command.add_argument("--only", type=suites, default=SUITES, help="comma-separated: " + ", ".join(SUITES))
        command.add_argument("--model", default="tiny.en")
        command.add_argument("--rounds", type=int, default=3)
        command.add_argument("--json", type=Path, help="keep everything measured in this file")
    kept = commands.add_parser("show", help="print kept results")
    kept.add_argument("result", type=Path)
    kept.add_argument("other", type=Path, nargs="?")
    return parser.parse_args(arguments)


def suites(text):
    chosen = tuple(text.split(","))
    if unknown := set(chosen) - set(SUITES):
        raise argparse.ArgumentTypeError(f"no such measurement: {', '.join(sorted(unknown))}; choose from {', '.join(SUITES)}")
    return chosen


def main():
    arguments = parse_arguments()
    if arguments.command == "show":
        results = [json.loads(path.read_text(encoding="utf-8")) for path in (arguments.result, arguments.other) if path]
        if len({json.dumps([result["machine"], result["model"]]) for result in results}) > 1:
            print("These are of different machines or models; their numbers cannot be compared.", file=sys.stderr)
        show([program for result in results for program in result["programs"].values()][:2])
        return
    commands = {"after": arguments.program} if arguments.command == "run" else {"before": arguments.before, "after": arguments.after}
    result = measure({name: Program(words, arguments.model) for name, words in commands.items()}, arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    show(list(result["programs"].values()))


if __name__ == "__main__":
    main()
