"""``python experiments/run.py …`` is ``jlstm run …``, which comes with the package."""

from jlstm.cli.run import command

if __name__ == "__main__":
    command()
