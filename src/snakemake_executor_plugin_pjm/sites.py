"""What sites let a job ask for, so that a request they would refuse, or hold for ever, is refused before it is made.

Each table says what it is taken from. Sites change such limits without notice: `pjstat --rsc -x` and `pjstat --limit`
on a login node tell the present ones, and site `none` submits without looking at any table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Unit = Literal["node", "gpu", "vnode-core"]


@dataclass(frozen=True)
class Shape:
    """One way in which a resource group hands out a machine: so many of a unit."""

    unit: Unit
    hours: tuple[tuple[int, float], ...] = ()
    """Longest time of a job by its size: ((4, 48), (8, 24)) is 48 h for up to 4 of the unit, 24 h for 5 to 8, no more.
    Nothing: no limit is known."""
    least: int = 1
    """Fewest of the unit."""
    only: tuple[int, ...] = ()
    """The sizes that are handed out, if not all."""
    gpus: int | None = 0
    """GPUs of one of the unit; none: not known."""
    memory_gib: float | None = None
    """Memory that a job may use in one of the unit, in 2^30 bytes; none: not known."""

    @property
    def most(self) -> int | None:
        """Most of the unit, if a limit is known."""
        return self.hours[-1][0] if self.hours else None

    def limit_s(self, count: int) -> int | None:
        """Return the longest time of a job of an allowed size in seconds, if a limit is known."""
        return next((round(3600 * hours) for largest, hours in self.hours if count <= largest), None)


@dataclass(frozen=True)
class Site:
    """A site's resource groups."""

    name: str
    as_of: str
    """Month of the table."""
    groups: Mapping[str, tuple[Shape, ...]]
    """By resource group the ways to ask for a part of it, the usual one first."""
    complete: bool = False
    """Whether a resource group that is not listed is refused; otherwise it is not checked."""
    not_for_jobs: Mapping[str, str] = field(default_factory=dict)
    """Names that the site's own commands print and that jobs cannot name, with what to name instead."""
    needs_group: bool = False
    """Whether each job must name a project."""
    volume_words: tuple[str, ...] = ()
    """One of them must be among the variables and further options of each job, to say which volume it uses."""
    refused_options: tuple[str, ...] = ()
    """Options of pjsub that the site took away."""

    @property
    def table(self) -> str:
        """What messages call the table."""
        return f"site table {self.name} {self.as_of}"


def _nodes(*hours: tuple[int, float], gpus: int = 0, memory_gib: float | None = None, least: int = 1) -> Shape:
    return Shape("node", hours, gpus=gpus, memory_gib=memory_gib, least=least)


def _wisteria_nodes(*hours: tuple[int, float]) -> tuple[Shape, ...]:
    return (_nodes(*hours, gpus=8, memory_gib=448),)


def _wisteria_gpus(*hours: tuple[int, float]) -> tuple[Shape, ...]:
    return (Shape("gpu", hours, only=(1, 2, 4), gpus=1, memory_gib=56),)


# Wisteria/BDEC-01, Aquarius nodes. Public notes of `pjstat --rsc -x` of 2026-07-19 and a public guide of 2026-09; the
# official pages are open to account holders only. Whether pjsub takes jobs for prepost is not known. Odyssey's groups
# (regular-o, ...) are not listed.
WISTERIA = Site(
    name="wisteria",
    as_of="2026-07",
    groups={
        "share-debug": _wisteria_gpus((4, 0.5)),
        "share-short": _wisteria_gpus((4, 2)),
        "share": _wisteria_gpus((2, 48), (4, 24)),
        "debug-a": _wisteria_nodes((1, 0.5)),
        "short-a": _wisteria_nodes((2, 2)),
        "regular-a": _wisteria_nodes((4, 48), (8, 24)),
        "prepost": (_nodes((1, 6), memory_gib=340),),
    },
    complete=True,
    not_for_jobs={
        **dict.fromkeys(("small-a", "medium-a", "large-a"), "ask for regular-a: the number of nodes decides"),
        **dict.fromkeys(("share-1", "share-2", "share-4"), "ask for share: the number of GPUs decides"),
        "interactive-a": "it is for interactive sessions; ask for debug-a",
        "share-interactive": "it is for interactive sessions; ask for share-debug",
    },
    needs_group=True,
)

# Genkai, Kyushu University. Official public page on resource groups, 2025-10; node group C and MIG are not listed.
GENKAI = Site(
    name="genkai",
    as_of="2025-10",
    groups={
        "a-batch": (
            Shape("vnode-core", ((120, 168),), memory_gib=3.7),
            _nodes((1, 168), (3, 96), (15, 48), (31, 24), (63, 12), (128, 6), memory_gib=453),
        ),
        "b-batch": (
            Shape("gpu", ((4, 168),), gpus=1, memory_gib=226.7),
            _nodes((1, 168), (3, 96), (4, 48), gpus=4, memory_gib=907),
        ),
    },
)

# Flow, Nagoya University, Type I. Limits from public pages; the official FAQ says that -X is gone. 2,304 nodes are the
# whole machine.
FLOW = Site(
    name="flow",
    as_of="2026-11",
    groups={"fx-small": (_nodes((24, 168)),), "fx-large": (_nodes((2304, 72)),)},
    refused_options=("-X",),
)

# Fugaku, RIKEN. Official user guide 1.52 (least size of large, project, volume, data area); times from public pages.
# pjsub is called in a data area (/vol000N/...), or with --no-check-directory. 158,976 nodes are the whole machine.
FUGAKU = Site(
    name="fugaku",
    as_of="2026-01",
    groups={
        "small": (_nodes((384, 72), memory_gib=32),),
        "large": (_nodes((158_976, 24), memory_gib=32, least=385),),
    },
    needs_group=True,
    volume_words=("PJM_LLIO_GFSCACHE", "--no-check-gfscache"),
)

SITES: Mapping[str, Site | None] = {site.name: site for site in (WISTERIA, GENKAI, FLOW, FUGAKU)} | {"none": None}
