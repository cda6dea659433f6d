"""Builders of networks: functions that return plain Keras models."""

from gk.networks.autoencoders import (
    convolutional_decoder,
    convolutional_encoder,
    convolutional_pair,
    dense_decoder,
    dense_encoder,
    dense_pair,
)
from gk.networks.classifiers import inception, judge, resnet
from gk.networks.common import check_channels_last, halvings, initial_weights
from gk.networks.gans import dcgan_discriminator, dcgan_generator, dcgan_pair

__all__ = [
    "check_channels_last",
    "convolutional_decoder",
    "convolutional_encoder",
    "convolutional_pair",
    "dcgan_discriminator",
    "dcgan_generator",
    "dcgan_pair",
    "dense_decoder",
    "dense_encoder",
    "dense_pair",
    "halvings",
    "inception",
    "initial_weights",
    "judge",
    "resnet",
]
