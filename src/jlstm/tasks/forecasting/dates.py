"""The dates after the last one of a series, where they follow a rule."""

from jlstm.data.sheet.steps import next_dates as next_dates
