"""Tests of jlstm; the folders below mirror src/jlstm."""
