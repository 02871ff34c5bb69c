"""Classifiers: nearest neighbours, linear, two-layer nets in the homeworks' editions, a ConvNet."""
