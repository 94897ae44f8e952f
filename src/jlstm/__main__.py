"""``python -m jlstm`` is the command ``jlstm``."""

from jlstm.cli.main import command

if __name__ == "__main__":
    command()
