import re

RULES = (
    ("card", re.compile(r"\b(?:\d[ -]?){13,16}\b")),
    ("iban", re.compile(r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b")),
    ("email", re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b")),
    ("phone", re.compile(r"\+\d{2}[ \d]{8,14}")),
)


def mask(text):
    for name, rx in RULES:
        text = rx.sub(f"<{name}>", text)  # <- 0
    return text


def export(messages, out):
    for m in messages:
        out.write(m.author + "\t" + mask(m.text) + "\n")  # <- 1
