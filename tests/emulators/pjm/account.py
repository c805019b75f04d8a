"""PJM's account of a job that has ended, its .stats file: some of the items that the manual lists."""

import json
from pathlib import Path

from emulators.pjm.job_process import expand
from emulators.pjm.store import Row, Store

RULE = "-" * 65


def write_statistics(store: Store, job: Row) -> None:
    """Write the account, if the job was submitted with -s or -S and has not been rejected."""
    options = json.loads(job["options"])
    if job["state"] == "RJT" or not {"-s", "-S"} & set(options):
        return
    lines = ["Job Statistical Information", *_items(store, job)]
    if "-S" in options:
        lines += [line for number, _ in enumerate(json.loads(job["allocated"])) for line in _node(number)]
    path = Path(expand(options.get("--spath", "%n.%j.stats"), job))
    if path.parent.is_dir():
        path.write_text("\n".join(lines) + "\n")


def _items(store: Store, job: Row) -> list[str]:
    values = {
        "JOB ID": job["id"],
        "SUB JOB NUM": "-",
        "JOB NAME": job["name"],
        "JOB TYPE": "BATCH",
        "JOB MODEL": "NM",
        "RETRY NUM": max(0, job["runs"] - 1),
        "USER": store.setting("user"),
        "GROUP": job["gname"],
        "RESOURCE GROUP": job["rscgrp"],
        "EXIT CODE": job["exit_code"],
        "SIGNAL NO": job["signal"],
        "PJM CODE": job["pjm_code"],
        "REASON": job["reason"],
    }
    return [f"{name:<26}: {value}" for name, value in values.items()]


def _node(number: int) -> list[str]:
    return [RULE, "Node Statistical Information", f"{'RANK NO':<26}: {number}", f"{'NODE AVAILABLE':<26}: available"]
