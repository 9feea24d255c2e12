"""Numbers with their units."""


def format_flops(flops: int) -> str:
    """Formats a number of floating-point operations.

    >>> format_flops(8_178_368_512), format_flops(833_040), format_flops(64)
    ('8.18 GFLOPs', '833 kFLOPs', '64 FLOPs')
    """
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if flops >= size:
            return f"{flops / size:.3g} {unit}FLOPs"
    return f"{flops} FLOPs"
