"""Reads .http files as VS Code's REST Client and JetBrains' HTTP client do: variables on top, requests
between lines that begin with ###."""

import re
from dataclasses import dataclass, field

REQUEST = re.compile(r"(GET|POST|PUT|PATCH|DELETE|HEAD) (\S+)\Z")
EXPECT = re.compile(r"# expect (\d{3}(?: or \d{3})*)\Z")
VARIABLE = re.compile(r"@(\w+) = (.+)\Z")


@dataclass
class HttpRequest:
    title: str
    method: str
    url: str
    expect: list
    headers: dict = field(default_factory=dict)
    body: str = ""


def fill_in(text, variables):
    return re.sub(r"\{\{(\w+)\}\}", lambda match: variables[match.group(1)], text)


def parse(text, **overrides):
    """The requests in order; `overrides` win over the file's own variables."""
    top, *pieces = re.split(r"^### *", text, flags=re.MULTILINE)
    variables = dict(m.groups() for m in map(VARIABLE.match, top.splitlines()) if m)
    assert overrides.keys() <= variables.keys()
    variables.update(overrides)
    return [parse_one(piece, variables) for piece in pieces]


def parse_one(piece, variables):
    title, *lines = piece.splitlines()
    expect = None
    while lines and not REQUEST.match(lines[0]):
        line = lines.pop(0)
        assert not line.strip() or line.startswith("#"), f"{title}: {line!r} is no comment"
        if EXPECT.match(line):
            expect = [int(status) for status in re.findall(r"\d{3}", line)]
    assert lines, f"{title}: no request"
    assert expect, f"{title}: no line such as '# expect 200'"
    method, url = REQUEST.match(lines.pop(0)).groups()
    request = HttpRequest(title, method, fill_in(url, variables), expect)
    while lines and lines[0].strip():
        name, value = lines.pop(0).split(": ", 1)
        request.headers[name] = fill_in(value, variables)
    rest = [line for line in lines if not line.startswith("#")]
    request.body = fill_in("\n".join(rest).strip(), variables)
    return request
