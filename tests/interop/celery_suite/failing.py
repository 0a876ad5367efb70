"""Workers that die and brokers that go away."""

import tempfile
import pathlib

import broker as brokers
from cases import CaseTimeout, equal
from context import RESULT_S, Worker, application, suite


@suite.case(seconds=120)
def the_task_of_a_killed_worker_is_run_by_another(_):
    with brokers.start() as server, tempfile.TemporaryDirectory() as folder:
        first = Worker(server, "first")
        app = application(server)
        result = app.wait_for_second_run.delay(folder)
        wait_for_file(app, pathlib.Path(folder) / "begun")
        first.kill()
        second = Worker(server, "second")
        try:
            equal(result.get(timeout=RESULT_S), True, "redelivered")
        finally:
            second.stop()
            app.close()


@suite.case(seconds=150)
def a_worker_finds_a_restarted_broker_again(_):
    with brokers.start() as server:
        worker = Worker(server)
        app = application(server)
        try:
            equal(app.add.delay(1, 2).get(timeout=RESULT_S), 3, "before")
            seen = len(worker.process.lines())
            server.restart()
            worker.process.wait_for_line("Connected to amqp", 60, seen)
            fresh = application(server)
            equal(fresh.add.delay(3, 4).get(timeout=RESULT_S), 7, "after")
            fresh.close()
        finally:
            worker.stop()


def wait_for_file(app, path):
    """A file is no event of the broker's; the remote control's round trips measure the waiting."""
    for _ in range(200):
        if path.exists():
            return
        app.control.ping(timeout=0.1)
    raise CaseTimeout(f"{path.name} did not appear")
