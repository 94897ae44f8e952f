"""Run an experiment: ``python experiments/run.py experiment=ptb_small train.epochs=2``.

The same as ``python -m jlstm.cli.run``, which comes with the package; ``--help`` shows
how to go on from there.
"""

from jlstm.cli.run import command

if __name__ == "__main__":
    command()
