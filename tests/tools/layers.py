#!/usr/bin/env python3
"""Checks every #include of src/ and cli/ against src/layers.toml. One case per layer."""

import fnmatch
import pathlib
import re
import sys
import tomllib

import tree

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
TEST_ENDINGS = ("_test.cc", "_bench.cc", "_fuzz.cc", "/test_support.h")


class Layers:
    def __init__(self, root):
        self.root = root
        with open(root / "src" / "layers.toml", "rb") as file:
            table = tomllib.load(file)
        self.may = {name: entry["may"] for name, entry in table["layers"].items()}
        self.test_may = table.get("tests", {}).get("test_may", [])
        self.own_test_may = {name: entry.get("test_may", [])
                             for name, entry in table["layers"].items()}
        self.external = table.get("external", {})

    def of(self, path):
        """The layer of a path written from src/ (or cli/...); '' for a file that belongs to none."""
        folders = path.split("/")[:-1]
        for length in range(len(folders), 0, -1):
            folder = "/".join(folders[:length])
            if folder in self.may:
                return folder
            for pattern in self.may:
                if "*" in pattern and pattern.count("/") == folder.count("/") \
                        and fnmatch.fnmatchcase(folder, pattern):
                    return folder
        return ""

    def entries(self, layer):
        """What layers.toml lets a layer include."""
        if layer in self.may:
            return self.may[layer]
        return next(may for name, may in self.may.items() if fnmatch.fnmatchcase(layer, name))

    def allowed(self, layer, header, is_test):
        target = self.of(header)
        if target == layer and target:
            return True
        entries = self.entries(layer)
        if is_test:
            entries = entries + self.test_may + self.own_test_may.get(layer, [])
        for entry in entries:
            if entry == "*":
                return True
            if entry.endswith(".h"):
                same_depth = entry.count("/") == header.count("/")
                if same_depth and fnmatch.fnmatchcase(header, entry):
                    return True
            elif target == entry or (not target and header.startswith(entry + "/")):
                return True
        return False

    def allowed_external(self, layer, header):
        for prefix, owners in self.external.items():
            if header.startswith(prefix) and layer not in owners and "*" not in self.entries(layer):
                return False
        return True

    def exists(self, header):
        return (self.root / "src" / header).is_file() or \
            (header.startswith(("cli/", "tests/")) and (self.root / header).is_file())

    def check_file(self, path):
        """The layer of one file and what is wrong with its includes. `path` is relative to the root."""
        written = path.as_posix().removeprefix("src/")
        layer = self.of(written)
        problems = []
        if not layer:
            return layer, [f"{path}: its folder is no layer of src/layers.toml"]
        is_test = written.endswith(TEST_ENDINGS)
        text = (self.root / path).read_text(errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            kind, header = match.groups()
            where = f"{path}:{number}: {layer} includes {header}"
            if not self.allowed_external(layer, header):
                problems.append(f"{where}, which only its wrapper may")
            if kind == "<" and not self.exists(header):
                continue
            if not self.exists(header):
                problems.append(f"{where}, which is not there (paths are written from src/)")
            elif not self.allowed(layer, header, is_test):
                problems.append(f"{where}, a direction that src/layers.toml does not allow")
        return layer, problems


def check(root):
    """{layer: [problem, ...]} for every layer that has files."""
    layers = Layers(root)
    found = {}
    for path in tree.files(root, tree.CODE, ("src", "cli")):
        layer, problems = layers.check_file(path)
        found.setdefault(layer or "no layer", []).extend(problems)
    return found


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else tree.ROOT
    results = [tree.report(f"includes of {layer}", problems)
               for layer, problems in sorted(check(root).items())]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
