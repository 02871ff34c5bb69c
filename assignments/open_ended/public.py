"""Public checks of the open-ended assignment: is what you hand in of the right form?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlab import Suite, Threshold

if TYPE_CHECKING:
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("open_ended")

IMAGES, CLASSES = 1000, 10
FORM = {
    "W1": ("hidden_size", 3072),
    "b1": ("hidden_size",),
    "W2": (CLASSES, "hidden_size"),
    "b2": (CLASSES,),
}
SETTINGS = {
    "hidden_size": (1, 2000),
    "learning_rate": (1e-7, 10.0),
    "reg": (0.0, 1e5),
    "batch_size": (1, 49_000),
    "num_epochs": (0.01, 1000),
    "validation_accuracy": (0.0, 1.0),
}


@suite.check(points=0, question="net")
def net_is_complete(student: Student, expect: Expect) -> None:
    """best_net.npz holds four arrays that fit together"""
    params = student.artifact("best_net.npz", FORM)
    expect.earns("arrays", len(params), len(FORM), Threshold(100))


@suite.check(points=0, question="settings")
def settings_are_complete(student: Student, expect: Expect) -> None:
    """best_settings has all its numbers, and the hidden units of best_net.npz"""
    size = len(student.artifact("best_net.npz", FORM)["b1"])
    reported = student.notebook.best_settings
    expect.settings("best_settings", reported, SETTINGS, true_of={"hidden_size": size})


@suite.check(points=0, question="predictions")
def predictions_are_complete(student: Student, expect: Expect) -> None:
    """predictions.csv has one label from 0 to 9 for each of the 1000 images"""
    found = student.labels("predictions.csv", IMAGES, CLASSES)
    expect.earns("labels", len(found), IMAGES, Threshold(100))
