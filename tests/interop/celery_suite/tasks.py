"""The application under test: what a user of Celery would write, and what the worker runs."""

import os
import pathlib
import time

import celery

app = celery.Celery("tasks", broker=os.environ["NARU_TEST_URL"], backend="rpc://")
app.conf.update(
    result_expires=600, worker_send_task_events=True, task_send_sent_event=True,
    broker_connection_retry_on_startup=True, broker_transport_options={"interval_start": 0.1},
    task_publish_retry_policy={"interval_start": 0.1, "max_retries": 20},
)


@app.task
def add(x, y):
    return x + y


@app.task
def fail():
    raise ValueError("as it should")


@app.task(bind=True, max_retries=5)
def succeed_at_third(self):
    if self.request.retries < 2:
        raise self.retry(countdown=0.1)
    return self.request.retries


@app.task(bind=True, max_retries=2)
def never_succeed(self):
    raise self.retry(countdown=0.1, exc=ValueError("gave up"))


@app.task
def time_of_run():
    return time.time()


@app.task(bind=True, acks_late=True, reject_on_worker_lost=True)
def wait_for_second_run(self, folder):
    """The first run says that it has begun and then waits for ever; the second one returns."""
    begun = pathlib.Path(folder) / "begun"
    if begun.exists():
        return self.request.delivery_info["redelivered"]
    os.mkfifo(pathlib.Path(folder) / "never")
    begun.touch()
    with open(pathlib.Path(folder) / "never", "rb"):
        return None


@app.task
def where(marker):
    return marker
