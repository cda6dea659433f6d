"""The usual way: two widely read tutorials' models, written from their published layer tables."""

import keras
import tensorflow as tf
from keras import layers


class UsualVAE(keras.Model):
    """The VAE of the Keras examples: cross-entropy summed over pixels, Adam 1e-3, batch 128.

    Source: keras.io/examples/generative/vae.
    """

    batch_size = 128

    def __init__(self):
        super().__init__()
        images = keras.Input((28, 28, 1))
        x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(images)
        x = layers.Conv2D(64, 3, strides=2, padding="same", activation="relu")(x)
        x = layers.Dense(16, activation="relu")(layers.Flatten()(x))
        self.encoder = keras.Model(images, [layers.Dense(2)(x), layers.Dense(2)(x)])
        codes = keras.Input((2,))
        x = layers.Dense(7 * 7 * 64, activation="relu")(codes)
        x = layers.Reshape((7, 7, 64))(x)
        for filters in (64, 32):
            x = layers.Conv2DTranspose(filters, 3, strides=2, padding="same", activation="relu")(x)
        x = layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid")(x)
        self.decoder = keras.Model(codes, x)
        self.compile(optimizer=keras.optimizers.Adam(1e-3))
        self.optimizer.build(self.trainable_variables)

    def loss_of(self, images):
        z_mean, z_log_var = self.encoder(images)
        z = z_mean + tf.exp(0.5 * z_log_var) * tf.random.normal(tf.shape(z_mean))
        pixels = keras.losses.binary_crossentropy(images, self.decoder(z))
        kl = -0.5 * tf.reduce_sum(1 + z_log_var - z_mean**2 - tf.exp(z_log_var), axis=1)
        return tf.reduce_mean(tf.reduce_sum(pixels, axis=(1, 2)) + kl)

    @tf.function
    def step(self, images):
        with tf.GradientTape() as tape:
            loss = self.loss_of(images)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)


class UsualDCGAN:
    """The DCGAN of the TensorFlow tutorials: noise 100, Adam 1e-4, batch 256.

    Source: tensorflow.org/tutorials/generative/dcgan.
    """

    batch_size = 256

    def __init__(self):
        self.generator = keras.Sequential(
            [
                keras.Input((100,)),
                layers.Dense(7 * 7 * 256, use_bias=False),
                layers.BatchNormalization(),
                layers.LeakyReLU(),
                layers.Reshape((7, 7, 256)),
                layers.Conv2DTranspose(128, 5, padding="same", use_bias=False),
                layers.BatchNormalization(),
                layers.LeakyReLU(),
                layers.Conv2DTranspose(64, 5, strides=2, padding="same", use_bias=False),
                layers.BatchNormalization(),
                layers.LeakyReLU(),
                layers.Conv2DTranspose(
                    1, 5, strides=2, padding="same", use_bias=False, activation="tanh"
                ),
            ]
        )
        self.discriminator = keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                layers.Conv2D(64, 5, strides=2, padding="same"),
                layers.LeakyReLU(),
                layers.Dropout(0.3),
                layers.Conv2D(128, 5, strides=2, padding="same"),
                layers.LeakyReLU(),
                layers.Dropout(0.3),
                layers.Flatten(),
                layers.Dense(1),
            ]
        )
        self.optimizers = [keras.optimizers.Adam(1e-4), keras.optimizers.Adam(1e-4)]
        self.players = [self.generator, self.discriminator]
        for optimizer, player in zip(self.optimizers, self.players, strict=True):
            optimizer.build(player.trainable_variables)

    @tf.function
    def step(self, images):
        cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
        noise = tf.random.normal((tf.shape(images)[0], 100))
        with tf.GradientTape(persistent=True) as tape:
            fakes = self.generator(noise, training=True)
            real_output = self.discriminator(2 * images - 1, training=True)
            fake_output = self.discriminator(fakes, training=True)
            g_loss = cross_entropy(tf.ones_like(fake_output), fake_output)
            d_loss = cross_entropy(tf.ones_like(real_output), real_output) + cross_entropy(
                tf.zeros_like(fake_output), fake_output
            )
        losses = (g_loss, d_loss)
        for optimizer, player, loss in zip(self.optimizers, self.players, losses, strict=True):
            weights = player.trainable_variables
            optimizer.apply(tape.gradient(loss, weights), weights)

    def generate(self, n):
        noise = keras.random.normal((n, 100), seed=0)
        return 0.5 + 0.5 * self.generator.predict(noise, batch_size=500, verbose=0)
