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
        f"{execution.key(run.size, 'segment_steps')}: a segment of {run.size} takes about {hours:.1f} hours at "
        f"{speed.seconds:.3g} seconds a step ({speed.source}); queue {prices.placement(run).queue} gives "
        f"{execution.walltime_h(run.size):g} hours less {execution.stop_margin_s:g} s to stop in: set it to "
        f"{rounded:,} or less"
    )


def _too_wide(prices: Prices, run: Run) -> Iterator[str]:
    execution, placement = prices.study.execution, prices.placement(run)
    queue = execution.queue(run.size)
    limits = [("nodes", placement.nodes, queue.max_nodes), ("GPUs", placement.gpus, queue.max_gpus)] if queue else []
    for things, wanted, limit in limits:
        if limit and wanted > limit:
            yield (
                f"{execution.key(run.size, 'placements')}: {wanted} {things} are more than the {limit} of queue "
                f"{placement.queue}: choose another queue or fewer {things}"
            )
