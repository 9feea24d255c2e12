from zoo.config.compose import compose
from zoo.config.listing import CONFIG_DIR, list_models, list_options


def test_the_catalog_is_the_listing_of_the_model_folder():
    assert list_models() == sorted(path.stem for path in (CONFIG_DIR / "model").glob("*.yaml"))
    assert "lenet5" in list_models()


def test_a_folder_of_the_user_adds_options(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.yaml").write_text("x: 1\n")
    assert "mine" in list_options("model", tmp_path)
    assert compose(["model=mine"], config_dir=tmp_path).model == {"x": 1}
