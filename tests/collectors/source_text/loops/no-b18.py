import time


class Client:
    def __init__(self, session, attempts=5):
        self.session = session
        self.attempts = attempts

    def _fetch(self, url):
        for n in range(self.attempts):
            resp = self.session.get(url)  # <- 0
            if resp.status_code < 500:
                return resp
            time.sleep(2 ** n)
        raise RuntimeError(url)

    def _item(self, ref):
        return self._fetch(ref["href"]).json()  # <- 1

    def items(self, listing):
        return {ref["id"]: self._item(ref) for ref in listing["items"]}  # <- 2
