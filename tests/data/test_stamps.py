import pandas as pd
import pytest

from zoo.data.stamps import Step, continue_stamps


@pytest.mark.parametrize("frequency", ["D", "h", "15min", "MS", "ME", "W-SAT", "B", "YS-JAN", "QS-OCT"])
def test_times_go_on_as_pandas_says(frequency: str):
    times = pd.date_range("2027-12-20", periods=9, freq=frequency)
    expected = [time.isoformat() for time in times[4:]]
    assert continue_stamps(times[3].isoformat(), Step("time", frequency), 5) == expected


def test_numbers_go_on_by_their_step():
    assert continue_stamps(2008, Step("number", "2"), 3) == [2010, 2012, 2014]
    assert continue_stamps(0.5, Step("number", "0.25"), 2) == [0.75, 1.0]
