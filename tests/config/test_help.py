from zoo.config.help import help_text


def test_each_group_has_a_line_with_its_options():
    lines = help_text("train").splitlines()
    assert "trainer: auto, cpu, ddp, debug, fsdp, gpu" in lines
    assert any(line.startswith("data/augmentation: affine, ") for line in lines)
    assert not [line for line in lines if line.startswith(": ")], "configs/train.yaml is no option"


def test_a_command_lists_its_own_groups_and_the_options_of_each_task():
    groups = [line.partition(":")[0] for line in help_text("evaluate").splitlines()]
    assert {"data", "trainer"} <= set(groups)
    assert not {"model", "optimizer", "scheduler"} & set(groups)
    assert "model: adain" in help_text("backtest")
    assert "  classification: batch_size, tta, probabilities" in help_text("predict")
    assert "  forecasting: horizon, recursive, fill" in help_text("predict")


def test_options_of_the_users_folder_are_listed(tmp_path):
    for group in ("model", "fruit/kind"):
        (tmp_path / group).mkdir(parents=True)
        (tmp_path / group / "mine.yaml").touch()
    text = help_text("train", tmp_path)
    assert ", mine" in next(line for line in text.splitlines() if line.startswith("model: "))
    assert "\nfruit/kind: mine\n" in text
