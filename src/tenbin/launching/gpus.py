"""Whether this machine has the GPUs that a placement counts on; without them nothing is started."""

from tenbin.errors import UserError
from tenbin.study.execution import Placement


def require_gpus(placement: Placement) -> None:
    """Raise UserError if torch sees fewer GPUs here than the placement has on each node."""
    wanted = placement.gpus_per_node
    if not wanted:
        return
    import torch  # noqa: PLC0415  # a second that training on the CPU need not spend here

    found = torch.cuda.device_count()
    if found >= wanted:
        return
    seen = f"sees {found} of them" if torch.version.cuda else "is built without CUDA"
    raise UserError(
        f"the placement asks for {wanted} GPUs on each node, but torch {torch.__version__} {seen} on this machine; "
        "run on a node with enough GPUs (and a torch built for CUDA), or lower `gpus_per_node` of the size in "
        "execution.placements"
    )
