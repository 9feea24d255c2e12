"""Style transfer: the content of one image in the style of another."""

from zoo.tasks.style.adain import AdaIN as AdaIN
from zoo.tasks.style.fast import FastStyle as FastStyle
from zoo.tasks.style.picture import StyleTransfer as StyleTransfer
