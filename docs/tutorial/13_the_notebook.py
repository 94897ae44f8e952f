# %% [markdown]
# # The notebook
#
# Someone reads a long book. Without a notebook, what the first chapters said is gone by
# the last: a plain recurrent network. With a notebook, the reader keeps what will
# matter:
#
# | the reader | the LSTM |
# | --- | --- |
# | what stands in the notebook | cell state $c$ |
# | strikes out what is settled | forget gate $f$ |
# | writes down what is new | input gate $i$ and candidate $g$ |
# | reads out what the question needs | output gate $o$ and hidden state $h$ |
#
# Every line of the table is a page of this tutorial: the [cell
# state](02_cell_state.py), the [forget gate](03_forget_gate.py), the [input
# gate](04_input_gate.py), the [output gate](05_output_gate.py).
#
# The comparison holds in one more way: a notebook has only so many lines. An LSTM of
# $n$ units carries $2n$ numbers from step to step, $c$ and $h$, whatever the length of
# the text. A Transformer keeps the whole text open in front of it: two vectors per
# word.

# %%
import jax

import jlstm

units = 256
cell = jlstm.LSTMCell(units)
carry = jax.eval_shape(cell.init_carry)
lstm_numbers = sum(leaf.size for leaf in carry)

for words in (100, 1_000, 10_000):
    transformer_numbers = 2 * words * units  # a key and a value for each word
    print(f"{words:6} words: LSTM {lstm_numbers}, Transformer {transformer_numbers:,}")
