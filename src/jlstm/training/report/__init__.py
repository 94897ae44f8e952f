"""What a run leaves for people: its page, tables, figures of its layers."""
