"""From words to the distribution of the next word.

`next_word.NextWordNetwork` embeds a word, lets a backbone read the past, and predicts the fields
of the next word one after the other (`fields`). A backbone is one of `backbones`, all with one
signature: inputs (B, T, D) and a state to hidden vectors (B, T, D) and the state. `textbook` has
the same networks as a lecture writes them, to be read first. A network knows sizes, never what
they mean.
"""
