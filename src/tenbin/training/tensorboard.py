"""TensorBoard event files of a training process, written without TensorFlow and without torch's writer.

Only tensorboard's record format and its protocol buffers are used: a tenth of a second to import.
Events are buffered and flushed with the log; what a killed process had not flushed is in
history.jsonl all the same.
"""

import platform
import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

FILE_VERSION = "brain.Event:2"


class ScalarWriter:
    """Writes scalars of training steps to one event file."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"events.out.tfevents.{int(time.time())}.{platform.node()}"
        self._records = RecordWriter(path.open("wb"))
        self._write(Event(wall_time=time.time(), file_version=FILE_VERSION))

    def write(self, step: int, scalars: dict[str, float]) -> None:
        """Add the scalars of one step."""
        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
        self._write(Event(wall_time=time.time(), step=step, summary=Summary(value=values)))

    def flush(self) -> None:
        """Make what was written visible to readers."""
        self._records.flush()

    def close(self) -> None:
        """Flush and close the file."""
        self._records.close()

    def _write(self, event: Event) -> None:
        self._records.write(event.SerializeToString())
