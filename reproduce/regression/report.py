"""What a check found, as JSON and as JUnit XML."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from junitparser import Failure, JUnitXml, TestCase, TestSuite

from nodes_unet.files import replacing
from reproduce.regression.number import Number


def as_json(numbers: Sequence[Number]) -> str:
    """All numbers, and whether all hold."""
    lines = [asdict(number) | {"holds": number.holds} for number in numbers]
    return json.dumps({"holds": all(number.holds for number in numbers), "numbers": lines}, indent=1)


def write_junit(numbers: Sequence[Number], path: Path) -> None:
    """Writes a test suite for each layer, with a test case for each number.

    Raises:
        InputError: the file cannot be written.
    """
    document = JUnitXml("reproduce check")
    for layer in dict.fromkeys(number.layer for number in numbers):
        suite = TestSuite(layer)
        for number in (each for each in numbers if each.layer == layer):
            case = TestCase(number.name, classname=number.subject)
            case.result = [] if number.holds else [Failure(str(number))]
            suite.add_testcase(case)
        document.add_testsuite(suite)
    with replacing(path) as temporary:
        document.write(str(temporary))
