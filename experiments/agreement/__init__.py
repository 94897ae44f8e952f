"""Whether the verb still agrees with its subject after a clause of many words."""
