"""Any image network of timm, as a class that checkpoints can build again."""

import difflib
import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from zoo.errors import ZooError
from zoo.networks.staged import Layers

_OURS = {"num_classes": "num_classes", "in_chans": "in_channels", "img_size": "image_size"}
"""Arguments of timm, and ours in their place."""
_SMALL = "resnet10t"
_MAPS = ("features_only", "out_indices", "feature_cls", "output_stride")


class Timm(nn.Module):
    """A network of timm (Wightman, 2019, github.com/huggingface/pytorch-image-models) by its name there.

    Without a name it is ResNet-10-T, which is small. Names in the state dict are those of timm after `backbone.`.
    `num_classes=0` gives pooled features. `features` names modules of timm's `feature_info`, such as `layer2` or
    `stages.1`, whose maps are returned instead; later layers are left out. Networks of one image size, such as vision
    transformers, are built for `image_size`; others take any. `options` are further arguments of the network, such as
    `drop_path_rate`.

    Raises:
        ZooError: timm has no such network, or it takes no such option or image size, or gives no such maps.
        ModuleNotFoundError: timm is not installed.
    """

    def __init__(
        self,
        *,
        name: str | None,
        num_classes: int = 1000,
        in_channels: int = 3,
        image_size: int | None = None,
        features: Sequence[str] | None = None,
        checkpointing: bool = False,
        options: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        name = _SMALL if name is None else name
        _require_name(name)
        options = {} if options is None else options
        if image_size is not None and image_size < 1:
            raise ZooError(f"`image_size` (={image_size}) must be positive")
        _require_options(options)
        self.backbone = _create(name, num_classes, in_channels, image_size, options)
        self.fixed_size = _fixed_size(self.backbone, image_size, options)
        classifier = self.backbone.pretrained_cfg.get("classifier") or ()
        classifier = (classifier,) if isinstance(classifier, str) else classifier
        self.heads = tuple(self.published_name(path) for path in classifier)
        self.optional: tuple[str, ...] = ()
        """Modules that are left out, whose tensors weights may have."""
        self.maps = tuple(features or ())
        if features is not None:
            self._keep_maps(name)
        if checkpointing:
            try:
                self.backbone.set_grad_checkpointing(True)
            except AssertionError as error:
                raise ZooError(f"`checkpointing` (=true): timm has none for {name}") from error

    def forward(self, images: Float[Tensor, "b c h w"]) -> Tensor | dict[str, Tensor]:
        """Returns logits, or with `features` the named maps [B C H W].

        Raises:
            ZooError: images of another size, where the network has one.
        """
        height, width = images.shape[-2:]
        if self.fixed_size is not None and (height, width) != (self.fixed_size, self.fixed_size):
            raise ZooError(
                f"this network of timm takes images of {self.fixed_size}×{self.fixed_size} pixels, not {height}×{width}"
                f": set data.image_size, or build it with image_size={height}"
            )
        if not self.maps:
            logits: Tensor = self.backbone(images)
            return logits
        maps = self.backbone.forward_intermediates(
            images, indices=self._indices, intermediates_only=True, output_fmt="NCHW"
        )
        found = dict(zip(self._indices, maps, strict=True))
        return {name: found[self._index[name]] for name in self.maps}

    @staticmethod
    def published_name(name: str) -> str:
        """Returns our name of a tensor in timm's files."""
        return f"backbone.{name}"

    def stages(self) -> dict[str, Layers]:
        """Returns the groups of timm's own `group_matcher`, without the one of the head, from the input on.

        Parameters beside layers, such as the embedding of positions, are a `ParameterList` of their group.

        Raises:
            ZooError: timm has no groups for this network.
        """
        from timm.models import group_parameters

        if not hasattr(self.backbone, "group_matcher"):
            raise ZooError(f"timm has no groups of layers for {type(self.backbone).__name__}: leave out finetune=…")
        group_of = group_parameters(self.backbone, self.backbone.group_matcher(coarse=True), reverse=True)
        head = {group_of.get(f"{path.removeprefix('backbone.')}.weight") for path in self.heads}
        stages: dict[int, Layers] = {group: {} for group in sorted(set(group_of.values()) - head)}
        for group, path, module in _placed(self.backbone, "backbone", group_of):
            if group in stages:
                stages[group][path] = module
        return {f"group{group}": layers for group, layers in stages.items()}

    def _keep_maps(self, name: str) -> None:
        """Leaves out the head and what comes after the last map.

        Raises:
            ZooError: no maps, or unknown ones.
        """
        network = self.backbone
        if not (hasattr(network, "forward_intermediates") and hasattr(network, "prune_intermediate_layers")):
            raise ZooError(f"`features` (={list(self.maps)}): timm has no maps of {name}: choose another network")
        known = [str(info["module"]) for info in network.feature_info]
        if not self.maps or not set(self.maps) <= set(known):
            raise ZooError(f"`features` (={list(self.maps)}) must name layers from: {', '.join(known)}")
        self._index = {path: known.index(path) for path in self.maps}
        self._indices = sorted(set(self._index.values()))
        before = set(self.state_dict())
        network.prune_intermediate_layers(self._indices, prune_norm=True, prune_head=True)
        for path in {head.split(".")[1] for head in self.heads}:
            network.set_submodule(path, nn.Identity())
        self.heads = ()
        self.optional = tuple(sorted({key.rpartition(".")[0] for key in before - set(self.state_dict())}))


def _require_name(name: str) -> None:
    import timm

    if "." in name and timm.is_model(name.partition(".")[0]):
        bare = name.partition(".")[0]
        raise ZooError(f"`name` (={name}) names weights, too: give name={bare} and pretrained=timm/{name}")
    if "/" in name or ":" in name or not timm.is_model(name):  # an address would download
        known = timm.list_models()
        close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise ZooError(
            f"`name` (={name}) is none of the {len(known):,} networks of timm {timm.__version__}: {hint}"
            "timm.list_models() lists them"
        )


def _require_options(options: dict[str, Any]) -> None:
    """Refuses arguments with which timm would read files or download, since a checkpoint may hold any."""
    import timm

    for key in options:
        if key in _OURS:
            raise ZooError(f"`options.{key}` is given as {_OURS[key]} here")
        if key in _MAPS:
            raise ZooError(f"`options.{key}`: `features` names the maps here")
        if key in inspect.signature(timm.create_model).parameters or key.startswith("pretrained"):
            raise ZooError(f"`options.{key}` loads or converts a network: pretrained=… loads weights here")


def _create(name: str, num_classes: int, in_channels: int, image_size: int | None, options: dict[str, Any]) -> Any:
    import timm

    build = partial(timm.create_model, name, pretrained=False, num_classes=num_classes, in_chans=in_channels)
    fixed = timm.get_pretrained_cfg_value(name, "fixed_input_size")
    size = {"img_size": image_size} if fixed and image_size is not None else {}
    try:
        return _without_memory(partial(build, **size, **options))
    except (TypeError, ValueError, AssertionError, ZeroDivisionError) as error:
        given = {"num_classes": num_classes, "in_channels": in_channels, "image_size": image_size, **options}
        values = ", ".join(f"{key}={value}" for key, value in given.items())
        raise ZooError(f"timm builds no {name} with {values}: {error}") from error


class _ValuesOnCPU(TorchFunctionMode):
    """Keeps numbers on the CPU where a network is built on torch's device `meta`, since some are computed from them."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func in (torch.arange, torch.linspace, torch.tensor):
            kwargs.setdefault("device", "cpu")
        return func(*args, **kwargs)


def _without_memory(build: Callable[[], Any]) -> Any:
    """Builds a network, also on torch's device `meta` where it reads values of tensors, as RegNet does."""
    try:
        return build()
    except (NotImplementedError, RuntimeError):
        if torch.get_default_device().type != "meta":
            raise
    with _ValuesOnCPU():
        return build()


def _fixed_size(network: Any, image_size: int | None, options: dict[str, Any]) -> int | None:
    """The only size of images that a network takes; None if it takes several."""
    if not network.pretrained_cfg.get("fixed_input_size") or options.get("dynamic_img_size"):
        return None
    return image_size or int(network.pretrained_cfg["input_size"][-1])


def _placed(module: nn.Module, path: str, group_of: dict[str, int]) -> Iterator[tuple[int, str, nn.Module]]:
    """The largest modules whose parameters are in one group, with their groups and paths."""
    prefix = path.partition(".")[2]
    named = {f"{prefix}.{name}".lstrip("."): parameter for name, parameter in module.named_parameters()}
    groups = {group_of[name] for name in named}
    if len(groups) == 1:
        yield groups.pop(), path, module
        return
    own = [name for name, _ in module.named_parameters(recurse=False)]
    for name in own:
        full = f"{prefix}.{name}".lstrip(".")
        yield group_of[full], f"{path}.{name}", nn.ParameterList([named[full]])
    for name, child in module.named_children():
        yield from _placed(child, f"{path}.{name}", group_of)
