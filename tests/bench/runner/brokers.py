"""The three that are measured. Each is a context: started on entering, stopped on leaving.

While it runs it has `port`, `pid` (of the process whose CPU time and memory count) and
`start_seconds`: from the start of the process until a client got an answer.
"""

import os
import pathlib
import re
import shutil
import subprocess
import time
import urllib.request

from . import process

RABBITMQ_BIN = pathlib.Path("/usr/lib/rabbitmq/bin")


class Broker:
    name = ""
    prefix = ()  # words before its command, such as valgrind's
    extra_environment = {}
    stop_seconds = 20
    accepts_within_s = 60

    def __init__(self, work):
        """`work`: an own directory that may exist already."""
        self.work = pathlib.Path(work)
        self.work.mkdir(parents=True, exist_ok=True)
        self.log_path = self.work / "log"
        self.port = 0
        self.pid = 0
        self.start_seconds = 0.0
        self.child = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def __enter__(self):
        self.port = process.free_port()
        self.prepare()
        return self.start()

    def start(self):
        began = time.monotonic()
        self.child = process.spawn([*self.prefix, *self.command()], self.log_path,
                                   os.environ | self.environment() | self.extra_environment, self.work)
        try:
            process.wait_until_accepting(self.child, self.port, self.log_path, self.accepts_within_s)
        except BaseException:
            self.clean_up()
            raise
        self.start_seconds = time.monotonic() - began
        self.pid = self.measured_pid()
        return self

    def __exit__(self, kind, value, traceback):
        died = self.child.poll() is not None
        status = self.clean_up()
        if kind is None and (died or status != 0):
            raise process.BenchError(f"{self.name} ended with {status}:\n  {process.tail_of(self.log_path)}")

    def prepare(self):
        pass

    def measured_pid(self):
        return self.child.pid

    def clean_up(self):
        return process.stop(self.child, self.stop_seconds)


class Naru(Broker):
    """`naru serve` on an empty data directory."""

    name = "Naru"

    def __init__(self, work, binary, settings=()):
        super().__init__(work)
        self.binary = binary
        self.settings = list(settings)
        self.http_port = 0

    def prepare(self):
        shutil.rmtree(self.work / "data", ignore_errors=True)
        self.http_port = process.free_port()

    def metric(self, name):
        """Its value now; what /metrics answers is a second old at most, so another one is waited for."""
        time.sleep(1.1)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/metrics", timeout=30) as answer:
            return float(re.search(rf"^{name} (\S+)$", answer.read().decode(), re.MULTILINE)[1])

    def restart(self, kill):
        """Ends the process, by SIGKILL or in order, and starts it again with the data it left."""
        if kill:
            self.child.kill()
        process.stop(self.child, 120)
        self.start()

    def command(self):
        listeners = [f'listeners.amqp=["127.0.0.1:{self.port}"]', f'listeners.http=["127.0.0.1:{self.http_port}"]']
        command = [self.binary, "serve", "--data-dir", self.work / "data"]
        for setting in listeners + self.settings:
            command += ["--set", setting]
        return command


class Ceiling(Broker):
    """`naru_ceiling`, with its log or without. The log's file is zeroed once and kept in `work`."""

    name = "ceiling"

    def __init__(self, work, binary, logs):
        super().__init__(work)
        self.binary = binary
        self.logs = logs

    def command(self):
        return [self.binary, self.port, self.work / "ceiling.log" if self.logs else "-"]


class RabbitMQ(Broker):
    """Debian's rabbitmq-server: a private instance with its own directories, ports and epmd."""

    name = "RabbitMQ"
    stop_seconds = 60
    accepts_within_s = 240  # 5 s on a quiet machine, minutes on one that compiles

    @staticmethod
    def missing():
        """Why it cannot be run, or None."""
        if not (RABBITMQ_BIN / "rabbitmq-server").exists():
            return "Debian's rabbitmq-server is not installed"
        if not shutil.which("erl"):
            return "there is no Erlang"
        return None

    @staticmethod
    def version():
        asked = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "rabbitmq-server"],
                               capture_output=True, text=True, check=False)
        return asked.stdout.split("-")[0]

    def prepare(self):
        (self.work / "plugins").write_text("[].\n")
        (self.work / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{self.port}\n")
        (self.work / "env.conf").write_text("")
        self.epmd_port = process.free_port()

    def environment(self):
        return {
            "HOME": str(self.work),
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"naru_bench_{os.getpid()}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(process.free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_MNESIA_BASE": str(self.work / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.work / "logs"),
            "RABBITMQ_CONF_ENV_FILE": str(self.work / "env.conf"),
            "RABBITMQ_CONFIG_FILE": str(self.work / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.work / "plugins"),
            "RABBITMQ_PID_FILE": str(self.work / "pid"),
        }

    def command(self):
        return [RABBITMQ_BIN / "rabbitmq-server"]

    def measured_pid(self):
        found = process.descendant_named(self.child.pid, "beam.smp")
        if found is None:
            raise process.BenchError(f"RabbitMQ runs without a beam.smp; see {self.log_path}")
        return found

    def clean_up(self):
        status = process.stop(self.child, self.stop_seconds)
        # The node's own epmd goes on alone; it is reached by its port, not by its name.
        subprocess.run(["epmd", "-port", str(self.epmd_port), "-kill"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=10, check=False)
        # The script that starts the node passes its signal on as its status.
        return 0 if status in (0, 143, -15) else status
