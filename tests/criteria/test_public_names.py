"""What other packages import: the names stay, the old place warns."""

import importlib
import subprocess
import sys

import pytest

import auditor.criteria
from auditor.criteria import Assertion, Criterion, GradeInput, grade


def test_a_package_of_somebody_else_grades_with_four_names():
    criterion = Criterion(
        assertions=(Assertion(type="equals", value="{{reference}}", transform="label"),)
    )
    assert grade(criterion, GradeInput(text="Yes.", reference_text="yes")).passed is True
    assert grade(criterion, GradeInput(text="No.", reference_text="yes")).passed is False
    assert set(auditor.criteria.__all__) == {"Assertion", "Criterion", "GradeInput", "grade"}


def test_an_assertion_is_made_with_the_arguments_it_always_had():
    written = Assertion(
        type="json-fields", value={"a": 1}, threshold=0.5, tolerance=0.1, fields=("a",), weight=2
    )
    criterion = Criterion(assertions=(written,), threshold=1.0)
    assert grade(criterion, GradeInput(text='{"a": 1.05}')).passed is True


def test_the_old_place_still_grades_and_warns_where_to_import_from():
    sys.modules.pop("auditor.graders", None)
    with pytest.warns(
        DeprecationWarning, match=r"import grade and GradeInput from auditor\.criteria"
    ):
        graders = importlib.import_module("auditor.graders")
    assert graders.grade is grade
    assert graders.GradeInput is GradeInput


def test_auditor_itself_does_not_use_the_old_place():
    code = "import auditor.cli.main, auditor.criteria, sys; print('auditor.graders' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
