"""ABC files: `read_book` and `write_book`, and `read_tunes` for books with bad tunes in them."""

from musegen.score.abc_read import read_book, read_tunes
from musegen.score.abc_write import write_book

__all__ = ["read_book", "read_tunes", "write_book"]
