"""The race of `rivals.py` in PyTorch: the same networks, losses and optimizers, written by hand."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

VERSION = f"PyTorch {torch.__version__.partition('+')[0]}"
MAPS = (7, 7, 64)  # between dense layers and convolutions, as Keras orders them


def encoder(kind):
    if kind == "dense":
        hidden = [nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU()]
        return nn.Sequential(*hidden, nn.Linear(256, 32))
    first, second = nn.Conv2d(1, 32, 4, 2, 1), nn.Conv2d(32, 64, 4, 2, 1)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.Flatten(), nn.Linear(3136, 32))


def decoder(kind):
    if kind == "dense":
        hidden = [nn.Linear(16, 256), nn.ReLU(), nn.Linear(256, 512), nn.ReLU()]
        return nn.Sequential(*hidden, nn.Linear(512, 784), nn.Unflatten(1, (1, 28, 28)))
    maps = [nn.Linear(16, 3136), nn.ReLU(), nn.Unflatten(1, (64, 7, 7))]
    first, second = nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ConvTranspose2d(32, 1, 4, 2, 1)
    return nn.Sequential(*maps, first, nn.ReLU(), second)


def generator():
    return nn.Sequential(
        nn.Linear(64, 3136, bias=False),
        nn.BatchNorm1d(3136, eps=1e-3),
        nn.ReLU(),
        nn.Unflatten(1, (64, 7, 7)),
        nn.Conv2d(64, 64, 3, 1, 1, bias=False),
        nn.BatchNorm2d(64, eps=1e-3),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 4, 2, 1, bias=False),
        nn.BatchNorm2d(32, eps=1e-3),
        nn.ReLU(),
        nn.ConvTranspose2d(32, 1, 4, 2, 1),
        nn.Tanh(),
    )


def discriminator():
    return nn.Sequential(
        nn.Conv2d(1, 32, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 64, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(64, 64, 3, 1, 1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(3136, 64),
        nn.LeakyReLU(0.2),
        nn.Linear(64, 1),
    )


def load(network, arrays):
    """Gives a network the weights of one of Keras, whose maps have their channels last."""
    arrays = iter(arrays)
    for layer in network:
        for weight in layer.parameters(recurse=False):
            array = next(arrays)
            if array.ndim == 4:  # height, width and two kinds of channels
                array = array.transpose(3, 2, 0, 1)
            elif array.ndim == 2:
                if len(array) == np.prod(MAPS):
                    array = array.reshape(*MAPS, -1).transpose(2, 0, 1, 3).reshape(array.shape)
                array = array.T
            if len(array) == np.prod(MAPS):
                array = array.reshape(*MAPS, -1).transpose(2, 0, 1, 3)
            with torch.no_grad():
                weight.copy_(torch.tensor(array.reshape(weight.shape)))


def adam(network, beta_1, beta_2):
    # Keras adds its epsilon of 1e-7 before the bias is corrected: the same in the first step.
    epsilon = 1e-7 / (1 - beta_2) ** 0.5
    return torch.optim.Adam(
        network.parameters(), lr=1e-3, betas=(beta_1, beta_2), eps=epsilon, fused=True
    )


class VAE:
    def __init__(self, kind, weights, compiled):
        parts = encoder(kind), decoder(kind)
        for part, arrays in zip(parts, weights, strict=True):
            load(part, arrays)
        self.network = nn.ModuleList(parts).to(memory_format=torch.channels_last)
        self.optimizer = adam(self.network, 0.9, 0.999)
        self.loss = torch.compile(self._loss) if compiled else self._loss

    def _loss(self, images, noise):
        encoder, decoder = self.network
        z_mean, z_log_var = encoder(images).chunk(2, dim=1)
        logits = decoder(z_mean + torch.exp(0.5 * z_log_var) * noise)
        pixels = functional.binary_cross_entropy_with_logits(logits, images, reduction="sum")
        kl = 0.5 * (z_log_var.exp() + z_mean.square() - 1 - z_log_var).sum()
        return (pixels + kl) / len(images)

    def step(self, images, noise):
        loss = self.loss(images, noise)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach()


class DCGAN:
    def __init__(self, kind, weights, compiled):
        self.generator, self.discriminator = generator(), discriminator()
        players = (self.generator, self.discriminator)
        for player, arrays in zip(players, weights, strict=True):
            load(player, arrays)
            player.to(memory_format=torch.channels_last)
        self.optimizers = [adam(player, 0.0, 0.99) for player in players]
        self.weights = [list(player.parameters()) for player in players]
        self.average = [weight.detach().clone() for weight in self.weights[0]]
        self.num_steps = 0
        self.losses = torch.compile(self._losses) if compiled else self._losses

    def _losses(self, images, latents):
        """Returns the sum that is shown, the discriminator's total, and the generator's."""
        real = 2 * images - 1
        fake_logits = self.discriminator(self.generator(latents))

        def sum_of_logits(real):
            logits = self.discriminator(real)
            return logits.sum(), logits

        slopes, real_logits = torch.func.grad(sum_of_logits, has_aux=True)(real)
        penalty = 0.5 * slopes.square().sum() / len(images)
        softplus = functional.softplus
        d_loss = softplus(-real_logits).mean() + softplus(fake_logits).mean()
        g_loss = softplus(-fake_logits).mean()
        return d_loss + g_loss, d_loss + penalty, g_loss

    def step(self, images, latents):
        shown, d_total, g_total = self.losses(images, latents)
        g_weights, d_weights = self.weights
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        # Not `torch.autograd.grad`: fused Adam takes for granted that a gradient is laid out in
        # memory as its weight is, which only `backward` sees to.
        d_total.backward(inputs=d_weights, retain_graph=True)
        g_total.backward(inputs=g_weights)
        for optimizer in self.optimizers:
            optimizer.step()
        self.num_steps += 1
        decay = min(0.995, (1 + self.num_steps) / (10 + self.num_steps))
        torch._foreach_lerp_(self.average, [w.detach() for w in g_weights], 1 - decay)
        return shown.detach()


class Trainer:
    def __init__(self, kind, start, compiled, num_threads):
        torch.set_num_threads(num_threads)
        torch.manual_seed(0)
        self.noise = torch.tensor(start["noise"])
        self.images = torch.tensor(start["images"].transpose(0, 3, 1, 2))
        names = sorted(name for name in start if name.startswith("part_"))
        weights = [[start[name] for name in names if name[5] == part] for part in "01"]
        model = DCGAN if kind == "dcgan" else VAE
        self.new_model = lambda: model(kind, weights, compiled)
        self.model = self.new_model()

    def first_losses(self):
        model = self.new_model()
        images = self.images[: self.noise.shape[1]]
        return [float(model.step(images, noise)) for noise in self.noise]

    def train(self, num_steps):
        _, batch_size, latent_dim = self.noise.shape
        order = torch.randperm(len(self.images))
        for chosen in order[: num_steps * batch_size].split(batch_size):
            self.model.step(self.images[chosen], torch.randn(batch_size, latent_dim))
