"""Hidden checks of the open-ended assignment: what was handed in is judged, not how it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradlab import Ramp, Staircase, Suite

if TYPE_CHECKING:
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("open_ended")

# Any number of hidden units, everywhere the same.
SHAPES = {
    "W1": ("hidden_size", 3072),
    "b1": ("hidden_size",),
    "W2": (10, "hidden_size"),
    "b2": (10,),
}
BOUNDS = {
    "hidden_size": (1, 2000),
    "learning_rate": (1e-7, 10.0),
    "reg": (0.0, 1e5),
    "batch_size": (1, 49_000),
    "num_epochs": (0.01, 1000),
}
# Of hidden_images.npz, in order. They stand here and nowhere else: `make_hidden.py` draws both
# anew, from a seed that it forgets. No worker ever gets them.
HIDDEN_LABELS = """
4671417250003754237446791329835005533852200524300803013619389845081859360727741659723429346579981573
0858356281247156630181831828079524865514675489938992780404774853899669141392636397772502875691396636
8610592212850798560587394204120683108535545588790605131454126446797166607351887607498485038908861387
4162748773820800401314962049929002230996628995992554154823320479133678334586114472747303722592434567
2693678169650444299965861085787299023049534841710277685472232570648349762951993206850615642995632197
3706727037855696701445721998993027384522198204943180154593015162771990081806969985822218607272210699
6885308745393452248087719748053378538236712557251251936046139914032398890365611117600309623761207085
3800195795024500716844099633858736725436170114066535040942449453986187573334624620473632292415428622
4601002148411125747989476132567829769068364452070110954635534701760325937624891167113519677900237880
1465284357581164573208572867521114538284696672401113251640369231636831843840752959511821369477404881
"""
LABELS = np.array([int(digit) for digit in "".join(HIDDEN_LABELS.split())])


def right_on_validation(student: Student, reference: Student) -> tuple[int, int]:
    """Return how many of the 1000 validation images a net recognises, and its hidden units.

    The arrays are all that is taken from the student; the scores are computed by the grader, with
    the images of the data set that the net was trained on.
    """
    params = student.artifact("best_net.npz", SHAPES)
    real = student.artifact_text("best_net.npz", "dataset") == "cifar10"
    X, y = reference.data_utils.validation_split("cifar10" if real else "generated")
    with np.errstate(all="ignore"):  # handed-in numbers may be huge, or none
        scores = np.maximum(X @ params["W1"].T + params["b1"], 0) @ params["W2"].T + params["b2"]
    return int(np.sum(np.argmax(scores, axis=1) == y)), len(params["b1"])


def right_predictions(student: Student) -> int:
    """Return how many of the hidden images have the right label in the predictions."""
    found = student.labels("predictions.csv", len(LABELS), 10)
    return int(np.sum(found == LABELS))


@suite.check(points=6, question="net")
def accuracy(student: Student, expect: Expect, reference: Student) -> None:
    """The net you handed in, best_net.npz, recognises validation images"""
    right, _ = right_on_validation(student, reference)
    expect.earns("validation accuracy", right, 1000, Staircase(28, 50))


@suite.check(points=2, question="settings")
def settings(student: Student, expect: Expect, reference: Student) -> None:
    """The settings you report, best_settings, are complete and true of the net you handed in"""
    right, hidden_size = right_on_validation(student, reference)
    measured = right / 1000
    bounds = {**BOUNDS, "validation_accuracy": (measured - 0.005, measured + 0.005)}
    reported = student.notebook.best_settings
    expect.settings("best_settings", reported, bounds, true_of={"hidden_size": hidden_size})


@suite.check(points=4, question="predictions")
def predictions(student: Student, expect: Expect) -> None:
    """Your predictions.csv is right for new images, whose labels nobody has"""
    right = right_predictions(student)
    expect.earns("accuracy on the hidden images", right, len(LABELS), Ramp(28, 50))
    expect.leaderboard("accuracy", right / len(LABELS))


@suite.check(points=4, question="predictions", bonus=True, needs=[predictions])
def beyond(student: Student, expect: Expect) -> None:
    """A bonus of one point for each whole percent above 56 %, up to 60 %"""
    right = right_predictions(student)
    expect.earns("accuracy on the hidden images", right, len(LABELS), Staircase(56, 60))


suite.written(
    "q-search",
    points=3,
    title="How you searched, and what it showed",
    rubric="1 point: five or more tries in a table or list, each with what was set and what came "
    "of it. 1 point: the choice follows from validation accuracy, not from test or hidden "
    "images. 1 point: one observation that a curve or a pair of runs supports (a rate too high or "
    "too low, when more hidden units stop helping, what regularisation does).",
)
suite.written(
    "q-gap",
    points=2,
    title="What closes the gap between training and test accuracy",
    rubric="1 point: options 1 and 3, more data and more regularisation; neither 2 nor 4. 1 point: "
    "an explanation that fits the choice. The explanation counts only if it belongs to the options "
    "that were chosen.",
)
