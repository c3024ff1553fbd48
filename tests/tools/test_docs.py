"""What the documents name is there: tests, by room, suite and name; files, by path."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEST = re.compile(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.M)


def rooms_with_tests():
    """room -> "Suite.Name" of every test in it."""
    found = {}
    for path in ROOT.glob("src/**/*_test.cc"):
        names = {f"{suite}.{name}" for suite, name in TEST.findall(path.read_text(encoding="utf-8"))}
        found.setdefault(path.parent.name if path.parent.name != "impl" else path.parents[1].name, set()).update(names)
    return found


def named_tests(text):
    """Each test in the last column of the tables, in full: `.Name` goes on from the test named before."""
    room = suite = None
    for row in re.findall(r"^\|.*\|$", text, re.M):
        for word in re.findall(r"`([^`]+)`", row.rsplit("|", 2)[-2]):
            if re.fullmatch(r"\w+\.\w+\.(\w+|\*)", word):
                room, suite, name = word.split(".")
            elif re.fullmatch(r"\.\w+", word):
                name = word[1:]
            elif re.fullmatch(r"\.\w+\.(\w+|\*)", word):
                suite, name = word[1:].split(".")
            else:
                continue
            yield room, f"{suite}.{name}"


def test_tests_named_by_the_requirements_are_there():
    rooms = rooms_with_tests()
    named = list(named_tests((ROOT / "docs/performance.md").read_text(encoding="utf-8")))
    assert len(named) > 60
    missing = [f"{room}.{name}" for room, name in named if not any(fnmatch(one, name) for one in rooms.get(room, ()))]
    assert not missing


@pytest.mark.parametrize("document", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")), ids=lambda path: path.name)
def test_files_that_a_document_names_are_there(document):
    text = document.read_text(encoding="utf-8")
    links = [document.parent / link for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text)]
    words = [ROOT / word for word in re.findall(r"`((?:src|app|tests|tools|bench|docs|web)/[\w./-]+\.\w+)`", text) if "N." not in word]
    assert not [str(path) for path in links + words if not path.exists()]
