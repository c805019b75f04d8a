"""What is kept of a file that is not whole, and who may write it."""

import errno
import io
from pathlib import Path

import pytest

from tenbin import locking
from tenbin.corpora.partial_file import open_partial
from tenbin.errors import UserError
from tenbin.files import read_json, verify_file

ORIGIN = {"file": "a", "etag": "1"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out" / "shard"


def begin(out: Path, content: bytes, origin: dict[str, str] = ORIGIN) -> None:
    with open_partial(out) as partial:
        partial.begin(origin, '"v"')
        partial.append(content)


def names(out: Path) -> list[str]:
    return sorted(path.name for path in out.parent.iterdir())


def test_what_arrived_is_kept_with_what_it_is_a_part_of(out: Path) -> None:
    begin(out, b"first")
    assert names(out) == [".shard.partial", ".shard.partial.json"]
    with open_partial(out) as partial:
        partial.keep_only(ORIGIN)
        assert (partial.size_bytes, partial.farthest_bytes, partial.validator) == (5, 5, '"v"')
        partial.append(b" second")
    assert partial.path.read_bytes() == b"first second"


def test_a_published_file_has_its_name_and_leaves_nothing_else(out: Path) -> None:
    begin(out, b"first")
    with open_partial(out) as partial:
        described = partial.describe()
        partial.publish()
    assert names(out) == ["shard"]
    verify_file(out, described)
    assert described["file"] == "shard"


def test_nothing_is_kept_of_nothing(out: Path) -> None:
    with open_partial(out):
        pass
    assert names(out) == []


def test_bytes_of_another_version_are_dropped_and_told(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begin(out, b"first")
    with open_partial(out) as partial:
        partial.keep_only(ORIGIN | {"etag": "2"})
        assert (partial.size_bytes, partial.farthest_bytes) == (0, 0)
    assert "5 bytes of another file, revision or version are dropped" in capsys.readouterr().err
    assert names(out) == []


@pytest.mark.parametrize("note", [None, b"{", b'{"origin": {"file": "a", "etag": "1"}, "sha256": "0"}\n'])
def test_bytes_without_a_note_that_holds_are_dropped(out: Path, note: bytes | None) -> None:
    begin(out, b"first")
    path = out.with_name(".shard.partial.json")
    path.unlink() if note is None else path.write_bytes(note)
    with open_partial(out) as partial:
        partial.keep_only(ORIGIN)
        assert partial.size_bytes == 0


def test_starting_over_empties_the_file_but_is_no_progress(out: Path) -> None:
    begin(out, b"first")
    with open_partial(out) as partial:
        partial.begin(ORIGIN, "")
        partial.append(b"1st")
        assert (partial.size_bytes, partial.farthest_bytes) == (3, 5)
    assert out.with_name(".shard.partial").read_bytes() == b"1st"
    assert read_json(out.with_name(".shard.partial.json"))["validator"] == ""


def test_a_second_writer_is_refused_until_the_first_has_left(out: Path) -> None:
    with open_partial(out) as partial:
        partial.begin(ORIGIN, "")
        with pytest.raises(UserError, match=r"another process is fetching this file \(it holds .*shard\.partial\)"):
            open_partial(out).__enter__()
        partial.append(b"whole")
        partial.publish()
    begin(out, b"again")
    assert out.read_bytes() == b"whole"


def test_a_file_that_was_published_before_its_lock_was_had_is_left_alone(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first writer publishes between the second's opening of the partial file and its lock."""
    begin(out, b"whole")
    lock = locking._lock

    def lock_late(stream: io.FileIO, path: Path, *, wait: bool) -> None:
        monkeypatch.setattr(locking, "_lock", lock)
        path.rename(out)
        lock(stream, path, wait=wait)

    monkeypatch.setattr(locking, "_lock", lock_late)
    with open_partial(out) as partial:
        assert partial.size_bytes == 0
        partial.begin(ORIGIN, "")
        partial.append(b"new")
    assert out.read_bytes() == b"whole"


def test_a_file_taken_away_while_it_is_written_is_not_published(out: Path) -> None:
    with open_partial(out) as partial:
        partial.begin(ORIGIN, "")
        partial.path.unlink()
        with pytest.raises(UserError, match="was removed or replaced"):
            partial.publish()
    assert not out.exists()


def test_a_filesystem_without_locks_is_told_of(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(locking.fcntl, "flock", refuse)
    begin(out, b"first")
    assert "no locks on this filesystem" in capsys.readouterr().err


class FullDisk(io.FileIO):
    """A file with room for three bytes more."""

    def write(self, data: memoryview) -> int:  # type: ignore[override]
        if self.tell() >= 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data[:3])


def test_a_full_disk_keeps_what_had_room(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_partial(out) as partial:
        partial.begin(ORIGIN, "")
        with FullDisk(partial.path, "r+") as disk, monkeypatch.context() as patched:
            patched.setattr(partial, "_stream", disk)
            with pytest.raises(OSError, match=r"No space left on device: .*shard\.partial"):
                partial.append(b"first")
    with open_partial(out) as partial:
        partial.keep_only(ORIGIN)
        assert partial.size_bytes == 3
