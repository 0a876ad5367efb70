"""Private brokers for tests: Naru itself, or Debian's rabbitmq-server as the reference peer.

Both listen on loopback only, on ports of their own, with their data in a directory that is removed
at the end. A broker keeps its ports and its data over stop(), kill() and start().
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import tempfile
import urllib.request

import paths
from process import Process, ProcessError

LISTENING = r"(amqp|http)[^\n]*127\.0\.0\.1:(\d+)"


def start(**options):
    """Starts the broker that NARU_PEER names (default: naru)."""
    kind = RabbitBroker if paths.peer() == "rabbitmq" else NaruBroker
    broker = kind(**options)
    try:
        broker.start()
    except BaseException:
        broker.close()
        raise
    return broker


def available():
    """None, or why no broker can be started here."""
    if paths.peer() == "rabbitmq":
        return None if RabbitBroker.SCRIPT.exists() else "rabbitmq-server is not installed"
    binary = paths.naru_binary()
    return None if binary.exists() else f"{binary} has not been built"


class Broker:
    """What both kinds share: a directory, ports, and a process that can be ended in three ways."""

    name = "?"

    def __init__(self, free_disk_min=None, amqp_port=0, ipv6=False):
        """free_disk_min: the free space, in bytes, below which publishers are to be blocked.
        amqp_port: 0 for any; ipv6: listen on ::1, too, on the same port (which must then be given)."""
        base = paths.WORK / "run"
        base.mkdir(parents=True, exist_ok=True)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=base))
        self.free_disk_min = free_disk_min
        self.amqp_port = amqp_port
        self.http_port = 0
        self.ipv6 = ipv6
        self.process = None

    @property
    def url(self):
        return f"amqp://guest:guest@127.0.0.1:{self.amqp_port}/"

    def stop(self):
        """An orderly stop by SIGTERM; returns the exit code."""
        return self.process.stop()

    def kill(self):
        """SIGKILL: what a power cut leaves of a process."""
        self.process.kill()

    def restart(self):
        self.stop()
        self.start()

    def close(self):
        """Ends everything and removes the data, unless NARU_KEEP_DATA is set."""
        if self.process:
            self.process.kill()
        if not os.environ.get("NARU_KEEP_DATA"):
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class NaruBroker(Broker):
    name = "naru"

    def __init__(self, settings=(), open_files=None, **options):
        """open_files: the process's limit on descriptors, soft and hard."""
        super().__init__(**options)
        self.settings = list(settings)
        self.open_files = open_files
        self.wrapper = []  # a command that the broker's is given to
        self.environment = {}  # in addition to ours

    def start(self):
        self.spawn()
        self.wait_until_serving()

    def spawn(self):
        """Starts the process and waits for nothing."""
        addresses = [f"127.0.0.1:{self.amqp_port}"]
        if self.ipv6:
            addresses.append(f"[::1]:{self.amqp_port}")
        settings = ["listeners.amqp=" + json.dumps(addresses),
                    f'listeners.http=["127.0.0.1:{self.http_port}"]',
                    f"server.shards={paths.shards()}", *self.settings]
        if self.free_disk_min is not None:
            settings.append(f"disk.free_min={self.free_disk_min}")
        argv = [paths.naru_binary(), "serve", "--data-dir", self.directory / "data"]
        for setting in settings:
            argv += ["--set", setting]
        if self.open_files is not None:
            argv = ["sh", "-c", f'ulimit -n {self.open_files}; exec "$@"', "sh", *argv]
        argv = [*self.wrapper, *argv]
        self.process = Process(argv, self.directory / "log", environment_of_broker() | self.environment)

    def metric(self, name):
        """The value of a metric, its labels in its name, a second old at most."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/metrics", timeout=15) as answer:
            return float(re.search(rf"^{re.escape(name)} (\S+)$", answer.read().decode(), re.MULTILINE)[1])

    def log_files(self):
        """How many files its log has, the ones that were made ahead included."""
        return int(self.metric("naru_storage_log_files"))

    def wait_until_serving(self):
        _, end = self.process.wait_for_line("stop with", 30)
        ports = dict(re.search(LISTENING, line).groups()
                     for line in self.process.lines()[:end] if re.search(LISTENING, line))
        self.amqp_port, self.http_port = int(ports["amqp"]), int(ports.get("http", 0))


class RabbitBroker(Broker):
    """Debian's rabbitmq-server with a port mapper (epmd) of its own, so that nothing is shared."""

    name = "rabbitmq"
    SCRIPT = pathlib.Path("/usr/lib/rabbitmq/bin/rabbitmq-server")

    def __init__(self, settings=(), **options):
        super().__init__(**options)
        self.settings = list(settings)
        free, self._dist_port, self._epmd_port = free_ports(3)
        self.amqp_port = self.amqp_port or free
        self._epmd = None

    def start(self):
        here = self.directory
        config = [f"listeners.tcp.1 = 127.0.0.1:{self.amqp_port}", "log.console = true",
                  "log.console.level = info", "log.file = false", *self.settings]
        if self.ipv6:
            config.append(f"listeners.tcp.2 = ::1:{self.amqp_port}")
        if self.free_disk_min is not None:
            config.append(f"disk_free_limit.absolute = {self.free_disk_min}")
        (here / "rabbitmq.conf").write_text("\n".join(config) + "\n")
        (here / "enabled_plugins").write_text("[].\n")
        env = self.environment()
        if self._epmd is None:
            self._epmd = Process(["epmd", "-address", "127.0.0.1", "-port", self._epmd_port],
                                 here / "epmd.log", env)
        self.process = Process([self.SCRIPT], here / "log", env, cwd=here)
        self.process.wait_for_line("Server startup complete", 90)

    def environment(self):
        """Also what rabbitmqctl needs in order to reach this instance."""
        here = str(self.directory)
        return {
            "PATH": os.environ["PATH"], "HOME": here, "LANG": "C.UTF-8", "detached": "1",
            "ERL_EPMD_PORT": str(self._epmd_port), "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_CONF_ENV_FILE": here + "/none", "RABBITMQ_CONFIG_FILE": here + "/rabbitmq.conf",
            "RABBITMQ_NODENAME": f"peer{self.amqp_port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._dist_port), "RABBITMQ_PID_FILE": here + "/pid",
            "RABBITMQ_MNESIA_BASE": here + "/mnesia", "RABBITMQ_LOG_BASE": here + "/logs",
            "RABBITMQ_ENABLED_PLUGINS_FILE": here + "/enabled_plugins",
            "RABBITMQ_SERVER_START_ARGS": "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
        }

    def close(self):
        super().close()
        if self._epmd:
            self._epmd.kill()


def environment_of_broker():
    """Ours, without what is meant for the suites: the broker warns of variables that are no settings."""
    for_suites = ("NARU_SHARDS", "NARU_PEER", "NARU_KEEP_DATA", "NARU_TIME_FACTOR", "NARU_TEST", "NARU_INTEROP",
                  "NARU_WITNESS")
    return {name: value for name, value in os.environ.items() if not name.startswith(for_suites)}


def free_ports(count):
    """Ports that were free a moment ago, for servers that cannot be asked which one they took."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


__all__ = ["Broker", "NaruBroker", "RabbitBroker", "ProcessError", "available", "start", "signal"]
