"""Names that PJM shows of jobs."""

import re
import secrets
import string
import uuid

from snakemake_executor_plugin_pjm.ledger import Submission

SHOWN = 10
"""Characters of a name that pjstat prints; by them a job is found whose id was lost."""
LONGEST = 63


def new_submission(rule: str, target: str, work: str, *, time_limits: int = 0, node_faults: int = 0) -> Submission:
    """Return a submission with a name of its own."""
    letters = string.ascii_lowercase
    # PJM puts a letter before a name that begins with a digit.
    tag = secrets.choice(letters) + "".join(secrets.choice(letters + string.digits) for _ in range(SHOWN - 1))
    name = f"{tag}-{re.sub('[^A-Za-z0-9_]', '_', rule)}"[:LONGEST]
    return Submission(uuid.uuid4().hex, name, rule, target, work, time_limits, node_faults)
