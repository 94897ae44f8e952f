"""Tables and texts of a user."""

import gzip
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from jlstm.data.corpus import CorpusConfig, load_corpus
from jlstm.data.series import read_csv
from jlstm.data.sheet.read import TableOptions
from jlstm.data.sheet.words import is_conllu, read_rows
from jlstm.data.sst import parse_tree
from jlstm.data.tagging import read_columns, read_conllu
from jlstm.data.text import read_text
from jlstm.data.vowels import read_ts
from jlstm.tasks.classification.labelled import read_texts
from jlstm.tasks.classification.sequences import SequenceOptions, read_sequences
from tests.fuzz.reader import Reader

CSV = b"date,sold,rain\n2024-01-01,3.5,0\n2024-01-02,4,1.25\n2024-01-03,5,-2e3\n"
TSV = b"when\ta\tb\n1.2.2024 10:00\t3,5\t1\n1.2.2024 11:00\t4,25\t2\n"
SEMICOLON = b"\xef\xbb\xbfTag;Menge\r\n31.1.2024;1.234,5\r\n1.2.2024;0,5\r\n"
BLANKS = b"1 2.5 3\n2 3.5 4\n3 4.5 5\n4 5.5 6\n"
LONG = b"id,label,t,x,y\na,up,1,1,2\na,up,2,2,3\nb,down,1,5,4\nb,down,2,3,2\n"
LABELLED = b"".join(b"%s\tfilm number %d\n" % ((b"bad", b"good")[n % 2], n)
                    for n in range(8))  # fmt: skip
QUOTED = b'text,label\n"a ""fine"", film",good\n"one\nmore",bad\nso so,good\nno,bad\n'
FASTTEXT = b"__label__good a film\n__label__bad no film\n__label__good yes\n"
WORDS = b"-DOCSTART- O\n\nThe DT O\ndog NN B-X\n\n# a DT\nA DT O\ncat NN I-X\n"
CONLLU = (
    b"# text = a dog\n"
    + """\
1-2 adog _ _ _ _ _ _ _ _
1 a a DET DT _ 2 det _ _
2 dog dog NOUN NN _ 0 root _ _

1 run run VERB VB _ 0 root _ _

""".replace(" ", "\t").encode()
)
TS = b"@problemName v\n@classLabel true u v\n@data\n1,2:3,4:v\n5,6,7:8,9,1:u\n"
TREES = b"(3 (2 It) (4 (2 's) (3 good)))\n(1 (0 bad) (2 film))\n"
TEXT = ("to be or not to be, that is the question\n" * 12).encode()


def tables() -> Iterator[Reader]:
    """Yield readers of tables of numbers."""
    plain = {"a.csv": CSV, "b.tsv": TSV, "c.csv": SEMICOLON, "d.txt": BLANKS}
    yield Reader("table", plain, read_csv)
    filled = TableOptions(gaps="fill")
    fill = partial(read_csv, interpolate=True, options=filled)
    holes = plain | {"a.csv": CSV.replace(b"03,5", b"05,NA") + b"2024-01-06,7,1\n"}
    yield Reader("table, gaps filled", holes, fill)
    yield Reader("table, gzipped", {"a.csv.gz": gzip.compress(CSV, mtime=0)}, read_csv)
    by_id = partial(read_csv, interpolate=True, options=TableOptions(id="id"))
    numbers = LONG.replace(b"up", b"1").replace(b"down", b"0")
    yield Reader("several series", {"a.csv": numbers}, by_id, share=0.2)
    yield Reader("sequences", {"a.csv": LONG}, _sequences, share=0.1)


def parquet() -> Iterator[Reader]:
    """Yield the reader of Parquet."""
    import pyarrow
    import pyarrow.parquet

    rows = {"day": ["2024-01-01", "2024-01-02", "2024-01-03"], "sold": [1.5, 2.0, 3.0]}
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(rows), file)
    yield Reader("Parquet", {"a.parquet": file.getvalue()}, read_csv)


def texts() -> Iterator[Reader]:
    """Yield readers of texts with and without labels or tags."""
    labelled = {"a.tsv": LABELLED, "b.csv": QUOTED, "c.txt": FASTTEXT}
    yield Reader("labelled text", labelled, read_texts)
    yield Reader("tagged words", {"a.txt": WORDS, "b.conllu": CONLLU}, _tagged)
    yield Reader("CoNLL-U", {"a.conllu": CONLLU}, read_conllu)
    yield Reader("columns of tags", {"a.txt": WORDS}, read_columns)
    yield Reader("ts", {"a.ts": TS}, read_ts)
    yield Reader("trees", {"a.txt": TREES}, _trees)
    corpora = {
        "a.txt": TEXT,
        "b.txt": TEXT.replace(b"\n", b"\r\n").replace(b"o", b"\xc3\xb6"),
    }
    yield Reader("corpus of characters", corpora, partial(_corpus, "char"))
    yield Reader("corpus of words", corpora, partial(_corpus, "word"))


def _sequences(path: Path) -> Any:
    return read_sequences(path, SequenceOptions())


def _tagged(path: Path) -> Any:
    return is_conllu(path), read_rows(path)


def _trees(path: Path) -> Any:
    return [parse_tree(line) for line in read_text(path).splitlines()]


def _corpus(level: Any, path: Path) -> Any:
    return load_corpus(CorpusConfig("text", path=str(path), level=level))
