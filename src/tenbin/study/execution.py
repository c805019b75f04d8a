"""How a study is run on a machine: places, time limits, prices. None of it changes a result's identity."""

from typing import Annotated

from pydantic import Field, model_validator

from tenbin.study.base import Entry, Identifier

QueueName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]


class Placement(Entry):
    """Where and how runs of a size train."""

    nodes: int = Field(default=1, gt=0)
    """Nodes of a training job."""
    gpus_per_node: int = Field(default=0, ge=0)
    """GPUs of each node; 0: training on the CPU."""
    processes_per_node: int | None = Field(default=None, gt=0)
    """Training processes (ranks) of each node; none: one for each GPU, or one on the CPU."""
    micro_batch: int | None = Field(default=None, gt=0)
    """Sequences that a process takes at a time; none: its whole share of the batch."""
    checkpoint_activations: bool = False
    """Whether activations are computed again in the backward pass, to save memory."""
    queue: QueueName | None = None
    """The queue, by its name in the site's queues."""

    @property
    def ranks_per_node(self) -> int:
        """Training processes of each node."""
        return self.processes_per_node or self.gpus_per_node or 1

    @property
    def ranks(self) -> int:
        """Training processes of a job."""
        return self.nodes * self.ranks_per_node

    @property
    def gpus(self) -> int:
        """GPUs of a job."""
        return self.nodes * self.gpus_per_node

    @model_validator(mode="after")
    def _one_process_a_gpu(self) -> "Placement":
        if self.gpus_per_node and self.ranks_per_node != self.gpus_per_node:
            raise ValueError(f"processes_per_node {self.processes_per_node} must equal gpus_per_node or be left out")
        return self


class Queue(Entry):
    """A queue of the site's batch system."""

    walltime_h: float = Field(gt=0)
    """Longest time of a job in hours."""
    max_nodes: int | None = Field(default=None, gt=0)
    """Most nodes of a job with this walltime."""
    max_gpus: int | None = Field(default=None, gt=0)
    """Most GPUs of a job, for a queue that gives out single GPUs of a node."""
    asked_as: QueueName | None = None
    """Name under which jobs ask for it, where several limits hold in one queue; none: its own."""


class Site(Entry):
    """The machine that a study is planned for; only plans and prices read it."""

    name: str = "this machine"
    """What the plan calls it."""
    gpu: str = "A100-40GB"
    """What the plan calls its GPUs; the time model is fitted to A100-40GB."""
    gpu_memory_gb: float = Field(default=40.0, gt=0)
    """Memory of a GPU in 10^9 bytes; a size whose micro-batch cannot fit is refused."""
    queues: dict[QueueName, Queue] = Field(default_factory=dict)
    """Queues by name."""
    charge_per_gpu_hour: float | None = Field(default=None, ge=0)
    """What the site charges for a GPU-hour, in `charge_unit`; none: the plan names no charge."""
    charge_unit: str = "token"
    """Unit of the charge."""


class SharedGpus(Entry):
    """Where sizes train instead when `execution.share_gpus` is set; sizes not named here train where they do."""

    placements: dict[Identifier, Placement] = Field(default_factory=dict)
    """Where sizes train, by size id."""
    segment_steps: dict[Identifier, Annotated[int, Field(gt=0)]] = Field(default_factory=dict)
    """Steps of a training job by size id."""


class NeoxSettings(Entry):
    """The engine `neox`."""

    home: str
    """Checkout of EleutherAI/gpt-neox, relative to the working folder or absolute."""


class Execution(Entry):
    """How the study is run on a machine; none of it changes a result's identity."""

    work: str = "work"
    """Folder of checkpoints."""
    threads_per_run: int = Field(default=1, gt=0)
    """CPU threads of a training job; small models gain more from two runs side by side."""
    threads_per_shard: int = Field(default=1, gt=0)
    """CPU threads of a tokenizing job."""
    segment_steps: dict[Identifier, Annotated[int, Field(gt=0)]] = Field(default_factory=dict)
    """Steps of a training job by size id, for queues with a time limit; a size not named trains in one job."""
    placements: dict[Identifier, Placement] = Field(default_factory=dict)
    """Where sizes train, by size id; a size not named trains in one process on the CPU."""
    share_gpus: bool = False
    """Whether the sizes of `shared` train there, small runs side by side on the GPUs of a node."""
    shared: SharedGpus = SharedGpus()
    """The places of small runs on single GPUs."""
    checkpoint_interval_s: float = Field(default=600.0, gt=0)
    """Seconds between checkpoints within a segment: what a killed job loses at most."""
    stop_margin_s: float = Field(default=600.0, ge=0)
    """Seconds before the queue's time limit at which a training job saves its state and stops itself."""
    lease_s: float = Field(default=180.0, gt=0)
    """Seconds without a sign of life after which another job may take a run over."""
    download_window: int | None = Field(default=None, gt=0)
    """Most raw source files of a corpus's split that lie on the disk at once; none: no limit."""
    discard_documents: bool = False
    """Whether a shard's documents are deleted once tokenized: large studies need not hold text and tokens."""
    disk_budget_gb: float | None = Field(default=None, gt=0)
    """Largest disk use in 10^9 bytes that a plan may need; none: no limit."""
    budget_gpu_hours: float | None = Field(default=None, ge=0)
    """Most GPU-hours that one call may train; a call over it stops before its first job; none: no limit."""
    also_price: tuple[Identifier, ...] = ()
    """Sizes, by id, that the plan prices beside the selected runs and that are not run."""
    site: Site = Site()
    """The machine, for plans and prices."""

    def shares_gpus(self, size: str) -> bool:
        """Return whether a size trains in its place of `shared`."""
        return self.share_gpus and size in self.shared.placements

    def placement(self, size: str) -> Placement:
        """Return where a size trains."""
        places = self.shared.placements if self.shares_gpus(size) else self.placements
        return places.get(size, Placement())

    def segment_length(self, size: str) -> int | None:
        """Return the steps of a size's training jobs; none: all at once."""
        lengths = self.shared.segment_steps if self.shares_gpus(size) else self.segment_steps
        return lengths.get(size)

    def key(self, size: str, name: str) -> str:
        """Return the config key that holds a size's `placements` or `segment_steps`, for messages."""
        return f"execution.{'shared.' if self.shares_gpus(size) else ''}{name}.{size}"

    def queue(self, size: str) -> Queue | None:
        """Return the queue of a size's training jobs, if it names one."""
        name = self.placement(size).queue
        return self.site.queues[name] if name else None

    def walltime_h(self, size: str) -> float | None:
        """Return the time limit of a size's training jobs in hours, if its queue has one."""
        queue = self.queue(size)
        return queue.walltime_h if queue else None

    @model_validator(mode="after")
    def _shared_places_exist(self) -> "Execution":
        if self.share_gpus and not self.shared.placements:
            raise ValueError(
                "execution.share_gpus: true, but execution.shared.placements names no size; name some there"
            )
        return self

    @model_validator(mode="after")
    def _queues_exist(self) -> "Execution":
        for place, placements in (("placements", self.placements), ("shared.placements", self.shared.placements)):
            for size, placement in placements.items():
                if placement.queue and placement.queue not in self.site.queues:
                    known = ", ".join(self.site.queues) or "none"
                    raise ValueError(
                        f"execution.{place}.{size}.queue: no {placement.queue!r} in site.queues; there are {known}"
                    )
        return self
