"""Recognizes a loss that sits at the entropy of word frequencies, where nothing else has been learned."""

NEAR = 0.03
"""Relative distance from the entropy at which a loss sits on it."""
ADVICE = (
    "the network predicts word frequencies and reads no context: try optimizer.lr at a third of its value, "
    "scheduler.warmup=0.3, trainer.gradient_clip_val=1, or more training (trainer.max_epochs); "
    "batches of a few texts (data.batch_size) also stop it there"
)


def sits_at(loss: float, entropy: float | None) -> bool:
    """Whether a loss in nats is within 3 % of the unigram entropy, or above it.

    >>> [sits_at(loss, 5.2) for loss in (6.0, 5.1, 4.9)]
    [True, True, False]
    """
    return entropy is not None and loss > (1 - NEAR) * entropy
