"""The drawing of the network counts what it draws."""

import numpy as np

from tools import cover


def test_architecture_counts_units_and_parameters():
    image = np.zeros((64, 64, 3), np.uint8)
    figure = cover.architecture([12288, 20, 7, 5, 1], image, 0.73, ["no sonríe", "sonríe"])
    figure.draw_without_rendering()
    said = "\n".join(text.get_text() for text in figure.axes[0].texts)
    assert "sonríe\nŷ = 0.73" in said
    assert "20\nReLU\n7\nReLU\n5\nReLU\n1\nsigmoide\n" in said
    assert "245,973 parámetros" in figure.get_suptitle()  # 12288·20+20 + 20·7+7 + 7·5+5 + 5·1+1
