"""Remote control: requests by a fanout exchange, answers by a queue of the asker; events."""

from celery.exceptions import TaskRevokedError

from cases import check, equal
from context import RESULT_S, suite

ANSWER_S = 15


@suite.case(seconds=60)
def a_worker_answers_ping(t):
    equal(t.app.control.ping(timeout=ANSWER_S, limit=1), [{"worker@test": {"ok": "pong"}}], "answers")


@suite.case(seconds=60)
def a_worker_tells_what_it_knows(t):
    inspect = t.app.control.inspect(timeout=ANSWER_S, limit=1)
    check("tasks.add" in inspect.registered()["worker@test"], "registered tasks")
    queues = inspect.active_queues()["worker@test"]
    equal([queue["name"] for queue in queues], ["celery"], "queues")
    equal(inspect.stats()["worker@test"]["prefetch_count"] >= 8, True, "prefetch")


@suite.case(seconds=60)
def a_revoked_task_is_not_run(t):
    result = t.app.add.apply_async((1, 1), countdown=2)
    t.app.control.revoke(result.id, reply=True, timeout=ANSWER_S, limit=1)
    try:
        value = result.get(timeout=RESULT_S)
    except TaskRevokedError:
        return
    raise AssertionError(f"was run: {value}")


@suite.case(seconds=60)
def a_worker_takes_up_another_queue_and_leaves_it(t):
    control = t.app.control
    control.add_consumer("special", reply=True, timeout=ANSWER_S, limit=1)
    equal(t.app.where.apply_async(("there",), queue="special").get(timeout=RESULT_S), "there", "result")
    control.cancel_consumer("special", reply=True, timeout=ANSWER_S, limit=1)
    # The worker answers before it leaves the queue: asked again until it has, or the case's time is up.
    names = ["special"]
    while "special" in names:
        answer = control.inspect(timeout=ANSWER_S, limit=1).active_queues()
        names = [queue["name"] for queue in answer["worker@test"]]
    equal(names, ["celery"], "queues")


@suite.case(seconds=60)
def events_are_seen_by_whoever_listens(t):
    seen = []
    with t.app.connection() as connection:
        receiver = t.app.events.Receiver(
            connection, handlers={"*": lambda event: seen.append((event.get("uuid"), event["type"]))})
        with receiver.consumer_context() as (listening, _channel, _consumers):
            task = t.app.add.delay(1, 1).id
            while not {(task, "task-received"), (task, "task-succeeded")} <= set(seen):
                listening.drain_events(timeout=ANSWER_S)  # raises when nothing comes
