"""Checks that the pages speak of the tree as it is: links, paths, clause tables, format pages."""

import re

import tree

FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
TICKED = re.compile(r"`([^`\n]+)`")
# KIND and NAME stand for any.
PATH = re.compile(r"^(?!.*(?:KIND|NAME))(?:src|tests|cli|docs|cmake|examples)/[\w./-]+$")
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)
TEST_MACRO = re.compile(r"\bTEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)")


def anchor(heading):
    """The anchor that a heading gets from the usual renderers."""
    kept = re.sub(r"[^\w\- ]", "", heading.replace("`", "").strip().lower())
    return kept.replace(" ", "-")


def cells(row):
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


class Docs:
    def __init__(self, root):
        self.root = root
        self.pages = {path: (root / path).read_text(errors="replace")
                      for path in tree.files(root, (".md",))}

    def prose(self, path):
        """A page without its code blocks."""
        return FENCE.sub("", self.pages[path])

    def links(self):
        problems = []
        for path in self.pages:
            for target in LINK.findall(self.prose(path)):
                if re.match(r"[a-z]+:", target):
                    continue
                name, _, fragment = target.partition("#")
                place = (self.root / path.parent / name).resolve() if name else self.root / path
                if not place.exists():
                    problems.append(f"{path}: links to {target}, which is not there")
                elif fragment and place.suffix == ".md":
                    anchors = {anchor(text) for text in HEADING.findall(place.read_text())}
                    if fragment not in anchors:
                        problems.append(f"{path}: {name or path} has no heading #{fragment}")
        return problems

    def paths(self):
        problems = []
        for path in self.pages:
            for token in TICKED.findall(self.prose(path)):
                if PATH.match(token) and not (self.root / token.rstrip("/")).exists():
                    problems.append(f"{path}: speaks of `{token}`, which is not there")
        return problems

    def formats(self):
        problems = []
        for path in self.pages:
            if path.parent.as_posix() != "docs/formats" or path.name == "README.md":
                continue
            named = [token for token in TICKED.findall(self.pages[path]) if PATH.match(token)]
            if not any(token.startswith("src/") for token in named):
                problems.append(f"{path}: does not name the source file, as `src/...`, that writes it")
        return problems

    # ---- docs/protocols: clause → status → test ----------------------------------------------------

    def clauses(self):
        """Every row of a table with a column `test` says "not yet" or names tests that exist.

        A test is named in backticks: `Suite.Name` of GoogleTest, a file or folder, or file::name where
        the file contains the name. A column `status` says "not yet" where `test` does, and only there.
        """
        problems = []
        for path, text in self.pages.items():
            if path.parent.as_posix() != "docs/protocols":
                continue
            header = None
            for number, line in enumerate(text.splitlines(), 1):
                if not line.startswith("|"):
                    header = None
                elif header is None:
                    header = ["test" if cell.lower() == "tests" else cell.lower() for cell in cells(line)]
                elif "test" in header and not re.match(r"^\|[\s:|-]+$", line):
                    problem = self.clause_problem(dict(zip(header, cells(line))), cells(line)[0])
                    if problem:
                        problems.append(f"{path}:{number}: {problem}")
        return problems

    def clause_problem(self, row, clause):
        names = TICKED.findall(row.get("test", ""))
        if not names and "not yet" not in row.get("test", ""):
            return f'"{clause}" names no test and is not "not yet"'
        if "status" in row and ("not yet" in row["status"]) == bool(names):
            return f'"{clause}" is {row["status"]} and its test is {row["test"]}'
        missing = [name for name in names if not self.test_exists(name)]
        return f"no test is called {', '.join(missing)}" if missing else None

    def test_exists(self, name):
        file, _, inner = name.partition("::")
        if (self.root / file).exists():
            return not inner or inner in (self.root / file).read_text(errors="replace")
        return name in self.gtest_names()

    def gtest_names(self):
        if not hasattr(self, "gtest_names_"):
            self.gtest_names_ = set()
            for path in tree.files(self.root, (".cc",), ("src", "cli", "tests")):
                for suite, test in TEST_MACRO.findall((self.root / path).read_text(errors="replace")):
                    self.gtest_names_.add(f"{suite}.{test}")
        return self.gtest_names_
