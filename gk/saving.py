"""How models are saved, loaded and exported: whole files, with all that a run needs."""

from pathlib import Path

import keras

from gk.files import written_whole


class Saved(keras.Model):
    """The part of a model that goes into files and comes out of them."""

    def export(self, filepath, **kwargs):
        """Writes what `call` does for serving, as `export` of Keras does, for any batch size."""
        kwargs.setdefault("input_signature", self.input_signature)
        super().export(filepath, **kwargs)

    def save(self, filepath, **kwargs):
        """Saves the model whole, as `save` of Keras does; the file appears whole or not at all.

        Raises:
            ValueError: if the file's name does not end in `.keras`.
        """
        path = Path(filepath)
        if path.suffix != ".keras":
            raise ValueError(
                "Expected a file name that ends in .keras, the one format that keeps both "
                f"networks and the states of the optimizers. Received: {path}. For the weights "
                "alone there is save_weights('….weights.h5')."
            )
        if path.exists() and not kwargs.get("overwrite", True):
            raise FileExistsError(
                f"{path} is there already. Pass overwrite=True, or name another file."
            )
        with written_whole(path) as unfinished:
            super().save(unfinished, **kwargs)

    @classmethod
    def from_config(cls, config):
        networks = {
            key: keras.saving.deserialize_keras_object(value)
            for key, value in config.items()
            if isinstance(value, dict) and "class_name" in value
        }
        return cls(**{**config, **networks})

    def get_compile_config(self):
        if not self.compiled:
            return None
        return {
            name: keras.saving.serialize_keras_object(getattr(self, name))
            for name in self.optimizer_names
        }

    def compile_from_config(self, config):
        self.compile(
            **{key: keras.saving.deserialize_keras_object(value) for key, value in config.items()}
        )

    def save_own_variables(self, store):
        super().save_own_variables(store)
        # Keras saves no state of random generators; dropout would start over.
        for number, generator in enumerate(self._random_generators()):
            store[f"seed_generator_{number}"] = generator.state.numpy()

    def load_own_variables(self, store):
        names = list(store.keys())
        states = {name: store[name] for name in names if name.startswith("seed_generator_")}
        for number, generator in enumerate(self._random_generators()):
            generator.state.assign(states[f"seed_generator_{number}"])
        super().load_own_variables({name: store[name] for name in names if name not in states})

    def _random_generators(self):
        layers = self._flatten_layers(include_self=False)
        found = [getattr(layer, "seed_generator", None) for layer in layers]
        return [generator for generator in found if generator is not None]
