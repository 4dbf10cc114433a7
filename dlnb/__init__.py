"""dlnb: unsupervised disentanglement, rerun.

Conventions of the whole package: the rows of every array are images; images are float32 [n, height, width, channels]
in [0, 1]; factors are integer class indices [n, factors]; codes are floats [n, latents]; losses and likelihoods are in
nats per image. Randomness is an argument: a ``numpy.random.Generator`` or an integer seed.
"""

__version__ = "0.1.0"
