"""The section of the report that lists all findings."""

from collections.abc import Mapping, Sequence
from typing import Any

from zoo.reports.page import Section


def doctor_section(findings: Sequence[Mapping[str, Any]]) -> list[Section]:
    """The table of findings; no section without findings."""
    if not findings:
        return []
    table = [["finding", "first epoch", "epochs", "what was seen", "what to try"]]
    table += [[str(each[name]) for name in ("name", "epoch", "epochs", "text", "advice")] for each in findings]
    text = "What looked wrong during training, with the epoch in which it was first seen and the number of such epochs."
    return [Section("Training doctor", text, [], table)]
