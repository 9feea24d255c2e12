import pytest
import torch

from zoo.data.gather import gather_rows


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.int64, torch.bool])
def test_rows_are_those_of_indexing_and_a_copy(dtype):
    values = (torch.arange(7 * 3 * 4).view(7, 3, 4) % 2).to(dtype)
    indices = torch.tensor([5, 0, 5])
    rows = gather_rows(values, indices)
    torch.testing.assert_close(rows, values[indices])
    rows.zero_()
    assert values[5].any(), "the stored rows stay as they were"


def test_no_rows_have_the_shape_of_others():
    assert gather_rows(torch.zeros(7, 3, 4), torch.tensor([], dtype=torch.int64)).shape == (0, 3, 4)


def test_an_index_outside_is_refused():
    with pytest.raises(IndexError):
        gather_rows(torch.zeros(7, 3), torch.tensor([7]))
