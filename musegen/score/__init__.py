"""Music in memory, and its files. Knows nothing of learning.

`score.Score` holds parts, notes, tempo, metre, key and bars as columns of whole numbers, time in
ticks. `files.read` makes one of any file, known by what it holds, and `files.write` a file of it.
"""
