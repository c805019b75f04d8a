"""Lines of a training log, on stderr: plain, whole and readable in a file."""

import sys
import time
from datetime import timedelta

PROGRESS_INTERVAL_S = 5.0


def notice(message: str) -> None:
    """Write one line."""
    print(f"tenbin: {message}", file=sys.stderr, flush=True)


class Progress:
    """Reports a loop's progress at most every few seconds, and its last step."""

    def __init__(self, first_step: int, last_step: int, steps: int, tokens_per_step: int) -> None:
        self._first, self._last, self._steps = first_step, last_step, steps
        self._tokens_per_step = tokens_per_step
        self._started = self._reported = time.monotonic()
        self._reported_step = first_step

    def report(self, step: int, loss: float, learning_rate: float) -> bool:
        """Write a line if it is time to; `step` is the one just done. Return whether it was."""
        now = time.monotonic()
        if step < self._last and now - self._reported < PROGRESS_INTERVAL_S:
            return False
        rate = (step - self._reported_step) / max(now - self._reported, 1e-9)
        left = (self._last - step) * (now - self._started) / (step - self._first)
        notice(
            f"step {step}/{self._steps}  loss {loss:.4f}  learning rate {learning_rate:.3e}  "
            f"{rate * self._tokens_per_step:,.0f} tokens/s  time left {timedelta(seconds=round(left))}"
        )
        self._reported, self._reported_step = now, step
        return True
