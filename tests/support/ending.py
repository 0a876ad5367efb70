"""SIGTERM ends a suite as an exception does: what it has made is taken away on the way out."""

import contextlib
import signal

EXIT_CODE = 128 + signal.SIGTERM
_postponed = 0
_asked = _ended = False


def by_exception():
    """From now on SIGTERM raises SystemExit in the main thread, once: the way out is not interrupted by another."""
    signal.signal(signal.SIGTERM, _end)


@contextlib.contextmanager
def postponed():
    """For steps that must not come apart: what is made and who removes it, or the removal. SIGTERM waits for their end."""
    global _postponed
    _postponed += 1
    try:
        yield
    finally:
        _postponed -= 1
        if _asked and not _postponed:
            _end()


def _end(*_):
    global _asked, _ended
    _asked = True
    if not _postponed and not _ended:
        _ended = True
        raise SystemExit(EXIT_CODE)
