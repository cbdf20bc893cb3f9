"""The source that a run depends on, as a digest: code and not comments, of the modules that it imports."""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("nodes_unet", "reproduce")


def source_digest(roots: Iterable[str]) -> str:
    """Digest of the named modules and of what they import from this project, directly or not.

    A package's `__init__` counts where a name is imported from it. Comments, docstrings and layout do not count.
    """
    digest = hashlib.sha256()
    for module in sorted(imported_modules(roots)):
        digest.update(f"{module}\n{_code(module)}\n".encode())
    return digest.hexdigest()


def imported_modules(roots: Iterable[str]) -> set[str]:
    """The modules of this project that the roots import, the roots included."""
    found, waiting = set(), list(roots)
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += _imports(module)
    return found


@cache
def _imports(module: str) -> tuple[str, ...]:
    return tuple(
        name
        for node in ast.walk(_tree(module))
        for name in _named(node)
        if name.split(".")[0] in PACKAGES and _file(name) is not None
    )


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        submodules = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from submodules
        if any(_file(name) is None for name in submodules):
            yield node.module


@cache
def _file(module: str) -> Path | None:
    package, *rest = module.split(".")
    if package not in PACKAGES:
        return None
    path = _root(package).joinpath(*rest)
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@cache
def _root(package: str) -> Path:
    return Path(find_spec(package).origin).parent


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_file(module).read_text(encoding="utf-8"))


@cache
def _code(module: str) -> str:
    tree = ast.parse(ast.unparse(_tree(module)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:]
    return ast.dump(tree)
