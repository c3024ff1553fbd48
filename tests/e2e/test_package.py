"""The Debian package: built, unpacked, and used from where it lies."""

import os
import shutil
import subprocess

import pytest
from conftest import DATA, MODELS, PROGRAM, ROOT

BUILD = PROGRAM.parent


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The package's file and the folder that it was unpacked into."""
    if not all(map(shutil.which, ("cmake", "cpack", "dpkg-deb", "dpkg-shlibdeps"))):
        pytest.skip("needs cmake and Debian's package tools")
    if not (BUILD / "CPackConfig.cmake").is_file():
        pytest.skip("the program was built elsewhere")
    folder = tmp_path_factory.mktemp("package")
    subprocess.run(["cmake", "--build", BUILD, "--target", "completions"], check=True, capture_output=True)
    done = subprocess.run(["cpack", "-G", "DEB", "-B", folder / "made"], cwd=BUILD, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    (made,) = (folder / "made").glob("verbatim_*.deb")
    subprocess.run(["dpkg-deb", "-x", made, folder / "root"], check=True)
    return made, folder / "root"


def test_the_package_names_what_it_needs(package):
    fields = subprocess.run(["dpkg-deb", "-f", package[0]], capture_output=True, text=True, check=True).stdout
    depends = next(line for line in fields.splitlines() if line.startswith("Depends:"))
    for library in ("libavformat", "libdnnl", "libsqlite3-0", "libcurl4", "libc6", "libstdc++6"):
        assert library in depends, depends


def test_the_program_of_the_package_works_from_anywhere(package, tmp_path, tiny):
    program = package[1] / "usr" / "bin" / "verbatim"
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "VERBATIM_MODEL_DIR": str(MODELS), "VERBATIM_CALIBRATION": "off"}
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, env=env).stdout
    assert version.startswith("verbatim ")
    talk = shutil.copy(DATA / "jfk.flac", tmp_path)
    subprocess.run([program, "transcribe", "--model", "tiny.en", talk], check=True, env=env, cwd=tmp_path)
    assert "country" in (tmp_path / "jfk.srt").read_text()
    demo = subprocess.run([program, "demo", "--model", "tiny.en"], capture_output=True, text=True, check=True, env=env)
    assert "-->" in demo.stdout
    dynamic = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout
    assert "RPATH" not in dynamic and "RUNPATH" not in dynamic


def test_unit_documents_and_completion_are_in_their_places(package):
    usr = package[1] / "usr"
    for path in ("lib/systemd/system/verbatim.service", "share/doc/verbatim/operations.md", "share/doc/verbatim/copyright",
                 "share/bash-completion/completions/verbatim", "share/zsh/vendor-completions/_verbatim",
                 "share/fish/vendor_completions.d/verbatim.fish"):
        assert (usr / path).stat().st_size > 0, path
    assert os.listdir(package[1]) == ["usr"]


def test_systemd_understands_the_unit(package):
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze")
    unit = ROOT / "packaging" / "verbatim.service"
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if "verbatim.service" in line]
    # Here the program is not installed.
    assert all("/usr/bin/verbatim is not executable" in line for line in lines), lines
