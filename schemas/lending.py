"""Functions that lend, by their names: where one waits in them, a pool has nothing left."""

import re

# Pool.lend   ConnectionPool.acquire   DbPool.get   borrow_client   get_conn
_LENDS = re.compile(
    r"(?i:pool)\w*(?:\.<locals>)?\.(?:(?:lend|borrow|lease|acquire|check_?out|connect)\w*|__a?enter__"
    r"|(?:get|take)(?:_?(?:conn|client|session|channel|handle|resource|free|one)\w*)?)$"
    r"|(?:^|\.)(?:lend|borrow|lease)_?\w*$|(?:^|\.)(?:get|take|acquire)_?(?:conn|client|session)\w*$"
)
# WorkerPool.get   acquire_job: whoever waits there wants work
_WORK = re.compile(
    r"(?i:worker|task|job|thread|process|executor)\w*(?:\.<locals>)?\.[^.]*$"
    r"|(?i:job|task|work|item|order|message|msg|event|batch|result)s?$"
)


def lends(function: str) -> bool:
    """Whether a function is called like one that lends what a pool holds."""
    return _LENDS.search(function) is not None and _WORK.search(function) is None
