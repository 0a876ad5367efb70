"""Just enough reading of C++ text for the tidy checks. Relies on the tree being clang-formatted."""

import re

# Raw strings, strings, character literals (an apostrophe after a digit or letter is a separator),
# comments of both kinds.
NOT_CODE = re.compile(r'R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)"'
                      r'|"(?:\\.|[^"\\\n])*"'
                      r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])*'"
                      r"|//[^\n]*"
                      r"|/\*.*?\*/", re.DOTALL)
INCLUDE_LINE = re.compile(r"^[ \t]*#[ \t]*include[^\n]*", re.MULTILINE)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")
LABEL = re.compile(r"\b(public|private|protected):")
NAME = re.compile(r"([\w~:]+|operator\S+)\s*\(")


def _blank(match):
    """As many lines and columns of nothing."""
    return re.sub(r"[^\n]", " ", match.group(0))


def code_only(text):
    """The text with comments, strings and characters blanked; lines and columns stay. Includes stay."""
    includes = {match.start(): match.group(0) for match in INCLUDE_LINE.finditer(text)}
    code = NOT_CODE.sub(_blank, text)
    for start, line in includes.items():
        code = code[:start] + line + code[start + len(line):]
    return code


def functions(text):
    """[(name, first line, number of lines)] of the function definitions at namespace or class scope."""
    code = DIRECTIVE.sub(_blank, NOT_CODE.sub(_blank, text))
    code = LABEL.sub(_blank, code)
    found = []
    scopes = []  # one for each open brace: (holds declarations, function's name or None, first line)
    statement_start = 0
    for match in re.finditer(r"[{};]", code):
        position, sign = match.start(), match.group(0)
        among_declarations = all(scope[0] for scope in scopes)
        if sign == "{":
            head = code[statement_start:position]
            in_parentheses = head.count("(") > head.count(")")  # a default argument's {}
            declares = bool(SCOPE.search(head)) and "(" not in head
            called = NAME.search(head)
            name = called.group(1) if called and among_declarations and not in_parentheses else None
            first = code.count("\n", 0, statement_start + len(head) - len(head.lstrip())) + 1
            scopes.append((declares, name, first))
            if declares:
                statement_start = match.end()
        elif sign == "}" and scopes:
            declares, name, first = scopes.pop()
            # After a brace of a constructor's initialiser list or a default argument the head goes on.
            if not declares and re.match(r"\s*[,{)]", code[match.end():match.end() + 200]):
                continue
            if name:
                found.append((name, first, code.count("\n", 0, position) + 2 - first))
            if all(scope[0] for scope in scopes):
                statement_start = match.end()
        elif sign == ";" and among_declarations:
            statement_start = match.end()
    return found
