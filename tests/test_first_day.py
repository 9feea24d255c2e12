"""docs/FIRST_DAY.md names what exists."""

import ast
import re
from pathlib import Path

import pytest

import zoo
from zoo.commands.task_options import with_task_options
from zoo.config.compose import compose
from zoo.config.keywords import compose_keywords
from zoo.config.listing import CONFIG_DIR

PAGE = (Path(__file__).parents[1] / "docs" / "FIRST_DAY.md").read_text(encoding="utf-8")
CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) + re.findall(r"`(zoo\.[^`]+)`", PAGE)
CALLS = [
    node
    for text in CODE
    for node in ast.walk(ast.parse(text))
    if isinstance(node, ast.Call) and "zoo." in ast.unparse(node.func)
]


def test_names_of_the_package_exist():
    names = set(re.findall(r"\bzoo\.(\w+)", PAGE))
    assert names <= set(zoo.__all__)
    assert {"train", "predict", "features", "create_network"} <= names


@pytest.mark.slow
def test_trainings_compose():
    trainings = [call for call in CALLS if call.func.attr == "train"]
    assert len(trainings) >= 4
    for call in trainings:
        given = {
            word.arg: ast.literal_eval(word.value) for word in call.keywords if isinstance(word.value, ast.Constant)
        }
        given["trainer.max_epochs"] = given.pop("epochs", None)
        compose_keywords({"model": ast.literal_eval(call.args[0])} | given)


@pytest.mark.slow
def test_commands_compose():
    lines = re.findall(r"python (train\.py|scripts/\w+\.py) ([^`\n#]+)", PAGE.partition("| here |")[2])
    seen = 0
    for script, words in lines:
        plain = [word for word in words.split() if "=" in word and not word.startswith(("hydra", "'", "--"))]
        name = Path(script).stem
        if name in ("train", "backtest", "evaluate") and "-" not in words.split()[0].strip("m"):
            given = [word.replace("runs/…", "runs/x").replace(",", "") for word in plain]
            compose(
                with_task_options(given, CONFIG_DIR / f"{name}.yaml") if name == "evaluate" else given, config_name=name
            )
            seen += 1
    assert seen >= 5


@pytest.mark.slow
def test_a_study_prunes_trainings(tmp_path, monkeypatch):
    """The objective of the page, on a smaller model: a trial is ended after its first training, or has all three."""
    optuna = pytest.importorskip("optuna")
    monkeypatch.chdir(tmp_path)
    (text,) = (code for code in CODE if "def objective" in code)
    definition = text.partition("\n\n\noptuna.create_study")[0].replace('"lenet5"', '"two_layer", data="iris"')
    found = {}
    exec(definition, found)
    for pruner, state, steps in (
        (optuna.pruners.ThresholdPruner(lower=2.0), "PRUNED", 1),
        (optuna.pruners.NopPruner(), "COMPLETE", 3),
    ):
        study = optuna.create_study(direction="maximize", pruner=pruner)
        study.optimize(found["objective"], n_trials=1)
        (trial,) = study.trials
        assert (trial.state.name, len(trial.intermediate_values)) == (state, steps)
    assert len(list(Path("runs", "two_layer-iris").iterdir())) == 4
