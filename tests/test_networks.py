import numpy as np
import pytest
from common import rng

from dlnb.models import networks
from dlnb.models.backend import tf

# Weights and biases by hand, latents 10. Encoder for 64 pixels and one channel: convolutions 4*4*1*32 + 32 = 544,
# 4*4*32*32 + 32 = 16,416, 2*2*32*64 + 64 = 8,256, 2*2*64*64 + 64 = 16,448; dense 1024*256 + 256 = 262,400; two heads
# of 256*10 + 10 = 2,570: 309,204. Decoder: 2,816 + 263,168 + 65,600 + 32,800 + 16,416 + 513 = 381,313. Three channels
# add 2*4*4*32 = 1,024 to the encoder, and 1,024 + 2 to the decoder. 4x4 kernels add 12*32*64 + 12*64*64 = 73,728. The
# stage left out at 32 pixels has 16,416, as has the one added at 128.
ENCODERS = [
    ((64, 64, 1), "code", 309_204),
    ((64, 64, 3), "code", 310_228),
    ((64, 64, 1), "paper", 382_932),
    ((32, 32, 1), "code", 292_788),
    ((128, 128, 1), "code", 325_620),
]
DECODERS = [((64, 64, 1), 381_313), ((64, 64, 3), 382_339), ((32, 32, 1), 364_897), ((128, 128, 1), 397_729)]


@pytest.mark.parametrize(("shape", "kernels", "count"), ENCODERS)
def test_encoder_has_the_weights_of_the_reference_and_two_heads(shape, kernels, count):
    encoder = networks.encoder(shape, 10, rng(), kernels=kernels)
    assert encoder.count_params() == count
    mean, logvar = encoder(np.zeros((2, *shape), np.float32))
    assert mean.shape == logvar.shape == (2, 10)


@pytest.mark.parametrize(("shape", "count"), DECODERS)
def test_decoder_has_the_weights_of_the_reference_and_gives_an_image(shape, count):
    decoder = networks.decoder(shape, 10, rng())
    assert decoder.count_params() == count
    assert decoder(np.zeros((2, 10), np.float32)).shape == (2, *shape)


def test_critic_has_the_weights_of_the_reference_and_two_logits():
    # 10*1000 + 1000, five times 1000*1000 + 1000, 1000*2 + 2.
    critic = networks.critic(10, rng())
    assert critic.count_params() == 5_018_002
    assert critic(np.zeros((3, 10), np.float32)).shape == (3, 2)


def test_critic_is_a_chain_of_leaky_layers():
    critic = networks.critic(4, rng(), width=20)
    weights = with_random_biases(critic)
    codes = 5 * rng().standard_normal((8, 4)).astype(np.float32)
    x = codes
    for i in range(6):
        x = x @ weights[2 * i] + weights[2 * i + 1]
        x = np.where(x > 0, x, 0.2 * x)
    logits = x @ weights[12] + weights[13]
    assert np.std(logits) > 0.1
    np.testing.assert_allclose(critic(codes), logits, atol=1e-5)


@pytest.mark.parametrize("latents", [1, 3])
def test_the_number_of_latents_is_free(latents):
    assert networks.encoder((32, 32, 1), latents, rng())(np.zeros((1, 32, 32, 1)))[1].shape == (1, latents)
    assert networks.decoder((32, 32, 1), latents, rng())(np.zeros((1, latents))).shape == (1, 32, 32, 1)


def with_random_biases(model):
    """So that a bias in the wrong place shows; they start at zero."""
    for i, weight in enumerate(model.trainable_variables):
        if len(weight.shape) == 1:
            weight.assign(rng(i).normal(0.0, 0.1, weight.shape))
    return [weight.value for weight in model.trainable_variables]


def test_encoder_is_the_chain_of_table_2():
    shape = (64, 64, 3)
    images = rng().uniform(size=(4, *shape)).astype(np.float32)
    encoder = networks.encoder(shape, 10, rng(1))
    weights = with_random_biases(encoder)
    x = images
    for i in range(4):
        x = tf.nn.relu(tf.nn.conv2d(x, weights[2 * i], 2, "SAME") + weights[2 * i + 1])
    x = tf.reshape(x, (4, 1024))  # rows, columns, channels, as in the original weights
    x = tf.nn.relu(x @ weights[8] + weights[9])
    expected = x @ weights[10] + weights[11], x @ weights[12] + weights[13]
    for values, right in zip(encoder(images), expected, strict=True):
        assert np.std(right) > 0.01
        np.testing.assert_allclose(values, right, atol=1e-5)


def test_decoder_is_the_chain_of_table_2_and_ends_in_logits():
    codes = 300 * rng().standard_normal((4, 10)).astype(np.float32)
    decoder = networks.decoder((64, 64, 3), 10, rng(1))
    weights = with_random_biases(decoder)
    x = tf.nn.relu(codes @ weights[0] + weights[1])
    x = tf.nn.relu(x @ weights[2] + weights[3])
    x = tf.reshape(x, (4, 4, 4, 64))
    for i, (side, channels) in enumerate([(8, 64), (16, 32), (32, 32), (64, 3)]):
        x = tf.nn.conv2d_transpose(x, weights[4 + 2 * i], (4, side, side, channels), 2, "SAME") + weights[5 + 2 * i]
        x = tf.nn.relu(x) if i < 3 else x
    logits = decoder(codes).numpy()
    assert logits.min() < -1 < 2 < logits.max(), "neither rectified nor squashed"
    np.testing.assert_allclose(logits, x, atol=1e-4)


@pytest.mark.parametrize("build", [networks.encoder, networks.decoder, networks.critic])
def test_weights_start_glorot_uniform_and_biases_at_zero(build):
    shape = (10,) if build is networks.critic else ((64, 64, 3), 10)
    for weight in build(*shape, rng()).trainable_variables:
        values = weight.numpy()
        if values.ndim == 1:
            assert not values.any()
            continue
        # U(-a, a) with a = sqrt(6 / (inputs + outputs)) has standard deviation a / sqrt(3).
        limit = np.sqrt(6 / (np.prod(values.shape[:-2]) * sum(values.shape[-2:])))
        assert 0.97 * limit < np.abs(values).max() <= limit * (1 + 1e-6)
        assert values.std() == pytest.approx(limit / np.sqrt(3), rel=0.05)
        assert abs(values.mean()) < 0.1 * limit


@pytest.mark.parametrize("build", [networks.encoder, networks.decoder])
def test_the_generator_decides_the_weights(build):
    one, same, other = (build((32, 32, 1), 10, rng(seed)).get_weights() for seed in (0, 0, 1))
    for a, b, c in zip(one, same, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.ndim == 1 or not np.array_equal(a, c)


def test_layers_of_the_same_shape_start_differently():
    heads = [weight for weight in networks.encoder((32, 32, 1), 10, rng()).get_weights() if weight.shape == (256, 10)]
    assert len(heads) == 2
    assert not np.array_equal(*heads)


@pytest.mark.parametrize("shape", [(64, 32, 1), (48, 48, 1), (16, 16, 3)])
def test_other_image_shapes_are_refused(shape):
    for build in (networks.encoder, networks.decoder):
        with pytest.raises(ValueError, match=rf"side of 32, 64, 128, not {shape[0]} x {shape[1]}"):
            build(shape, 10, rng())


def test_bfloat16_is_for_the_arithmetic_alone():
    images, codes = rng().uniform(size=(4, 32, 32, 1)).astype(np.float32), rng().standard_normal((4, 10), np.float32)
    for build, x in ((networks.encoder, images), (networks.decoder, codes)):
        shape = (32, 32, 1), 10
        full, half = build(*shape, rng(1)), build(*shape, rng(1), precision="bfloat16")
        assert {weight.dtype for weight in half.trainable_variables} == {"float32"}
        for one, other in zip(tf.nest.flatten(full(x)), tf.nest.flatten(half(x)), strict=True):
            assert other.dtype == tf.bfloat16
            error = np.abs(tf.cast(other, tf.float32) - one).max()
            assert 0 < error < 0.05 * np.abs(one).max()  # eight bits of mantissa
    assert networks.critic(10, rng(), width=8, precision="bfloat16")(codes).dtype == tf.bfloat16


def test_unknown_precisions_name_the_choices():
    with pytest.raises(ValueError, match="unknown precision 'half': choose from float32, bfloat16"):
        networks.encoder((64, 64, 1), 10, rng(), precision="half")


def test_unknown_kernels_name_the_choices():
    with pytest.raises(ValueError, match="unknown kernels '2x2': choose from code, paper"):
        networks.encoder((64, 64, 1), 10, rng(), kernels="2x2")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: networks.encoder(None, 10, rng()), r"must be \(height, width, channels\), not None"),
        (lambda: networks.encoder("64", 10, rng()), r"must be \(height, width, channels\), not '64'"),
        (lambda: networks.decoder((64, 64), 10, rng()), r"must be \(height, width, channels\), not \(64, 64\)"),
        (lambda: networks.decoder((64, 64, 0), 10, rng()), "channels must be a whole number of at least 1, not 0"),
        (lambda: networks.encoder((64.0, 64, 1), 10, rng()), "height must be a whole number"),
        (lambda: networks.encoder((3, 64, 64), 10, rng()), "side of 32, 64, 128, not 3 x 64"),
        (lambda: networks.encoder((32, 32, 1), 0, rng()), "latents must be a whole number of at least 1, not 0"),
        (lambda: networks.decoder((32, 32, 1), 2.0, rng()), "latents must be a whole number of at least 1, not 2.0"),
        (lambda: networks.critic("10", rng()), "latents must be a whole number of at least 1, not '10'"),
        (lambda: networks.critic(10, rng(), width=0), "width must be a whole number of at least 1, not 0"),
        (lambda: networks.critic(10, None), "a network draws its weights and needs rng"),
        (lambda: networks.encoder((32, 32, 1), 10, 0), "a network draws its weights and needs rng"),
    ],
)
def test_networks_that_cannot_be_built_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
