from pathlib import Path

from server import rules as folder
from server.rules import rules


def test_every_file_in_the_folder_is_a_rule_with_a_title_and_advice() -> None:
    files = {p.stem for p in Path(str(folder.__file__)).parent.glob("[a-z]*.py")}
    assert files == set(rules())
    assert all(rule.title.endswith(".") and rule.advice for rule in rules().values())


def test_every_rule_has_its_tests() -> None:
    assert {f"test_{name}.py" for name in rules()} <= {p.name for p in Path(__file__).parent.iterdir()}
