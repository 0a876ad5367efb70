#!/usr/bin/env python3
"""The layer check must see what it is there for: each case builds a small tree and breaks one rule."""

import pathlib
import shutil
import sys
import tempfile

import layers
import tree

GOOD = {
    "src/base/result.h": "",
    "src/io/file.h": '#include "base/result.h"\n',
    "src/io/asio/loop.cc": '#include <boost/asio/io_context.hpp>\n#include "io/file.h"\n',
    "src/core/commands.h": "",
    "src/protocol/session.h": '#include "core/commands.h"\n',
    "src/protocol/amqp091/frame.h": '#include "protocol/session.h"\n#include <vector>\n',
    "src/protocol/mqtt/packet.h": "",
    "src/app/main.cc": '#include "io/asio/loop.h"\n#include "protocol/mqtt/packet.h"\n',
    "src/io/asio/loop.h": "",
    "tests/sim/fake_disk.h": "",
    "src/core/commands_test.cc": '#include "core/commands.h"\n#include "tests/sim/fake_disk.h"\n',
    "cli/main.cc": '#include "base/result.h"\n',
}


def problems_with(extra):
    """What the check says of the good tree with some files replaced."""
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        for path, text in {**GOOD, **extra}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        shutil.copy(tree.ROOT / "src" / "layers.toml", root / "src" / "layers.toml")
        return [problem for found in layers.check(root).values() for problem in found]


def expect_problem(path, text, what):
    problems = problems_with({path: text})
    assert len(problems) == 1, f"expected one problem, got {problems}"
    assert problems[0].startswith(path) and what in problems[0], problems[0]


def a_tree_that_keeps_the_rules_passes():
    assert problems_with({}) == [], problems_with({})


def an_include_upwards_fails():
    expect_problem("src/base/result.h", '#include "io/file.h"\n', "does not allow")


def an_include_sideways_fails():
    expect_problem("src/message/record.h", '#include "io/file.h"\n', "does not allow")


def a_protocol_that_includes_another_fails():
    expect_problem("src/protocol/amqp091/frame.h", '#include "protocol/mqtt/packet.h"\n',
                   "does not allow")


def a_host_that_names_a_protocol_fails():
    expect_problem("src/server/connection.cc", '#include "protocol/mqtt/packet.h"\n',
                   "does not allow")


def a_folder_within_a_layer_does_not_come_with_it():
    expect_problem("src/storage/wal.cc", '#include "io/asio/loop.h"\n', "does not allow")


def angle_brackets_do_not_hide_a_layer():
    expect_problem("src/base/result.h", "#include <io/file.h>\n", "does not allow")


def asio_outside_its_folder_fails():
    expect_problem("src/server/connection.cc", "#include <boost/asio.hpp>\n", "only its wrapper")


def a_test_may_use_test_helpers_and_its_subject_may_not():
    expect_problem("src/core/commands.h", '#include "tests/sim/fake_disk.h"\n', "does not allow")


def a_test_keeps_to_the_layers_of_its_folder():
    expect_problem("src/core/commands_test.cc", '#include "io/file.h"\n', "does not allow")


def a_header_that_is_not_there_fails():
    expect_problem("src/io/file.h", '#include "result.h"\n', "not there")


def a_folder_outside_the_table_fails():
    expect_problem("src/util/misc.h", "", "no layer")


if __name__ == "__main__":
    sys.exit(tree.run_cases([
        a_tree_that_keeps_the_rules_passes,
        an_include_upwards_fails,
        an_include_sideways_fails,
        a_protocol_that_includes_another_fails,
        a_host_that_names_a_protocol_fails,
        a_folder_within_a_layer_does_not_come_with_it,
        angle_brackets_do_not_hide_a_layer,
        asio_outside_its_folder_fails,
        a_test_may_use_test_helpers_and_its_subject_may_not,
        a_test_keeps_to_the_layers_of_its_folder,
        a_header_that_is_not_there_fails,
        a_folder_outside_the_table_fails,
    ]))
