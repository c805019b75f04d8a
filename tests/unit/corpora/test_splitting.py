import pytest

from tenbin.corpora.splitting import digest_of, side_of


def test_the_digest_is_the_start_of_sha256():
    # printf 天秤 | sha256sum
    assert digest_of("天秤") == 0x97698C5DAC87DB0B


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
def test_the_share_of_valid_documents_is_as_asked(share):
    sides = [side_of(digest_of(str(number)), share) for number in range(20_000)]
    assert sides.count("valid") / len(sides) == pytest.approx(share, abs=0.004)


def test_the_whole_range_is_valid_at_share_one():
    assert side_of(0, 0.0) == "train"
    assert side_of((1 << 64) - 1, 1.0) == "valid"


def test_a_larger_share_keeps_what_a_smaller_one_held_out():
    digests = [digest_of(str(number)) for number in range(2000)]
    assert all(side_of(digest, 0.1) == "valid" for digest in digests if side_of(digest, 0.02) == "valid")
