"""Recognition by CTC: strings of spoken digits, and made-up phones."""
