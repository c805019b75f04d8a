"""The spec of a run: all that decides its result, and nothing that does not.

Its canonical JSON's SHA-256 is the run's fingerprint. Threads, queues, walltimes and the look of
figures are no part of it; the data enter as SHA-256 of the files that a run reads, a decay branch's
trunk as its fingerprint and the step it is left after.
"""

import json
from pathlib import Path
from typing import Any

from tenbin import recipes
from tenbin.errors import UserError
from tenbin.files import read_json, seal_of, write_json
from tenbin.study.catalogue import Schedule, Size


def write_spec(
    settings: str,
    spec: Path,
    *,
    mix: Path,
    orders: dict[str, Path],
    blend: Path,
    init: Path,
    tokenizer: Path,
    trunk: Path | None = None,
) -> None:
    """Write a run's spec from its settings (JSON) and the records of the files it reads.

    `trunk` is the spec of the run that a decay branch leaves. Raises UserError if a corpus of the mix has no order, or
    the trunk cannot have this branch.
    """
    chosen = json.loads(settings)
    tokens = read_json(tokenizer)
    shape, schedule = chosen.pop("shape"), chosen["schedule"]
    architecture = describe_architecture(Size(**shape), tokens["padded_vocabulary"], schedule["sequence_length"])
    content = chosen | {
        "recipe": recipes.SPECS,
        "architecture": architecture,
        "corpora": _describe_corpora(read_json(mix)["corpora"], orders),
        "blend_sha256": seal_of(blend),
        "init_sha256": read_json(init)["weights"]["sha256"],
        "tokenizer_sha256": tokens["files"]["tokenizer"]["sha256"],
        "end_of_text_id": tokens["end_of_text_id"],
    }
    write_json(spec, content | _describe_trunk(content, trunk))


def describe_architecture(size: Size, padded_vocabulary: int, sequence_length: int) -> dict[str, int]:
    """Return the shape of the network and its two parameter counts."""
    return {
        "hidden_size": size.hidden_size,
        "num_layers": size.num_layers,
        "num_heads": size.num_heads,
        "rotary_width": size.rotary_width(),
        "vocabulary": padded_vocabulary,
        "sequence_length": sequence_length,
        "n_nonembedding": size.count_nonembedding(),
        "n_total": size.count_total(padded_vocabulary),
    }


def _describe_corpora(mix: dict[str, Any], orders: dict[str, Path]) -> dict[str, Any]:
    if set(mix) != set(orders):
        raise UserError(f"the mix has corpora {sorted(mix)}, but orders are given for {sorted(orders)}")
    return {
        corpus: {
            "weight": entry["weight"],
            "language": entry["language"],
            "bin_sha256": entry["bin_sha256"],
            "idx_sha256": entry["idx_sha256"],
            "order_sha256": seal_of(orders[corpus]),
        }
        for corpus, entry in mix.items()
    }


def _describe_trunk(content: dict[str, Any], trunk: Path | None) -> dict[str, Any]:
    """Return what a decay branch's spec says of its trunk; other specs say nothing, so that none is a key to them."""
    schedule = Schedule(**content["schedule"])
    if (schedule.branch_of is None) != (trunk is None):
        raise UserError(f"branch_of is {schedule.branch_of}: --trunk-spec is for decay branches, which all need it")
    if trunk is None:
        return {}
    _check_trunk(content, schedule, trunk)
    return {"trunk": {"fingerprint": seal_of(trunk), "step": schedule.branch_step}}


def _check_trunk(content: dict[str, Any], schedule: Schedule, trunk: Path) -> None:
    """Raise UserError unless a branch differs from its trunk in nothing but its schedule."""
    base = read_json(trunk)
    problem = schedule.misfit(Schedule(**base["schedule"]))
    if problem:
        raise UserError(f"{trunk} cannot be the trunk of this branch: {problem}")
    for key in content.keys() - {"schedule", "schedule_id"}:
        if content[key] != base.get(key):
            raise UserError(
                f"{trunk} cannot be the trunk of this branch: its {key} is another; write the trunk's spec anew, or "
                "change the branch's schedule to the one it leaves"
            )
