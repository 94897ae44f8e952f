"""Models: Flax NNX modules made of layers."""
