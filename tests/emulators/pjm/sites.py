"""Resource groups of a site, as its users know them: what the emulated pjsub accepts, and what it refuses.

Wisteria's are those that public notes of its users list; the numbers are theirs, the choice of message often is ours
(README.md says which).
"""

from dataclasses import asdict, dataclass, field
from typing import Any

MINUTE_S, HOUR_S = 60, 3600


@dataclass(frozen=True)
class Group:
    """A resource group."""

    unit: str
    """The resource that a job asks of it: gpu or node."""
    fewest: int
    most: int
    elapse_s: int
    """Longest elapse that may be asked for."""
    choices: tuple[int, ...] = ()
    """The only counts allowed, if not all between `fewest` and `most`."""
    inner: tuple[tuple[int, str], ...] = ()
    """Queue that a job is passed on to: (largest count, name), in growing order."""
    shorter_s: tuple[tuple[int, int], ...] = ()
    """Shorter longest elapse: (count from which on, seconds)."""
    disabled: bool = False
    gpus_per_node: int | None = None
    """GPUs of its nodes; None: as many as the cluster's nodes have."""


@dataclass(frozen=True)
class Site:
    """A site's groups and rules."""

    groups: dict[str, Group]
    default_elapse_s: int = 900
    """For a job that asks for none."""
    unit_groups: tuple[str, ...] | None = None
    """Values that `-g` accepts; None: any."""
    default_group: str = "gz00"
    restart: bool = True
    """Whether PJM runs a job again that a node failed under, when the job does not say."""
    environment: dict[str, str] = field(default_factory=dict)
    """Further variables of every job's environment."""

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


_SMALL, _SHARE = ((2, "small-a"), (4, "medium-a"), (8, "large-a")), ((1, "share-1"), (2, "share-2"), (4, "share-4"))
_SHARED = (1, 2, 4)
_INNER = ("small-a", "medium-a", "large-a", "share-1", "share-2", "share-4")

WISTERIA = Site(
    {
        "share-debug": Group("gpu", 1, 4, 30 * MINUTE_S, _SHARED),
        "share-short": Group("gpu", 1, 4, 2 * HOUR_S, _SHARED),
        "share": Group("gpu", 1, 4, 48 * HOUR_S, _SHARED, _SHARE, ((4, 24 * HOUR_S),)),
        "share-interactive": Group("gpu", 1, 1, 10 * MINUTE_S),
        "debug-a": Group("node", 1, 1, 30 * MINUTE_S),
        "short-a": Group("node", 1, 2, 2 * HOUR_S),
        "regular-a": Group("node", 1, 8, 48 * HOUR_S, (), _SMALL, ((5, 24 * HOUR_S),)),
        "interactive-a": Group("node", 1, 1, 10 * MINUTE_S),
        "prepost": Group("node", 1, 1, 6 * HOUR_S, gpus_per_node=0),
        **{name: Group("node", 1, 8, 48 * HOUR_S, disabled=True) for name in _INNER},
    }
)
PLAIN = Site({"small": Group("node", 1, 24, 72 * HOUR_S), "gpu": Group("gpu", 1, 8, 72 * HOUR_S)})
"""No site in particular."""
SITES = {"wisteria": WISTERIA, "plain": PLAIN}
