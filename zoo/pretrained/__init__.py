"""Pretrained weights: found, downloaded, transferred, fine-tuned."""
