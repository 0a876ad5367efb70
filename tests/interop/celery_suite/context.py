"""A broker, a worker that all cases share, and the application that talks to it."""

import os
import pathlib
import sys

from cases import Suite
from process import Process

HERE = pathlib.Path(__file__).resolve().parent
RESULT_S = 30

suite = Suite("celery")


class Worker:
    """`celery worker` as a process of its own, ready when it says so."""

    def __init__(self, broker, name="worker", options=()):
        self.broker = broker
        env = {**os.environ, "NARU_TEST_URL": broker.url, "PYTHONPATH": str(HERE),
               "C_FORCE_ROOT": "1"}
        argv = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "--loglevel", "INFO",
                "--concurrency", "2", "--hostname", f"{name}@test", *options]
        self.process = Process(argv, broker.directory / f"{name}.log", env, cwd=broker.directory)
        self.process.wait_for_line(r"@test ready\.", 60)

    def stop(self):
        self.process.stop(30)

    def kill(self):
        """The worker and its pool of processes, by SIGKILL."""
        self.process.kill()


class Context:
    """One case's view: `app` is connected to the broker, `worker` runs since the first case."""

    worker = None

    def __init__(self, broker):
        self.broker = broker

    def __enter__(self):
        self.app = application(self.broker)
        if Context.worker is None:
            Context.worker = Worker(self.broker)
        return self

    def __exit__(self, *_):
        self.app.close()

    @classmethod
    def end(cls):
        if cls.worker:
            cls.worker.stop()


def application(broker):
    """The application of tasks.py as a process would have it that was told this broker's address."""
    os.environ["NARU_TEST_URL"] = broker.url
    sys.modules.pop("tasks", None)
    import tasks
    tasks.app.set_current()
    for name in ("add", "fail", "succeed_at_third", "never_succeed", "time_of_run", "where",
                 "wait_for_second_run"):
        setattr(tasks.app, name, getattr(tasks, name))
    return tasks.app
