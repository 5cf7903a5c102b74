"""Who waits for what a pool lends, and at which line that is told."""

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import PID
from perfdoctor.diagnosis.patterns import pool_undersized
from perfdoctor.schemas.network import SaidLine

OF_NODE = next(one for one in pool_undersized.PATTERN.examples() if one.name.startswith("two connections of Node.js"))
TEXT = SaidLine(
    pid=PID, shape="EXECUTE soundings", file="/srv/app/road.js", line=16, function="deepest", first=14, last=20
)


def told(said: tuple[SaidLine, ...]) -> str:
    use = OF_NODE.evidence.network
    assert use
    evidence = OF_NODE.evidence.model_copy(update={"network": use.model_copy(update={"said": said})})
    (finding,) = pool_undersized.check(Account(evidence))
    return finding.title


def test_in_nodejs_the_line_of_the_statement_waits_rather_than_the_one_that_sends_it() -> None:
    assert "wait at `road.js:7 (soundings)`" in told(())
    assert "wait at `road.js:16 (deepest)`" in told((TEXT,))
