"""A user's own model is two files, as the README shows."""

import json
import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_two_files_are_enough(command, tmp_path):
    (network,) = [block for block in blocks("python") if block.startswith("# my_networks.py")]
    (config,) = [block for block in blocks("yaml") if "configs/model/tiny.yaml" in block]
    (tmp_path / "my_networks.py").write_text(network)
    (tmp_path / "configs" / "model").mkdir(parents=True)
    (tmp_path / "configs" / "model" / "tiny.yaml").write_text(config)
    folder = tmp_path / "configs"
    trained = command("train", "--config-dir", str(folder), "model=tiny", "trainer.max_epochs=1", "baselines=false")
    assert trained.code == 0, trained.err
    assert json.loads((trained.run / "metrics.json").read_text())["model"] == "tiny"
    checkpoint = f"checkpoint={trained.run}/checkpoints/best.ckpt"
    refused = command("evaluate", checkpoint, "runs=elsewhere")
    assert refused.code == 2
    assert "only zoo's own classes are built; trust=[my_networks] allows it" in refused.err
    trusted = command("evaluate", checkpoint, "trust=[my_networks]", "runs=elsewhere", "baselines=false")
    assert trusted.code == 0, trusted.err
