"""What the metrics of a report are, in a few words."""

import re

MEANINGS = {
    "accuracy": "share of correct answers",
    "accuracy_10_folds": "accuracy of balanced pairs in ten folds, each at the best threshold of the others (LFW)",
    "accuracy_10_folds_se": "standard error of that accuracy",
    "auc": "area under the ROC curve: 1 is perfect, 0.5 is chance",
    "ced_auc": "area under the cumulative errors of images up to 0.1, relative to a perfect model: 1 is perfect",
    "content_cost": "weighted distance of feature maps from those of the content; lower is better",
    "cost": "sum of the weighted costs of content, style and variation; lower is better",
    "coverage": "share of the truth inside the intervals",
    "crps": "continuous ranked probability score of the quantiles; lower is better",
    "dir_at_far_0.01": "share of enrolled people found, where 1 % of strangers are named",
    "ece": "expected calibration error: mean gap between confidence and accuracy; lower is better",
    "eer": "equal error rate: false accepts and false rejects are equally frequent; lower is better",
    "f1": "harmonic mean of precision and recall",
    "failure_rate": "share of images with a mean error above 0.1 of the object's size; lower is better",
    "fall": "share of the cost of the first image that the optimization has removed",
    "far": "share of pairs of different identities that the threshold accepts",
    "flicker": "difference of restyled neighboring frames, aligned, in shares of white; lower is better",
    "found": "share of points within 0.1 of the object's size (PCK)",
    "found_0.05": "share of points within 0.05 of the object's size (PCK)",
    "iou": "mean overlap of the predicted and the true box: intersection over union",
    "iou_50": "share of objects whose box has an IoU of at least 0.5",
    "kl": "Kullback-Leibler divergence of the predicted rates from the counts; lower is better",
    "log_loss": "mean negative logarithm of the probability of the true label; lower is better",
    "mae": "mean absolute error, in units of the data; lower is better",
    "mae_normalized": "mean absolute error in standard deviations of the training split",
    "map": "mean average precision over IoU 0.5 … 0.95, as in COCO",
    "map_50": "mean average precision at IoU 0.5",
    "map_75": "mean average precision at IoU 0.75",
    "mase": "mean absolute error relative to the naive forecast of the training split: below 1 beats it",
    "mlm_loss": "cross-entropy of the masked tokens, in nats; lower is better",
    "mpr": "mean percentile rank of the relevant items: 0 is the top of the list, 0.5 is chance",
    "ms_per_image": "milliseconds per image",
    "mse_normalized": "mean squared error in squared standard deviations of the training split",
    "nsp_accuracy": "share of pairs of sentences judged correctly: does the second follow the first?",
    "nsp_loss": "cross-entropy of that judgement, in nats; lower is better",
    "nme": "mean distance of the points, relative to the size of the object; lower is better",
    "oks_ap": "mean average precision of points over object keypoint similarity 0.5 … 0.95, as in COCO",
    "oks_ap_50": "average precision of points at a similarity of 0.5",
    "oks_ap_75": "average precision of points at a similarity of 0.75",
    "one_shot": "share of correct answers with one known image of each class",
    "perplexity": "exponential of the loss of masked tokens: so many tokens seem equally likely; lower is better",
    "precision": "share of the detections that are correct, at the operating point",
    "presence": "share of images in which the presence of an object is judged correctly",
    "presence_f1": "harmonic mean of precision and recall of the presence of an object",
    "r2": "share of the variance that is explained: 1 is perfect, 0 equals the mean",
    "rank1": "share of images whose nearest other image shows the same identity",
    "rank5": "share of images with the same identity among the five nearest",
    "recall": "share of the objects that are found, at the operating point",
    "rmse": "root mean squared error, in units of the data; lower is better",
    "rmse_normalized": "root mean squared error in standard deviations of the training split",
    "skill": "1 minus the ratio of the RMSE to that of the last value: 0 equals the last value, 1 is perfect",
    "smape": "symmetric mean absolute percentage error, as a fraction from 0 to 2; lower is better",
    "style_cost": "weighted distance of Gram matrices from those of the style; lower is better",
    "tar": "share of pairs of the same identity that the threshold accepts",
    "tar_at_far_0.001": "true-accept rate where 0.1 % of different pairs are accepted",
    "tar_at_far_0.01": "true-accept rate where 1 % of different pairs are accepted",
    "tar_at_far_0.1": "true-accept rate where 10 % of different pairs are accepted",
    "threshold": "largest distance of one identity",
    "top1_error": "share of objects with a wrong class or a box of an IoU below 0.5 (ILSVRC); lower is better",
    "top5": "share of correct answers among the five most probable",
    "variation_cost": "weighted total variation: squared differences of neighboring pixels; lower is better",
    "wape": "sum of the absolute errors over that of the absolute truth; lower is better",
    "width": "mean width of the intervals, in units of the data",
}
_OF_A_LIST = {
    "map": "mean average precision of the {k} best items of each user",
    "ndcg": "gain of the {k} best items, discounted by rank and relative to the best order: 1 is perfect",
    "precision": "share of the {k} best items that are relevant",
    "recall": "share of the relevant items that are among the {k} best",
}


def meaning(name: str) -> str:
    """Returns what a metric is; empty for an unknown one.

    >>> meaning("ndcg_10").partition(",")[0]
    'gain of the 10 best items'
    """
    if name.startswith("cold_"):
        return f"{meaning(name.removeprefix('cold_'))}; for users and items without training ratings"
    listed = re.fullmatch(r"([a-z]+)_(\d+)", name)
    if name not in MEANINGS and listed and listed[1] in _OF_A_LIST:
        return _OF_A_LIST[listed[1]].format(k=listed[2])
    return MEANINGS.get(name, "")
