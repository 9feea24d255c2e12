"""Ratings: predicts ratings, labels or rankings of items for users."""

from zoo.tasks.ratings.kinds import BinaryRatings as BinaryRatings
from zoo.tasks.ratings.kinds import CountRatings as CountRatings
from zoo.tasks.ratings.kinds import RankedRatings as RankedRatings
from zoo.tasks.ratings.task import Ratings as Ratings
