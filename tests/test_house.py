"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import cs_ml

PACKAGE = ROOT / "cs_ml"
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_MODULE, LONGEST_FUNCTION = 300, 60
LONG_FOR_A_REASON = {"tables/catalog.py"}  # a dictionary of data reads best on one page


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_and_functions_are_small(path):
    source = path.read_text(encoding="utf-8")
    if str(path.relative_to(PACKAGE)) not in LONG_FOR_A_REASON:
        assert source.count("\n") <= LONGEST_MODULE
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            start = node.body[1].lineno if ast.get_docstring(node) and len(node.body) > 1 else node.body[0].lineno
            assert (node.end_lineno or start) - start < LONGEST_FUNCTION, node.name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_says_what_it_is_and_what_it_offers(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "a module begins with one line about itself"
    assert "TODO" not in path.read_text(encoding="utf-8")


def test_every_public_name_loads_and_is_documented_with_an_example():
    for name in cs_ml.__all__:
        thing = getattr(cs_ml, name)
        text = inspect.getdoc(thing) or ""
        assert text.split("\n")[0].endswith("."), name
        assert "Parameters" in text or inspect.isclass(thing), name


def test_public_parameters_are_described():
    missing = []
    for module in pkgutil.walk_packages(cs_ml.__path__, "cs_ml."):
        for name, thing in vars(importlib.import_module(module.name)).items():
            if inspect.isfunction(thing) and thing.__module__ == module.name and not name.startswith("_"):
                text = inspect.getdoc(thing) or ""
                missing += [f"{module.name}.{name}"] if not text else []
    assert missing == []


def fresh(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)


def test_help_imports_nothing_heavy_and_answers_within_half_a_second_of_cpu():
    code = (
        "import sys, time, typer.testing, cs_ml.cli as cli; typer.testing.CliRunner().invoke(cli.app, ['--help']);"
        "heavy = {'pandas', 'numpy', 'mlflow', 'sklearn', 'lightgbm', 'shap', 'duckdb', 'pyarrow', 'matplotlib'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert fresh(code).stdout.strip() == "[]"


def test_importing_the_package_loads_no_chapter():
    code = "import sys, cs_ml; print([name for name in sys.modules if name.startswith('cs_ml.')])"
    assert fresh(code).stdout.strip() == "[]"


def test_every_command_is_in_the_readme():
    from cs_ml.cli import app

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in app.registered_commands:
        name = command.name or command.callback.__name__
        assert f"| `{name}` |" in readme, name
        assert inspect.getdoc(command.callback), name


def test_links_in_the_documents_lead_somewhere():
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "data" / "README.md"]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_readme_example_runs(sample, tmp_path):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    lines = [
        code.replace("data/sample", str(sample)),
        "assert len(scores) and scores['p_churn'].between(0, 1).all()",
        "assert set(reasons['target']) == {'churn', 'health'}",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, cwd=tmp_path, env=environment)


def test_nothing_committed_names_a_machine():
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    endings = (".py", ".md", ".toml", ".yaml", ".txt", ".ipynb", "Makefile")
    wanted = [name for name in listed if name.endswith(endings) and not name.startswith("tests/")]
    texts = {name: Path(ROOT, name) for name in wanted if Path(ROOT, name).exists()}
    machine = re.compile(r"[\"' ]/(?:home|root|work|Users)/\w")
    assert [name for name, path in texts.items() if machine.search(path.read_text(encoding="utf-8"))] == []
