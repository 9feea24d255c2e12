"""Style transfer to any style in one pass."""

from zoo.tasks.style.adain.task import AdaIN as AdaIN
