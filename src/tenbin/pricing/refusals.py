"""What the plan refuses: jobs that their queue would not take, or would end before they are done."""

from collections.abc import Iterator

from tenbin.errors import UserError
from tenbin.pricing.cost import SECONDS_PER_HOUR, Prices
from tenbin.pricing.counts import trained_runs
from tenbin.study.model import Run

ROUND_STEPS = 1_000


def refuse_impossible_jobs(prices: Prices) -> None:
    """Raise UserError if by the estimate a segment cannot fit its queue's limit, or a job asks for too many nodes."""
    runs = trained_runs(prices.study)
    problems = [problem for run in runs for problem in (*_too_long(prices, run), *_too_wide(prices, run))]
    if problems:
        raise UserError("; ".join(dict.fromkeys(problems)))


def _too_long(prices: Prices, run: Run) -> Iterator[str]:
    hours, usable_h, speed = prices.longest_segment_h(run), prices.usable_h(run), prices.speed(run)
    if hours is None or usable_h is None or speed is None or hours <= usable_h:
        return
    fitting = int(usable_h * SECONDS_PER_HOUR / speed.seconds)
    rounded = fitting // ROUND_STEPS * ROUND_STEPS or fitting
    execution = prices.study.execution
    yield (
        f"execution.segment_steps.{run.size}: a segment of {run.size} takes about {hours:.1f} hours at "
        f"{speed.seconds:.3g} seconds a step ({speed.source}); queue {prices.placement(run).queue} gives "
        f"{execution.walltime_h(run.size):g} hours less {execution.stop_margin_s:g} s to stop in: set it to "
        f"{rounded:,} or less"
    )


def _too_wide(prices: Prices, run: Run) -> Iterator[str]:
    placement = prices.placement(run)
    queue = prices.study.execution.site.queues[placement.queue] if placement.queue else None
    if queue and queue.max_nodes and placement.nodes > queue.max_nodes:
        yield (
            f"execution.placements.{run.size}: {placement.nodes} nodes are more than the {queue.max_nodes} of queue "
            f"{placement.queue}: choose another queue or fewer nodes"
        )
