"""Asks a Java virtual machine about itself, by the door that it has for that (the attach mechanism of HotSpot)."""
