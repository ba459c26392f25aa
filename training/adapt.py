"""
Fits a network to a side that it was not trained at: docs/models.md tells how and why. Trains a factor and a shift for each
channel of each convolution, no weights; what the network has learnt to see stays as it is.

    python training/adapt.py --teacher fp32.onnx --form fp32-448-out1-adapted.onnx \
        --previous models/adaptation/isnet-general-use-fast.json --photographs DIR --cut-outs DIR --backgrounds DIR \
        --from "words that tell what the pictures are" --output models/adaptation/isnet-general-use-fast.json
"""

import argparse
import json
import math
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as functional

from network import Network
from samples import compose, crop, open_cut_outs, open_pictures, taught, tensors

WARM_UP = 20
# What the pictures that the published network teaches are: parts of photographs, of backgrounds, compositions.
SHARES = (0.6, 0.25, 0.15)


def main():
    options = read_options()
    torch.manual_seed(options.seed)
    random.seed(options.seed)
    network = Network(options.form)
    photographs = open_pictures(options.photographs)
    backgrounds = open_pictures(options.backgrounds)
    cut_outs = open_cut_outs(options.cut_outs)
    whole, empty, composed = (round(share * options.lessons) for share in SHARES)
    seen = [crop(photographs[at % len(photographs)], 0.5) for at in range(whole)]
    seen += [crop(each, 0.3) for each in random.choices(backgrounds, k=empty)]
    seen += [compose(cut_outs, backgrounds)[0] for _ in range(composed)]
    pairs = taught(Network(options.teacher), seen)

    def batch():
        both = [tensors(random.choice(pairs), network.side), tensors(compose(cut_outs, backgrounds), network.side)]
        return torch.stack([each[0] for each in both]).bfloat16(), torch.stack([each[1] for each in both])

    network.measure_deviations(batch()[0] for _ in range(4))
    train(network, batch, options)
    Path(options.output).write_text(table(network, options))


def train(network, batch, options):
    optimiser = torch.optim.Adam(network.parameters(), lr=options.rate, betas=(0.9, 0.98))
    started_at = time.monotonic()
    smooth = None
    for step in range(options.steps):
        decay = 0.05 + 0.95 * (1 + math.cos(math.pi * step / options.steps)) / 2
        for group in optimiser.param_groups:
            group["lr"] = options.rate * min(1, (step + 1) / WARM_UP) * decay
        pictures, mattes = batch()
        loss = loss_of(network(pictures), mattes)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        smooth = loss.item() if smooth is None else 0.95 * smooth + 0.05 * loss.item()
        if step % 20 == 0 or step == options.steps - 1:
            print(f"step {step}: loss {smooth:.4f}, {time.monotonic() - started_at:.0f} s", flush=True)


def loss_of(logits, mattes):
    """Cross entropy, and half of what the soft masks do not share of their union."""
    alpha = torch.sigmoid(logits)
    both = (alpha * mattes).sum((1, 2, 3))
    either = (alpha + mattes - alpha * mattes).sum((1, 2, 3))
    return functional.binary_cross_entropy_with_logits(logits, mattes) + (1 - (both + 1) / (either + 1)).mean() / 2


@torch.no_grad()
def table(network, options):
    """A line for each convolution. A network that was adapted before keeps what that did, and goes on from there."""
    previous = json.loads(Path(options.previous).read_text())["values"] if options.previous else {}
    lines = []
    for value in network.weights:
        gain, shift = network.channels(value)
        if value in previous:
            before = {name: torch.tensor(numbers) for name, numbers in previous[value].items()}
            gain, shift = before["gain"] * gain, before["shift"] * gain + shift
            gain = torch.lerp(before["gain"], gain, options.share)
            shift = torch.lerp(before["shift"], shift, options.share)
        numbers = {"gain": rounded(gain), "shift": rounded(shift)}
        lines.append(f"    {json.dumps(value)}: {json.dumps(numbers)}")
    head = f'  "model": {json.dumps(options.model)},\n  "from": {json.dumps(vars(options)["from"])},'
    return "{\n" + head + '\n  "values": {\n' + ",\n".join(lines) + "\n  }\n}\n"


def rounded(numbers):
    return [float(f"{number:.4g}") for number in numbers.tolist()]


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teacher", required=True, help="the float32 network at the side it was trained at")
    parser.add_argument("--form", required=True, help="the float32 network of the preset")
    parser.add_argument("--previous", help="the adaptation table that is in the form already")
    parser.add_argument("--share", type=float, default=1, help="how far to go from there: 0.5 is the mean of old and new")
    parser.add_argument("--photographs", required=True, help="a folder of what the network will see")
    parser.add_argument("--cut-outs", required=True, help="a folder of subjects with alpha")
    parser.add_argument("--backgrounds", required=True, help="a folder of photographs to put them before")
    parser.add_argument("--model", default="isnet-general-use")
    parser.add_argument("--from", required=True, help="what it was made from, in words; stands in the table")
    parser.add_argument("--output", required=True)
    parser.add_argument("--lessons", type=int, default=320, help="pictures that the published network teaches")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--rate", type=float, default=6e-3)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
