import importlib

import pytest

from reproduce import fingerprint
from reproduce.cli.tables import load_tables
from reproduce.fingerprint import imported_modules, source_digest

FILES = {
    "nodes_unet/__init__.py": "",
    "nodes_unet/a.py": '"""Doc."""\nfrom nodes_unet import b\nimport numpy\nfrom nodes_unet.sub.d import thing\n',
    "nodes_unet/b.py": "def f():\n    from nodes_unet.c import x\n    return x\n",
    "nodes_unet/c.py": "x = 1\n",
    "nodes_unet/sub/__init__.py": "from nodes_unet.sub.e import y\n",
    "nodes_unet/sub/d.py": "thing = 1\n",
    "nodes_unet/sub/e.py": "y = 1\n",
    "nodes_unet/unused.py": "z = 1\n",
}


@pytest.fixture
def digest(tmp_path, monkeypatch):
    """Digest of the module `a` of a small project, after changes to some of its files."""
    monkeypatch.setattr(fingerprint, "_root", lambda package: tmp_path / package)

    def digest(**changes):
        for cached in (fingerprint._imports, fingerprint._file, fingerprint._tree, fingerprint._code):
            cached.cache_clear()
        for name, text in FILES.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(changes.get(path.stem, text))
        return source_digest(["nodes_unet.a"])

    yield digest
    for cached in (fingerprint._imports, fingerprint._file, fingerprint._tree, fingerprint._code):
        cached.cache_clear()


def test_direct_and_indirect_imports_count_and_others_do_not(digest):
    digest()
    assert imported_modules(["nodes_unet.a"]) == {"nodes_unet.a", "nodes_unet.b", "nodes_unet.c", "nodes_unet.sub.d"}


def test_a_change_of_code_that_is_used_changes_the_digest(digest):
    assert digest(c="x = 2\n") != digest()


def test_a_change_elsewhere_does_not(digest):
    assert digest(unused="z = 2\n", e="y = 2\n") == digest()


def test_comments_docstrings_and_layout_do_not(digest):
    assert digest(c='"""About x."""\n\n# the one\nx = (\n    1\n)\n') == digest()


def test_a_package_counts_where_a_name_is_imported_from_it(digest):
    digest(b="from nodes_unet.sub import y\n")
    assert "nodes_unet.sub.e" in imported_modules(["nodes_unet.a"])


def test_the_networks_and_the_training_of_the_project_are_found():
    modules = imported_modules(["nodes_unet.models.unet", "reproduce.evaluation.segmentation"])
    assert {"nodes_unet.ode.solver", "nodes_unet.training", "nodes_unet.metrics", "nodes_unet.data.store"} <= modules
    assert not {"nodes_unet.data.smear", "reproduce.cli.app", "reproduce.report", "nodes_unet.data.labelme"} & modules


@pytest.mark.parametrize("name", ["attention", "counting", "ode-position", "three-networks"])
def test_how_a_run_is_told_and_drawn_is_no_part_of_its_key(name):
    table = load_tables()[name]
    modules = imported_modules(importlib.import_module(f"reproduce.tasks.{table.task}").modules(table.recipe))
    assert "reproduce.training" in modules
    assert not [module for module in modules if module.startswith(("reproduce.figures", "reproduce.progress"))]
