"""Faults of the system, asked for in a running server (fault_shim.c): calls on files of the data folder that fail, memory that is
refused, a wall clock that jumps."""

import contextlib
import ctypes
import errno
import mmap
import shutil
import subprocess

import pytest
from conftest import ROOT

SOURCE = ROOT / "tests" / "e2e" / "fault_shim.c"
KINDS = ("write", "sync", "open", "truncate", "rename", "unlink", "mkdir")
ALL_KINDS = (1 << len(KINDS)) - 1
SHORT = -1  # a write takes half of its bytes
FOREVER = 1 << 62
ERRORS = {"ENOSPC": errno.ENOSPC, "EIO": errno.EIO, "EINTR": errno.EINTR, "short write": SHORT, "EMFILE": errno.EMFILE,
          "ENOMEM": errno.ENOMEM}


class Control(ctypes.Structure):
    """As fault_shim.c has it."""
    _fields_ = [(name, ctypes.c_int64) for name in (
        "calls_from", "calls_to", "calls_kinds", "calls_error", "calls_count", "calls_failed", "calls_last", "allocations_from",
        "allocations_to", "allocations_count", "allocations_failed", "wall_offset_ms")]


class Faults:
    """What goes wrong in a program that runs with `env`. One object for all its runs on one data folder."""

    def __init__(self, folder, data):
        compiler = shutil.which("cc")
        if not compiler:
            pytest.skip("needs a C compiler")
        shim, shared = folder / "fault_shim.so", folder / "faults"
        subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-Wall", "-Werror", "-fno-builtin", "-o", shim, SOURCE, "-ldl"], check=True)
        shared.write_bytes(bytes(4096))
        with open(shared, "r+b") as file:
            self._pages = mmap.mmap(file.fileno(), 4096)
        self.control = Control.from_buffer(self._pages)
        self.env = {"LD_PRELOAD": str(shim), "VERBATIM_FAULTS": str(shared), "VERBATIM_FAULTS_FOLDER": str(data)}

    @contextlib.contextmanager
    def calls(self, error, first=1, last=FOREVER, kinds=ALL_KINDS):
        """Within, the calls from the first to the last fail."""
        control = self.control
        control.calls_count = control.calls_failed = 0
        control.calls_error, control.calls_kinds, control.calls_to = error, kinds, last
        control.calls_from = first
        try:
            yield control
        finally:
            control.calls_from = 0

    @contextlib.contextmanager
    def allocations(self, first, count=1):
        """Within, memory is refused that often."""
        control = self.control
        control.allocations_count = control.allocations_failed = 0
        control.allocations_to = first + count - 1
        control.allocations_from = first
        try:
            yield control
        finally:
            control.allocations_from = 0

    def set_clock(self, seconds):
        """How far the wall clock is from the true one."""
        self.control.wall_offset_ms = round(1000 * seconds)


def kinds_of(*names):
    return sum(1 << KINDS.index(name) for name in names)
