"""Classical models: the arrays of a checkpoint answer as scikit-learn does."""

import numpy as np
import pytest
import torch
from table_sets import frame, table

from zoo.errors import ZooError
from zoo.losses.cross_entropy import CrossEntropy
from zoo.losses.forecasting import SquaredError
from zoo.networks.linear import LinearModel
from zoo.networks.trees import TreeEnsemble
from zoo.tasks.classification.table.solved import SolvedClassification
from zoo.tasks.regression.table.solved import SolvedRegression


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    path = tmp_path_factory.mktemp("solved") / "a.csv"
    frame(150).to_csv(path, index=False)
    data = table(path)
    data.setup()
    return data


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    path = tmp_path_factory.mktemp("solved") / "b.csv"
    data = frame(150)
    data.assign(y=np.where(data["y"] > 160, "dear", "cheap")).to_csv(path, index=False)
    data = table(path)
    data.setup()
    return data


def regression(data, estimator, network=LinearModel, **options):
    known = data.metadata()
    sizes = {name: known[name] for name in ("in_features", "categories")}
    task = SolvedRegression(
        network=network(num_classes=1, **sizes),
        loss=SquaredError(),
        estimator=estimator,
        target_center=known["target_center"],
        target_scale=known["target_scale"],
        **options,
    )
    task.config = {"network": {}}
    return task.eval()


@pytest.mark.parametrize("estimator", ["linear", "ridge", "lasso", "decision_tree", "random_forest"])
def test_numbers_equal_those_of_scikit_learn(numbers, estimator):
    task = regression(numbers, estimator, TreeEnsemble if "_" in estimator else LinearModel, trees=5)
    task.solve(numbers)
    inputs, targets = numbers.dataset("train").arrays()
    test, _ = numbers.dataset("test").arrays()
    expected = task.make_estimator(numbers.seed).fit(inputs, targets).predict(test)
    np.testing.assert_allclose(
        task(torch.from_numpy(test)).numpy(), expected, rtol=1e-6
    )  # of inputs in single precision


@pytest.mark.parametrize("estimator", ["logistic", "decision_tree", "random_forest"])
def test_probabilities_equal_those_of_scikit_learn(classes, estimator):
    known = classes.metadata()
    network = LinearModel if estimator == "logistic" else TreeEnsemble
    task = SolvedClassification(
        network=network(**known), loss=CrossEntropy(), num_classes=2, estimator=estimator, trees=5, min_samples_leaf=3
    ).eval()
    task.config = {"network": {}}
    task.solve(classes)
    inputs, labels = classes.dataset("train").arrays()
    test, _ = classes.dataset("test").arrays()
    expected = task.make_estimator(classes.seed).fit(inputs, labels).predict_proba(test)
    np.testing.assert_allclose(task.predict_step(torch.from_numpy(test)).numpy(), expected, atol=1e-6)
    assert all(parameter.dtype == torch.float64 for parameter in task.network.parameters())


def test_a_network_of_another_kind_is_refused():
    with pytest.raises(ZooError, match="`model.estimator` .=ridge. needs a network LinearModel"):
        SolvedRegression(network=TreeEnsemble(num_classes=1), loss=SquaredError(), estimator="ridge")
    with pytest.raises(ZooError, match="must be one of: logistic, decision_tree, random_forest"):
        SolvedClassification(network=LinearModel(), loss=CrossEntropy(), num_classes=2, estimator="svm")


RIDGE = (
    27.467884964141177,
    "-.10143535 .0495791 -.0429624 1.95202082 -2.37161896 3.70227207 -.01070735 -1.24880821 .2795956 -.01399313 "
    "-.79794498 .01003684 -.55936642",
)
LASSO = (
    36.33499969015174,
    "-.07426626 .04945448 0 0 0 1.804385 .01133345 -.81324404 .27228399 -.01542465 -.74287183 .00892587 -.70365352",
)


@pytest.mark.parametrize(("estimator", "published"), [("ridge", RIDGE), ("lasso", LASSO)])
def test_published_coefficients_of_the_housing_table(numbers, estimator, published):
    """All 506 rows, as they are, with the options of the catalog."""
    data = pytest.importorskip("mlxtend.data")
    inputs, prices = data.boston_housing_data()
    fitted = regression(numbers, estimator).make_estimator(0).fit(inputs, prices)
    assert fitted.intercept_ == pytest.approx(published[0], abs=1e-7)
    np.testing.assert_allclose(fitted.coef_, np.array(published[1].split(), float), rtol=0, atol=1e-7)
