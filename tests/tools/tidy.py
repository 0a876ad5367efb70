#!/usr/bin/env python3
"""The tidy test: banned strings, lengths, and a map that is true. One case per check.

tidy.toml says what is banned and how long things may get; ratchet.txt lists what was longer. --ratchet
lowers the entries of ratchet.txt to what the tree has.
"""

import pathlib
import re
import sys
import tomllib

import cpp_text
import docs_checks
import tree

OURS = ("src", "cli")
TESTS = ("_test.cc", "_bench.cc", "_fuzz.cc")


def below(path, folders):
    return any(path.as_posix().startswith(folder + "/") for folder in folders)


class Tidy:
    def __init__(self, root):
        self.root = root
        with open(root / "tests" / "tools" / "tidy.toml", "rb") as file:
            self.config = tomllib.load(file)
        self.sources = tree.files(root, tree.CODE, OURS)
        self.text = {path: (root / path).read_text(errors="replace") for path in self.sources}
        self.ratchet_file = root / "tests" / "tools" / "ratchet.txt"
        self.ratchet = self.read_ratchet()

    def banned_strings(self):
        rules = [(re.compile(rule["pattern"], re.MULTILINE), rule["may"], rule["why"])
                 for rule in self.config["banned"]]
        problems = []
        for path in self.sources:
            code = cpp_text.code_only(self.text[path])
            for pattern, may, why in rules:
                if below(path, may):
                    continue
                for match in pattern.finditer(code):
                    line = code.count("\n", 0, match.start()) + 1
                    problems.append(f"{path}:{line}: {match.group(0).strip()}: {why}")
        return problems

    def headers_are_guarded(self):
        return [f"{path}: has no #pragma once" for path in self.sources
                if path.suffix == ".h" and "#pragma once" not in self.text[path]]

    def todos_carry_a_type(self):
        return [f"{path}:{number}: write TODO(perf), TODO(spec), ..."
                for path in self.sources
                for number, line in enumerate(self.text[path].splitlines(), 1)
                if re.search(r"\b(TODO|FIXME|XXX)\b(?!\()", line)]

    # ---- lengths --------------------------------------------------------------------------------

    def read_ratchet(self):
        """{"FILE" or "FILE FUNCTION": lines}"""
        entries = {}
        for line in self.ratchet_file.read_text().splitlines():
            if line.strip() and not line.startswith("#"):
                lines, key = line.split(None, 1)
                entries[key] = int(lines)
        return entries

    def long_things(self):
        """{"FILE" or "FILE FUNCTION": lines} of what is over the limits."""
        limits = self.config["length"]
        found = {}
        for path in self.sources + tree.files(self.root, (*tree.CODE, ".py"), ("tests",)):
            text = self.text.get(path) or (self.root / path).read_text(errors="replace")
            lines = text.count("\n")
            if lines > limits["file_max"]:
                found[path.as_posix()] = lines
            if path in self.text and not path.name.endswith(TESTS):
                for name, _, length in cpp_text.functions(text):
                    if length > limits["function_max"]:
                        key = f"{path.as_posix()} {name}"
                        found[key] = max(length, found.get(key, 0))
        return found

    def lengths(self):
        found = self.long_things()
        problems = []
        for key, lines in sorted(found.items()):
            allowed = self.ratchet.get(key)
            if allowed is None:
                problems.append(f"{key}: {lines} lines; split it by a concern that a reader would name")
            elif lines > allowed:
                problems.append(f"{key}: grew from {allowed} to {lines} lines; it may only shrink")
        for key in sorted(self.ratchet.keys() - found.keys()):
            problems.append(f"{key}: short enough now; take it out with tidy.py --ratchet")
        return problems

    def tighten(self):
        found = self.long_things()
        kept = [line for line in self.ratchet_file.read_text().splitlines() if line.startswith("#")]
        for key, allowed in sorted(self.ratchet.items()):
            if key in found:
                kept.append(f"{min(allowed, found[key])} {key}")
        self.ratchet_file.write_text("\n".join(kept) + "\n")

    # ---- the map --------------------------------------------------------------------------------

    def folder_readmes(self):
        limit = self.config["length"]["readme_max"]
        problems = []
        for folder in sorted({path.parent for path in self.sources}):
            readme = self.root / folder / "README.md"
            if not readme.is_file():
                problems.append(f"{folder}: has no README.md (purpose, main types, how it is tested)")
            elif (lines := readme.read_text().count("\n")) > limit:
                problems.append(f"{folder}/README.md: {lines} lines do not fit a screen ({limit})")
        return problems


def check(root):
    """{case: [problem, ...]}"""
    tidy = Tidy(root)
    docs = docs_checks.Docs(root)
    return {
        "banned strings": tidy.banned_strings(),
        "headers are guarded": tidy.headers_are_guarded(),
        "todos carry a type": tidy.todos_carry_a_type(),
        "files and functions keep their length": tidy.lengths(),
        "every folder of the source has a README": tidy.folder_readmes(),
        "links in pages resolve": docs.links(),
        "paths named in pages exist": docs.paths(),
        "protocol clauses name their tests": docs.clauses(),
        "format pages name their source": docs.formats(),
    }


def main():
    if sys.argv[1:] == ["--ratchet"]:
        Tidy(tree.ROOT).tighten()
        return 0
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else tree.ROOT
    results = [tree.report(case, problems) for case, problems in check(root).items()]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
