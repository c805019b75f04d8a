"""Appending pieces: whole or not at all, never twice, and freed only when they are safe."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.errors import UserError
from tenbin.files import record_file
from tenbin.locking import open_alone
from tenbin.tokens import appending
from tenbin.tokens.appending import JoinedFile, Piece

CONTENTS = (b"first", b"", b"second piece", b"3")

PROGRAM = """
import json
import sys
from pathlib import Path
from tenbin.tokens.appending import JoinedFile, Piece

folder, records = Path(sys.argv[1]), json.loads(sys.argv[2])
pieces = [Piece(folder / name, record) for name, record in records.items()]
JoinedFile(folder / "whole.bin").append(pieces, free=True)
"""


def write_pieces(folder: Path, contents: tuple[bytes, ...] = CONTENTS) -> list[Piece]:
    paths = [folder / f"{number:05}" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return [Piece(path, record_file(path)) for path in paths]


def sizes(pieces: list[Piece]) -> list[int]:
    return [piece.path.stat().st_size for piece in pieces]


@pytest.mark.parametrize("free", [False, True])
def test_pieces_are_appended_in_order_and_freed_on_request(tmp_path: Path, free: bool) -> None:
    pieces = write_pieces(tmp_path)
    joined = JoinedFile(tmp_path / "whole.bin")
    joined.append(pieces, free=free)
    assert not (tmp_path / "whole.bin").exists()
    joined.publish()
    assert (tmp_path / "whole.bin").read_bytes() == b"".join(CONTENTS)
    assert sizes(pieces) == ([0] * 4 if free else [len(content) for content in CONTENTS])
    joined.settle()
    assert (tmp_path / "whole.bin").read_bytes() == b"".join(CONTENTS)
    assert not list(tmp_path.glob(".*"))
    joined.settle()


def test_a_published_file_that_snakemake_deletes_is_published_again(tmp_path: Path) -> None:
    pieces, joined = write_pieces(tmp_path), JoinedFile(tmp_path / "whole.bin")
    for _ in range(3):
        joined.append(pieces, free=True)
        joined.publish()
        assert (tmp_path / "whole.bin").read_bytes() == b"".join(CONTENTS)
        (tmp_path / "whole.bin").unlink()


def test_a_file_that_is_not_published_is_not_settled(tmp_path: Path) -> None:
    pieces, joined = write_pieces(tmp_path), JoinedFile(tmp_path / "whole.bin")
    joined.append(pieces, free=True)
    (tmp_path / "whole.bin").write_bytes(b"of another join")
    joined.settle()
    assert joined.partial.read_bytes() == b"".join(CONTENTS)


def test_other_pieces_leave_what_is_published_alone_until_they_are_joined(tmp_path: Path) -> None:
    joined = JoinedFile(tmp_path / "whole.bin")
    joined.append(write_pieces(tmp_path), free=True)
    joined.publish()
    others = write_pieces(tmp_path, (b"first", b"other"))
    joined.append(others, free=True)
    assert (tmp_path / "whole.bin").read_bytes() == b"".join(CONTENTS)
    joined.publish()
    assert (tmp_path / "whole.bin").read_bytes() == b"firstother"


def test_damage_in_what_was_kept_is_found_and_made_good_from_whole_pieces(tmp_path: Path) -> None:
    pieces, joined = write_pieces(tmp_path), JoinedFile(tmp_path / "whole.bin")
    joined.append(pieces, free=False)
    joined.publish()
    damaged = bytearray(b"".join(CONTENTS))
    damaged[7] ^= 1
    joined.partial.write_bytes(damaged)
    joined.append(pieces, free=False)
    assert (tmp_path / "whole.bin").read_bytes() == damaged
    joined.publish()
    assert (tmp_path / "whole.bin").read_bytes() == b"".join(CONTENTS)


def test_damage_in_what_was_kept_of_emptied_pieces_is_refused(tmp_path: Path) -> None:
    pieces, joined = write_pieces(tmp_path), JoinedFile(tmp_path / "whole.bin")
    joined.append(pieces, free=True)
    joined.partial.write_bytes(b"firsT" + joined.partial.read_bytes()[5:])
    with pytest.raises(
        UserError, match=r"00000 is damaged: 0 bytes, 5 recorded, and 2 more: .* delete the empty files"
    ):
        joined.append(pieces, free=True)


@pytest.mark.parametrize("ledger", [b"", b"[{", b"\xff"])
def test_a_damaged_ledger_is_not_trusted(tmp_path: Path, ledger: bytes) -> None:
    pieces, joined = write_pieces(tmp_path), JoinedFile(tmp_path / "whole.bin")
    joined.append(pieces[:2], free=False)
    (tmp_path / ".whole.joining.json").write_bytes(ledger)
    joined.append(pieces, free=False)
    assert joined.partial.read_bytes() == b"".join(CONTENTS)


def test_a_file_system_without_hard_links_publishes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    pieces, joined = write_pieces(tmp_path), JoinedFile(tmp_path / "whole.bin")
    joined.append(pieces, free=True)
    joined.publish()
    assert (tmp_path / "whole.bin").read_bytes() == b"".join(CONTENTS)
    assert not list(tmp_path.glob(".*"))


def test_a_second_join_waits_for_the_first_and_finds_its_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pieces, joined = write_pieces(tmp_path), JoinedFile(tmp_path / "whole.bin")
    joined.append(pieces[:2], free=True)
    with ThreadPoolExecutor() as pool, open_alone(joined.partial):
        second = pool.submit(joined.append, pieces, free=True)
        with pytest.raises(TimeoutError):
            second.result(timeout=0.5)
        assert sizes(pieces) == [0, 0, 12, 1]
    second.result()
    assert joined.partial.read_bytes() == b"".join(CONTENTS)
    assert "another process writes this file; waiting for it" in capsys.readouterr().err


def test_a_change_that_leaves_the_size_alone_is_found(tmp_path: Path) -> None:
    pieces = write_pieces(tmp_path)
    pieces[2].path.write_bytes(b"second piecE")
    joined = JoinedFile(tmp_path / "whole.bin")
    with pytest.raises(UserError, match="00002 is damaged: its sha256 is not the recorded one"):
        joined.append(pieces, free=True)
    assert sizes(pieces) == [0, 0, 12, 1]
    pieces[2].path.write_bytes(CONTENTS[2])
    joined.append(pieces, free=True)
    assert joined.partial.read_bytes() == b"".join(CONTENTS)


def test_a_kill_between_the_ledger_and_the_freeing_is_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = write_pieces(tmp_path)
    joined = JoinedFile(tmp_path / "whole.bin")
    with monkeypatch.context() as patched:
        patched.setattr(appending, "_free", lambda piece, free: None)
        joined.append(pieces, free=True)
    assert sizes(pieces) == [len(content) for content in CONTENTS]
    joined.append(pieces, free=True)
    assert sizes(pieces) == [0] * 4
    assert joined.partial.read_bytes() == b"".join(CONTENTS)


@settings(deadline=None)
@given(data=st.data())
def test_whatever_was_written_after_the_ledgers_last_entry_is_written_anew(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("pieces")
    contents = tuple(data.draw(st.lists(st.binary(max_size=50), min_size=1, max_size=6)))
    pieces, joined = write_pieces(folder, contents), JoinedFile(folder / "whole.bin")
    joined.append(pieces[: data.draw(st.integers(0, len(pieces)))], free=True)
    with joined.partial.open("ab") as stream:
        stream.write(data.draw(st.binary(max_size=20)))
    joined.append(pieces, free=True)
    assert joined.partial.read_bytes() == b"".join(contents)


def test_a_partial_file_shorter_than_its_ledger_is_not_trusted(tmp_path: Path) -> None:
    pieces, joined = write_pieces(tmp_path), JoinedFile(tmp_path / "whole.bin")
    joined.append(pieces[:1], free=False)
    os.truncate(joined.partial, 2)
    joined.append(pieces, free=False)
    assert joined.partial.read_bytes() == b"".join(CONTENTS)


def test_a_join_killed_at_any_moment_ends_in_the_same_file(tmp_path: Path) -> None:
    contents = tuple(bytes([number]) * 3_000_000 for number in range(8))
    pieces = write_pieces(tmp_path, contents)
    records = json.dumps({piece.path.name: piece.record for piece in pieces})
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), records]
    environment = os.environ | {"PYTHONPATH": str(Path(appending.__file__).parents[2])}
    for done in (2, 5):
        with subprocess.Popen(command, env=environment) as process:
            wait_until_freed(pieces[done], process)
            process.send_signal(signal.SIGKILL)
    subprocess.run(command, env=environment, check=True)
    assert JoinedFile(tmp_path / "whole.bin").partial.read_bytes() == b"".join(contents)


def wait_until_freed(piece: Piece, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while piece.path.stat().st_size and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.001)
