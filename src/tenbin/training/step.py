"""A step of training as all engines tell of it; light, for ranks read this too."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StepTaken:
    """A step that has been taken."""

    step: int
    loss: float
    """Mean loss of the batch in nats/token, before the update."""
    gradient_norm: float | None
    """Global L2 norm before clipping; none for a step that fp16's loss scaling skipped."""
    learning_rate: float
    """Rate of this step's update."""
    seconds: float
    loss_scale: float | None = None
    """Scale of the loss in this step's backward pass, in fp16."""
