"""The picture of the net for back-propagation by hand."""

from __future__ import annotations

import pytest
from nndl.hand_net import hand_net
from nndl.net_picture import draw_net


@pytest.mark.usefixtures("figures")
def test_the_picture_shows_every_weight_and_bias() -> None:
    params, x0, _ = hand_net()
    figure = draw_net(params, x0)
    texts = [text.get_text() for text in figure.axes[0].texts]
    wanted = sorted(f"{number:g}" for value in params.values() for number in value.ravel())
    assert sorted(text for text in texts if text.replace(".", "").isdigit()) == wanted
    assert len(figure.axes[0].texts) == 2 + 3 + 2 * len(wanted)  # inputs, units, arrows and numbers


def test_a_picture_needs_an_input_that_fits() -> None:
    params, x0, _ = hand_net()
    with pytest.raises(ValueError, match="x0 has 1 entries"):
        draw_net(params, x0[:1])
