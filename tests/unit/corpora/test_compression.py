import gzip
import io

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.corpora.compression import decompress, plain_name, report_damage
from tenbin.errors import UserError

PACK = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}


@pytest.mark.parametrize("ending", PACK)
@settings(max_examples=20, deadline=None)
@given(parts=st.lists(st.binary(max_size=3000), min_size=1, max_size=4))
def test_consecutive_frames_read_as_one_text(ending, parts):
    packed = b"".join(PACK[ending](part) for part in parts)
    assert decompress(io.BytesIO(packed), "a.jsonl" + ending).read() == b"".join(parts)


@pytest.mark.parametrize("ending", [".gz", ".zst"])
@pytest.mark.parametrize("lost_bytes", [1, 100])
def test_a_cut_file_is_an_error_and_not_a_shorter_text(ending, lost_bytes):
    packed = PACK[ending](b"".join(b"%d\n" % (number * number) for number in range(5000)))
    with pytest.raises(UserError, match="text is truncated or damaged"), report_damage("text"):
        decompress(io.BytesIO(packed[:-lost_bytes]), "a" + ending).read()


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_a_file_that_is_not_compressed_as_named_is_an_error(ending):
    with pytest.raises(UserError, match="text is truncated or damaged"), report_damage("text"):
        decompress(io.BytesIO(b'{"text": "plain"}'), "a" + ending).read()


def test_the_plain_name_lacks_the_ending_of_the_compression():
    assert [plain_name(name) for name in ("a.jsonl.zst", "a.json.gz", "a.parquet")] == [
        "a.jsonl",
        "a.json",
        "a.parquet",
    ]
