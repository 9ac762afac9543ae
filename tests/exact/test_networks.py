"""Networks against plain convolutions and matrix products; the classifier's loss against softmax and differences."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d

from harmonium.modules.classifier import ClassifierModule
from harmonium.modules.networks import (
    ARCHITECTURES,
    ConvolutionalDecoder,
    ConvolutionalEncoder,
    halved_shapes,
    make_networks,
    mlp,
    smallest_image,
)
from harmonium.objectives.cross_entropy import CrossEntropy

SHAPES = pytest.mark.parametrize("shape", [(28, 28), (5, 7), (4, 4), (9, 6), (6, 4, 3)])


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def random(*shape, seed=0):
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


def with_random_biases(network):
    """The same network in float64, with biases that are not zero."""
    network, generator = network.double(), seeded(9)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(generator=generator)
    return network


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("n_conditions", [0, 3])
def test_an_architecture_gives_an_encoder_and_a_decoder_that_mirrors_it(architecture, n_conditions):
    encoder, decoder = make_networks(
        architecture, (4, 6, 8), (9, 7), n_features=63, n_conditions=n_conditions, n_latent=2, generator=seeded(0)
    )
    assert encoder(torch.zeros(5, 63 + n_conditions)).shape == (5, 4)
    assert decoder(torch.zeros(5, 2 + n_conditions)).shape == (5, 63)
    widths = [m.weight.shape[1] for m in decoder.modules() if isinstance(m, nn.Linear)]
    assert widths == ([2 + n_conditions, 8, 6, 4] if architecture == "mlp" else [2 + n_conditions, 8])


def test_convolutions_need_the_shape_of_the_examples():
    sizes = {"n_features": 63, "n_conditions": 0, "n_latent": 2}
    for shape in (None, (8, 8)):
        with pytest.raises(ValueError, match="63 pixels"):
            make_networks("convolutional", (4, 8), shape, **sizes, generator=seeded(0))
    assert smallest_image((9, 7), (4, 6, 8)) == (2, 1)
    assert smallest_image((9, 7), (4, 6, 8, 8)) == (1, 0)


def test_a_perceptron_is_matrix_products_around_x_sigmoid_x():
    network, x = with_random_biases(mlp([4, 8, 3], seeded(0))), random(10, 4)
    hidden = x @ network[0].weight.T + network[0].bias
    expected = (hidden / (1 + (-hidden).exp())) @ network[2].weight.T + network[2].bias
    torch.testing.assert_close(network(x), expected)


def test_weights_begin_with_the_variance_of_two_over_fan_in():
    for fan_in, weight in (
        (300, mlp([300, 200], seeded(0))[0].weight),
        (5 * 16, ConvolutionalEncoder((8, 8), [40], 1, 4, 1, seeded(0)).first.weight),
        (60 * 16 / 4, ConvolutionalDecoder(1, (8, 8), [40, 60], 1, seeded(0)).convolutions[1].weight),
    ):
        weight = weight.detach()
        assert float(weight.var()) == pytest.approx(2 / fan_in, rel=0.05)
        assert float(weight.abs().max()) == pytest.approx(math.sqrt(6 / fan_in), rel=0.01)


@SHAPES
@pytest.mark.parametrize("n_conditions", [0, 1, 3])
@pytest.mark.parametrize("channels", [[4], [3, 5]])
def test_the_encoders_shortcut_is_the_plain_convolution_of_image_and_planes(shape, n_conditions, channels):
    encoder = with_random_biases(ConvolutionalEncoder(shape, channels, 7, n_conditions, 6, seeded(0)))
    n_values, first, (height, width, n_channels) = math.prod(shape), encoder.first, (*shape, 1)[:3]
    x = random(5, n_values + n_conditions).requires_grad_()
    planes = x[:, n_values:, None, None].expand(-1, -1, height, width)
    images = x[:, :n_values].reshape(-1, height, width, n_channels).permute(0, 3, 1, 2)  # each channel a plane
    stacked = torch.cat([images, planes], 1)
    maps = conv2d(stacked, first.weight, first.bias, stride=2, padding=1)
    plain, short = encoder.head(encoder.convolutions(maps).flatten(1)), encoder(x)
    torch.testing.assert_close(short, plain, rtol=1e-10, atol=1e-10)
    towards, inputs = random(5, 6, seed=1), [x, *encoder.parameters()]
    gradients = (torch.autograd.grad((y * towards).sum(), inputs) for y in (short, plain))
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)


@SHAPES
def test_the_decoders_maps_are_the_encoders_in_reverse(shape):
    encoder = ConvolutionalEncoder(shape, [3, 5], 7, 2, 6, seeded(0))
    decoder = ConvolutionalDecoder(3 + 2, shape, [3, 5], 7, seeded(0))
    down, up = [], []
    for layer in encoder.convolutions:
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_pre_hook(lambda _, given: down.append(given[0].shape[1:]))
            layer.register_forward_hook(lambda _, __, made: down.append(made.shape[1:]))
    for layer in decoder.convolutions:
        if isinstance(layer, nn.ConvTranspose2d):
            layer.register_forward_pre_hook(lambda _, given: up.append(given[0].shape[1:]))
    encoder(torch.zeros(1, math.prod(shape) + 2))
    assert decoder(torch.zeros(1, 5)).shape == (1, math.prod(shape))
    assert up == down[::-1]
    assert [tuple(size[1:]) for size in down] == halved_shapes(shape, 2)[1:]


def test_the_decoders_last_maps_are_the_channels_of_a_pixel():
    decoder = with_random_biases(ConvolutionalDecoder(2, (6, 4, 3), [5], 7, seeded(0)))
    z, last = random(2, 2), []
    decoder.convolutions[-1].register_forward_hook(lambda _, __, made: last.append(made))
    rows = decoder(z).reshape(2, 6, 4, 3)
    for channel in range(3):
        assert torch.equal(rows[..., channel], last[0][:, channel])


def classifier(shape=(5, 6)):
    return with_random_biases(ClassifierModule(shape, 7, 3, seeded(0)))


def test_a_mirrored_image_has_left_and_right_exchanged():
    image = torch.tensor([[1.0, 2, 3, 4, 5, 6]]).tile(1, 5) + 10 * torch.arange(5).repeat_interleave(6)
    mirrored = classifier().mirror(image)
    assert mirrored[0, :12].tolist() == [6, 5, 4, 3, 2, 1, 16, 15, 14, 13, 12, 11]
    assert torch.equal(classifier().mirror(mirrored), image)


def test_the_logits_are_linear_in_the_features():
    module, x = classifier().eval(), random(4, 30)
    last = module.last[0]
    torch.testing.assert_close(module(x), module.features(x) @ last.weight.T + last.bias)
    assert module.features(x).min() == 0  # rectified


def test_cross_entropy_is_minus_the_log_softmax_at_the_label_with_half_the_images_mirrored():
    module, n, label = classifier().eval(), 400, 2
    image = random(1, 30)
    as_is, mirrored = (-module(v).log_softmax(1)[0, label].detach() for v in (image, module.mirror(image)))
    loss, terms = CrossEntropy(module, seeded(1))(image.expand(n, -1), torch.full((n,), label))
    n_mirrored = float(n * (loss.detach() - as_is) / (mirrored - as_is))
    assert n_mirrored == pytest.approx(round(n_mirrored), abs=1e-6)
    assert abs(n_mirrored - n / 2) < 4 * math.sqrt(n) / 2
    assert terms == {"cross_entropy": loss.detach()}


def test_every_image_has_its_own_label():
    module, images, labels = classifier().eval(), random(6, 30), torch.tensor([0, 2, 1, 1, 0, 2])
    symmetric = images + module.mirror(images)
    logits = module(symmetric)
    expected = (logits.exp().sum(1).log() - logits[range(6), labels]).mean()
    torch.testing.assert_close(CrossEntropy(module, seeded(0))(symmetric, labels).loss, expected)


def test_gradient_of_the_cross_entropy_equals_finite_differences():
    module, images, labels = classifier(), random(6, 30), torch.tensor([0, 2, 1, 1, 0, 2])
    objective = CrossEntropy(module, seeded(3))
    objective.set_gradients(images, labels)
    for parameter in module.parameters():
        flat, k = parameter.data.view(-1), parameter.numel() // 2
        losses = []
        for shift in (1e-6, -1e-6):
            objective.generator.manual_seed(3)
            flat[k] += shift
            losses.append(float(objective(images, labels).loss.detach()))
            flat[k] -= shift
        numeric = (losses[0] - losses[1]) / 2e-6
        assert float(parameter.grad.view(-1)[k]) == pytest.approx(numeric, rel=1e-5, abs=1e-7)


def test_a_classifier_is_not_trained_without_labels():
    with pytest.raises(ValueError, match="trained on labels"):
        CrossEntropy(classifier(), seeded(0))(random(2, 30))
