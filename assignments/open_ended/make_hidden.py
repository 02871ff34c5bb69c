"""Draw new images for predictions: pixels for students, labels for the hidden checks.

    python assignments/open_ended/make_hidden.py [FOLDER]

writes `hidden_images.npz` into the assignment's folder, with the mean image of the training part,
and the labels into its `checks.py`. The images are of the generated set; the seed is secret, longer
than anybody can try, and forgotten. Old predictions count no more: hand out a new release, and make
the reference's again.
"""

from __future__ import annotations

import re
import secrets
import sys
import textwrap
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
SEED_WORDS = 8  # of 32 bits
LABELS = re.compile(r'^HIDDEN_LABELS = """\n[\d\n]*"""$', re.MULTILINE)


def main(folder: Path) -> None:
    """Draw 1000 images, 100 of each class, and put them where they belong."""
    sys.path.insert(0, str(HERE.parents[1] / "solutions"))
    from nndl.generated_images import generated_images  # noqa: PLC0415 - found only now
    from nndl.image_cache import TRAIN_PART, mean_image  # noqa: PLC0415 - the same

    checks = folder / "checks.py"
    text = checks.read_text(encoding="utf-8")
    if not LABELS.search(text):
        raise SystemExit(f"{checks} has no HIDDEN_LABELS")
    seed = tuple(secrets.randbits(32) for _ in range(SEED_WORDS))
    images, labels = generated_images(range(1), seed)
    lines = "\n".join(textwrap.wrap("".join(map(str, labels)), 100))
    mean = mean_image(generated_images(range(TRAIN_PART // len(images)))[0])
    np.savez_compressed(folder / "hidden_images.npz", images=images, mean_image=mean)
    written = LABELS.sub(f'HIDDEN_LABELS = """\n{lines}\n"""', text)
    checks.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
