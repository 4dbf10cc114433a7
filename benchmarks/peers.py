"""Train the study's beta-VAE with other packages, for ``benchmarks/training.py --peers``, which runs this file.

``python benchmarks/peers.py TRAINER IMAGES.npy``, in the environment that benchmarks/training.py describes: TRAINER is
"pythae", "disent" or "torch", the images are float32 [n, h, w, c]. Prints one line of JSON: the steps per second of one
epoch over the images in memory, without the first steps, and the reconstruction loss of one batch after it.
"""

import json
import logging
import os
import sys
import tempfile
import time

os.environ["TQDM_DISABLE"] = "1"  # pythae shows its progress bar regardless of its options

import numpy as np
import torch
from torch import nn
from torch.nn import functional

BATCH, LATENTS, BETA, RATE = 64, 10, 4.0, 1e-4
LEFT_OUT = 5  # steps that do not count, as in training.py


def layers(channels: int) -> tuple[nn.Module, nn.Module]:
    """Encoder and decoder of ``dlnb.models.networks``; one layer has both heads, to be split in halves."""
    sizes = (channels, 32, 4), (32, 32, 4), (32, 64, 2), (64, 64, 2)
    encoder = [m for a, b, size in sizes for m in (nn.Conv2d(a, b, size, 2, padding=size // 2 - 1), nn.ReLU())]
    encoder += [nn.Flatten(), nn.Linear(1024, 256), nn.ReLU(), nn.Linear(256, 2 * LATENTS)]
    decoder = [nn.Linear(LATENTS, 256), nn.ReLU(), nn.Linear(256, 1024), nn.ReLU(), nn.Unflatten(1, (64, 4, 4))]
    for a, b in ((64, 64), (64, 32), (32, 32)):
        decoder += [nn.ConvTranspose2d(a, b, 4, 2, padding=1), nn.ReLU()]
    decoder.append(nn.ConvTranspose2d(32, channels, 4, 2, padding=1))
    for layer in encoder + decoder:
        if hasattr(layer, "weight"):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return nn.Sequential(*encoder), nn.Sequential(*decoder)


def with_pythae(images, encoder, decoder, stamp) -> nn.Module:
    from pythae.data.datasets import BaseDataset
    from pythae.models import BetaVAE, BetaVAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig
    from pythae.trainers.training_callbacks import TrainingCallback

    class Encoder(BaseEncoder):
        def forward(self, x):
            mean, logvar = self.layers(x).chunk(2, dim=1)
            return ModelOutput(embedding=mean, log_covariance=logvar)

    class Decoder(BaseDecoder):
        def forward(self, z):
            return ModelOutput(reconstruction=torch.sigmoid(self.layers(z)))

    class Stamp(TrainingCallback):
        def on_train_step_end(self, training_config, **kwargs):
            stamp()

    ends = Encoder(), Decoder()
    ends[0].layers, ends[1].layers = encoder, decoder
    settings = BetaVAEConfig(tuple(images.shape[1:]), LATENTS, reconstruction_loss="bce", beta=BETA)
    model, data = BetaVAE(settings, *ends), BaseDataset(images, torch.zeros(len(images)))
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:  # the model is saved at the end regardless of the options
        options = BaseTrainerConfig(folder, per_device_train_batch_size=BATCH, num_epochs=1, learning_rate=RATE)
        BaseTrainer(model, data, training_config=options, callbacks=[Stamp()]).train()
    return model


def with_disent(images, encoder, decoder, stamp) -> nn.Module:
    import lightning
    from disent.dataset import DisentDataset
    from disent.frameworks.vae import BetaVae
    from disent.model import AutoEncoder, DisentDecoder, DisentEncoder
    from torch.utils.data import DataLoader

    class Encoder(DisentEncoder):
        def encode(self, x):
            return self.layers(x)

    class Decoder(DisentDecoder):
        def decode(self, z):
            return self.layers(z)

    class Stamp(lightning.Callback):
        def on_train_batch_end(self, *arguments):
            stamp()

    shape = tuple(images.shape[1:])
    ends = Encoder(shape, LATENTS, z_multiplier=2), Decoder(shape, LATENTS)
    ends[0].layers, ends[1].layers = encoder, decoder
    options = {"optimizer": "adam", "optimizer_kwargs": {"lr": RATE}, "loss_reduction": "mean_sum"}
    model = BetaVae(AutoEncoder(*ends), BetaVae.cfg(**options, recon_loss="bce", beta=BETA))
    silent = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    trainer = lightning.Trainer(accelerator="cpu", devices=1, max_epochs=1, callbacks=[Stamp()], **silent)
    trainer.fit(model, DataLoader(DisentDataset(images), BATCH, shuffle=True))
    return model


def with_torch(images, encoder, decoder, stamp) -> nn.Module:
    model = nn.ModuleList([encoder, decoder]).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), RATE)
    for batch in images.to(memory_format=torch.channels_last).split(BATCH):
        mean, logvar = encoder(batch).chunk(2, dim=1)
        logits = decoder(mean + torch.exp(logvar / 2) * torch.randn_like(mean))
        reconstruction = functional.binary_cross_entropy_with_logits(logits, batch, reduction="sum") / len(batch)
        kl = 0.5 * (mean.square() + logvar.exp() - logvar - 1).sum() / len(batch)
        optimizer.zero_grad()
        (reconstruction + BETA * kl).backward()
        optimizer.step()
        stamp()
    return model


def main(trainer: str, path: str) -> None:
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.manual_seed(0)
    images = torch.from_numpy(np.load(path).transpose(0, 3, 1, 2).copy())
    encoder, decoder = layers(images.shape[1])
    train, stamps = {"pythae": with_pythae, "disent": with_disent, "torch": with_torch}[trainer], []
    model = train(images, encoder, decoder, lambda: stamps.append(time.perf_counter()))
    # With other weights a trainer would not do the same work.
    assert sum(p.numel() for p in model.parameters()) == 309_204 + 381_313 + 1025 * (images.shape[1] - 1)
    with torch.no_grad():
        logits, last = decoder(encoder(images[-BATCH:])[:, :LATENTS]), images[-BATCH:]
        reconstruction = functional.binary_cross_entropy_with_logits(logits, last, reduction="sum") / BATCH
    speed = (len(stamps) - LEFT_OUT) / (stamps[-1] - stamps[LEFT_OUT - 1])
    print(json.dumps({"steps_per_second": speed, "reconstruction": float(reconstruction)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
