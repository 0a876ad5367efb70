#!/usr/bin/env python3
"""The parts of the bench's Python that decide what a figure says, without a broker."""

import struct
import sys
import tempfile
import unittest

from rows import ROWS, flood
from rows.base import at_least, at_most
from runner import lanes, table


class FloorTest(unittest.TestCase):
    def row(self, floor, values):
        return ({"key": "k", "title": "work", "failed": "", "figures": {floor.figure: values}}, [floor])

    def test_the_median_is_held_against_the_bound(self):
        line = table.summary([self.row(at_least("ratio", 0.45, "÷ ceiling"), [0.4, 0.45, 0.9])])[-1]
        self.assertIn("0.45 (0.40 to 0.90)", line)
        self.assertIn("reached", line)
        self.assertNotIn("missed", line)

    def test_a_missed_floor_says_so_in_either_direction(self):
        for floor, value in ((at_least("x", 2, "x"), 1.9), (at_most("x", 2, "x"), 2.1)):
            self.assertIn("**missed**", table.summary([self.row(floor, [value])])[-1])

    def test_what_was_not_measured_reaches_nothing(self):
        line = table.summary([self.row(at_most("ms", 5, "ms"), [])])[-1]
        self.assertIn("not measured", line)
        self.assertNotIn("reached", line)

    def test_a_failed_row_shows_why_instead_of_figures(self):
        row, floors = self.row(at_most("ms", 5, "ms"), [1])
        row["failed"] = "Naru ended with -11:\n more"
        self.assertEqual(table.summary([(row, floors)])[-1], "| work | **failed**: Naru ended with -11: | | |")


class RowsTest(unittest.TestCase):
    def test_rows_have_names_of_their_own_floors_and_a_description(self):
        self.assertEqual(len({row.key for row in ROWS}), len(ROWS))
        for row in ROWS:
            self.assertTrue(row.title and row.how and row.floors, row.key)

    def test_the_rate_of_a_gigabyte_counts_from_the_mark_before(self):
        self.assertEqual(flood.rates_between([[100, 1.0, 0], [200, 3.0, 0]]), [100.0, 50.0])


class LanesTest(unittest.TestCase):
    def test_entries_of_records_are_found_with_their_groups_behind_foreign_blocks(self):
        def entry(group, kind, payload):
            return struct.pack("<IIIBBHQQ", 0, len(payload), group, kind, 0, 0, 1, 1) + payload

        entries = entry(3, 1, b"three") + entry(4, 2, b"") + entry(5, 1, b"five")
        head = b"NRWF" + bytes(8) + struct.pack("<I", lanes.FRAME_HEAD + len(entries))
        frame = head + bytes(lanes.FRAME_HEAD - len(head)) + entries
        with tempfile.NamedTemporaryFile() as file:
            file.write(bytes(lanes.BLOCK) + frame.ljust(lanes.BLOCK, b"\0"))
            file.flush()
            self.assertEqual(list(lanes.entries(file.name)), [(3, b"three"), (5, b"five")])


class Printer(unittest.TextTestResult):
    def addSuccess(self, test):
        print(f"PASS {test.id().partition('.')[2]}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        print(self._exc_info_to_string(err, test), end="")
        print(f"FAIL {test.id().partition('.')[2]}: {type(err[1]).__name__}")

    addError = addFailure


if __name__ == "__main__":
    runner = unittest.TextTestRunner(resultclass=Printer, verbosity=0)
    sys.exit(not runner.run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])).wasSuccessful())
