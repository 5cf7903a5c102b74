"""Pricing rules: small expressions evaluated against an order."""
import ast
import operator
from decimal import Decimal

_OPS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.Lt: operator.lt,
    ast.Eq: operator.eq,
}


class Compiler:
    _programs = {}  # <- cost

    def __init__(self, functions):
        self.functions = functions

    def compile(self, source):
        try:
            return self._programs[source]
        except KeyError:
            tree = ast.parse(source, mode="eval")
            program = self._lower(tree.body)
            self._programs[source] = program  # <- cost
            return program

    def _lower(self, node):
        if isinstance(node, ast.Constant):
            value = Decimal(str(node.value))
            return lambda env: value  # <- made 35
        if isinstance(node, ast.Name):
            name = node.id
            return lambda env: env[name]
        if isinstance(node, ast.BinOp):
            op = _OPS[type(node.op)]
            left, right = self._lower(node.left), self._lower(node.right)
            return lambda env: op(left(env), right(env))  # <- made 45
        if isinstance(node, ast.Compare):
            op = _OPS[type(node.ops[0])]
            left, right = self._lower(node.left), self._lower(node.comparators[0])
            return lambda env: op(left(env), right(env))
        if isinstance(node, ast.Call):
            fn = self.functions[node.func.id]
            args = [self._lower(a) for a in node.args]  # <- made 20
            return lambda env: fn(*[a(env) for a in args])
        raise SyntaxError("unsupported: %s" % ast.dump(node))


class PriceBook:
    def __init__(self, rules, compiler):
        self.rules = rules
        self.compiler = compiler
        self.fired = []

    def quote(self, order):
        self.fired = []
        env = {"qty": Decimal(order.qty), "base": order.base_price}
        total = env["qty"] * env["base"]
        for rule in self.rules:
            source = rule.template.format(total=total, customer=order.customer_score)  # <- cost
            if self.compiler.compile(source)(env):
                self.fired.append(rule.name)
                total = rule.apply(total)
        return total

    def explain(self, order):
        lines = ["order %s" % order.id]
        total = self.quote(order)
        lines.extend("  fired %s" % name for name in self.fired)
        lines.append("  total %s" % total)
        return "\n".join(lines)
