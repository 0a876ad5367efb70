"""Tasks and their results."""

import datetime
import time

import celery
from celery.exceptions import TaskRevokedError

from cases import check, equal
from context import RESULT_S, suite


@suite.case(seconds=90)
def a_result_comes_back(t):
    equal(t.app.add.delay(2, 3).get(timeout=RESULT_S), 5, "result")


@suite.case(seconds=60)
def hundreds_of_results_come_back(t):
    results = [t.app.add.delay(n, n) for n in range(300)]
    equal([result.get(timeout=RESULT_S) for result in results], [2 * n for n in range(300)], "results")


@suite.case(seconds=60)
def large_arguments_and_results_come_back(t):
    text = "나루" * 200_000
    equal(t.app.where.delay(text).get(timeout=RESULT_S) == text, True, "result")


@suite.case(seconds=60)
def an_exception_comes_back(t):
    result = t.app.fail.delay()
    try:
        result.get(timeout=RESULT_S)
    except ValueError as error:
        equal(str(error), "as it should", "text")
    else:
        raise AssertionError("the exception was lost")
    equal(result.state, "FAILURE", "state")


@suite.case(seconds=60)
def a_task_is_retried_until_it_succeeds(t):
    equal(t.app.succeed_at_third.delay().get(timeout=RESULT_S), 2, "retries")


@suite.case(seconds=60)
def a_task_is_retried_no_more_than_it_may(t):
    try:
        t.app.never_succeed.delay().get(timeout=RESULT_S)
    except ValueError as error:
        equal(str(error), "gave up", "text")
    else:
        raise AssertionError("succeeded")


@suite.case(seconds=60)
def a_countdown_is_kept(t):
    due = time.time() + 1
    check(t.app.time_of_run.apply_async(countdown=1).get(timeout=RESULT_S) >= due - 0.01, "too early")


@suite.case(seconds=60)
def an_eta_is_kept(t):
    due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
    ran = t.app.time_of_run.apply_async(eta=due).get(timeout=RESULT_S)
    check(ran >= due.timestamp() - 0.01, "too early")


@suite.case(seconds=60)
def many_tasks_with_an_eta_do_not_block_others(t):
    """The worker holds tasks that are not due and raises its prefetch, by basic.qos, for each."""
    later = [t.app.add.apply_async((n, 1), countdown=3) for n in range(30)]
    equal(t.app.add.delay(1, 1).get(timeout=RESULT_S), 2, "a task that is due")
    equal([result.get(timeout=RESULT_S) for result in later], [n + 1 for n in range(30)], "results")


@suite.case(seconds=60)
def an_expired_task_is_not_run(t):
    try:
        result = t.app.add.apply_async((1, 1), countdown=0.5, expires=0.1).get(timeout=RESULT_S)
    except TaskRevokedError:
        return
    raise AssertionError(f"was run: {result}")


@suite.case(seconds=60)
def a_chain_passes_results_on(t):
    work = celery.chain(t.app.add.s(1, 2), t.app.add.s(3), t.app.add.s(4))
    equal(work.delay().get(timeout=RESULT_S), 10, "result")


@suite.case(seconds=60)
def a_group_collects_results(t):
    work = celery.group(t.app.add.s(n, n) for n in range(20))
    equal(work.delay().get(timeout=RESULT_S), [2 * n for n in range(20)], "results")
