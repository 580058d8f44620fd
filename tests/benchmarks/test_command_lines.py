"""All benchmarks and studies have the same three options and save no quick run."""

import importlib
import pkgutil

import pytest

import benchmarks
import studies

MODULES = [
    f"{package.__name__}.{module.name}"
    for package in (benchmarks, studies)
    for module in pkgutil.iter_modules(package.__path__)
    if module.name not in ("common", "pen_reading", "reader_process", "usual_recipe")
]


def test_none_is_missed():
    assert len(MODULES) == 19


@pytest.mark.parametrize("name", MODULES)
def test_a_quick_run_cannot_be_saved(name, capsys):
    module = importlib.import_module(name)
    parser = module.get_args_parser()
    positional = [action.dest for action in parser._actions if not action.option_strings]
    with pytest.raises(SystemExit) as end:
        parser.parse_args([*positional, "--quick", "--save"])
    assert end.value.code == 2
    assert "not allowed with argument" in capsys.readouterr().err
    shown = parser.format_help()
    assert all(option in shown for option in ("--quick", "--save", "--out"))
    assert callable(module.main) and f"python -m {name}" in module.__doc__


@pytest.mark.parametrize("name", MODULES)
def test_what_quick_sets_are_options_of_their_own(name):
    parser = importlib.import_module(name).get_args_parser()
    (quick,) = (action for action in parser._actions if "--quick" in action.option_strings)
    assert quick.values
    assert set(quick.values) <= {action.dest for action in parser._actions}
