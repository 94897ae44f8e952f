"""Files as people post them: read with the right numbers, or refused in one line.

The rows are made here, in the layouts of well-known public files and of common exports.
"""

import numpy as np
import pytest

from jlstm.data import read_csv
from jlstm.data.sheet.read import TableOptions
from jlstm.tasks.classification.labelled import read_texts
from jlstm.tasks.classification.sequences import SequenceOptions, read_sequences
from jlstm.tasks.tagging.read import DataConfig, read_file
from tests.messages import message_of


def days(form, count=4, first="2024-01-29"):
    found = np.datetime64(first) + np.arange(count)
    return [day.astype(object).strftime(form) for day in found]


def lines(*rows, end="\n"):
    return end.join(rows) + end


POWER = lines(
    "Date;Time;Global_active_power;Voltage",
    "16/12/2006;17:24:00;4.216;234.840",
    "16/12/2006;17:25:00;?;233.630",
    "16/12/2006;17:26:00;5.374;233.290",
)
EXCEL = "\ufeff" + lines(
    "sep=;", "Datum;Umsatz (€);Stück",
    *(f"{day};{n}.234,50;{n}" for n, day in enumerate(days("%d.%m.%Y"), 1)),
    end="\r\n",
)  # fmt: skip
QUOTES = lines(
    "Date,Open,Close*,Volume",
    '"Feb 05, 2024","4,957.19","4,942.81","4,023,640,000"',
    '"Feb 02, 2024","4,916.06","4,958.61",-',
    '"Feb 01, 2024","4,861.11","4,906.19","4,386,090,000"',
    '"Jan 31, 2024","4,899.19","4,845.65","4,696,120,000"',
)
PASSENGERS = lines(
    '"Month","Passengers"', '"1949-01",112', '"1949-02",118', '"1949-03",132', "",
)  # fmt: skip
FOOTED = PASSENGERS + lines(
    "International airline passengers: monthly totals in thousands. Jan 49 ? Dec 60"
)
FRED = lines(
    "DATE,DGS10", "2024-01-02,3.95", "2024-01-03,3.91", "2024-01-04,.",
    "2024-01-05,4.05", "2024-01-08,4.01",
)  # fmt: skip
STATION = lines(
    "# station 10384, Berlin-Tempelhof", "# TG in 0.1 C", "YEAR MONTH DAY   TG   RR",
    "2024     2  27   61  0.4", "2024     2  28   74  0.0", "2024     2  29   80 12.5",
    "2024     3   1   91  0.1",
)  # fmt: skip
UNICODE_TEXT = lines(
    "Tag\tMenge", *(f"{day}\t{n},5" for n, day in enumerate(days("%d.%m.%Y"))),
    end="\r\n",
).encode("utf-16")  # fmt: skip
KLINES = lines(
    "1704067200000,42283.58,42554.57,1271.68,1704070799999",
    "1704070800000,42554.57,42775.00,1196.37,1704074399999",
    "1704074400000,42746.63,42746.64,712.78,1704077999999",
)
R_TABLE = lines('"mpg" "cyl"', '"1" 21 6', '"2" 22.8 4', '"3" 18.7 8')
STORES = lines(
    "Store,Date,Sales,Promo",
    *(f"{store},{day},{1000 * store + n},{n % 2}"
      for n, day in reversed([*enumerate(days("%Y-%m-%d"))]) for store in (2, 1)),
)  # fmt: skip
LATIN = "datum;ort;wert\n2024-01-01;München;3,5\n".encode("cp1252") * 20
WIDE = lines("1\t0.5\t0.7\t0.9", "2\t0.4\t0.2\t0.1", "1\t0.6\t0.8\t0.7")

SERIES = {
    "a meter's log: two columns of time, ? for missing": (
        POWER, {"interpolate": True}, {}, ("Global_active_power", "Voltage"),
        ("16/12/2006 17:24:00", "16/12/2006 17:26:00"),
        [[4.216, 234.84], [4.795, 233.63], [5.374, 233.29]],
    ),
    "a spreadsheet in German: sep=;, BOM, 31.1.2024, 1.234,50": (
        EXCEL, {}, {}, ("Umsatz (€)", "Stück"), ("29.01.2024", "01.02.2024"),
        [[1234.5, 1], [2234.5, 2], [3234.5, 3], [4234.5, 4]],
    ),
    "quotes of a share: newest first, Feb 05, 2024, 4,957.19": (
        QUOTES, {}, {"columns": ("Open", "Close*")}, ("Open", "Close*"),
        ("Jan 31, 2024", "Feb 05, 2024"),
        [[4899.19, 4845.65], [4861.11, 4906.19], [4916.06, 4958.61],
         [4957.19, 4942.81]],
    ),
    "passengers by month, all in quotes": (
        PASSENGERS, {}, {}, ("Passengers",), ("1949-01", "1949-03"),
        [[112], [118], [132]],
    ),
    "rates of working days, a point for missing": (
        FRED, {"interpolate": True}, {}, ("DGS10",), ("2024-01-02", "2024-01-08"),
        [[3.95], [3.91], [3.98], [4.05], [4.01]],
    ),
    "a weather station: blanks, comments, year month day": (
        STATION, {}, {}, ("TG", "RR"), ("2024-02-27", "2024-03-01"),
        [[61, 0.4], [74, 0], [80, 12.5], [91, 0.1]],
    ),
    "Excel's Unicode text: UTF-16, tabs, decimal commas": (
        UNICODE_TEXT, {}, {}, ("Menge",), ("29.01.2024", "01.02.2024"),
        [[0.5], [1.5], [2.5], [3.5]],
    ),
    "candles of an exchange: no names, milliseconds since 1970": (
        KLINES, {}, {"columns": ("c2", "c3", "c4")}, ("c2", "c3", "c4"),
        ("2024-01-01 00:00:00", "2024-01-01 02:00:00"),
        [[42283.58, 42554.57, 1271.68], [42554.57, 42775, 1196.37],
         [42746.63, 42746.64, 712.78]],
    ),
    "a table of R: names of rows without a name": (
        R_TABLE, {}, {}, ("mpg", "cyl"), None, [[21, 6], [22.8, 4], [18.7, 8]],
    ),
    "sales of stores, newest first": (
        STORES, {}, {"id": "Store"}, ("Sales", "Promo"), ("2024-01-29", "2024-02-01"),
        [[2000, 0], [2001, 1], [2002, 0], [2003, 1],
         [1000, 0], [1001, 1], [1002, 0], [1003, 1]],
    ),
}  # fmt: skip


def put(folder, content, name="a.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("what", SERIES)
def test_a_series_is_read_with_its_numbers_and_dates(what, tmp_path):
    content, how, table, columns, ends, values = SERIES[what]
    series = read_csv(put(tmp_path, content), options=TableOptions(**table), **how)
    assert series.columns == columns
    assert (series.dates and (series.dates[0], series.dates[-1])) == ends
    np.testing.assert_allclose(series.values, values, rtol=1e-12)
    assert series.read.startswith("read a.csv: ") and "\n" not in series.read


SPAM = lines(
    'ham\tGo until jurong point, crazy.. "Cine" there got amore wat...',
    "spam\tFree entry in 2 a wkly comp to win FA Cup; text FA to 87121",
    "ham\tU dun say so early hor... U c already then say...",
)
REVIEWS = lines(
    "Id,Score,Text", '1,5,"Good, ""really"" good\nand cheap"', "2,1,Not as advertised",
    '3,5,"Delight, says it all"',
)  # fmt: skip
TEXTS = {
    "messages: a class, a tab, quotes anywhere": (
        SPAM, "a.txt", {}, ["ham", "spam", "ham"], ["go", "free", "u"],
    ),
    "reviews: CSV with quotes, commas and line breaks in them": (
        REVIEWS, "a.csv", {"label": "Score"}, ["5", "1", "5"],
        ["good", "not", "delight"],
    ),
    "questions of TREC: the class is the first word": (
        lines("DESC:manner How did it end ?", "HUM:ind Who was he, then ?",
              "DESC:manner Why ?"), "train_5500.label", {},
        ["DESC:manner", "HUM:ind", "DESC:manner"], ["how", "who", "why"],
    ),
    "fastText: a mark before the class": (
        lines("__label__good a film", "__label__bad One, two; three"), "a.txt", {},
        ["good", "bad"], ["a", "one"],
    ),
    "sentences of SST: a digit, then words and commas": (
        lines("0 no yuks , not much", "1 a fine film", "0 no"), "stsa.binary.test", {},
        ["0", "1", "0"], ["no", "a", "no"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TEXTS)
def test_labelled_texts_are_read_with_their_classes(what, tmp_path):
    content, name, options, classes, first = TEXTS[what]
    found = read_texts(put(tmp_path, content, name), **options)
    assert [found.classes[n] for n in found.labelled.labels] == classes
    assert [words[0] for words in found.labelled.sentences] == first


NAMES = lines(
    "#\thttp://de.wikipedia.org/wiki/Berlin [2010-03-05]",
    "1\tSchartau\tB-PER\tO", "2\tsagte\tO\tO", "3\tdem\tO\tO", "",
    "1\tDer\tO\tO", "2\tTagesspiegel\tB-ORG\tO", "",
)  # fmt: skip
WORDS = {
    "names of GermEval: numbers, tags, comments with a tab": (
        NAMES, {"word": 1, "tag": 2},
        [("B-PER", "O", "O"), ("O", "B-ORG")],
    ),
    "names of CoNLL-2003: IOB1 and lines between documents": (
        lines("-DOCSTART- -X- O O", "", "U.N. NNP I-NP I-ORG", "heads VBZ I-VP O", ""),
        {}, [("B-ORG", "O")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WORDS)
def test_tagged_words_are_read_with_their_tags(what, tmp_path):
    content, options, tags = WORDS[what]
    path = put(tmp_path, content, "a.txt")
    found = read_file(DataConfig("tagged", str(path), **options), path)
    assert [*found.tagged.tags] == tags


def test_gestures_of_one_file_are_sequences_by_their_id(tmp_path):
    rows = [f"{n};{'wave' if n % 2 else 'point'};0,{s}{n};-{s},5"
            for n in range(4) for s in range(3)]  # fmt: skip
    path = put(tmp_path, lines("Seq_ID;Class;AccX;AccY", *rows))
    found = read_sequences(path, SequenceOptions())
    assert found.labels == ("point", "wave", "point", "wave")
    wanted = [[s / 10 + n / 100, -s - 0.5] for n in (3,) for s in range(3)]
    np.testing.assert_allclose(found.values[3], wanted, rtol=1e-12)


def series(path):
    return read_csv(path)


def texts(path):
    return read_texts(path)


def sequences(path):
    return read_sequences(path, SequenceOptions())


REFUSED = {
    "a note after the last row": (
        series, FOOTED, "line 6 has 1 values for 2 columns: give one value per column",
    ),
    "another encoding": (series, LATIN, "convert it by `iconv -f CP1252 -t UTF-8`"),
    "a page of the portal, not the file": (
        series, "<!DOCTYPE html>\n<html><body>Sign in</body></html>\n", "is a web page",
    ),
    "records of JSON": (
        texts, '{"text": "a film", "label": 1}\n{"text": "b", "label": 0}\n', "is JSON",
    ),
    "a sequence in each row, as of the UCR archive": (sequences, WIDE, "no column id"),
    "a workbook": (series, b"PK\x03\x04" + bytes(40), "a file of Excel or Word"),
    "totals by quarter in words": (
        series, lines("quarter,sales", "first,3", "second,5", "third,8"),
        "which looks like a date|a column of text",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_meant_is_one_line(what, tmp_path):
    read, content, said = REFUSED[what]
    path = put(tmp_path, content)
    message = message_of(ValueError, lambda: read(path))
    assert "\n" not in message and path.name in message
    assert any(part in message for part in said.split("|")), message
