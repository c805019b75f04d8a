"""A tokenizer that exists: checked, and copied out of a file or an archive."""

import hashlib
from pathlib import Path

from tokenizers import Tokenizer

from tenbin.corpora.archives import open_member
from tenbin.errors import UserError
from tenbin.files import write_bytes
from tenbin.study.tokenizers import GivenTokenizer
from tenbin.tokens.tokenizer import find_end_of_text, write_record


def copy_tokenizer(settings: GivenTokenizer, source: Path, tokenizer_path: Path, record_path: Path) -> None:
    """Copy tokenizer.json from a local file or, with `member`, out of an archive; write its record.

    Raises UserError if it is missing, not the one of the settings' sha256, or lacks <|endoftext|>.
    """
    name = f"{settings.member} in {source}" if settings.member else str(source)
    content = _read_source(source, settings.member)
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != settings.sha256:
        raise UserError(f"{name} has sha256 {sha256}; the tokenizer's settings say {settings.sha256}")
    tokenizer = _parse(content, name)
    find_end_of_text(tokenizer, name)
    write_bytes(tokenizer_path, content)
    write_record(record_path, tokenizer_path, tokenizer, {"kind": settings.kind})


def _read_source(source: Path, member: str | None) -> bytes:
    if member:
        with open_member(source, member) as stream:
            return stream.read()
    if not source.is_file():
        raise UserError(f"{source} is missing; correct the tokenizer's `file`")
    return source.read_bytes()


def _parse(content: bytes, name: str) -> Tokenizer:
    try:
        return Tokenizer.from_buffer(content)
    except Exception as error:  # the library raises bare Exception for whatever it cannot read
        raise UserError(f"{name} is no tokenizer.json that the tokenizers library reads: {error}") from None
