"""What models of two players share: an optimizer for each."""

import keras

from gk.base import ImageModel, all_learnable


class TwoPlayers(ImageModel):
    """A model with a `generator` and a `discriminator` that learn from each other."""

    optimizer_names = ("d_optimizer", "g_optimizer")

    def compile(self, d_optimizer=None, g_optimizer=None, steps_per_execution=None, **kwargs):
        """Sets the two optimizers, Adam with rate 1e-3, beta_1 0 and beta_2 0.99 by default.

        Momentum goes on in a direction that was right against the opponent of before, which
        is why there is none (notebook 09 compares).

        Args:
            d_optimizer: the discriminator's, a Keras optimizer or its name.
            g_optimizer: the generator's.
            steps_per_execution: number of steps between two calls of a callback, 10 by
                default, 1 on several replicas.
            **kwargs: further arguments of `compile` of Keras, such as `run_eagerly` and
                `jit_compile`.

        Raises:
            ValueError: if one optimizer is given for both players, or what `ImageModel.compile`
                refuses.
        """
        if kwargs.pop("optimizer", None) is not None:
            raise ValueError(
                "Expected an optimizer for each player, d_optimizer and g_optimizer. "
                "Received: optimizer"
            )
        self._compile(None, steps_per_execution, kwargs)
        self.d_optimizer = keras.optimizers.get(d_optimizer or _adam())
        self.g_optimizer = keras.optimizers.get(g_optimizer or _adam())
        if self.d_optimizer is self.g_optimizer:
            raise ValueError(
                "Expected two optimizers, as each keeps the moments of its own player. Received: "
                "the same one as d_optimizer and g_optimizer. Make another with the same settings."
            )
        self.d_optimizer.build(all_learnable(self.discriminator))
        self.g_optimizer.build(all_learnable(self.generator))

    def _check_callbacks(self, callbacks):
        for callback in callbacks:
            name = type(callback).__name__
            if name in ("LearningRateScheduler", "ReduceLROnPlateau"):
                raise ValueError(
                    f"Expected no {name}, which sets the rate of one optimizer. Received one for a "
                    f"{type(self).__name__}, whose players have two. Give each a schedule in "
                    "compile, such as "
                    "d_optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(…))."
                )


def _adam():
    return keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99)
