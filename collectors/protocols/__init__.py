"""What the first bytes of a request tell: the protocol, and the request's form with every value taken out.

Each module is pure: ``read(data, size)`` gives a shape, or None where the bytes are not of its protocol. ``size`` is
how many bytes were sent in all; ``data`` is their beginning. Nothing here raises, whatever the bytes, and no value
of the user's comes out: what is not known to be part of the form becomes ``?``.
"""
