"""Hyper-parameters from the command line, and the work folder that belongs to one run."""

from pathlib import Path

import numpy as np
import pytest

from monitor.errors import SetupError
from training.sentiment.recipe import QUICK_STUDENT, StudentHyper, TeacherHyper, override
from training.sentiment.work import claim, kept


def test_hyper_parameters_are_overridden_by_type() -> None:
    changed = override(StudentHyper(), ["hidden=64", "rate=1e-4"])
    assert (changed.hidden, changed.rate) == (64, 1e-4)
    assert override(QUICK_STUDENT, []) == QUICK_STUDENT


@pytest.mark.parametrize("assignment", ["hiden=64", "hidden", "hidden=big", "=3", "hidden=1.5"])
def test_a_wrong_override_is_refused_with_what_is_known(assignment: str) -> None:
    with pytest.raises(SetupError, match="hidden"):
        override(StudentHyper(), [assignment])


def test_a_work_folder_belongs_to_one_run(tmp_path: Path) -> None:
    claim(tmp_path, TeacherHyper(), ("a",))
    claim(tmp_path, TeacherHyper(), ("a",))
    with pytest.raises(SetupError, match="another tokens, data"):
        claim(tmp_path, TeacherHyper(tokens=1), ("b",))


def test_what_is_kept_is_made_once_and_not_at_all_by_a_run_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "new" / "arrays.npz"

    def cut_off() -> dict[str, np.ndarray]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept(path, cut_off)
    made = kept(path, lambda: {"words": np.array(["a", "é"]), "rows": np.eye(2)})
    again = kept(path, cut_off)
    assert again["words"].tolist() == made["words"].tolist() == ["a", "é"]
    assert np.array_equal(again["rows"], np.eye(2))
    assert [one.name for one in path.parent.iterdir()] == [path.name]
