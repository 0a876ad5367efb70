"""What the cases of both suites work with: HTTP requests, and runs of the command line."""

import base64
import http.client
import itertools
import json
import os
import subprocess
import urllib.parse

import cases
import paths

_serial = itertools.count(1)
# A login costs a tenth of a second of computing, and much more on a machine that is busy.
TIMEOUT_S = 30 * float(os.environ.get("NARU_TIME_FACTOR", "1"))


class Answer:
    def __init__(self, status, headers, text):
        self.status, self.headers, self.text = status, headers, text

    def json(self):
        return json.loads(self.text)


class Run:
    """A command that has ended."""

    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr

    def json(self):
        return json.loads(self.out)


class Context:
    """One case's view of the broker."""

    def __init__(self, broker):
        self.broker = broker

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def name(self, stem="q"):
        return f"{stem}-{next(_serial)}"

    # ---- HTTP

    def ask(self, method, path, body=None, user="guest", password="guest", headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.broker.http_port, timeout=TIMEOUT_S)
        headers = dict(headers or {})
        if user is not None:
            token = base64.b64encode(f"{user}:{password}".encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read().decode())
        connection.close()
        return answer

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def until(self, condition, what):
        """Asks again until it holds."""
        cases.until(condition, what, TIMEOUT_S)

    # ---- The command line

    def naru(self, *words, input="", env=None):
        """Runs `naru WORDS` against this broker."""
        environment = {"PATH": os.environ["PATH"], "NARU_AMQP_URL": f"amqp://127.0.0.1:{self.broker.amqp_port}",
                       "NARU_URL": f"http://127.0.0.1:{self.broker.http_port}"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                environment[name] = os.environ[name]
        environment.update(env or {})
        text = isinstance(input, str)
        return Run(subprocess.run([str(paths.naru_binary()), *map(str, words)], input=input, text=text,
                                  capture_output=True, timeout=2 * TIMEOUT_S, env=environment, check=False))


def quote(name):
    return urllib.parse.quote(name, safe="")
