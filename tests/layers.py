"""Who may import whom: a handheld stays small, and what both sides agree on stays pure.

`violations(root)` reads the source of a whole tree without running it.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

PROGRAMS = ("sync", "scanner_client", "server")

# The folder, and what of ours its files may import. The longest folder that holds a file speaks for it.
OURS = {
    "sync": ("sync",),
    "scanner_client": ("sync", "scanner_client"),
    "server": ("sync", "server"),
    "server/rules": ("sync", "server.rules"),
}
PURE = ("sync", "server/rules")
EDGES = ("server.api", "server.web")

# What a pure file cannot need: files, processes, the network, a clock or chance. They come as arguments.
IMPURE_MODULES = (
    *(
        "asyncio",
        "ctypes",
        "fcntl",
        "glob",
        "http",
        "io",
        "logging",
        "mmap",
        "multiprocessing",
        "os",
        "pathlib",
    ),
    *(
        "random",
        "secrets",
        "selectors",
        "shutil",
        "signal",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
    ),
    *("threading", "time", "urllib.request", "uuid"),
)
IMPURE_CALLS = ("input", "open", "print")
CLOCK_CALLS = ("now", "today", "utcnow")

# What lives in exactly one file of the handheld, so that replacing it is an edit of that file.
ONE_CLIENT_FILE = {
    "zxing-cpp": ("zxingcpp",),
    "SQLite": ("sqlite3", "pysqlite3"),
    "HTTP to the server": ("http.client", "urllib.request", "urllib3"),
    "zeroconf": ("zeroconf",),
    "the page's HTTP server": ("http.server",),
}
ONE_SERVER_FILE = {"zxing-cpp": ("zxingcpp", "server/printing/symbol.py")}
# What lives in exactly one folder of the handheld: another engine, as on Android, replaces that folder.
ONE_CLIENT_FOLDER = {"OpenCV": ("cv2", "scanner_client/vision")}
VAGUE_NAMES = ("common", "helpers", "misc", "services", "utils")


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One file: its path below the root, its syntax, and each module it imports with the line."""

    path: Path
    tree: ast.Module
    imports: tuple[tuple[int, str], ...]

    def is_in(self, folder: str) -> bool:
        return self.path.is_relative_to(folder)


def violations(root: Path) -> list[str]:
    """Every broken rule of the tree as a sentence that begins with the place."""
    sources = [_read(root, path) for program in PROGRAMS for path in sorted((root / program).rglob("*.py"))]
    found: list[str] = []
    for source in sources:
        found += [*_strangers(source), *_edges(source), *_impurities(source), *_vague_name(source)]
        found += _not_installed(source, root)
    return [*found, *_homes(sources)]


def _read(root: Path, path: Path) -> Source:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = tuple((line, module) for node in ast.walk(tree) for line, module in _imported(node))
    return Source(path=path.relative_to(root), tree=tree, imports=imports)


def _imported(node: ast.AST) -> Iterator[tuple[int, str]]:
    """`from server import api` is server.api here, be it a module or a name inside one."""
    match node:
        case ast.Import(names=names):
            yield from ((node.lineno, alias.name) for alias in names)
        case ast.ImportFrom(module=str(module), names=names):
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in names)
        case ast.Call(
            func=ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module"),
            args=[ast.Constant(value=str(module)), *_],
        ):
            yield node.lineno, module


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _strangers(source: Source) -> Iterator[str]:
    folder = max((folder for folder in OURS if source.is_in(folder)), key=len)
    for line, module in source.imports:
        ours = module.partition(".")[0] in (*PROGRAMS, "tests")
        if ours and not any(_within(module, allowed) for allowed in OURS[folder]):
            yield f"{source.path}:{line}: {folder} must not import {module}."


def _edges(source: Source) -> Iterator[str]:
    if source.path == Path("server/__init__.py"):
        return
    for line, module in source.imports:
        for edge in EDGES:
            if _within(module, edge) and not source.is_in(edge.replace(".", "/")):
                yield f"{source.path}:{line}: only create_app may import {module}."


def _impurities(source: Source) -> Iterator[str]:
    if not any(source.is_in(folder) for folder in PURE):
        return
    for line, module in source.imports:
        if any(_within(module, impure) for impure in IMPURE_MODULES):
            yield f"{source.path}:{line}: a pure file must not import {module}."
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_CALLS:
                yield f"{source.path}:{node.lineno}: a pure file must not call {name}()."
            case ast.Call(func=ast.Attribute(attr=name)) if name in CLOCK_CALLS:
                yield f"{source.path}:{node.lineno}: a pure file must not ask for the time with {name}()."


def _vague_name(source: Source) -> Iterator[str]:
    if source.path.stem in VAGUE_NAMES or source.path.parent.name in VAGUE_NAMES:
        yield f"{source.path}: the name does not say what is inside."


def _not_installed(source: Source, root: Path) -> Iterator[str]:
    """Whatever a program imports stands in its own requirements; `sync` has biip alone."""
    program = source.path.parts[0]
    pinned = {"biip"} if program == "sync" else _pinned(root / program / "requirements.txt")
    for line, module in source.imports:
        package = module.partition(".")[0]
        if package in sys.stdlib_module_names or package in (*PROGRAMS, "tests"):
            continue
        if not pinned & _distributions(package):
            yield f"{source.path}:{line}: {program} does not install {package}."


def _pinned(requirements: Path) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", requirements.read_text(encoding="utf-8"), re.MULTILINE))


@cache
def _distributions(package: str) -> frozenset[str]:
    names = packages_distributions().get(package, [])
    return frozenset(re.sub(r"[-_.]+", "-", name).lower() for name in names)


def _homes(sources: list[Source]) -> Iterator[str]:
    homes = defaultdict(set)
    for source in sources:
        if source.is_in("scanner_client"):
            yield from _outside(source)
            for what, packages in ONE_CLIENT_FILE.items():
                if any(_within(module, package) for _, module in source.imports for package in packages):
                    homes[what].add(str(source.path))
        for what, (package, file) in ONE_SERVER_FILE.items():
            if source.is_in("server") and str(source.path) != file:
                yield from (
                    f"{source.path}:{line}: {what} belongs in {file}."
                    for line, module in source.imports
                    if _within(module, package)
                )
    for what in ONE_CLIENT_FILE:
        if len(homes[what]) != 1:
            files = ", ".join(sorted(homes[what])) or "none"
            yield f"scanner_client: {what} belongs in exactly one file, and is in: {files}."


def _outside(source: Source) -> Iterator[str]:
    for what, (package, folder) in ONE_CLIENT_FOLDER.items():
        for line, module in source.imports:
            if _within(module, package) and not source.is_in(folder):
                yield f"{source.path}:{line}: {what} belongs in {folder}."
