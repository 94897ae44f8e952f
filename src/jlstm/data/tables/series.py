"""Where the series to forecast come from."""

from jlstm.data.remote import Dataset, RemoteFile, gzipped

_ETT = (
    "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/"
    "1d16c8f4f943005d613b5bc962e9eeb06058cf07/ETT-small/"
)
_LONG = (
    "https://raw.githubusercontent.com/aspire-zero/long_term_forecast_data/"
    "e9ac8b3ea5521219ece2b5d1baa7c09d4b6fd24a/"
)
_BROWNLEE = (
    "https://raw.githubusercontent.com/jbrownlee/Datasets/"
    "d20fcb6402ae34e653d4513b00f39257bb37ed7f/"
)
_STATSMODELS = "https://raw.githubusercontent.com/statsmodels/statsmodels/"

SERIES = (
    Dataset(
        name="etth1",
        files=(
            *gzipped(
                "series",
                "ett/ETTh1.csv",
                _ETT + "ETTh1.csv",
                "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066",
                2_589_657,
            ),
        ),
        licence="CC BY-ND 4.0",
        citation="Zhou et al. 2021, Informer, arXiv:2012.07436",
    ),
    Dataset(
        name="etth2",
        files=(
            *gzipped(
                "series",
                "ett/ETTh2.csv",
                _ETT + "ETTh2.csv",
                "a3dc2c597b9218c7ce1cd55eb77b283fd459a1d09d753063f944967dd6b9218b",
                2_417_960,
            ),
        ),
        licence="CC BY-ND 4.0",
        citation="Zhou et al. 2021, Informer, arXiv:2012.07436",
    ),
    Dataset(
        name="ettm1",
        files=(
            *gzipped(
                "series",
                "ett/ETTm1.csv",
                _ETT + "ETTm1.csv",
                "6ce1759b1a18e3328421d5d75fadcb316c449fcd7cec32820c8dafda71986c9e",
                10_360_719,
            ),
        ),
        licence="CC BY-ND 4.0",
        citation="Zhou et al. 2021, Informer, arXiv:2012.07436",
    ),
    Dataset(
        name="ettm2",
        files=(
            *gzipped(
                "series",
                "ett/ETTm2.csv",
                _ETT + "ETTm2.csv",
                "db973ca252c6410a30d0469b13d696cf919648d0f3fd588c60f03fdbdbadd1fd",
                9_677_236,
            ),
        ),
        licence="CC BY-ND 4.0",
        citation="Zhou et al. 2021, Informer, arXiv:2012.07436",
    ),
    Dataset(
        name="weather",
        files=(
            *gzipped(
                "series",
                "weather/weather.csv",
                _LONG + "weather.zip",
                "34ee981d07313e51da2a50bb600072c8ae4a69cb4b0651f4cb93a069d7a2ba63",
                7_235_425,
                member="weather/weather.csv",
            ),
        ),
        licence="not stated; Max Planck Institute for Biogeochemistry, Jena",
        citation="Wu et al. 2021, Autoformer, arXiv:2106.13008",
    ),
    Dataset(
        name="illness",
        files=(
            RemoteFile(
                "series",
                "illness/national_illness.csv",
                _LONG + "illness.zip",
                "sha256:"
                "93601f64d2566dc796ca4305adad8b8560c2db1a1ff04543c3bd813a7263570a",
                67_620,
                member="illness/national_illness.csv",
            ),
        ),
        licence="not stated; CDC FluView",
        citation="Wu et al. 2021, Autoformer, arXiv:2106.13008",
    ),
    Dataset(
        name="beijing_pm25",
        files=(
            RemoteFile(
                "series",
                "beijing-pm25/PRSA_data_2010.1.1-2014.12.31.csv",
                "https://archive.ics.uci.edu/ml/machine-learning-databases/00381/"
                + "PRSA_data_2010.1.1-2014.12.31.csv",
                "sha256:"
                "4127f868775e31b3956522adc0ec75af8937dde6a3896e8beed3a376c6d27f1c",
                2_010_494,
            ),
        ),
        licence="not stated; UCI data set 381",
        citation="Liang et al. 2015, Assessing Beijing's PM2.5 pollution",
    ),
    Dataset(
        name="airline_passengers",
        files=(
            RemoteFile(
                "series",
                "classic-series/airline-passengers.csv",
                _BROWNLEE + "airline-passengers.csv",
                "sha256:"
                "8cb51be753a718d9be5d76d7e238cc224792754676adc21faa59e954b0201621",
                2_180,
            ),
        ),
        licence="not stated",
        citation="Box and Jenkins 1976, series G",
    ),
    Dataset(
        name="daily_min_temperatures",
        files=(
            RemoteFile(
                "series",
                "classic-series/daily-min-temperatures.csv",
                _BROWNLEE + "daily-min-temperatures.csv",
                "sha256:"
                "8b9de63ed6789492bf497625e7f9beb96a63d367b4b0a21754006f749fa5e5da",
                67_921,
            ),
        ),
        licence="not stated",
        citation="Australian Bureau of Meteorology, Melbourne 1981-1990",
    ),
    Dataset(
        name="monthly_sunspots",
        files=(
            RemoteFile(
                "series",
                "classic-series/monthly-sunspots.csv",
                _BROWNLEE + "monthly-sunspots.csv",
                "sha256:"
                "c4ec8cc57d9f6fb6ecdb3e1f37f25b6f4badd5124c55931052b0cd2fc3bc71f3",
                45_039,
            ),
        ),
        licence="not stated",
        citation="Andrews and Herzberg 1985, Data",
    ),
    Dataset(
        name="co2",
        files=(
            RemoteFile(
                "series",
                "classic-series/co2.csv",
                _STATSMODELS + "66fc298c51dc323ce8ab8564b07b1b3797108dad/"
                "statsmodels/datasets/co2/co2.csv",
                "sha256:"
                "16695fa2786e53414e5a6b54767a3fdf5de99cfbc68617f69d1362d92776a92f",
                33_974,
            ),
        ),
        licence="public domain",
        citation="Keeling and Whorf 2004, atmospheric CO2 at Mauna Loa",
    ),
    Dataset(
        name="sunspots",
        files=(
            RemoteFile(
                "series",
                "classic-series/sunspots.csv",
                _STATSMODELS + "10d1c162677dda8a71626c066426f765c08c739a/"
                "statsmodels/datasets/sunspots/sunspots.csv",
                "sha256:"
                "f67889b1d9002cd5227f0e0ef54e35b419cdd85a31279adef6f73fb41e5c0a9b",
                2_944,
            ),
        ),
        licence="public domain",
        citation="National Geophysical Data Center, yearly sunspots",
    ),
)
