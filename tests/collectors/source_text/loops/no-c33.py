import json


class BasketEndpoint:
    MAX_ITEMS = 50

    def __init__(self, prices):
        self.prices = prices

    def _restricted(self, items, age):
        return [i for i in items if i["kind"] == "alcohol" and age < 18]  # <- 0

    def handle(self, request):
        body = json.loads(request.body)
        items = body["items"][: self.MAX_ITEMS]
        refused = self._restricted(items, body.get("age", 0))  # <- 1
        if refused:
            return 403, {"refused": [i["sku"] for i in refused]}
        total = sum(self.prices[i["sku"]] * i["n"] for i in items)
        return 200, {"total": total}


def serve(server, endpoint):
    while True:
        request = server.accept()
        if request is None:
            break
        status, payload = endpoint.handle(request)  # <- 2
        server.reply(request, status, json.dumps(payload))
