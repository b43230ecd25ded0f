"""From a folder of music to data to learn from.

`survey` looks at each file and says which are kept, and why the others are not; `split` puts
families of pieces on one side of train, valid and test; `prepare` writes their words to disk,
once, and reads them as one array; `batches` draws windows of them, in other keys; `conditions`
and `given` are what a model is told beside them. `datasets` makes the data sets that have a name.
"""
