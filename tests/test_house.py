"""The project's layers: each file imports only from layers below it."""

import ast
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

from tests.support import PROJECT

ORDER = (
    *("ground", "compute", "imaging", "formats", "datasets", "emnist", "synthesis", "recognition"),
    *("lines", "pages", "evaluation", "training", "web", "stages", "benchmarks", "studies"),
    "docs",
)
"""The wings, from below; files at the top of handwriting/ and models.py are the ground."""

STAGES = (
    *("data_preprocessing", "data_split", "model_training", "model_evaluation"),
    *(
        "text_training",
        "text_evaluation",
        "layout_training",
        "read_picture",
        "hyperparameter_tuning",
        "app",
    ),
)


def module_of(path: Path) -> str:
    """As ``handwriting.runs``; a package's own file is called like the package."""
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {
    module_of(path): path
    for pattern in (
        "*.py",
        "handwriting/**/*.py",
        "benchmarks/**/*.py",
        "studies/**/*.py",
        "docs/*.py",
    )
    for path in sorted(PROJECT.glob(pattern))
}


def imports_of(module: str) -> Iterator[str]:
    """Every module that a file imports, those inside of functions too."""
    for node in ast.walk(ast.parse(FILES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} should name what it imports from the top"
            wholes = (f"{node.module}.{name.name}" for name in node.names)
            yield from (whole if whole in FILES else node.module for whole in wholes)


def own_imports(module: str) -> set[str]:
    """Those of the project's own files; a package's own file may import the package's others."""
    return {name for name in imports_of(module) if name in FILES} - {module}


def wing(module: str) -> str:
    """Where a file stands, as in ORDER."""
    top, _, rest = module.partition(".")
    if top in STAGES:
        return "stages"
    if top in ("benchmarks", "studies", "docs"):
        return top
    is_in_wing = "." in rest or FILES[module].name == "__init__.py"
    return rest.split(".")[0] if rest and is_in_wing else "ground"


def test_every_file_stands_in_a_known_wing():
    assert len(FILES) > 50
    assert {wing(module) for module in FILES} == set(ORDER)


def test_nothing_is_imported_from_above():
    above = {
        (module, other)
        for module in FILES
        for other in own_imports(module)
        if ORDER.index(wing(other)) > ORDER.index(wing(module))
    }
    assert not above


def test_no_file_imports_itself_by_a_detour():
    graph = {module: own_imports(module) for module in FILES}
    assert set(TopologicalSorter(graph).static_order()) == set(FILES)


def test_between_wings_there_is_no_circle():
    graph = {name: set() for name in ORDER}
    for module in FILES:
        graph[wing(module)] |= {wing(other) for other in own_imports(module)} - {wing(module)}
    assert set(TopologicalSorter(graph).static_order()) == set(ORDER)


def test_nothing_in_the_package_imports_a_stage():
    for module in FILES:
        if module.startswith("handwriting"):
            assert not own_imports(module) & set(STAGES), module


def test_the_networks_need_pytorch_alone():
    tops = {name.split(".")[0] for name in imports_of("models")}
    assert tops - sys.stdlib_module_names == {"torch"}


def test_imaging_needs_no_pytorch():
    modules = [module for module in FILES if wing(module) == "imaging"]
    assert len(modules) >= 4
    for module in modules:
        assert "torch" not in {name.split(".")[0] for name in imports_of(module)}, module


def test_every_file_says_what_lives_in_it():
    for module, path in FILES.items():
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), module
