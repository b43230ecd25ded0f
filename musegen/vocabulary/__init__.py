"""From a score to words and back.

`vocabulary.Vocabulary` says what a word is: `encode` makes words (T, F) of a score, `decode` a
score of words. Its `Tracker` follows pieces word by word, and tells what the past implies and
what may come next. There are three: `abc` for tunes, `grid` for voices, `notes` for everything
else; `choose` takes the one that suits a corpus.
"""
