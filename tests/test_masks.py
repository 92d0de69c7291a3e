"""The masks of benchmarks.masks hide the mouth and nothing else, and the card tells what it printed."""

import numpy as np
import pytest

from benchmarks import masks
from conftest import PROJECT


@pytest.mark.parametrize("colour", masks.COLOURS.values(), ids=masks.COLOURS)
def test_a_mask_hides_the_mouth_and_leaves_the_eyes(colour):
    light, dark = np.full((2, 64, 64, 3), [[[[255]]], [[[0]]]], np.uint8)
    worn = masks.wear(np.stack([light, dark]), masks.mask(colour))
    hidden = (worn[0] == worn[1]).all(axis=2)
    assert hidden[35:58, 22:42].all() and not hidden[:30].any()
    np.testing.assert_array_equal(hidden, hidden[:, ::-1])
    mean = worn[0][hidden].mean(axis=0)
    np.testing.assert_allclose(mean / mean.max(), np.array(colour) / max(colour), atol=0.02)
    assert 0.75 < mean.max() / max(colour) < 1


def test_the_card_says_what_is_printed(monkeypatch, capsys):
    """Of caras, which come with the project; what is printed last may change with the processor."""
    monkeypatch.setattr(masks, "SETS", {"`caras`": "test_caras.h5"})
    masks.main()
    _, _, *printed = capsys.readouterr().out.splitlines()
    card = (PROJECT / "models" / "README.md").read_text(encoding="utf-8")
    told = [line for line in card.splitlines() if line.startswith("| `caras`,")]
    assert len(told) == len(printed) == 1 + len(masks.COLOURS)
    for ours, theirs in zip(printed, told):
        *words, smiling, serious, auc = (cell.strip() for cell in ours.split("|")[1:-1])
        *same, smiling_told, serious_told, auc_told = (c.strip() for c in theirs.split("|")[1:-1])
        assert words == same
        for now, then in ((smiling, smiling_told), (serious, serious_told)):
            assert float(now[:-2]) == pytest.approx(float(then[:-2]), abs=3)
        assert float(auc) == pytest.approx(float(auc_told), abs=0.005)
