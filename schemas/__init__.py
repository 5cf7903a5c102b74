"""What is said: frozen models that every other room speaks. No I/O, no imports of ours."""
