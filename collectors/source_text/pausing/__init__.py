"""What a sleep, a pace, a loop that looks again is for, by the text around it."""
