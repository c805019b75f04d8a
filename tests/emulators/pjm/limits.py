"""What a job asks for, held against the site's groups, in the words of PJM's numbered messages."""

from typing import Any

from emulators.pjm.command import RefusedError, message, with_hint
from emulators.pjm.options import Options

KNOWN_RESOURCES = ("rscgrp", "rscunit", "node", "gpu", "elapse", "jobenv", "vnode", "vnode-core", "vnode-mem", "freq")
NOT_ALLOWED = {"--bulk": "pjsub-bulk", "--step": "pjsub-step", "--interact": "pjsub-interact", "--mswk": "pjsub-mswk"}

Wanted = dict[str, Any]


def check(options: Options, site: dict[str, Any]) -> Wanted:
    """Return what the job will get. Raises RefusedError as pjsub refuses it."""
    for option, name in NOT_ALLOWED.items():
        if option in options:
            raise _refused(70, f"No execute permission: {name}.")
    if "--restart" in options and "--norestart" in options:
        raise _combination("--restart and --norestart")
    gname = options.get("-g", site["default_group"])
    if site["unit_groups"] is not None and gname not in site["unit_groups"]:
        raise _refused(71, f"Group not authorized to submit a job: {gname}(59999)")
    resources = options.get("-L", {})
    for name in resources:
        if name not in KNOWN_RESOURCES:
            raise with_hint("pjsub", 3, f"Unknown option argument: -L {name}={resources[name]}.")
    name, group = _group(resources, site)
    count = _count(resources, group)
    return {
        "gname": gname,
        "rscgrp": name,
        "queue": next((inner for most, inner in group["inner"] if count <= most), name),
        "nodes": count if group["unit"] == "node" else 0,
        "gpus": count if group["unit"] == "gpu" else 0,
        "elapse_s": _elapse(resources, group, count, site),
        "norestart": int("--norestart" in options or not (site["restart"] or "--restart" in options)),
        "processes": _processes(options, max(1, count if group["unit"] == "node" else 1)),
    }


def _refused(number: int, text: str) -> RefusedError:
    return RefusedError(message("pjsub", number, text))


def _combination(detail: str) -> RefusedError:
    return with_hint("pjsub", 2, f"Invalid combination: {detail}")


def _group(resources: dict[str, str], site: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    if "rscgrp" not in resources:
        raise _refused(69, "rscgrp in -L option is not specified.")
    name = resources["rscgrp"]
    group = site["groups"].get(name)
    if group is None:
        raise _refused(58, f"rscgrp={name} does not exist.")
    if group["disabled"]:
        raise _refused(59, f"rscgrp={name} is disabled.")
    return name, group


def _count(resources: dict[str, str], group: dict[str, Any]) -> int:
    unit, other = group["unit"], {"gpu": "node", "node": "gpu"}[group["unit"]]
    if other in resources:
        raise _combination(f"-L {other} and rscgrp={resources['rscgrp']}")
    count = _number(f"-L {unit}", resources.get(unit, "1" if unit == "node" else "0"))
    _within(unit, count, group["fewest"], group["most"])
    if group["choices"] and count not in group["choices"]:
        choices = ",".join(map(str, group["choices"]))
        raise _refused(76, f"{unit}={count} cannot be specified. The value must be specified as follows: {choices}")
    return count


def _elapse(resources: dict[str, str], group: dict[str, Any], count: int, site: dict[str, Any]) -> int:
    longest: int = min([group["elapse_s"], *(limit_s for fewest, limit_s in group["shorter_s"] if count >= fewest)])
    text = resources.get("elapse")
    if text is None:
        return min(longest, int(site["default_elapse_s"]))
    parts: list[str] = text.split(":")
    if not (len(parts) <= 3 and all(part.isdigit() for part in parts)):
        raise _refused(4, f"Invalid option argument: -L elapse={text}.")
    seconds = sum(int(part) * unit_s for part, unit_s in zip(reversed(parts), (1, 60, 3600), strict=False))
    _within("elapse", seconds, 1, longest)
    return seconds


def _processes(options: Options, nodes: int) -> int:
    mpi = options.get("--mpi", {})
    each = _number("--mpi max-proc-per-node", mpi.get("max-proc-per-node", "1"))
    processes = _number("--mpi proc", mpi.get("proc", str(nodes * each)))
    if processes < nodes:
        raise _refused(4, f"Invalid option argument: --mpi proc={processes}.")
    return processes


def _number(name: str, text: str) -> int:
    if not text.isdigit():
        raise _refused(4, f"Invalid option argument: {name}={text}.")
    return int(text)


def _within(name: str, value: int, low: int, high: int) -> None:
    if value < low:
        raise _refused(54, f"{name}={value} is less than the lower limit ({low}).")
    if value > high:
        raise _refused(57, f"{name}={value} is greater than the upper limit ({high}).")
