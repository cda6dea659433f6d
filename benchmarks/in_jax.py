"""The race of `rivals.py` in JAX: the same networks and losses in one compiled step, with Optax."""

from functools import partial

import jax
import numpy as np
import optax
from jax import lax
from jax import numpy as jnp

VERSION = f"JAX {jax.__version__}"
LAYOUT = {"dimension_numbers": ("NHWC", "HWIO", "NHWC")}


def dense(x, kernel, bias=0.0):
    return x @ kernel + bias


def convolution(x, kernel, bias=0.0, stride=2):
    return lax.conv_general_dilated(x, kernel, (stride, stride), "SAME", **LAYOUT) + bias


def transposed(x, kernel, bias=0.0):
    return lax.conv_transpose(x, kernel, (2, 2), "SAME", transpose_kernel=True, **LAYOUT) + bias


def normalized(x, scale, offset):
    """Returns normalized maps, and the mean and variance to remember."""
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axes), x.var(axes)
    return (x - mean) * lax.rsqrt(variance + 1e-3) * scale + offset, (mean, variance)


def encoder(kind, weights, x):
    if kind == "dense":
        x = x.reshape(len(x), -1)
        x = jax.nn.relu(dense(x, *weights[:2]))
        x = jax.nn.relu(dense(x, *weights[2:4]))
    else:
        x = jax.nn.relu(convolution(x, *weights[:2]))
        x = jax.nn.relu(convolution(x, *weights[2:4]))
    return jnp.split(dense(x.reshape(len(x), -1), *weights[4:]), 2, axis=1)


def decoder(kind, weights, z):
    x = jax.nn.relu(dense(z, *weights[:2]))
    if kind == "dense":
        x = jax.nn.relu(dense(x, *weights[2:4]))
        return dense(x, *weights[4:]).reshape(-1, 28, 28, 1)
    x = jax.nn.relu(transposed(x.reshape(-1, 7, 7, 64), *weights[2:4]))
    return transposed(x, *weights[4:])


def vae_loss(weights, kind, images, noise):
    z_mean, z_log_var = encoder(kind, weights[0], images)
    logits = decoder(kind, weights[1], z_mean + jnp.exp(0.5 * z_log_var) * noise)
    pixels = optax.sigmoid_binary_cross_entropy(logits, images).sum()
    kl = 0.5 * (jnp.exp(z_log_var) + z_mean**2 - 1 - z_log_var).sum()
    return (pixels + kl) / len(images)


def generator(weights, z):
    x, first = normalized(dense(z, weights[0]), *weights[1:3])
    x = jax.nn.relu(x).reshape(-1, 7, 7, 64)
    x, second = normalized(convolution(x, weights[3], stride=1), *weights[4:6])
    x, third = normalized(transposed(jax.nn.relu(x), weights[6]), *weights[7:9])
    return jnp.tanh(transposed(jax.nn.relu(x), *weights[9:])), (first, second, third)


def discriminator(weights, x):
    leaky = partial(jax.nn.leaky_relu, negative_slope=0.2)
    x = leaky(convolution(x, *weights[:2]))
    x = leaky(convolution(x, *weights[2:4]))
    x = leaky(convolution(x, *weights[4:6], stride=1))
    x = leaky(dense(x.reshape(len(x), -1), *weights[6:8]))
    return dense(x, *weights[8:])


def adam(beta_1, beta_2):
    # Keras adds its epsilon of 1e-7 before the bias is corrected: the same in the first step.
    return optax.adam(1e-3, beta_1, beta_2, eps=1e-7 / (1 - beta_2) ** 0.5)


def mixed(old, new, decay):
    return jax.tree.map(lambda old, new: decay * old + (1 - decay) * new, old, new)


class VAE:
    def __init__(self, kind, weights):
        self.optimizer = adam(0.9, 0.999)
        self.state = weights, self.optimizer.init(weights)
        self.loss_and_gradients = jax.value_and_grad(partial(vae_loss, kind=kind))

    def step(self, state, images, noise):
        weights, moments = state
        loss, gradients = self.loss_and_gradients(weights, images=images, noise=noise)
        updates, moments = self.optimizer.update(gradients, moments)
        return (optax.apply_updates(weights, updates), moments), loss


class DCGAN:
    def __init__(self, kind, weights):
        self.optimizer = adam(0.0, 0.99)
        moments = [self.optimizer.init(part) for part in weights]
        _, statistics = generator(weights[0], jnp.zeros((1, 64)))
        average = jax.tree.map(jnp.copy, weights[0])
        self.state = weights, moments, statistics, average, jnp.zeros(())

    def step(self, state, images, latents):
        (g_weights, d_weights), (g_moments, d_moments), statistics, average, number = state
        real, softplus = 2 * images - 1, jax.nn.softplus

        def fakes_of(g_weights):
            return generator(g_weights, latents)

        def judge(d_weights, fakes):
            def sum_of_logits(real):
                logits = discriminator(d_weights, real)
                return logits.sum(), logits

            slopes, real_logits = jax.grad(sum_of_logits, has_aux=True)(real)
            fake_logits = discriminator(d_weights, fakes)
            penalty = 0.5 * (slopes**2).sum() / len(images)
            d_loss = softplus(-real_logits).mean() + softplus(fake_logits).mean()
            g_loss = softplus(-fake_logits).mean()
            return (d_loss + penalty, g_loss), d_loss + g_loss

        # One forward pass serves both players, as in gk.
        fakes, pull_back, batch_statistics = jax.vjp(fakes_of, g_weights, has_aux=True)
        _, pull_back_judge, shown = jax.vjp(judge, d_weights, fakes, has_aux=True)
        d_gradients, _ = pull_back_judge((1.0, 0.0))
        _, slopes_at_fakes = pull_back_judge((0.0, 1.0))
        (g_gradients,) = pull_back(slopes_at_fakes)

        d_updates, d_moments = self.optimizer.update(d_gradients, d_moments)
        g_updates, g_moments = self.optimizer.update(g_gradients, g_moments)
        d_weights = optax.apply_updates(d_weights, d_updates)
        g_weights = optax.apply_updates(g_weights, g_updates)
        statistics = jax.tree.map(
            lambda old, new: 0.9 * old + 0.1 * new, statistics, batch_statistics
        )
        number += 1
        decay = jnp.minimum(0.995, (1 + number) / (10 + number))
        average = jax.tree.map(lambda old, new: decay * old + (1 - decay) * new, average, g_weights)
        weights, moments = (g_weights, d_weights), (g_moments, d_moments)
        return (weights, moments, statistics, average, number), shown


class Trainer:
    def __init__(self, kind, start, compiled, num_threads):
        # XLA takes as many threads as there are cores that the process may use.
        self.images, self.noise = jnp.asarray(start["images"]), jnp.asarray(start["noise"])
        names = sorted(name for name in start if name.startswith("part_"))
        weights = tuple(
            [jnp.asarray(start[name]) for name in names if name[5] == part] for part in "01"
        )
        model = DCGAN if kind == "dcgan" else VAE
        self.model, self.new_model = model(kind, weights), lambda: model(kind, weights)
        self.random = np.random.default_rng(0)
        self.key = jax.random.key(0)

        def draw_and_step(state, key, images, chosen):
            key, now = jax.random.split(key)
            noise = jax.random.normal(now, self.noise.shape[1:])
            return *self.model.step(state, images[chosen], noise), key

        self.draw_and_step = jax.jit(draw_and_step, donate_argnums=0)

    def first_losses(self):
        model = self.new_model()
        step, state, losses = jax.jit(model.step), model.state, []
        for noise in self.noise:
            state, loss = step(state, self.images[: len(noise)], noise)
            losses.append(float(loss))
        return losses

    def train(self, num_steps):
        batch_size = self.noise.shape[1]
        order = self.random.permutation(len(self.images))[: num_steps * batch_size]
        state = self.model.state
        for chosen in order.reshape(num_steps, batch_size):
            state, _, self.key = self.draw_and_step(state, self.key, self.images, chosen)
        self.model.state = jax.block_until_ready(state)
