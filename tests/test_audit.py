"""An audit that could ask nobody must not look like one that found nothing."""

from pathlib import Path

from tests.audit import main, sentences

ASKED = {"name": "flask", "version": "3.1", "vulns": []}
FAULTY = {"name": "jinja", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
SKIPPED = {"name": "biip", "skip_reason": "not found"}


def test_where_nobody_could_be_asked_nothing_is_said_to_be_sound() -> None:
    for found in (None, [], [SKIPPED, SKIPPED]):
        assert sentences("a.txt", found) == (
            ["a.txt: not audited, for no advisory database can be reached from here."],
            False,
        )


def test_a_known_fault_fails_and_names_the_version_that_mends_it() -> None:
    told, wrong = sentences("a.txt", [ASKED, FAULTY, SKIPPED])
    assert wrong
    assert told == ["a.txt: nobody knows of biip.", "a.txt: jinja 1.0 has PYSEC-1; mended in 1.1."]


def test_sound_packages_are_counted() -> None:
    assert sentences("a.txt", [ASKED]) == (["a.txt: no fault is known in its 1 packages."], False)


def test_a_program_that_is_not_there_or_says_nonsense_fails_nothing(tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense"
    nonsense.write_text("#!/bin/sh\necho nothing\n")
    nonsense.chmod(0o755)
    assert main([str(tmp_path / "none"), "a.txt"]) == 0
    assert main([str(nonsense), "a.txt"]) == 0
