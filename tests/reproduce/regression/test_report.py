import json
import xml.etree.ElementTree as ElementTree

from reproduce.regression.number import Number
from reproduce.regression.report import as_json, write_junit

NUMBERS = [
    Number("reference", "a run", "miou", 0.8, 0.8),
    Number("reference", "a run", "nfe", 7.0, 13.0),
    Number("records", "a <folder> & more", "text", "its own", "another", note='as "told"'),
]


def test_json_has_every_number_and_the_verdict():
    report = json.loads(as_json(NUMBERS))
    assert report["holds"] is False
    assert [line["holds"] for line in report["numbers"]] == [True, False, False]
    assert report["numbers"][1]["name"] == "nfe" and report["numbers"][1]["found"] == 13
    assert json.loads(as_json(NUMBERS[:1]))["holds"] is True


def test_junit_has_a_suite_a_layer_and_a_failure_for_each_moved_number(tmp_path):
    write_junit(NUMBERS, tmp_path / "check.xml")
    suites = ElementTree.parse(tmp_path / "check.xml").getroot().findall("testsuite")
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in suites] == [
        ("reference", "2", "1"),
        ("records", "1", "1"),
    ]
    (failure,) = suites[0].iter("failure")
    assert failure.get("message") == "a run: nfe 13, expected 7"
    assert suites[1].find("testcase").get("classname") == "a <folder> & more"
