"""Archives are fetched by the user's own npm client from a registry that speaks its protocol."""

import hashlib
import io
import json
import shutil
import tarfile

import pytest

from tenbin.errors import PREFIX
from tenbin.files import read_json

needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="no npm here: fetching from npm was not checked")


def pack(manifest: dict[str, object]) -> bytes:
    content = json.dumps(manifest).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo("package/package.json")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def package(registry, tmp_path):
    traces = tmp_path / "traces"
    hooks = ["prepack", "prepare", "postpack", "preinstall", "install", "postinstall"]
    scripts = {hook: f"echo {hook} >>{traces}" for hook in hooks}
    archive = pack({"name": "pages", "version": "1.0.0", "scripts": scripts})
    registry.add_to_npm("pages", "1.0.0", archive)
    sha256 = hashlib.sha256(archive).hexdigest()
    return {"registry": "npm", "project": "pages", "version": "1.0.0", "file": "pages-1.0.0.tgz", "sha256": sha256}


@needs_npm
def test_an_archive_arrives_and_none_of_its_scripts_runs(package, fetch_archive, tmp_path):
    finished = fetch_archive(package)
    assert finished.returncode == 0, finished.stderr
    assert read_json(tmp_path / "out" / "archive.json")["files"]["source"]["sha256"] == package["sha256"]
    assert not (tmp_path / "traces").exists()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["archive", "archive.json"]


@needs_npm
@pytest.mark.parametrize("change", [{"project": "nothing"}, {"version": "9.9.9"}])
def test_what_npm_has_not_is_named(package, fetch_archive, tmp_path, change):
    wanted = package | change
    assert f"npm has no {wanted['project']}@{wanted['version']}" in refusal(fetch_archive(wanted), tmp_path)


@needs_npm
def test_another_sha256_is_refused_with_both_values(package, fetch_archive, tmp_path):
    message = refusal(fetch_archive(package | {"sha256": "0" * 64}), tmp_path)
    assert package["sha256"] in message
    assert "0" * 64 in message


@needs_npm
@pytest.mark.parametrize("project", ["../pages", "git+ssh://host/pages", "--help", "pages@file:/tmp"])
def test_only_names_of_the_registry_reach_npm(package, fetch_archive, tmp_path, project):
    assert "not a name and an exact version" in refusal(fetch_archive(package | {"project": project}), tmp_path)


def test_a_machine_without_npm_is_told_so(package, fetch_archive, tmp_path):
    assert "there is no `npm` on this machine" in refusal(fetch_archive(package, PATH=str(tmp_path)), tmp_path)


def refusal(finished, tmp_path):
    last_line = finished.stderr.splitlines()[-1]
    assert finished.returncode == 1, finished.stderr
    assert last_line.startswith(PREFIX)
    assert "Traceback" not in finished.stderr
    assert list((tmp_path / "out").iterdir()) == []
    return last_line
