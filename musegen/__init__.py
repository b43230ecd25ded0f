"""A composer you can train on your own folder of music.

A piece is a sequence of words, a word is a tuple of fields, and a model predicts the next word,
field by field. The packages, in the order in which music goes through them:

    score       music in memory, and its files: MIDI, ABC, MusicXML, kern
    vocabulary  a score to words and back: tunes, voices, or notes of any band
    corpus      a folder to data to learn from: survey, split, words, batches
    network     words to the distribution of the next: RNN, GRU, LSTM, Transformer
    evaluation  how likely, how like, how new: a trained model and its music
    training    a corpus to a trained model
    generation  a trained model to new music
    sound       a score to what one can hear
    picture     a score, or what a model made of it, to what one can see
    cli         the command `musegen`: parse, call, print

Each imports only from those above it. Errors that a user can mend are MusegenError and its kinds,
in `musegen.errors`.
"""

__version__ = "0.1.0"
