"""Kernels for NVIDIA GPUs: LSTM, GRU and sLSTM by Pallas Mosaic GPU."""
