"""Each rule of tools/tidy, both ways: a small tree that keeps it and one that breaks it; and the real tree is clean."""

import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
TIDY = PROJECT / "tools" / "tidy"


def load_tidy():
    loader = importlib.machinery.SourceFileLoader("tidy", str(TIDY))
    spec = importlib.util.spec_from_loader("tidy", loader)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


tidy = load_tidy()

HEADER = "// What this is for.\n#pragma once\n\n"
HOUSE = {
    "src/base/CMakeLists.txt": "room(base)\n",
    "src/base/error.h": HEADER + "// Says it.\nint Say();\n",
    "src/engine/media/CMakeLists.txt": "room(media LIBS LIBAV)\n",
    "src/engine/media/reader.h": HEADER + '#include "base/error.h"\n',
    "src/engine/media/impl/packet.h": HEADER,
    "src/engine/kernels/CMakeLists.txt": "room(kernels)\n",
    "src/engine/nn/CMakeLists.txt": "# the layers\nroom(nn DEPS kernels LIBS media)\n",
    "src/engine/pipeline/CMakeLists.txt": "room(pipeline\n  DEPS media kernels nn\n  TEST_SOURCES ${A_FILE})\n",
    "src/service/models/CMakeLists.txt": "room(models)\n",
    "app/main.cc": '#include "pipeline/transcribe.h"\nint main() { return 0; }\n',
}


@pytest.fixture(name="check")
def check_fixture(tmp_path):
    """Writes the house and the given files; returns the set of (path, line, rule) found."""

    def check(files=None):
        for path, text in {**HOUSE, **(files or {})}.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return {(path, line, rule) for path, line, rule, _ in tidy.Tidy(tmp_path).run()}

    return check


def test_the_house_is_clean(check):
    assert check() == set()


INCLUDES = [
    ("src/engine/nn/a.cc", '#include "kernels/gemm.h"', None),
    ("src/engine/nn/a.cc", '#include "nn/b.h"', None),
    ("src/engine/nn/a.cc", '#include "base/error.h"', None),
    ("src/engine/nn/a.cc", '#include "media/reader.h"', "arrows"),  # under LIBS, not DEPS
    ("src/engine/nn/a_test.cc", '#include "media/reader.h"', "arrows"),
    ("src/engine/nn/a.cc", '// #include "media/reader.h"', None),
    ("src/engine/nn/a.cc", '/*\n#include "media/reader.h"\n*/', None),
    ("src/engine/nn/a.cc", '  #  include "media/reader.h"', "arrows"),
    ("src/engine/nn/a.cc", '#include "gemm.h"', "arrows"),
    ("src/engine/nn/a.cc", '#include "tests/npy.h"', "arrows"),
    ("src/engine/nn/a_test.cc", '#include "tests/npy.h"', None),
    ("src/engine/kernels/a.cc", '#include "nn/b.h"', "arrows"),
    ("src/engine/media/a.cc", '#include "media/impl/packet.h"', None),
    ("src/engine/pipeline/a.cc", '#include "media/impl/packet.h"', "arrows"),
    ("src/engine/pipeline/a.cc", '#include "models/models.h"', "arrows"),
    ("src/service/models/a.cc", '#include "pipeline/transcribe.h"', "arrows"),
    ("src/base/a.cc", '#include "nn/b.h"', "arrows"),
    ("app/a.cc", '#include "models/models.h"', None),
    ("app/a.cc", '#include "app/flags.h"', None),
    ("app/a.cc", '#include "nn/b.h"', "arrows"),
    ("tests/fuzz/a.cc", '#include "nn/b.h"', None),
    ("src/engine/media/a.cc", "#include <libavformat/avformat.h>", None),
    ("src/engine/nn/a.cc", "#include <libavformat/avformat.h>", "fence"),
    ("app/a.cc", "#include <libswresample/swresample.h>", "fence"),
    ("src/engine/kernels/a.cc", "#include <oneapi/dnnl/dnnl.hpp>", None),
    ("src/engine/nn/a.cc", "#include <dnnl.hpp>", "fence"),
    ("src/engine/kernels/a.cc", "#include <omp.h>", None),
    ("src/engine/nn/a.cc", "#include <omp.h>", "fence"),
    ("src/engine/nn/a.cc", "#include <immintrin.h>", "fence"),
    ("src/service/models/a.cc", "#include <curl/curl.h>", None),
    ("src/engine/media/a.cc", "#include <curl/curl.h>", "fence"),
    ("src/engine/media/a.cc", "#include <archive.h>", "fence"),
    ("src/engine/media/a.cc", "#include <openssl/sha.h>", "fence"),
    ("src/service/models/a.cc", "#include <sqlite3.h>", "fence"),
    ("src/engine/nn/a.cc", "#include <boost/json.hpp>", "fence"),
    ("app/a.cc", "#include <CLI/CLI.hpp>", None),
    ("src/engine/nn/a.cc", "#include <CLI/CLI.hpp>", "fence"),
    ("src/engine/nn/a.cc", "#include <fmt/format.h>", None),
    ("src/engine/nn/a.cc", "#include <vector>", None),
    ("src/engine/nn/a.cc", "#include <sys/stat.h>", None),
    ("src/engine/nn/a.cc", "#include <unheard/of.h>", "fence"),
    ("src/engine/nn/a.cc", "#include <gtest/gtest.h>", "fence"),
    ("src/engine/nn/a_test.cc", "#include <gtest/gtest.h>", None),
    ("tests/e2e/a.cc", "#include <gtest/gtest.h>", None),
    ("src/engine/nn/a_bench.cc", "#include <benchmark/benchmark.h>", None),
]


@pytest.mark.parametrize("path,line,rule", INCLUDES)
def test_includes(check, path, line, rule):
    found = check({path: line + "\n"})
    assert {r for p, _, r in found if p == path} == ({rule} if rule else set())


def test_files_for_wider_instructions_include_nothing_inline(check):
    good = '#include <immintrin.h>\n\n#include <cstdint>\n\n#include "kernels/row.h"\n'
    assert check({"src/engine/kernels/row_avx2.cc": good}) == set()
    bad = '#include <immintrin.h>\n#include <vector>\n#include "base/error.h"\n'
    path = "src/engine/kernels/row_avx2.cc"
    assert check({path: bad}) == {(path, 2, "wide-file"), (path, 3, "wide-file")}


def test_wide_files_are_known_by_their_flags(check):
    path, cmake = "src/engine/kernels/impl/row.cc", "src/engine/kernels/CMakeLists.txt"
    text = "#include <vector>\n"
    assert check({path: text, cmake: "set_source_files_properties(impl/row.cc PROPERTIES COMPILE_OPTIONS \"-O3;-fno-math-errno;-mtune=native\")\nroom(kernels)\n"}) == set()
    assert check({path: text, cmake: 'set_source_files_properties(impl/row.cc PROPERTIES\n  COMPILE_OPTIONS "-mavx2;-mfma")\nroom(kernels)\n'}) == {
        (path, 1, "wide-file")}


@pytest.mark.parametrize("path,text", [
    ("src/engine/kernels/CMakeLists.txt", "room(kernels DEPS nn)\n"),  # a circle: nn needs kernels
    ("src/engine/nn/CMakeLists.txt", "room(nn DEPS kernels models)\n"),  # the engine looks at the service
    ("src/engine/nn/CMakeLists.txt", "room(nn DEPS kernels cellar)\n"),  # no such room
    ("src/base/CMakeLists.txt", "room(base DEPS media)\n"),
    ("src/service/models/CMakeLists.txt", "room(models DEPS nn)\n"),  # the service sees only the pipeline
])
def test_arrows_of_rooms(check, path, text):
    assert (path, 1, "arrows") in check({path: text})


def test_the_service_may_use_the_pipeline(check):
    assert check({"src/service/models/CMakeLists.txt": "room(models DEPS pipeline)\n"}) == set()


@pytest.mark.parametrize("name", ["util", "common", "misc", "helpers"])
def test_vague_rooms(check, name):
    path = f"src/engine/{name}/CMakeLists.txt"
    assert check({path: f"room({name})\n"}) == {(path, 1, "room-name")}


def test_room_size(check):
    files = {f"src/engine/nn/f{i}.cc": "\n" for i in range(48)}
    files |= {"src/engine/nn/f0_test.cc": "\n", "src/engine/nn/test_rows.h": HEADER}
    assert check(files) == set()
    files["src/engine/nn/f48.cc"] = "\n"
    assert check(files) == {("src/engine/nn/CMakeLists.txt", 2, "room-size")}


def function_of(lines, head="int Long()", inner="  Step();\n"):
    return f"{head} {{\n" + inner * (lines - 2) + "}\n"


@pytest.mark.parametrize("head", [
    "int Long()",
    "Result<std::vector<float>> Long(std::span<const float> a, Options b = {})",
    "template <typename T = int> auto Room::Long(T a) const noexcept -> T",
    "Room::Room(int a) : a_{a}, b_(a), c_{{1, 2}}",
    "bool operator==(const A& a, const A& b)",
    "TEST(Long, Function)",
])
def test_function_length(check, head):
    path = "src/engine/nn/a.cc"
    wrapped = "namespace verbatim::nn {{\nnamespace {{\n{}\n}}\n}}\n"
    assert check({path: wrapped.format(function_of(70, head))}) == set()
    assert check({path: wrapped.format(function_of(71, head))}) == {(path, 3, "function-length")}


def test_function_length_in_a_class_and_with_hostile_literals(check):
    path = "src/engine/nn/a.cc"
    odd = "  Say(\"{ \\\" {\", '{', '\\'', R\"x(}} \" {)x\", 1'000'000);  // {{{ it's\n  /* } */\n"
    text = "class A {\n public:\n  int Short() { return 1; }\n" + function_of(37, inner=odd) + "  int x_{0};\n};\n"
    assert check({path: text}) == {(path, 4, "function-length")}
    short = "class A {\n public:\n" + function_of(30, inner=odd) + function_of(30, inner=odd) + "};\n"
    assert check({path: short}) == set()


def test_tables_and_classes_are_not_functions(check):
    path = "src/engine/nn/a.cc"
    rows = "  {1, Make(2)},\n" * 100
    members = "  int a_ = 0;\n" * 100
    text = f"const std::vector<int> kTable = {{\n{rows}}};\nenum class E {{\n{'  kA,' * 9}\n}};\nclass A : public B<int> {{\n{members}}};\n"
    assert check({path: text}) == set()


def test_file_length(check):
    assert check({"src/engine/nn/a.cc": "\n" * 800, "src/engine/nn/a.h": HEADER + "\n" * 247}) == set()
    assert check({"src/engine/nn/a.cc": "\n" * 801, "src/engine/nn/a.h": HEADER + "\n" * 248}) == {
        ("src/engine/nn/a.cc", 801, "file-length"), ("src/engine/nn/a.h", 251, "file-length")}


def test_line_length_counts_characters(check):
    path = "src/engine/nn/a.cc"
    assert check({path: "// " + "é" * 97 + "\n// https://example.org/" + "x" * 100 + "\n"}) == set()
    assert check({path: "// " + "x" * 98 + "\n"}) == {(path, 1, "line-length")}


CONDUCT = [
    ("src/engine/nn/a.cc", 'void F() { std::cout << "x"; }', "printing"),
    ("src/engine/nn/a.cc", 'void F() { printf("x"); }', "printing"),
    ("src/engine/nn/a.cc", 'void F() { std::fprintf(stderr, "x"); }', "printing"),
    ("src/engine/nn/a.cc", 'void F() { fmt::print("x"); }', "printing"),
    ("src/engine/nn/a.cc", "void F() { std::exit(1); }", "printing"),
    ("src/engine/nn/a.cc", "void F() { abort(); }", "printing"),
    ("src/engine/nn/a.cc", "void F() { snprintf(buffer, 1, x); reader.exit(); job->abort(); }", None),
    ("src/engine/nn/a.cc", '// printf("x")\nconst char* kText = "std::cout exit(";', None),
    ("src/engine/nn/a_test.cc", 'void F() { printf("x"); }', None),
    ("app/a.cc", 'void F() { std::cout << "x"; }', None),
    ("src/base/check.h", HEADER + "inline void F() { std::abort(); }  // ends the program", None),
    ("src/engine/nn/a.cc", "void F() { throw 1; }", "exceptions"),
    ("src/engine/kernels/a.cc", "void F() { throw 1; }", "exceptions"),
    ("src/engine/nn/a.cc", "void F() { try { G(); } catch (...) {} }", "exceptions"),
    ("src/engine/kernels/a.cc", "void F() { try { G(); } catch (...) {} }", None),
    ("src/engine/nn/a.cc", "// they throw and we catch (all)\nvoid Catch();", None),
    ("src/engine/nn/a.cc", "std::thread worker;", "threads"),
    ("src/engine/nn/a.cc", "std::jthread worker;", "threads"),
    ("src/engine/nn/a.cc", "auto n = std::thread::hardware_concurrency();", None),
    ("src/engine/pipeline/a.cc", "std::jthread worker;", None),
    ("src/engine/nn/a_test.cc", "std::thread worker;", None),
    ("src/engine/nn/a.cc", "// TO" + "DO: more", "unfinished"),
    ("cmake/a.cmake", "# FIX" + "ME", "unfinished"),
    ("src/engine/nn/a.cc", "int kMASTODON;", None),
    ("docs/a.md", "/wo" + "rk/main/x", "machine-path"),
    ("tests/a.py", 'open("/ho' + 'me/jane/x")', "machine-path"),
    ("docs/a.md", "put it in /home/user/media, /tmp/x or ../work/y and ${ROOT}/work/z", None),
    ("tools/get.sh", "curl https://py" + "pi.org/simple", "registry"),
    ("src/engine/nn/Big.cc", "\n", "file-name"),
    ("src/engine/nn/a.cpp", "\n", "file-name"),
    ("src/engine/nn/a.h", "// What.\nint x;", "header"),
    ("src/engine/nn/a.h", "#pragma once\nint x;", "header"),
]


@pytest.mark.parametrize("path,text,rule", CONDUCT)
def test_conduct(check, path, text, rule):
    assert {r for p, _, r in check({path: text + "\n"}) if p == path} == ({rule} if rule else set())


COMMENTED = HEADER + """namespace verbatim::nn {

// A thing.
class Thing {
 public:
  explicit Thing(int a);
  ~Thing();
  Thing& operator=(Thing&&) noexcept;

  // Does one.
  void One();
  void Two();  // and its neighbour in the same paragraph

  void Three();  // does three
  int size() const { return size_; }

  // Both of a row.
  float* Keys(size_t row) {
    return keys_ + row;
  }
  float* Values(size_t row) {
    return values_ + row;
  }

 private:
  void Hidden();
  int size_ = 0;
};

struct Row {
  int begin = 0;
  std::vector<float> values = Zeros(3);
};

struct Column {
  int begin = 0;  // samples
  int end() const;
};

// Acts.
class Single {
 public:
  explicit Single(std::vector<int> rows) : rows_(std::move(rows)) {}
  void Apply(std::span<float> rows) const;

 private:
  std::vector<int> rows_;
};

// Both of them.
int First();
int Second(
    int a);

enum class Kind { kA, kB };
inline constexpr int kSize = Make(3);

}  // namespace verbatim::nn
"""


def test_comments_of_public_declarations(check):
    assert check({"src/engine/nn/a.h": COMMENTED}) == set()


@pytest.mark.parametrize("old,new,flagged", [
    ("// Both of them.\n", "", "int First();"),
    ("  // Does one.\n", "", "  void One();"),
    ("// A thing.\n", "\n", "class Thing {"),
    ("  int begin = 0;  // samples\n", "", "struct Column {"),
    ("// Acts.\n", "", "  void Apply("),  # without the comment of its class, the one action needs its own
    ("  void Apply(", "  void Other();\n\n  void Apply(", "  void Apply("),
    ("inline constexpr int kSize = Make(3);", "\ninline int Twice(int a) { return 2 * a; }", "inline int Twice"),
])
def test_missing_comments(check, old, new, flagged):
    assert old in COMMENTED
    text = COMMENTED.replace(old, new)
    line = text[:text.index(flagged)].count("\n") + 1
    found = check({"src/engine/nn/a.h": text})
    assert ("src/engine/nn/a.h", line, "comment") in found
    assert {r for _, _, r in found} == {"comment"}
    assert check({"src/engine/nn/a.h": HEADER, "src/engine/nn/impl/a.h": text}) == set()


def test_the_opening_comment_speaks_of_the_class_that_names_the_file(check):
    text = HEADER + "class RowReader {\n public:\n  int size() const;\n};\n"
    assert check({"src/engine/nn/row_reader.h": text}) == set()
    assert check({"src/engine/nn/rows.h": text.replace("What this", "RowReader: what this")}) == set()
    locked = text.replace("class RowReader", 'class CAPABILITY("mutex") RowReader')
    assert check({"src/engine/nn/row_reader.h": locked, "src/engine/nn/rows.h": HEADER}) == set()
    assert check({"src/engine/nn/row_reader.h": HEADER, "src/engine/nn/rows.h": text}) == {("src/engine/nn/rows.h", 4, "comment")}


def test_decisions(check):
    call = "find_package(PkgConfig REQUIRED)\npkg_check_modules(LIBAV REQUIRED IMPORTED_TARGET libavformat>=59 libavcodec)\nfind_library(DNNL_LIBRARY dnnl REQUIRED)\n"
    path = "src/engine/media/CMakeLists.txt"
    rooms = HOUSE[path]
    assert check({path: call + rooms}) == {(path, 2, "decision"), (path, 3, "decision")}
    pages = {"docs/decisions/ffmpeg.md": "# FFmpeg\n", "docs/decisions/onednn.md": "# oneDNN\n"}
    assert check({path: call + rooms, **pages}) == set()
    assert check({path: "find_package(Unheard)\n" + rooms}) == {(path, 1, "decision")}


def test_output_and_exit_code(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Main.cc").write_text("\n", encoding="utf-8")
    done = subprocess.run([sys.executable, TIDY, "--root", tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.startswith("app/Main.cc:1: file-name: ")
    (tmp_path / "app" / "Main.cc").unlink()
    assert subprocess.run([sys.executable, TIDY, "--root", tmp_path], capture_output=True, check=False).returncode == 0


def test_files_that_git_ignores_are_not_checked(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("/build/\n", encoding="utf-8")
    for folder in ("app", "build"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.cc").write_text("// TO" + "DO\n", encoding="utf-8")
    assert [p for p, *_ in tidy.Tidy(tmp_path).run()] == ["app/a.cc"]


def test_headers_alone(tmp_path):
    folder = tmp_path / "src" / "base"
    folder.mkdir(parents=True)
    (folder / "good.h").write_text(HEADER + "#include <string>\nstruct A { std::string s; };\n", encoding="utf-8")
    (folder / "bad.h").write_text(HEADER + "struct B { std::string s; };\n", encoding="utf-8")
    problems, count = tidy.compile_headers(tmp_path, 1)
    assert count == 2
    assert [(path, line) for path, line, _, _ in problems] == [("src/base/bad.h", 4)]


def test_headers_that_a_source_includes_first_are_left_to_the_build(tmp_path):
    folder = tmp_path / "src" / "engine" / "nn"
    folder.mkdir(parents=True)
    for name in ("first", "second"):
        (folder / f"{name}.h").write_text(HEADER, encoding="utf-8")
    (folder / "first.cc").write_text('// What.\n#include "nn/first.h"\n\n#include "nn/second.h"\n', encoding="utf-8")
    assert tidy.headers_to_compile(tmp_path) == ["src/engine/nn/second.h"]


def test_the_real_tree_is_clean():
    problems = tidy.Tidy(PROJECT).run()
    assert not problems, "\n".join(f"{p}:{l}: {r}: {s}" for p, l, r, s in problems)
