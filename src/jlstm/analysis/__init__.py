"""Looking into a trained network: gates over time, gradients, plots."""
