import io
import tarfile
import zipfile

import pytest
import zstandard

from tenbin.corpora import archives
from tenbin.corpora.archives import open_member
from tenbin.errors import UserError

FILES = {"p-1/a.txt": b"first\n" * 5000, "p-1/res/SENTENCES": b"1\tja\ten\n" * 9000, "p-1/b.txt": b"last"}


def make_tar(path, mode="w:gz", files=FILES):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        link = tarfile.TarInfo("p-1/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


def make_zip(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
        link = zipfile.ZipInfo("p-1/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return path


@pytest.fixture(params=["tar", "tgz", "tar.zst", "zip"])
def archive(request, tmp_path):
    path = tmp_path / "archive"  # told by its content, not by its name
    if request.param == "zip":
        return make_zip(path)
    make_tar(path, "w:gz" if request.param == "tgz" else "w")
    if request.param == "tar.zst":
        path.write_bytes(zstandard.compress(path.read_bytes()))
    return path


def test_one_member_is_read_and_nothing_else_is_unpacked(archive, tmp_path):
    with open_member(archive, "p-1/res/SENTENCES") as stream:
        assert stream.read() == FILES["p-1/res/SENTENCES"]
    assert list(tmp_path.iterdir()) == [archive]


def test_a_missing_member_is_named_beside_similar_ones(archive):
    with (
        pytest.raises(UserError, match=r"no member 'p-2/res/SENTENCES'; it has p-1/res/SENTENCES"),
        open_member(archive, "p-2/res/SENTENCES"),
    ):
        pass


def test_a_link_is_refused(archive):
    with pytest.raises(UserError, match=r"p-1/link in .* is a link or a folder"), open_member(archive, "p-1/link"):
        pass


def test_a_member_above_the_limit_is_refused(archive, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBER_BYTES", 10)
    with pytest.raises(UserError, match="more than the 10 allowed"), open_member(archive, "p-1/a.txt"):
        pass


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9])
def test_a_truncated_archive_is_an_error_wherever_it_ends(archive, kept):
    archive.write_bytes(archive.read_bytes()[: int(archive.stat().st_size * kept)])
    with pytest.raises(UserError, match="truncated or damaged"), open_member(archive, "p-1/b.txt") as stream:
        stream.read()


def test_an_absent_archive_is_named(tmp_path):
    with pytest.raises(UserError, match="archive is missing"), open_member(tmp_path / "archive", "a"):
        pass
