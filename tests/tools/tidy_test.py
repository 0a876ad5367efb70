#!/usr/bin/env python3
"""The tidy test must see what it is there for: each case breaks one rule in a small tree."""

import pathlib
import shutil
import sys
import tempfile

import cpp_text
import tidy
import tree

GOOD = {
    "src/core/README.md": "# core\nSee [the tour](../../docs/tour.md#the-router) and `src/core/a.cc`.\n",
    "src/core/a.h": "#pragma once\n// A thread would sleep_for( here; \"co_await\" is only named.\n",
    "src/core/a.cc": 'const char* text = "std::thread";\nint a() { return 1\'000\'000; }\n',
    "src/core/a_test.cc": "TEST(Router, FindsQueues) {}\n",
    "src/io/asio/README.md": "# asio\n",
    "src/io/asio/loop.cc": "auto now = std::chrono::steady_clock::now();\nboost::asio::io_context c;\n",
    "docs/tour.md": "# Tour\n## The router\n",
    "docs/protocols/x.md": "| clause | status | test |\n|---|---|---|\n| 1.1 | done | `Router.FindsQueues` |\n"
                           "| 1.2 | not yet | not yet |\n| 1.3 | done | `src/core/a_test.cc::Finds` |\n",
    "docs/formats/wal.md": "# WAL\nWritten by `src/core/a.cc`.\n",
    "tests/tools/ratchet.txt": "# comment\n",
}


def problems_with(extra):
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        for path, text in {**GOOD, **extra}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            if text is not None:
                (root / path).write_text(text)
        shutil.copy(tree.ROOT / "tests/tools/tidy.toml", root / "tests/tools/tidy.toml")
        return [problem for found in tidy.check(root).values() for problem in found]


def expect_problem(extra, what):
    problems = problems_with(extra)
    assert len(problems) == 1, f"expected one problem, got {problems}"
    assert what in problems[0], problems[0]


def a_tidy_tree_passes():
    assert problems_with({}) == [], problems_with({})


def each_banned_string_fails():
    for line in ("co_await x;", "boost::asio::io_context c;", "auto n = system_clock::now();",
                 "std::this_thread::sleep_for(1s);", "std::thread t;", "std::mutex m;",
                 "std::random_device d;", "int f = ::open(name, 0);", "std::ifstream f;",
                 'getenv("X");', "std::cout << 1;", "std::regex r;", "#include <format>",
                 "using namespace std;", "throw 1;", "#include <unistd.h>"):
        expect_problem({"src/core/a.cc": f"{line}\n"}, "src/core/a.cc:1")


def a_qualified_name_that_ends_in_open_passes():
    text = "auto f = File::open(name);\nauto g = naru::io::open(name);\n"
    assert problems_with({"src/core/a.cc": text}) == []


def a_header_without_a_guard_fails():
    expect_problem({"src/core/a.h": "int a();\n"}, "pragma once")


def a_bare_todo_fails():
    expect_problem({"src/core/a.cc": "// TODO: later\n"}, "TODO(perf)")
    assert problems_with({"src/core/a.cc": "// TODO(perf): later\n"}) == []


def a_file_longer_than_the_example_fails():
    expect_problem({"src/core/a.cc": "\n" * 401}, "401 lines")


def a_listed_file_may_stay_and_shrink_but_not_grow():
    listed = {"tests/tools/ratchet.txt": "450 src/core/a.cc\n"}
    assert problems_with({**listed, "src/core/a.cc": "\n" * 450}) == []
    assert problems_with({**listed, "src/core/a.cc": "\n" * 420}) == []
    expect_problem({**listed, "src/core/a.cc": "\n" * 451}, "grew from 450 to 451")
    expect_problem({**listed, "src/core/a.cc": "\n" * 400}, "short enough now")


def a_long_function_fails_and_a_listed_one_may_not_grow():
    text = "int a(int b)\n    : x_{1}, y_{2} {\n" + "  b++;\n" * 69 + "}\n"
    expect_problem({"src/core/a.cc": text}, "src/core/a.cc a: 72 lines")
    listed = {"tests/tools/ratchet.txt": "72 src/core/a.cc a\n"}
    assert problems_with({**listed, "src/core/a.cc": text}) == []


def functions_are_found_in_namespaces_and_classes():
    text = ("namespace naru {\nclass A {\n public:\n  int one() const { return x_; }\n  int x_ = 0;\n};\n"
            "struct B b{.x = 1};\nint A::two(std::vector<int> v = {}) {\n  if (v) {\n  }\n  return 2;\n}\n}\n")
    found = {name: lines for name, _, lines in cpp_text.functions(text)}
    assert found == {"one": 1, "A::two": 5}, found


def a_folder_without_a_readme_fails():
    expect_problem({"src/core/routing/topic.h": "#pragma once\n"}, "src/core/routing: has no README")


def a_readme_longer_than_a_screen_fails():
    expect_problem({"src/core/README.md": "\n" * 51}, "do not fit a screen")


def a_dead_link_fails():
    expect_problem({"docs/tour.md": "# Tour\n## The router\n[gone](gone.md)\n"}, "gone.md")


def a_link_to_a_missing_heading_fails():
    expect_problem({"docs/tour.md": "# Tour\n"}, "#the-router")


def a_path_that_is_not_there_fails():
    expect_problem({"docs/tour.md": "## The router\n`src/core/gone.cc`\n"}, "src/core/gone.cc")


def a_clause_without_a_test_fails():
    page = "| clause | test |\n|---|---|\n| 2.1 | soon |\n"
    expect_problem({"docs/protocols/x.md": page}, "names no test")


def a_clause_with_a_test_that_is_not_there_fails():
    page = "| clause | test |\n|---|---|\n| 2.1 | `Router.FindsNothing` |\n"
    expect_problem({"docs/protocols/x.md": page}, "Router.FindsNothing")


def a_clause_whose_status_and_test_disagree_fails():
    head = "| clause | status | test |\n|---|---|---|\n"
    expect_problem({"docs/protocols/x.md": head + "| 2.1 | yes | not yet |\n"}, '"2.1" is yes')
    expect_problem({"docs/protocols/x.md": head + "| 2.1 | not yet | `Router.FindsQueues` |\n"}, "not yet")


def a_format_page_without_its_source_fails():
    expect_problem({"docs/formats/wal.md": "# WAL\n"}, "docs/formats/wal.md")


if __name__ == "__main__":
    sys.exit(tree.run_cases([
        a_tidy_tree_passes,
        each_banned_string_fails,
        a_qualified_name_that_ends_in_open_passes,
        a_header_without_a_guard_fails,
        a_bare_todo_fails,
        a_file_longer_than_the_example_fails,
        a_listed_file_may_stay_and_shrink_but_not_grow,
        a_long_function_fails_and_a_listed_one_may_not_grow,
        functions_are_found_in_namespaces_and_classes,
        a_folder_without_a_readme_fails,
        a_readme_longer_than_a_screen_fails,
        a_dead_link_fails,
        a_link_to_a_missing_heading_fails,
        a_path_that_is_not_there_fails,
        a_clause_without_a_test_fails,
        a_clause_with_a_test_that_is_not_there_fails,
        a_clause_whose_status_and_test_disagree_fails,
        a_format_page_without_its_source_fails,
    ]))
